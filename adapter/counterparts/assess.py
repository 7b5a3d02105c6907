"""What a counterpart makes of a claim: who answers, from which base, under which plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from adapter.counterparts import adjudicator, oracle
from adapter.counterparts.adjudicator import NIL, ONE, Result, Split
from adapter.counterparts.catalogue import Catalogue, ItemLists
from adapter.counterparts.oracle_facts import Facts, Offer, Unpaid
from adapter.counterparts.request import Cover, Line, Submission, benefit_of
from adapter.counterparts.seed import Insured, Responsibility, Seed
from adapter.counterparts.terms import PlanBook
from adapter.model.issues import AdapterError

_KNOWN = ("basic", "critical-illness", "medical-aid", "commercial")

#: Year-to-date amounts by ``<payer>.<accumulator>``.
Used = Mapping[str, Decimal]


class Problem(Exception):
    """The claim is answered with ``outcome=error``; nothing is kept."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Outcome:
    """A claim divided: one result per payer answered here, and the split of every line."""

    person: str
    settled_on: date
    results: tuple[tuple[Cover, Result], ...]
    splits: tuple[tuple[int, Split], ...]
    test_profile: bool

    @property
    def accruals(self) -> dict[str, Decimal]:
        """Additions to the year, by ``<payer>.<accumulator>``."""
        return {
            f"{result.payer}.{name}": amount for _, result in self.results for name, amount in result.accruals.items()
        }


@dataclass(frozen=True)
class Assessor:
    """Reads the seed, the plans and the item lists; decides amounts; keeps nothing."""

    seed: Seed
    plans: PlanBook
    lists: ItemLists | None

    def answering(self, claim: Submission) -> tuple[Cover, ...]:
        """The payers of the claim that this counterpart answers for, in order."""
        day = claim.admitted or claim.settled_on
        return tuple(cover for cover in claim.covers if cover.earlier is None and self._mine(cover.payer, day))

    def payers_from(self, day: date) -> tuple[Responsibility, ...]:
        """The payers that this counterpart has begun to answer for by a day."""
        return tuple(mine for mine in self.seed.responsibilities if mine.admitted.start <= day)

    def insured(self, subscriber: str | None, on: date) -> Insured | None:
        """The person if covered here on that day."""
        person = self.seed.persons.get(subscriber or "")
        return person if person and on in person.in_force else None

    def reverse(self) -> None:
        """A settlement is to be undone: nothing stands against it here. Raises Problem where something does."""

    def assess(self, claim: Submission, used_in: Callable[[str, int], Used]) -> Outcome:
        """Adjudicate, one payer after the other.

        Args:
            used_in: person and year → amounts used before this claim.

        Raises:
            Problem: the person, the level, the plan or the payer is not known here.
        """
        covers = self.answering(claim)
        if not covers:
            raise Problem("not-responsible", "no payer of this claim is answered for here 本机构不受理所列付款方")
        on = claim.settled_on
        if on is None:
            raise Problem("settlement-date", "the claim names no day of settlement 缺结算日期")
        person = self.insured(claim.subscriber, on)
        if person is None or claim.subscriber is None:
            raise Problem("not-insured", "the person is not covered here on that day 该日期不在保障范围内")
        categories = claim.categories if person.categories is None else person.categories
        try:
            splits, stay = self._split(claim)
            results = self._chain(claim, covers, stay, categories, used_in(claim.subscriber, on.year), on)
        except AdapterError as error:
            raise Problem("plan", "; ".join(issue.en for issue in error.issues)) from error
        return Outcome(claim.subscriber, on, results, splits, self.plans.test_profile)

    def _mine(self, payer: str, day: date | None) -> bool:
        return any(mine.payer == payer and day in mine.admitted for mine in self.seed.responsibilities)

    def _split(self, claim: Submission) -> tuple[tuple[tuple[int, Split], ...], Split]:
        if claim.in_scope is not None:
            return (), Split(in_scope=claim.in_scope)
        if self.lists is None:
            raise Problem("in-scope-total", "the claim does not say what is in scope 缺政策范围内费用")
        if claim.level is None:
            raise Problem("hospital-level", "the claim names no hospital level 缺医院级别")
        catalogue = self.lists.of(code.rpartition("|")[2] for code in claim.facility)
        if catalogue is None:
            raise Problem("hospital-unknown", "no item list goes with this hospital 该机构没有目录对照")
        whole = claim.settled_on is not None and self.plans.share_on_whole_line(claim.settled_on)
        splits = tuple((line.sequence, _line(line, claim.level, catalogue, whole)) for line in claim.lines)
        stay = adjudicator.add_up(split for _, split in splits)
        # what a third party bears is not shared by the funds (policy B 二(二)6)
        return splits, replace(stay, in_scope=max(stay.in_scope - claim.third_party, NIL))

    def _chain(
        self,
        claim: Submission,
        covers: tuple[Cover, ...],
        stay: Split,
        categories: frozenset[str],
        used: Used,
        on: date,
    ) -> tuple[tuple[Cover, Result], ...]:
        """Each payer's base is formed from the rounded amounts of those before it."""
        open_ = oracle.unpaid(stay)
        for cover in claim.covers:
            if cover.earlier is not None:
                oracle.bear(open_, cover.payer, Offer(benefit_of(cover.earlier)))
        figures: Mapping[str, Decimal] = {}
        results: list[tuple[Cover, Result]] = []
        for number, cover in enumerate(covers):
            payer = cover.payer
            if payer not in _KNOWN:
                raise Problem("not-responsible", f"{payer} has no calculation here")
            if payer == "critical-illness" and not figures:
                raise Problem("order", "critical illness is settled together with basic insurance 大病须与基本同结")
            if payer in self.plans.beyond:
                result = self._by_oracle(claim, payer, stay, categories, used, on, open_)
            else:
                prefix = f"{payer}."
                own = {name.removeprefix(prefix): value for name, value in used.items() if name.startswith(prefix)}
                result = self._by_terms(claim, payer, stay, categories, own, on, open_, figures)
            if payer == "basic":
                figures = result.figures
            if claim.computed:
                result = _as_told(result, claim.computed, number)
            said = result.figures
            taken, over = said.get("deductible", NIL), said.get("over-cap", NIL)
            oracle.bear(open_, payer, Offer(result.benefit, deductible=taken, over_cap=over))
            results.append((cover, result))
        return tuple(results)

    def _by_terms(
        self,
        claim: Submission,
        payer: str,
        stay: Split,
        categories: frozenset[str],
        own: Used,
        on: date,
        open_: Unpaid,
        figures: Mapping[str, Decimal],
    ) -> Result:
        """The simple plans, in the words of the articles."""
        if payer == "basic":
            offers = self.plans.basic(on, level=claim.level or "", categories=categories)
            return _better(adjudicator.basic(stay, own, terms) for terms in offers)
        if payer == "critical-illness":
            ladders = self.plans.critical(on, categories=categories)
            bases = [adjudicator.critical_base(stay, figures, terms) for terms in ladders]
            return _better(map(adjudicator.critical, bases, [own] * len(bases), ladders))
        aids = self.plans.aid(on, categories=categories) or (None,)
        return _better(adjudicator.aid(open_.inside, own, terms) for terms in aids)

    def _by_oracle(
        self,
        claim: Submission,
        payer: str,
        stay: Split,
        categories: frozenset[str],
        used: Used,
        on: date,
        open_: Unpaid,
    ) -> Result:
        """A plan with any switch. The wire names no referral and no age: such plans get their default."""
        facts = Facts(on, "residents", categories, {"hospital_level": claim.level or "", "age": ""}, stay, used)
        try:
            offer = oracle.best_offer(facts, payer, self.plans.plans[payer], open_)
        except oracle.NotCovered as error:
            raise Problem("plan", str(error)) from error
        return _as_result(payer, stay, offer)


