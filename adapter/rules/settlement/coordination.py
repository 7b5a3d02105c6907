"""费用分担顺序: the payers in the scheme's order, each on what the ones before it left, rounded amount by amount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from adapter.model.built import quickly_built
from adapter.model.claim import LineSplit
from adapter.model.issues import AdapterError, Issue, NotPublished
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Explanation, LineDifference, Payer, PayerAnswer, Standing, Step
from adapter.rules.policy.parameters import DEFAULT, Policy
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement import ceiling, issues
from adapter.rules.settlement.commercial import commercial_parts
from adapter.rules.settlement.critical_illness import critical_illness_base, cumulative_share
from adapter.rules.settlement.deductible import deductible
from adapter.rules.settlement.fund_share import bands, ratio
from adapter.rules.settlement.hospital import waiver
from adapter.rules.settlement.medical_aid import aid_threshold, in_scope_left
from adapter.rules.settlement.opening import first_share, in_scope, year_known
from adapter.rules.settlement.position import NOTHING, Bill, Position, StepKind
from adapter.rules.settlement.safety_net import deductible_paid, floor, household
from adapter.rules.settlement.top_up import top_up_base

#: Every kind of step that a plan file may list, by name.
KINDS: Mapping[str, StepKind] = {
    "year_known": year_known,
    "in_scope": in_scope,
    "first_share": first_share,
    "ceiling_on_eligible": ceiling.ceiling_on_eligible,
    "deductible": deductible,
    "ratio": ratio,
    "bands": bands,
    "ceiling_on_payment": ceiling.ceiling_on_payment,
    "critical_illness_base": critical_illness_base,
    "cumulative_share": cumulative_share,
    "commercial_parts": commercial_parts,
    "in_scope_left": in_scope_left,
    "aid_threshold": aid_threshold,
    "top_up_base": top_up_base,
    "waiver": waiver,
    "deductible_paid": deductible_paid,
    "floor": floor,
    "household": household,
}


@quickly_built
@dataclass(frozen=True, slots=True)
class Turn:
    """One payer's turn.

    Attributes:
        result: our calculation, or None where the layer is not modelled or waits for an earlier one.
        open: nobody published what the layer needs for this stay: not modelled, and never 0.
        pay: what counts: the answer, else our expectation, else nothing.
    """

    layer: ResolvedLayer
    result: Position | None
    pay: Money
    answer: PayerAnswer | None
    steps: tuple[Step, ...]
    standing: Standing
    open: bool = False

    @property
    def expected(self) -> Money | None:
        return None if self.result is None else self.result.pay


def check_layers(layers: Sequence[ResolvedLayer]) -> None:
    """Refuse plans that no calculation understands. Raises AdapterError SET-307 and SET-308, all at once."""
    found: list[Issue] = []
    payers = [layer.payer for layer in layers]
    if len(set(payers)) < len(payers):
        twice = [payer for payer in dict.fromkeys(payers) if payers.count(payer) > 1]
        found += [issues.plan_contradicts(str(payer), "一个支付方出现两次 payer twice", "once") for payer in twice]
    for layer in layers:
        if _UNDERSTOOD.get(id(layer.policy)) is not layer.policy:
            found += _not_understood(layer.policy)
    if found:
        raise AdapterError(*found)


#: Plans that were looked through and found sound, by identity; held, so that no other can come by it.
_UNDERSTOOD: dict[int, Policy] = {}


def _not_understood(policy: Policy) -> list[Issue]:
    """What no calculation understands of a plan; a sound one is looked through once."""
    found = [issues.step_unknown(policy.name, step, ", ".join(KINDS)) for step in policy.steps if step not in KINDS]
    if "ceiling" in policy.parameters:
        missing = [f"steps: {step}" for step in _ceiling_steps(policy)]
        found += [issues.plan_contradicts(policy.name, "ceiling_reading", each) for each in missing]
    if not found:
        if len(_UNDERSTOOD) >= _PLANS_KEPT:
            _UNDERSTOOD.clear()
        _UNDERSTOOD[id(policy)] = policy
    return found


_PLANS_KEPT = 1_000


def _ceiling_steps(policy: Policy) -> list[str]:
    """Steps that the plan's reading of its ceiling needs and that it does not list: they would lift the ceiling."""
    readings = {ceiling.PAYMENT}
    if "ceiling_reading" in policy.parameters:
        readings = {str(entry.value) for entry in policy.parameters["ceiling_reading"].history if entry.value}
    needed = {ceiling.PAYMENT: "ceiling_on_payment", ceiling.ELIGIBLE: "ceiling_on_eligible"}
    return [needed[read] for read in sorted(readings) if read in needed and needed[read] not in policy.steps]


