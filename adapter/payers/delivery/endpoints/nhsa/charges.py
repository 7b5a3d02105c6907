"""Which fee lines to send, withdraw, or give up on (费用明细上传).

One bad line refuses a whole call, so a refused chunk is halved until the bad lines stand alone; the good ones go in
meanwhile. A bad line blocks the stay until a person has decided. A changed line is withdrawn and sent again, and so are
the refunds of a line that is withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapter.model.issues import AdapterError, Issue
from adapter.payers.delivery.endpoints.nhsa import issues
from adapter.payers.delivery.endpoints.nhsa.compose import Composer, input_bytes, rows_of
from adapter.payers.delivery.endpoints.nhsa.facts import Row, Told, line_serial
from adapter.payers.delivery.endpoints.nhsa.history import RefusedChunk, row_digest
from adapter.payers.delivery.endpoints.nhsa.words import shown

#: A refusal is believed while the conversation goes on; after such a pause somebody has had time to mend the cause.
PAUSE = timedelta(minutes=15)
#: So many lines refused alone for one reason, and none taken: it is not the lines.
_ALL_ALIKE = 3


@dataclass(frozen=True, slots=True)
class Upload:
    """The next thing to do: withdraw these serials, or send these rows; neither: nothing is left to do."""

    withdraw: tuple[str, ...] = ()
    send: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class _Fresh:
    """A line that is not with the bureau yet. ``chunk``: the smallest chunk that was refused with it, or None."""

    serial: str
    row: Mapping[str, Any]
    digest: str
    chunk: RefusedChunk | None

    @property
    def bad(self) -> bool:
        return self.chunk is not None and len(self.chunk.lines) == 1


def next_upload(told: Told, composer: Composer, at: datetime) -> Upload:
    """What the bureau must hear next about the stay's lines.

    Raises:
        AdapterError: DEL-544 and -545 for lines that cannot be composed, DEL-551 for equal serials, DEL-548 for each
            line that the bureau refuses once nothing else is left, DEL-540 when it refuses everything alike.
    """
    wanted = wanted_rows(told, composer)
    stale = _stale(told, wanted)
    if stale:
        return Upload(withdraw=stale[: told.region.lines_per_call])
    refused = _believed(told, at)
    fresh = [
        _Fresh(serial, row, row_digest(row), _smallest(serial, row_digest(row), refused))
        for serial, row in wanted.items()
        if serial not in told.visit.lines
    ]
    good, bad = [each for each in fresh if not each.bad], [each for each in fresh if each.bad]
    if good and not _all_alike(told, bad):
        return Upload(send=tuple(each.row for each in _chunk(good, told)))
    if bad:
        raise AdapterError(*_why(told, bad))
    return Upload()


def wanted_rows(told: Told, composer: Composer) -> dict[str, Mapping[str, Any]]:
    """The stay's lines as they should stand with the bureau, by serial, those that others refund first.

    Raises:
        AdapterError: DEL-544, -545, -551.
    """
    rows = rows_of(told, "lines")
    composed = composer.compose("2301", told, rows)["feedetail"]
    found: dict[str, Mapping[str, Any]] = {}
    for row, built in zip(rows, composed, strict=True):
        if row.line is not None and built["feedetl_sn"] in found:
            raise AdapterError(issues.serials_collide(f"{told.facts.case_id}/ChargeItem/{row.line.id}", row.line.code))
        found[built["feedetl_sn"]] = built
    return found


def check_lines(told: Told, composer: Composer) -> None:
    """Σ and number of the accepted lines are the HIS's, each line as it is now. Raises AdapterError DEL-550."""
    wanted = wanted_rows(told, composer)
    accepted = told.visit.lines
    same = {k: v.digest for k, v in accepted.items()} == {k: row_digest(row) for k, row in wanted.items()}
    ours, theirs = told.facts.claim.total, told.visit.accepted_total
    if not same or ours != theirs:
        counts = (len(wanted), ours), (len(accepted), theirs)
        raise AdapterError(issues.lines_differ(told.facts.case_id, *counts))


def withdrawn_rows(serials: Sequence[str]) -> list[Row]:
    """Rows of 2302."""
    return [Row(place, serial=serial) for place, serial in enumerate(serials)]


def _stale(told: Told, wanted: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Accepted lines that are gone or changed, with the refunds that name them; refunds first."""
    sent = told.visit.lines
    gone = {k for k, line in sent.items() if k not in wanted or row_digest(wanted[k]) != line.digest}
    gone |= {k for k, line in sent.items() if line.original in gone}
    return tuple(sorted(gone, key=lambda serial: (not sent[serial].original, serial)))


def _believed(told: Told, at: datetime) -> list[RefusedChunk]:
    """Refusals of the conversation that is still going on."""
    moments = [*told.visit.said, at]
    since = at
    for earlier, later in zip(reversed(moments[:-1]), reversed(moments[1:]), strict=True):
        if later - earlier > PAUSE:
            break
        since = earlier
    return [each for each in told.visit.refused if each.at >= since]


def _smallest(serial: str, digest: str, refused: Sequence[RefusedChunk]) -> RefusedChunk | None:
    """The smallest chunk refused with a line as it is now; of equal ones the last."""
    holding = [each for each in refused if each.lines.get(serial) == digest]
    return min(reversed(holding), key=lambda each: len(each.lines), default=None)


def _chunk(good: Sequence[_Fresh], told: Told) -> list[_Fresh]:
    """The next lines to send together: within the limits, and at most half of what was refused together."""
    first = good[0]
    together = [each for each in good if each.chunk is first.chunk]
    most = told.region.lines_per_call
    if first.chunk is not None:
        most = min(most, (len(first.chunk.lines) + 1) // 2)
    chosen: list[_Fresh] = []
    size = input_bytes({"feedetail": []})
    for each in together[:most]:
        size += input_bytes(dict(each.row)) + 1
        if chosen and size > told.region.bytes_per_call:
            break
        chosen.append(each)
    return chosen


def _words(bad: Sequence[_Fresh]) -> set[str]:
    return {each.chunk.words for each in bad if each.chunk is not None}


def _all_alike(told: Told, bad: Sequence[_Fresh]) -> bool:
    """Whether several lines were refused alone with the same words and none was taken: it is not the lines."""
    return len(bad) >= _ALL_ALIKE and len(_words(bad)) == 1 and not told.visit.lines


def _why(told: Told, bad: Sequence[_Fresh]) -> list[Issue]:
    """Every line that the bureau refuses, with its words; one finding where it refuses all alike."""
    case_id = told.facts.case_id
    if _all_alike(told, bad):
        return [issues.refused(case_id, "2301", shown(_words(bad).pop()) or "—")]
    patient = told.held.patient() or {}
    secrets = [str(name.get("text", "")) for name in patient.get("name", ())]
    by_serial = {line_serial(line, told.region.line_serial): line for line in told.facts.claim.lines}
    return [
        issues.line_refused(
            f"{case_id}/ChargeItem/{by_serial[each.serial].id}",
            f"{by_serial[each.serial].code} ({each.serial})",
            shown(each.chunk.words if each.chunk is not None else "", secrets) or "—",
        )
        for each in bad
    ]