def _as_result(payer: str, stay: Split, offer: Offer) -> Result:
    """The oracle's offer with the figures that the payer answers with."""
    shared, taken = offer.base - offer.deductible, offer.deductible
    notes = (f"基数 base {offer.base}, 起付线 deductible {taken}, 支付 benefit {offer.benefit}",)
    if payer != "basic":
        figures = {"base": offer.base, "deductible": taken, "eligible": shared}
        return Result(payer, offer.benefit, figures, {**figures, "paid": offer.benefit}, notes)
    scope = max(stay.in_scope - offer.first, NIL)
    figures = {
        "eligible": scope,
        "deductible": taken,
        "full-self-pay": stay.full_self_pay,
        "over-limit": stay.over_limit,
        "pre-self-pay": stay.pre_self_pay + offer.first,
        "coinsurance": scope - taken - offer.benefit - offer.over_cap,
        "over-cap": offer.over_cap,
    }
    accruals = {"deductible": taken, "paid": offer.benefit, "eligible": scope, "admissions": ONE}
    return Result(payer, offer.benefit, figures, accruals, notes)


def _line(line: Line, level: str, catalogue: Catalogue, whole: bool) -> Split:
    if line.day is None:
        raise Problem("serviced-date", f"item {line.sequence} has no servicedDate 明细缺费用日期")
    item = catalogue.find(line.codes, line.day)
    if item is None:
        raise Problem("item-unknown", f"item {line.sequence} is not in the item list 明细项目不在目录内")
    limit = item.limits.get(level)
    return adjudicator.split_line(line.net, line.quantity, share=item.share, limit=limit, on_whole=whole)


def _better(results: Iterable[Result]) -> Result:
    """就高不重复: of several identities the one that gives more (Q-07)."""
    return max(results, key=lambda result: result.benefit)


def _as_told(result: Result, computed: tuple[Decimal, ...], number: int) -> Result:
    """Authority ``adapter``: the sender computed; this counterpart only records the amount."""
    if number >= len(computed):
        raise Problem("computed-benefit", "a payer of the call has no computed-benefit 缺测算金额")
    told = computed[number]
    accruals = {**result.accruals, "paid": told}
    return replace(result, benefit=told, accruals=accruals, notes=(f"按对方测算记录 recorded as computed: {told}",))
