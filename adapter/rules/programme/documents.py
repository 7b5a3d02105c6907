"""Documents: which papers are there, which are missing, what the hospital keeps (证件清单与保管)."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.model.reference import DocumentFact, DocumentKind
from adapter.rules.programme.facts import AdmissionFacts
from adapter.rules.programme.reasons import Finding, Met
from adapter.rules.programme.terms import Paperwork, Proof, Terms

_ORDER = (Met.NOT_MET, Met.UNKNOWN, Met.MET)

NAMES: dict[DocumentKind, tuple[str, str]] = {
    DocumentKind.INSURANCE_CARD: ("医保卡(证)", "insurance card"),
    DocumentKind.ELECTRONIC_CREDENTIAL: ("医保电子凭证", "electronic insurance credential"),
    DocumentKind.PREMIUM_RECEIPT: ("当年缴费发票", "this year's premium receipt"),
    DocumentKind.ID_CARD: ("身份证", "identity card"),
    DocumentKind.HOUSEHOLD_BOOK: ("户口本", "household book"),
    DocumentKind.POVERTY_PROOF: ("建档立卡贫困户证明", "proof of registered poverty"),
    DocumentKind.SETTLEMENT_AGREEMENT: ("住院治疗费用结算协议书", "settlement agreement"),
    DocumentKind.SETTLEMENT_UNDERTAKING: ("住院费用结算承诺书", "settlement undertaking"),
    DocumentKind.HARDSHIP_CERTIFICATE: ("困难证明", "certificate of hardship"),
}


@dataclass(frozen=True, slots=True)
class Paper:
    """One line of the checklist at the window.

    Attributes:
        met: shown in the right form; unknown when nobody looked.
        accepted: the paper that satisfied the requirement, or None.
        keep: what the hospital holds until discharge: ``original`` | ``copy`` | ``none``.
        custody_cite: article of the custody.
    """

    name: str
    met: Met
    zh: str
    en: str
    cite: str
    accepted: DocumentKind | None
    keep: str
    custody_cite: str


def checklist(facts: AdmissionFacts, terms: Terms) -> tuple[Paper, ...]:
    """Every required paper, in the file's order, whether it is there and what happens to it."""
    lines = []
    for paperwork in terms.paperwork:
        finding, proof = _best(facts, paperwork)
        accepted = proof if finding.met is Met.MET else None
        lines.append(
            Paper(
                name=paperwork.name,
                met=finding.met,
                zh=paperwork.text.zh,
                en=paperwork.text.en,
                cite=paperwork.text.cite,
                accepted=accepted.kind if accepted else None,
                keep=proof.keep if proof else "none",
                custody_cite=paperwork.custody_cite,
            )
        )
    return tuple(lines)


def paper_finding(facts: AdmissionFacts, paperwork: Paperwork) -> Finding:
    """Whether one requirement is satisfied by what was shown."""
    return _best(facts, paperwork)[0]


def _best(facts: AdmissionFacts, paperwork: Paperwork) -> tuple[Finding, Proof]:
    """The proof that serves best; the first one listed where none does."""
    if paperwork.name in facts.waived:
        zh, en = f"已豁免{paperwork.text.zh}", f"waived: {paperwork.text.en}"
        return Finding(Met.MET, zh=zh, en=en), paperwork.proofs[0]
    if any(proof.kind in facts.declined for proof in paperwork.proofs):
        return _declined(paperwork), paperwork.proofs[0]
    if facts.window is None:
        finding = Finding(
            Met.UNKNOWN,
            zh=f"尚未查验{paperwork.text.zh}",
            en=f"not yet looked at: {paperwork.text.en}",
            todo_zh=f"查验并登记{paperwork.text.zh}",
            todo_en=f"check and record: {paperwork.text.en}",
        )
        return finding, paperwork.proofs[0]
    found = [
        (_examine(facts, shown, proof), proof)
        for proof in paperwork.proofs
        for shown in facts.window.documents
        if shown.kind is proof.kind
    ]
    if found:
        return max(found, key=lambda each: _ORDER.index(each[0].met))
    finding = Finding(
        Met.NOT_MET,
        zh=f"未提供{paperwork.text.zh}",
        en=f"not shown: {paperwork.text.en}",
        todo_zh=f"补交{paperwork.text.zh}",
        todo_en=f"bring: {paperwork.text.en}",
    )
    return finding, paperwork.proofs[0]


def _declined(paperwork: Paperwork) -> Finding:
    return Finding(
        Met.NOT_MET,
        zh=f"拒签或已违约:{paperwork.text.zh}",
        en=f"refused or broken: {paperwork.text.en}",
        todo_zh=f"重新签订{paperwork.text.zh}",
        todo_en=f"sign it anew: {paperwork.text.en}",
    )


def _examine(facts: AdmissionFacts, shown: DocumentFact, proof: Proof) -> Finding:
    """One paper against one accepted proof."""
    zh, en = NAMES[proof.kind]
    if proof.form == "original" and not shown.original:
        return Finding(
            Met.NOT_MET,
            zh=f"{zh}只有复印件,须为原件",
            en=f"{en}: only a copy was shown, the original is needed",
            todo_zh=f"补交{zh}原件",
            todo_en=f"bring the original {en}",
        )
    if proof.two_step and not (shown.issuer and shown.confirmed_by):
        return _half_proven(shown, zh, en)
    if proof.this_year and shown.year != facts.admitted.year:
        met = Met.UNKNOWN if shown.year is None else Met.NOT_MET
        return Finding(
            met,
            zh=f"{zh}年度未登记" if shown.year is None else f"{zh}为{shown.year}年度,不是入院当年",
            en=f"{en}: the year was not recorded" if shown.year is None else f"{en} is of {shown.year}",
            todo_zh=f"登记或补交{facts.admitted.year}年度的{zh}",
            todo_en=f"record or bring the {en} of {facts.admitted.year}",
        )
    return Finding(Met.MET, zh=f"已提供{zh}", en=f"shown: {en}")


def _half_proven(shown: DocumentFact, zh: str, en: str) -> Finding:
    """A two-step proof with only one of its steps is none (村委会开具、乡镇政府盖章确认)."""
    lacking = []
    if not shown.issuer:
        lacking.append(("村委会开具", "issue by the village committee"))
    if not shown.confirmed_by:
        lacking.append(("乡镇政府盖章确认", "the township government's seal"))
    lacking_zh, lacking_en = "、".join(each[0] for each in lacking), ", ".join(each[1] for each in lacking)
    return Finding(
        Met.NOT_MET,
        zh=f"{zh}缺少{lacking_zh}",
        en=f"{en} lacks {lacking_en}",
        todo_zh=f"补办{lacking_zh}",
        todo_en=f"obtain {lacking_en}",
    )