def coordinate(
    bill: Bill, layers: Sequence[ResolvedLayer], answers: Mapping[Payer, PayerAnswer], lines: Mapping[str, LineSplit]
) -> tuple[tuple[Turn, ...], Bill, dict[str, LineSplit], tuple[Issue, ...]]:
    """Let every payer have its turn; an answer replaces our expectation and carries on into the next base.

    Returns:
        The turns, the bill as it stands after them, the line splits (a payer's own win), and warnings.

    Raises:
        AdapterError: SET-302, SET-304 for an answer that cannot be.
    """
    turns: list[Turn] = []
    found: list[Issue] = []
    splits = dict(lines)
    open_payer: Payer | None = None
    for layer in layers:
        answer = answers.get(layer.payer)
        result, gap = None, None
        if open_payer is not None and answer is None:
            found.append(issues.layer_waits(layer.payer, open_payer))
        else:
            result, gap = _modelled(bill, layer)
            if gap is not None and answer is None:
                found.append(gap)
                open_payer = layer.payer
        if layer.policy.historical:
            found.append(issues.plan_historical(layer.policy.name, layer.policy.year))
        pay, before = _amount(bill, layer, result, answer), bill
        bill = _after(bill, layer, result, pay, answer, splits, found)
        standing = _standing(layer.payer, before, pay, bill.paid_outside - before.paid_outside)
        turns.append(Turn(layer, result, pay, answer, _steps(layer, result, answer, gap), standing, gap is not None))
    return tuple(turns), bill, splits, tuple(found)


def _modelled(bill: Bill, layer: ResolvedLayer) -> tuple[Position | None, Issue | None]:
    """Our calculation, or what is not published of it."""
    if layer.policy.not_modelled:
        return None, issues.layer_not_modelled(layer.payer, layer.policy.name)
    try:
        return calculate(bill, layer), None
    except NotPublished as gap:
        found = gap.issues[0]
        missing_fact = found.code.startswith("SET-")
        return None, found if missing_fact else issues.value_not_published(layer.payer, found.pointer)


def calculate(bill: Bill, layer: ResolvedLayer) -> Position:
    """What a payer bears by its plan; of several identities the better one counts, never both (就高不重复, Q-07).

    Raises:
        NotPublished: the source prints no value that this stay needs, or a fact that the plan needs is not there.
        AdapterError: SET-301 for a plan that makes more than the bill, or less than nothing, of it.
    """
    refused = _not_covered(bill, layer)
    if refused is not None:
        return refused
    known = layer.policy.keys_of("person_category")
    categories = sorted(str(category) for category in bill.categories if category in known) or [DEFAULT]
    runs = [_run(Position.opening(bill, layer.payer, layer.policy, category)) for category in categories]
    return runs[0] if len(runs) == 1 else max(runs, key=lambda run: run.pay)


def _run(position: Position) -> Position:
    for step in position.policy.steps:
        position = KINDS[step](position)
        if not position.covered:
            break  # not entitled: no ceiling to look up, and nothing to cap
    if not ZERO <= position.pay <= position.bill.left:
        raise AdapterError(issues.share_out_of_range(position.policy.name, position.pay, position.bill.left))
    return position


def _not_covered(bill: Bill, layer: ResolvedLayer) -> Position | None:
    """A step that says why this payer has nothing to do with the person, or None when it has."""
    rule, held = layer.policy.find("insurance", bill.on, bill.keys), str(bill.insurance)
    if rule is None or held in rule.once(_texts):
        return None
    because = Explanation(
        zh=f"参保险种“{held}”不属于本计划({'、'.join(rule.texts)}),支付{ZERO}",
        en=f"insurance '{held}' is not one of this plan ({', '.join(rule.texts)}): {ZERO}",
        cite=rule.cite,
    )
    start = Position.opening(bill, layer.payer, layer.policy)
    return start.step("not-covered", ZERO, ZERO, because=because, inputs={"insurance": held}, checks=NOTHING)


_texts = attrgetter("texts")


def _standing(payer: Payer, bill: Bill, pay: Money, outside: Money) -> Standing:
    return Standing(
        payer, bill.total, bill.sums, bill.paid_total, bill.paid_outside, bill.deductible, bill.over_cap, pay, outside
    )


def _amount(bill: Bill, layer: ResolvedLayer, result: Position | None, answer: PayerAnswer | None) -> Money:
    if answer is None:
        return ZERO if result is None else result.pay
    if not ZERO <= answer.amount <= bill.left:
        raise AdapterError(issues.answer_out_of_range(layer.payer, answer.amount, bill.left))
    return answer.amount


