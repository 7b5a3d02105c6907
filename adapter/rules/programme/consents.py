"""Consents: nothing outside the catalogue without a signature before it (目录外项目知情同意)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from adapter.model.claim import Claim, LineSplit
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError, Issue, Severity
from adapter.model.money import ZERO, Money
from adapter.model.reference import ItemKind
from adapter.model.window import Consent, Signer
from adapter.rules.programme import window_issues as said
from adapter.rules.programme.signing import signer_issues
from adapter.rules.programme.terms import Terms


def record_consent(
    case_id: str,
    before: Sequence[Consent],
    terms: Terms,
    *,
    items: tuple[str, ...],
    kinds: tuple[ItemKind, ...],
    signer: Signer,
    signed_at: datetime,
    explained_by: str,
    born: date | None,
    now: datetime,
) -> Consent:
    """A consent as signed.

    Raises:
        AdapterError: PRG-255 under a programme without the clause, PRG-250 covers nothing, PRG-249 the signer may not,
            PRG-254 no doctor explained, or signed in the future.

    Source: 县区方案2021 四(三)、五(三).
    """
    if not terms.consent:
        raise AdapterError(said.consent_not_asked(case_id, terms.programme))
    found: list[Issue] = []
    if not items and not kinds:
        found.append(said.consent_covers_nothing(case_id))
    if not explained_by.strip():
        zh, en = "未登记说明情况的医师", "the doctor who explained is missing"
        found.append(said.fact_incomplete(case_id, "consent", zh, en))
    if signed_at > now:
        found.append(said.fact_incomplete(case_id, "consent", "签署时间晚于现在", "it is signed in the future"))
    found += signer_issues(case_id, "consents", signer, born, local_day(signed_at))
    if found:
        raise AdapterError(*found)
    cites = dict.fromkeys(text.cite for kind, text in terms.consent.items() if not kinds or kind in kinds)
    return Consent(len(before) + 1, items, kinds, signer, signed_at, explained_by, "、".join(cites))


def consent_issues(
    claim: Claim, splits: Mapping[str, LineSplit], consents: Sequence[Consent], terms: Terms
) -> tuple[Issue, ...]:
    """Every line that is all self-pay or over its limit and was used without a consent before it.

    A line that was wholly refunded was not used. Days are compared: a fee line often knows no hour.

    Args:
        splits: by line id.

    Returns:
        PRG-251 where nobody consented, PRG-252 where the consent came after the use; warnings, or errors where the
        switch ``consent_missing`` says ``hold``.

    Source: 县区方案2021 四(三)、五(三).
    """
    if not terms.consent:
        return ()
    severity = Severity.ERROR if terms.switch("consent_missing") == "hold" else Severity.WARNING
    left = _left_after_refunds(claim)
    found = []
    for line in claim.lines:
        if line.item is None:
            continue  # nobody knows whether it is in the catalogue: an issue of its own
        split, text = splits.get(line.id), terms.consent.get(line.item.kind)
        if split is None or text is None or left.get(line.id, ZERO) <= ZERO:
            continue
        if not (split.full_self_pay > ZERO or split.over_limit > ZERO):
            continue
        covering = [
            each for each in consents if line.code in each.items or (line.item and line.item.kind in each.kinds)
        ]
        if any(_in_time(each, line.service_date) for each in covering):
            continue
        late = [local_day(each.signed_at) for each in covering if local_day(each.signed_at) > line.service_date]
        if late:
            first, used = min(late).isoformat(), line.service_date.isoformat()
            found.append(said.consent_after_use(line.id, line.code, first, used, text.cite, severity))
        else:
            found.append(said.consent_missing(line.id, line.code, text.cite, severity))
    return tuple(found)


def _in_time(consent: Consent, used: date) -> bool:
    withdrawn = consent.ended_at is not None and local_day(consent.ended_at) < used
    return local_day(consent.signed_at) <= used and not withdrawn


def _left_after_refunds(claim: Claim) -> dict[str, Money]:
    """What is left of each line's amount once its refunds are taken off."""
    left = {line.id: line.amount for line in claim.lines if line.reverses is None}
    for line in claim.lines:
        if line.reverses in left:
            left[line.reverses] += line.amount
    return left
