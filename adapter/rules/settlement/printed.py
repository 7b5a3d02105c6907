"""A settlement as the sheet that people know, in Chinese or in English, each amount with its working and its article.

结算单:总额怎样分、每一方怎样算、依据哪一条。
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from unicodedata import east_asian_width

from adapter.model.money import Money
from adapter.model.settlement import Authority, Payer, Settlement, Share, Step
from adapter.rules.settlement.explain import PARTS, PAYERS, STEPS, TEST_PROFILE_TAG, is_open, patient_amounts
from adapter.rules.settlement.scope import sums_of

ZH, EN = "zh", "en"

#: Where the amounts end, and from where on workings are broken.
_AMOUNT, _WIDTH = 46, 118

_WORDS: Mapping[str, tuple[str, str]] = {
    "sheet": ("结算单", "Settlement sheet"),
    "case": ("病例", "case"),
    "version": ("第{}版", "version {}"),
    "settled_on": ("结算日期", "settled on"),
    "total": ("费用总额", "Total of the bill"),
    "in_scope": ("政策范围内费用", "eligible amount"),
    "year": ("本年度此前累计", "Year to date before this stay"),
    "pays": ("各方负担", "Who bears what"),
    "patient": ("个人负担", "The patient pays"),
    "of_it": ("其中", "of which"),
    "at_most": ("至多", "at most"),
    "open": ("未测算,以其答复为准", "not computed; its own answer decides"),
    "estimate": ("测算,尚未结清", "an estimate, nothing is final yet"),
    "final": ("各方均已答复", "every payer has answered"),
    "plan": ("计划", "plan"),
    "variance": ("与本方测算相差", "differs from our expectation by"),
    "reference": ("结算号", "settlement id"),
}

_AUTHORITIES: Mapping[Authority, tuple[str, str]] = {
    Authority.PAYER: ("支付方答复", "the payer's answer"),
    Authority.ADAPTER: ("本方计算", "computed here"),
    Authority.OBSERVED: ("HIS 已与其结算", "settled by the HIS"),
    Authority.EXPECTED: ("本方测算,待其答复", "our expectation, not yet answered"),
}

#: Year-to-date amounts, by what follows the payer in their names.
_YEAR: Mapping[str, tuple[str, str]] = {
    "paid": ("已付", "paid"),
    "deductible": ("已扣起付线", "deductible taken"),
    "eligible": ("已用政策范围内费用", "eligible amount used"),
    "base": ("累计自付", "self-pay accumulated"),
    "admissions": ("已住院次数", "admissions"),
}


@dataclass(frozen=True, slots=True)
class _Sheet:
    settlement: Settlement
    language: str

    def word(self, name: str) -> str:
        return _WORDS[name][self._place]

    def of(self, names: tuple[str, str]) -> str:
        return names[self._place]

    @property
    def _place(self) -> int:
        return 0 if self.language == ZH else 1

    def lines(self) -> Iterator[str]:
        settlement = self.settlement
        yield from self._head()
        yield ""
        yield self._row(self.word("total"), str(settlement.total))
        sums = sums_of(dict(settlement.splits))
        for name in ("full_self_pay", "over_limit", "pre_self_pay"):
            amount: Money = getattr(sums, name)
            if amount:
                yield self._row(f"  − {self.of(PARTS[name])}", str(amount))
        yield self._row(f"  = {self.word('in_scope')}", str(sums.in_scope))
        known = [(name, amount) for name, amount in settlement.accrued.amounts if amount]
        if known:
            yield ""
            yield self.word("year")
            yield from (self._year(name, amount) for name, amount in known)
        yield ""
        yield self.word("pays")
        for number, share in enumerate([each for each in settlement.shares if each.payer is not Payer.PATIENT], 1):
            yield from self._payer(number, share)
        yield from self._patient()

    def _year(self, name: str, amount: Money) -> str:
        payer, _, what = name.partition(".")
        whose = self.of(PAYERS[Payer(payer)]) if payer in tuple(Payer) else payer
        said = str(amount.fen // 100) if what == "admissions" else str(amount)
        return self._row(f"  {whose} {self.of(_YEAR.get(what, (what, what)))}", said)

    def _head(self) -> Iterator[str]:
        settlement = self.settlement
        version = self.word("version").format(settlement.version)
        state = self.word("final" if settlement.complete else "estimate")
        yield f"{self.word('sheet')} · {self.word('case')} {settlement.case_id} {version}"
        yield f"{self.word('settled_on')} {settlement.on.isoformat()} · {settlement.scheme} · {state}"
        if settlement.test_profile:
            yield TEST_PROFILE_TAG

    def _payer(self, number: int, share: Share) -> Iterator[str]:
        """A payer: what it bears, who says so, and how it comes about."""
        name = f"{number} {self.of(PAYERS[share.payer])}"
        if is_open(share):
            yield self._row(name, "—", self.word("open"))
        else:
            yield self._row(name, str(share.amount), self._said(share))
        for step in self.settlement.steps:
            if step.payer is share.payer:
                yield from self._step(step)

    def _said(self, share: Share) -> str:
        said = [self.of(_AUTHORITIES[share.authority])]
        if share.reference:
            said.append(f"{self.word('reference')} {share.reference}")
        if share.variance:
            said.append(f"{self.word('variance')} {share.variance}")
        if share.plan:
            said.append(f"{self.word('plan')} {share.plan}")
        return " · ".join(said)

    def _step(self, step: Step) -> Iterator[str]:
        name = self.of(STEPS.get(step.name, (step.name, step.name)))
        amount = "—" if step.name == "not-modelled" else str(step.amount)
        yield self._row(f"    {name}", amount, f"[{step.because.cite}]")
        working = step.because.zh if self.language == ZH else step.because.en
        yield from _broken(working, 8)

    def _patient(self) -> Iterator[str]:
        settlement = self.settlement
        most = f"{self.word('at_most')} " if any(is_open(share) for share in settlement.shares) else ""
        yield ""
        yield self._row(self.word("patient"), f"{most}{settlement.patient_pays}")
        for step in settlement.steps:
            if step.payer is Payer.PATIENT:
                working = step.because.zh if self.language == ZH else step.because.en
                yield from _broken(working, 4)
        parts = [(name, amount) for name, amount in patient_amounts(settlement.patient) if amount]
        for number, (name, amount) in enumerate(parts):
            lead = f"  {self.word('of_it')} " if number == 0 else " " * (_width(self.word("of_it")) + 3)
            yield self._row(f"{lead}{self.of(PARTS[name])}", str(amount))

    def _row(self, name: str, amount: str, note: str = "") -> str:
        room = max(_AMOUNT - _width(name) - _width(amount), 1)
        return f"{name}{' ' * room}{amount}{f'   {note}' if note else ''}".rstrip()


def sheet(settlement: Settlement, language: str) -> tuple[str, ...]:
    """The sheet, line by line.

    Args:
        language: ``zh`` or ``en``.
    """
    return tuple(_Sheet(settlement, language).lines())


def _broken(text: str, indent: int) -> Iterator[str]:
    """A long working over several lines."""
    line, used = " " * indent, indent
    for character in text:
        wide = _width(character)
        if used + wide > _WIDTH:
            at = line.rfind(" ", indent)
            cut = at if at > _WIDTH // 2 else len(line)
            yield line[:cut].rstrip()
            line = f"{' ' * (indent + 2)}{line[cut:].lstrip()}"
            used = _width(line)
        line, used = line + character, used + wide
    yield line.rstrip()


def _width(text: str) -> int:
    """Columns at a terminal: a Chinese character takes two."""
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)
