"""Policy files: what is refused, with file and line, and what stays text."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.model.issues import AdapterError
from adapter.rules.policy.load import layers_from, load_book, load_layers, read_plain, read_tree
from adapter.rules.policy.parameters import Policy
from adapter.rules.policy.plan_file import policy_of

HEAD = """\
policy: place/basic
payer: basic
title: {zh: 示例, en: Example}
document: {id: 示例〔2024〕1号, issued: 2024-02-20}
steps: [in_scope, ratio]
parameters:
"""
RATIO = """\
  ratio:
    as: ratio
    varies_by: hospital_level
    values:
      2024-03-01: {cite: 第六条, value: {primary: 0.60, secondary: "0.50"}}
"""


def plan(tmp_path: Path, text: str, name: str = "place/basic") -> Policy:
    path = tmp_path / "basic.yaml"
    path.write_text(text, encoding="utf-8")
    return policy_of(read_tree(path), name=name)


def refused(tmp_path: Path, text: str, name: str = "place/basic") -> list[str]:
    with pytest.raises(AdapterError) as error:
        plan(tmp_path, text, name)
    return [f"{issue.code} {issue.pointer}" for issue in error.value.issues]


def test_every_scalar_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: 0.60\nb: 011\nc: no\non: 2024-03-01\nd: ~\ne: [1e3, null]\n", encoding="utf-8")
    assert read_plain(path) == {"a": "0.60", "b": "011", "c": "no", "on": "2024-03-01", "d": "~", "e": ("1e3", "null")}


def test_a_good_plan_is_read(tmp_path: Path) -> None:
    policy = plan(tmp_path, HEAD + RATIO)
    assert (policy.name, policy.payer, policy.steps) == ("place/basic", "basic", ("in_scope", "ratio"))
    assert policy.version == plan(tmp_path, HEAD + RATIO).version
    assert policy.version != plan(tmp_path, HEAD + RATIO.replace("0.50", "0.51")).version


BAD = {
    "repeated key": (HEAD + RATIO + "  ratio: {}\n", ["POL-212 basic.yaml:12"]),
    "repeated inside": (HEAD + RATIO.replace("secondary", "primary"), ["POL-212 basic.yaml:11"]),
    "unknown key": ("colour: red\n" + HEAD + RATIO, ["POL-213 basic.yaml:1"]),
    "unknown key of a parameter": (HEAD + RATIO.replace("as:", "kind:"), ["POL-213 basic.yaml:8"]),
    "missing title": (HEAD.replace("title: {zh: 示例, en: Example}\n", "") + RATIO, ["POL-214 basic.yaml:1"]),
    "missing steps": (HEAD.replace("steps: [in_scope, ratio]\n", "") + RATIO, ["POL-214 basic.yaml:1"]),
    "uncited": (HEAD + RATIO.replace("cite: 第六条, ", ""), ["POL-215 basic.yaml:11"]),
    "empty cite": (HEAD + RATIO.replace("第六条", '""'), ["POL-216 basic.yaml:11"]),
    "no date": (HEAD + RATIO.replace("2024-03-01: {", "March: {"), ["POL-216 basic.yaml:11"]),
    "ratio above one": (HEAD + RATIO.replace("0.60", "60"), ["POL-216 basic.yaml:11"]),
    "comma for point": (HEAD + RATIO.replace("0.60", '"0,60"'), ["POL-216 basic.yaml:11"]),
    "exponent": (HEAD + RATIO.replace("0.60", "6e-1"), ["POL-216 basic.yaml:11"]),
    "unknown kind": (HEAD + RATIO.replace("as: ratio", "as: magic"), ["POL-216 basic.yaml:8", "POL-216 basic.yaml:8"]),
    "unknown payer": (HEAD.replace("payer: basic", "payer: uncle") + RATIO, ["POL-216 basic.yaml:2"]),
    "value and ends": (HEAD + RATIO.replace("cite: 第六条,", "cite: 第六条, ends: true,"), ["POL-216 basic.yaml:11"]),
    "not varied": (HEAD + RATIO.replace('{primary: 0.60, secondary: "0.50"}', "0.60"), ["POL-216 basic.yaml:11"]),
    "dates out of order": (
        HEAD + RATIO + "      2023-01-01: {cite: 第五条, value: {primary: 0.50}}\n",
        ["POL-217 basic.yaml:11"],
    ),
    "broken yaml": (HEAD + "  ratio: {a: [}\n", ["POL-211 basic.yaml:7"]),
    "empty": ("", ["POL-211 basic.yaml:1"]),
    "undated value": (HEAD + "  ratio: {value: 0.60, cite: 第六条}\n", ["POL-214 basic.yaml:7"]),
    "required without article": (HEAD + "  ratio: {required: true}\n", ["POL-215 basic.yaml:7"]),
    "bands downhill": (
        HEAD + "  bands:\n    as: bands\n    values:\n      2024-03-01:\n        cite: 第七条\n"
        "        value: [{over: 300, ratio: 0.6}, {over: 100, ratio: 0.7}]\n",
        ["POL-216 basic.yaml:12"],
    ),
    "not one of": (
        HEAD + "  kind:\n    one_of: [a, b]\n    values:\n      2024-03-01: {cite: 第七条, value: c}\n",
        ["POL-216 basic.yaml:10"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_plan_is_refused_with_its_line(tmp_path: Path, case: str) -> None:
    text, wanted = BAD[case]
    assert refused(tmp_path, text) == wanted


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = HEAD.replace("payer: basic", "payer: uncle") + RATIO.replace("0.60", "60").replace("cite: 第六条, ", "")
    assert len(refused(tmp_path, text)) == 3


def test_the_name_fits_the_place(tmp_path: Path) -> None:
    assert refused(tmp_path, HEAD + RATIO, "elsewhere/basic") == ["POL-218 basic.yaml:1"]


def test_a_missing_or_undecodable_file_is_an_issue(tmp_path: Path) -> None:
    (tmp_path / "gb.yaml").write_bytes("标题: 示例".encode("gb18030"))
    for name in ("gb.yaml", "nothing.yaml"):
        with pytest.raises(AdapterError) as error:
            read_tree(tmp_path / name)
        assert [issue.code for issue in error.value.issues] == ["POL-211"]


def test_what_if_layers_may_be_undated_but_never_uncited(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    text = (
        "layers:\n  - policy: x/basic\n    payer: basic\n    steps: [in_scope, ratio]\n"
        "    parameters:\n      ratio: {value: 0.60, cite: 试算}\n"
    )
    path.write_text(text, encoding="utf-8")
    assert load_layers(path)[0].policy.parameters["ratio"].history[0].value == "0.60"
    path.write_text(text.replace(", cite: 试算", ""), encoding="utf-8")
    with pytest.raises(AdapterError) as error:
        load_layers(path)
    assert [f"{issue.code} {issue.pointer}" for issue in error.value.issues] == ["POL-215 plan.yaml:6"]


@pytest.mark.rule("T-25")
def test_layers_from_a_program_refuse_floats() -> None:
    layer = {"policy": "x", "payer": "basic", "steps": ["ratio"], "parameters": {"ratio": {"value": 0.6, "cite": "X"}}}
    with pytest.raises(AdapterError) as error:
        layers_from([layer])
    assert [issue.code for issue in error.value.issues] == ["POL-216"]


PROGRAMME = "programme: p\ntitle: {zh: 项目, en: Programme}\n"
SCHEME = """\
scheme: s
title: {zh: 方案, en: Scheme}
region: "999900"
valid: {from: 2024-03-01, to: 2024-12-31}
programme: p
sources: [hospital]
layers: [{payer: basic, plan: place/basic}]
calls: [{name: insurance, endpoint: bureau, payers: [basic], authority: payer}]
"""


def folder(tmp_path: Path, scheme: str, plan_text: str = HEAD + RATIO) -> Path:
    for name, text in (("plans/place/basic", plan_text), ("programmes/p", PROGRAMME), ("schemes/s", scheme)):
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


BAD_SCHEMES = {
    "no such programme": (SCHEME.replace("programme: p", "programme: q"), ["POL-219"]),
    "no such plan": (SCHEME.replace("place/basic", "place/other"), ["POL-219"]),
    "another payer's plan": (SCHEME.replace("payer: basic", "payer: commercial"), ["POL-219", "POL-219"]),
    "payer without a call": (SCHEME.replace("payers: [basic]", "payers: []"), ["POL-219"]),
    "payer asked twice": (SCHEME.replace("payers: [basic]", "payers: [basic, basic]"), ["POL-219"]),
    "unknown authority": (SCHEME.replace("authority: payer", "authority: me"), ["POL-216"]),
    "valid backwards": (SCHEME.replace("to: 2024-12-31", "to: 2023-12-31"), ["POL-216"]),
    "uncited setting": (SCHEME + "settings: {effective_from: {value: 2024-03-01}}\n", ["POL-215"]),
    "setting without value": (SCHEME + "settings: {effective_from: {cite: 设定}}\n", ["POL-214"]),
    "other name": (SCHEME.replace("scheme: s", "scheme: t"), ["POL-218"]),
}


@pytest.mark.parametrize("case", BAD_SCHEMES)
def test_a_scheme_that_does_not_fit_together_is_refused(tmp_path: Path, case: str) -> None:
    text, wanted = BAD_SCHEMES[case]
    with pytest.raises(AdapterError) as error:
        load_book(folder(tmp_path, text))
    assert [issue.code for issue in error.value.issues] == wanted
    assert all(issue.pointer.startswith("schemes/s.yaml:") for issue in error.value.issues)


def test_a_test_profile_makes_its_scheme_one(tmp_path: Path) -> None:
    profile = HEAD.replace("steps:", "test_profile: true\nsteps:") + RATIO
    with pytest.raises(AdapterError) as error:
        load_book(folder(tmp_path, SCHEME, profile))
    assert [issue.code for issue in error.value.issues] == ["POL-219"]
    assert load_book(folder(tmp_path, SCHEME + "test_profile: true\n", profile)).scheme("s").test_profile


def test_problems_of_several_files_come_together(tmp_path: Path) -> None:
    root = folder(tmp_path, SCHEME, HEAD + RATIO.replace("0.60", "60"))
    (root / "programmes/p.yaml").write_text("programme: other\n", encoding="utf-8")
    with pytest.raises(AdapterError) as error:
        load_book(root)
    assert [issue.code for issue in error.value.issues] == ["POL-216", "POL-214", "POL-218"]