def _after(
    bill: Bill,
    layer: ResolvedLayer,
    result: Position | None,
    pay: Money,
    answer: PayerAnswer | None,
    splits: dict[str, LineSplit],
    found: list[Issue],
) -> Bill:
    """The bill for the next payer."""
    sums = bill.sums
    if result is not None and result.first:
        pre, scope = sums.pre_self_pay + result.first, sums.in_scope - result.first
        sums = LineSplit(sums.full_self_pay, sums.over_limit, pre, scope, sums.basis)
    figures: dict[str, Money] = {}
    if answer is not None:
        found += answer.doubts
        sums = answered_sums(bill.after(sums=sums), answer, splits, found)
        figures = dict(answer.amounts)
    outside = min(result.outside.fen, pay.fen) if result is not None else 0
    as_seen = bill if sums is bill.sums else bill.after(sums=sums)
    outside = max(outside, pay.fen - as_seen.in_scope_left.fen)
    paid, paid_outside = (*bill.paid, (layer.payer, pay)), bill.paid_outside
    if outside:
        paid_outside = Money(paid_outside.fen + outside)
    if layer.payer is not Payer.BASIC:
        return bill.after(sums=sums, paid=paid, paid_outside=paid_outside)
    taken = figures.get("deductible", ZERO if result is None else result.deductible).fen
    over = figures.get("over-cap", ZERO if result is None else result.over_cap).fen
    room = max(sums.in_scope.fen - pay.fen, 0)
    taken = min(taken, room)
    over = min(over, room - taken)
    return bill.after(sums=sums, paid=paid, paid_outside=paid_outside, deductible=Money(taken), over_cap=Money(over))


def answered_sums(bill: Bill, answer: PayerAnswer, splits: dict[str, LineSplit], found: list[Issue]) -> LineSplit:
    """The four parts as the payer sees them: by basic insurance's header figures, else by its lines, else ours.

    The lines a payer split are its lines from then on. Where its header moves a part of the whole stay beyond what the
    lines say (先行自付 of a stay out of the county), the header counts: what it pays was computed from that.
    """
    sums = bill.sums
    if answer.lines:
        wrong = []
        changed = LineSplit()
        for line, split in answer.lines:
            ours = splits.get(line)
            if ours is None or ours.total != split.total:
                known = ZERO if ours is None else ours.total
                wrong.append(issues.answered_split_unbalanced(answer.payer, line, known, split.total))
                continue
            changed = _plus(changed, split, ours)
            splits[line] = split
        if wrong:
            raise AdapterError(*wrong)
        sums = _plus(sums, changed, LineSplit())
    figures = dict(answer.amounts)
    theirs = figures.get("eligible", figures.get("in-scope"))
    if answer.payer is not Payer.BASIC or theirs is None or theirs == sums.in_scope:
        return sums
    header = LineSplit(
        figures.get("full-self-pay", ZERO), figures.get("over-limit", ZERO), figures.get("pre-self-pay", ZERO), theirs
    )
    if header.total == bill.total:
        return header
    found.append(issues.answered_scope_differs(answer.payer, sums.in_scope, theirs))
    return sums


def line_differences(turns: Sequence[Turn], lines: Mapping[str, LineSplit]) -> tuple[LineDifference, ...]:
    """Lines that a payer split otherwise than we did; of several payers the last one counts, as it does in the bill.

    Args:
        lines: our splits.
    """
    said: dict[str, LineDifference | None] = {}
    for turn in turns:
        if turn.answer is None or not turn.answer.lines:
            continue
        terms = dict(turn.answer.line_terms)
        for line, theirs in turn.answer.lines:
            ours = lines[line]
            same = replace(theirs, basis=ours.basis) == ours
            said[line] = None if same else LineDifference(turn.answer.payer, line, ours, terms.get(line, ""))
    return tuple(each for each in said.values() if each is not None)


def _plus(sums: LineSplit, more: LineSplit, less: LineSplit) -> LineSplit:
    return LineSplit(
        sums.full_self_pay + more.full_self_pay - less.full_self_pay,
        sums.over_limit + more.over_limit - less.over_limit,
        sums.pre_self_pay + more.pre_self_pay - less.pre_self_pay,
        sums.in_scope + more.in_scope - less.in_scope,
        sums.basis,
    )


def _not_modelled(layer: ResolvedLayer, gap: Issue) -> Step:
    """The line that stands where a calculation would: why there is none."""
    policy = layer.policy
    cite = policy.sources[0].key if policy.sources else policy.document.id
    because = Explanation(f"未测算:{gap.zh}", f"not modelled: {gap.en}", f"{policy.name} {cite}")
    inputs = (("not_published", gap.pointer),)
    return Step(layer.payer, "not-modelled", ZERO, ZERO, because, inputs, NOTHING)


def _steps(
    layer: ResolvedLayer, result: Position | None, answer: PayerAnswer | None, gap: Issue | None
) -> tuple[Step, ...]:
    ours = () if result is None else result.steps
    if gap is not None:
        ours = (_not_modelled(layer, gap),)
    if answer is None:
        return ours
    said = ";".join(answer.steps)
    expected = "" if result is None else f",本方测算{result.pay}"
    expected_en = "" if result is None else f", our expectation {result.pay}"
    because = Explanation(
        zh=f"以支付方答复为准:{answer.amount}{expected}{f'({said})' if said else ''}",
        en=f"the payer's answer counts: {answer.amount}{expected_en}{f' ({said})' if said else ''}",
        cite=f"{layer.payer} {answer.reference}",
    )
    inputs = tuple((name, amount.text) for name, amount in answer.amounts)
    return (*ours, Step(layer.payer, "payer-answer", answer.amount, ZERO, because, inputs, (("left", "0"),)))
