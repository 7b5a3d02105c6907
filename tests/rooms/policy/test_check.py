"""A plan file held against itself: every kind of finding, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.rules.policy.check import check_plan, gaps_of
from adapter.rules.policy.load import survey_tree
from adapter.rules.settlement.switches import ALWAYS, READS

PLAN = """\
policy: place/basic
payer: basic
title: {zh: 示例, en: Example}
document: {id: 示例〔2024〕1号}
steps: [in_scope, deductible, bands, ceiling_on_payment]
parameters:
  deductible:
    as: money
    varies_by: hospital_level
    values:
      2024-01-01: {cite: 第六条, value: {primary: "400", default: "900"}}
  bands:
    as: bands
    values:
      2024-01-01:
        cite: 第七条
        value:
          - {over: "0", upto: "10000", ratio: "0.80"}
          - {over: "10000", upto: "30000", ratio: "0.85"}
          - {over: "30000", ratio: "0.90"}
  bands_origin:
    one_of: [absolute, relative]
    values:
      2024-01-01: {cite: 第七条, value: absolute}
  ceiling:
    as: money
    values:
      2024-01-01: {cite: 第八条, value: "60000"}
"""


def findings(tmp_path: Path, text: str, name: str | None = "place/basic") -> list[str]:
    path = tmp_path / "basic.yaml"
    path.write_text(text, encoding="utf-8")
    tree, found = survey_tree(path)
    found += check_plan(tree, READS, ALWAYS, name=name)
    return [f"{issue.code} {issue.pointer.rpartition(':')[2]}" for issue in found]


def test_a_good_plan_has_nothing_to_say(tmp_path: Path) -> None:
    assert findings(tmp_path, PLAN) == []


CHANGES = {
    "unknown step": ("bands, ceiling_on", "bands, magic, ceiling_on", ["POL-221 5"]),
    "a parameter that a step needs": ("[in_scope, ded", "[in_scope, first_share, ded", ["POL-222 5"]),
    "a parameter that no step reads": (
        "  ceiling:\n",
        "  colour: {values: {2024-01-01: {cite: x, value: red}}}\n  ceiling:\n",
        ["POL-223 25"],
    ),
    "a ceiling without its step": (", ceiling_on_payment]", "]", ["POL-223 26", "POL-222 26"]),
    "a reading without its step": (
        "  ceiling:\n",
        "  ceiling_reading: {values: {2024-01-01: {cite: x, value: eligible}}}\n  ceiling:\n",
        ["POL-222 25"],
    ),
    "bands that overlap": ('over: "10000", upto', 'over: "9000", upto', ["POL-224 19"]),
    "bands that leave a gap": ('over: "10000", upto', 'over: "12000", upto', ["POL-225 19"]),
    "bands that begin above the deductible": ('{over: "0", upto', '{over: "1000", upto', ["POL-225 18"]),
    "a band below the deductible": (
        '{over: "0", upto: "10000"',
        '{over: "0", upto: "300", ratio: "0.70"}\n          - {over: "300", upto: "10000"',
        ["POL-226 18"],
    ),
    "a band beyond the ceiling": ('value: "60000"', 'value: "20000"', ["POL-226 20"]),
    "a band that ends before it begins": ('over: "30000"', 'over: "30000", upto: "20000"', ["POL-227 20"]),
    "a ratio above one": ('ratio: "0.90"', 'ratio: "90"', ["POL-216 20", "POL-227 20"]),
    "a ratio that is no number": ('ratio: "0.90"', 'ratio: "much"', ["POL-216 20"]),
    "a day that one parameter does not cover": (
        "2024-01-01: {cite: 第八条",
        "2024-03-01: {cite: 第八条",
        ["POL-228 28"],
    ),
    "days between an end and the next value": (
        '      2024-01-01: {cite: 第八条, value: "60000"}\n',
        '      2024-01-01: {cite: 第八条, value: "60000"}\n      2025-01-01: {ends: true, cite: 第九条}\n'
        '      2026-01-01: {cite: 第十条, value: "70000"}\n',
        ["POL-228 29"],
    ),
    "one parameter ends, the others go on": (
        '      2024-01-01: {cite: 第八条, value: "60000"}\n',
        '      2024-01-01: {cite: 第八条, value: "60000"}\n      2025-01-01: {ends: true, cite: 第九条}\n',
        ["POL-228 29"],
    ),
    "a level that does not exist": ("{primary:", "{premium:", ["POL-229 11"]),
    "an uncited value": ("{cite: 第八条, value", "{value", ["POL-215 28"]),
    "a repeated key": ("  ceiling:\n", "  bands:\n    as: bands\n  ceiling:\n", ["POL-212 25"]),
    "a name that does not fit its place": ("policy: place/basic", "policy: elsewhere/basic", ["POL-218 1"]),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "wanted"), CHANGES.values(), ids=CHANGES)
def test_each_finding_names_its_line(tmp_path: Path, old: str, new: str, wanted: list[str]) -> None:
    assert PLAN.count(old) >= 1
    assert findings(tmp_path, PLAN.replace(old, new, 1)) == wanted


def test_everything_is_found_at_once(tmp_path: Path) -> None:
    text = PLAN
    for name in ("unknown step", "bands that overlap", "a level that does not exist", "an uncited value"):
        old, new, _ = CHANGES[name]
        text = text.replace(old, new, 1)
    assert findings(tmp_path, text) == ["POL-221 5", "POL-229 11", "POL-224 19", "POL-215 28"]


def test_bands_above_the_deductible_begin_at_nothing(tmp_path: Path) -> None:
    relative = PLAN.replace("value: absolute", "value: relative")
    assert findings(tmp_path, relative) == []
    assert findings(tmp_path, relative.replace('{over: "0", upto', '{over: "500", upto')) == ["POL-225 18"]


def test_a_ceiling_on_the_eligible_amount_cuts_bands_where_it_stands(tmp_path: Path) -> None:
    text = PLAN.replace("ceiling_on_payment]", "ceiling_on_eligible]").replace('"60000"', '"30000"')
    text = text.replace("ceiling_on_eligible, ", "")
    text += "  ceiling_reading:\n    one_of: [eligible]\n    values: {2024-01-01: {cite: x, value: eligible}}\n"
    assert findings(tmp_path, text) == ["POL-226 20"]
    assert findings(tmp_path, text.replace('"30000"}', '"30000.01"}', 1)) == []


def test_rows_of_later_stays(tmp_path: Path) -> None:
    later = "  deductible_later:\n    as: rows\n    values:\n      2024-01-01:\n        cite: x\n        value:\n"
    good = '          - {from: "2", factor: "0.5"}\n          - {from: "3", amount: "200"}\n'
    assert findings(tmp_path, PLAN + later + good) == []
    assert findings(tmp_path, PLAN + later + good.replace('"3"', '"2"')) == ["POL-224 36"]
    assert findings(tmp_path, PLAN + later + good.replace('"2"', '"1"')) == ["POL-226 35"]


def test_what_the_source_does_not_print_is_listed_with_its_place(tmp_path: Path) -> None:
    text = PLAN.replace('default: "900"', "default: not-published").replace('value: "60000"', 'value: "60000"')
    text = text.replace("steps:", "valid: not-published\nsteps:")
    path = tmp_path / "basic.yaml"
    path.write_text(text, encoding="utf-8")
    tree, _ = survey_tree(path)
    assert [(place.rpartition(":")[2], name) for place, name in gaps_of(tree)] == [("5", "valid"), ("12", "deductible")]


@pytest.mark.parametrize(
    "text", ["a: 1", "- x", "parameters: [a]", "steps: x\nparameters: {a: b}", "parameters: {bands: {values: []}}"]
)
def test_nonsense_is_told_and_never_a_crash(tmp_path: Path, text: str) -> None:
    assert findings(tmp_path, text, name=None)
