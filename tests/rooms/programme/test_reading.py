"""Programme files: blanks are asked for with their article, mistakes are refused with their place."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from adapter.model.issues import AdapterError, SettingMissing
from adapter.rules.policy.scheme import Programme
from adapter.rules.programme import assess, missing_settings, settings_of
from adapter.rules.programme.reading import read_terms
from tests.support.programme import NAMES, PROGRAMMES, facts
from tests.support.programme import settings as filled

BLANKS = {
    "yongzhou-2017-67": {
        "effective_from": "永卫计发〔2017〕67号 一",
        "facilities": "永卫计发〔2017〕67号 二(一)",
        "repayment_longest_days": "永卫计发〔2017〕67号 三(二)",
        "staging_rule": "永卫计发〔2017〕67号 三(三)",
        "unsettled_after_days": "永卫计发〔2017〕67号 四(五)",
        "reminder_days": "永卫计发〔2017〕67号 四(五)",
        "floor_rule": "永卫计发〔2017〕67号 四(三)",
        "risk_self_pay": "永卫计发〔2017〕67号 四(五)",
        "report_recipients": "永卫计发〔2017〕67号 四(一)",
    },
    "county-plan-2021": {
        "effective_from": "县区方案2021 标题",
        "facilities": "县区方案2021 二",
        "discharge_notice_days": "县区方案2021 五(三)",
        "large_cost": "县区方案2021 四(三)",
        "self_pay_ratio_limit": "县区方案2021 五(五)",
        "estimate_least_stays": "县区方案2021 五(三)",
        "prepayment_share": "县区方案2021 四(一)",
        "prepayment_schedule": "县区方案2021 四(一)",
        "aid_threshold": "县区方案2021 四(二)",
        "reminder_days": "县区方案2021 四(四)",
        "risk_fund_share": "县区方案2021 四(四)",
        "risk_fund_recovery": "县区方案2021 四(四)",
        "reward_share": "县区方案2021 四(三)",
        "risk_self_pay": "县区方案2021 五(五)",
        "report_recipients": "县区方案2021 五(一)",
    },
}


@pytest.mark.parametrize("name", NAMES)
def test_every_blank_is_listed_with_its_article(name: str) -> None:
    assert {each.name: each.text.cite for each in settings_of(PROGRAMMES[name])} == BLANKS[name]
    with pytest.raises(SettingMissing) as refused:
        assess(facts(name), PROGRAMMES[name], facts(name).admitted)
    listed = {issue.pointer.rsplit("/", 1)[-1]: issue for issue in refused.value.issues}
    assert listed.keys() == BLANKS[name].keys()
    for setting, cite in BLANKS[name].items():
        issue = listed[setting]
        assert issue.code == "PRG-201" and cite in issue.zh and cite in issue.en and issue.hint_zh


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("setting", ["effective_from", "facilities"])
def test_one_blank_that_admission_needs_is_enough_to_refuse(name: str, setting: str) -> None:
    partly = {key: value for key, value in filled(name).items() if key != setting}
    with pytest.raises(SettingMissing):
        assess(facts(name), PROGRAMMES[name], facts(name).admitted, partly)


def test_blanks_of_later_work_do_not_stop_an_admission() -> None:
    left = missing_settings(PROGRAMMES["county-plan-2021"], filled("county-plan-2021"))
    assert left and not any(issue.stops for issue in left)
    assert [
        issue.pointer.rsplit("/", 1)[-1]
        for issue in missing_settings(PROGRAMMES["county-plan-2021"], filled("county-plan-2021"), "prepayment")
    ] == ["prepayment_share", "prepayment_schedule"]


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("effective_from", "2017年11月", "PRG-203"),
        ("emergency_priority", "whoever-shouts", "PRG-203"),
        ("emergency_priorty", "emergency-first", "PRG-204"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(setting: str, value: str, code: str) -> None:
    with pytest.raises(AdapterError) as refused:
        read_terms(PROGRAMMES["county-plan-2021"], filled("county-plan-2021", {setting: value}))
    assert refused.value.issues[0].code == code
    assert setting in refused.value.issues[0].pointer
    assert value not in str(refused.value) or code == "PRG-204"


def without_cite(document: Any) -> None:
    del document["conditions"]["credit"]["cite"]


def unknown_check(document: Any) -> None:
    document["conditions"]["credit"]["check"] = "mood"


def mistyped_key(document: Any) -> None:
    document["conditions"]["credit"]["emergancy"] = "provisional"


def mistyped_kind(document: Any) -> None:
    document["conditions"]["insurance"]["needs"] = ["resident"]


def unknown_switch(document: Any) -> None:
    document["conditions"]["insurance"]["needs"] = {"switch": "weather"}


def unknown_cause(document: Any) -> None:
    document["exclusions"]["causes"]["fight"]["causes"] = ["fight"]


def unknown_paper(document: Any) -> None:
    document["documents"]["id-card"]["any_of"][0]["kind"] = "passport"


def unknown_state(document: Any) -> None:
    document["documents"]["id-card"]["not_met"] = "maybe"


def wrong_custody(document: Any) -> None:
    document["documents"]["id-card"]["any_of"][0]["keep"] = "photo"


def unknown_fact(document: Any) -> None:
    document["exclusions"]["causes"]["accident"]["only_if"] = ["sunday"]


def no_deposit_rule(document: Any) -> None:
    del document["deposit"]["refused"]


def text_for_table(document: Any) -> None:
    document["conditions"] = "none"


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        (without_cite, "conditions/credit"),
        (unknown_check, "conditions/credit/check"),
        (mistyped_key, "conditions/credit"),
        (mistyped_kind, "conditions/insurance/needs"),
        (unknown_switch, "conditions/insurance/needs"),
        (unknown_cause, "exclusions/causes/fight"),
        (unknown_paper, "documents/id-card"),
        (unknown_state, "documents/id-card/not_met"),
        (wrong_custody, "documents/id-card"),
        (unknown_fact, "exclusions/causes/accident/only_if"),
        (no_deposit_rule, "deposit/refused"),
        (text_for_table, "conditions"),
    ],
)
def test_a_clause_that_no_rule_understands_is_refused(damage: Callable[[Any], None], place: str) -> None:
    with pytest.raises(AdapterError) as refused:
        read_terms(damaged(damage), filled("county-plan-2021"))
    (issue,) = refused.value.issues
    assert issue.code == "PRG-202"
    assert issue.pointer.startswith(f"programmes/county-plan-2021.yaml#{place}")


def damaged(damage: Callable[[Any], None]) -> Programme:
    """The county plan with one thing wrong in it."""
    whole = PROGRAMMES["county-plan-2021"]
    copy = json.loads(json.dumps(whole.document))
    damage(copy)
    return replace(whole, document=tuples(copy))


def tuples(value: Any) -> Any:
    """Lists as tuples again, as the loader gives them."""
    if isinstance(value, dict):
        return {key: tuples(each) for key, each in value.items()}
    return tuple(map(tuples, value)) if isinstance(value, list) else value


@pytest.mark.parametrize("name", NAMES)
def test_every_clause_cites_its_document(name: str) -> None:
    """Clauses cite the text; switches cite the conflict, open question or row that they decide."""
    label = {"yongzhou-2017-67": "永卫计发〔2017〕67号 ", "county-plan-2021": "县区方案2021 "}[name]
    terms = read_terms(PROGRAMMES[name], filled(name))
    clauses = [*terms.conditions, *terms.paperwork, *terms.causes, *terms.items]
    assert all(clause.text.cite.startswith(label) and clause.rule for clause in clauses)
    switches: Any = PROGRAMMES[name].document["switches"]
    assert all(switch["cite"].startswith(("X-", "Q-", "A-21")) for switch in switches.values())
