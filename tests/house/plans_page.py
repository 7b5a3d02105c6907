"""docs/plans.md from the plans and the cited examples: ``python -m tests.house.pages --write`` makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.model.money import Money
from adapter.rules.policy.load import load_book, read_plain
from adapter.rules.policy.parameters import NONE, NOT_PUBLISHED, Policy, Raw, plain

ROOT = Path(__file__).resolve().parents[2]
PLANS_PAGE = ROOT / "docs" / "plans.md"
TABLES = ("deductible", "ratio", "ceiling", "critical_illness", "aid", "commercial", "payer_order")

Fits = Callable[[Raw], bool]


@dataclass(frozen=True)
class Used:
    """One value of a parameter, where it stands and where it was read."""

    parameter: str
    value: Raw
    place: str
    cite: str


@dataclass(frozen=True)
class Switch:
    """A variant found in the wild."""

    zh: str
    en: str
    parameter: str
    said: str
    fits: Fits


def _is(*wanted: str) -> Fits:
    return lambda value: value in wanted


def _rows_with(key: str) -> Fits:
    return lambda value: isinstance(value, tuple) and any(isinstance(row, Mapping) and key in row for row in value)


def _table_with(*keys: str) -> Fits:
    return lambda value: isinstance(value, Mapping) and all(key in value for key in keys)


def _given(value: Raw) -> bool:
    return value not in (NONE, NOT_PUBLISHED)


def _fractional(value: Raw) -> bool:
    try:
        return isinstance(value, str) and Money.yuan(value).fen % 100 != 0
    except ValueError:
        return False


#: Every variant that a plan may choose, and how to know it in a file.
SWITCHES = (
    Switch("封顶线按基金支付额", "ceiling on what the fund pays", "ceiling_reading", "payment", _is("payment")),
    Switch("封顶线按政策范围内费用", "ceiling on the eligible amount", "ceiling_reading", "eligible", _is("eligible")),
    Switch("分段按累计额(绝对)", "bands on the absolute amount", "bands_origin", "absolute", _is("absolute")),
    Switch("分段按起付线以上(相对)", "bands above the deductible", "bands_origin", "relative", _is("relative")),
    Switch("大病基数含基本起付线", "base with the basic deductible", "base_with_deductible", "yes", _is("yes")),
    Switch("大病基数不含基本起付线", "base without it", "base_with_deductible", "no", _is("no")),
    Switch("大病基数不含超封顶部分", "base without what is above the ceiling", "base_with_over_cap", "no", _is("no")),
    Switch("大病基数含先行自付", "base with pre-self-pay", "base_with_pre_self_pay", "yes", _is("yes")),
    Switch("“提高10%”按百分点", "+10 as points", "tilt_kind", "points", _is("points")),
    Switch("“提高10%”按乘数", "+10% as a factor", "tilt_kind", "factor", _is("factor")),
    Switch("起付线为费用的比例,有上下限", "deductible as a share of the bill", "deductible_share", "share, min, max",
           _table_with("share", "min", "max")),
    Switch("起付线为公布基数的比例", "deductible as a share of a published figure", "deductible_share", "of, share",
           _table_with("of", "share")),
    Switch("起付线不是整元", "fractional deductible", "deductible", "2875.30", _fractional),
    Switch("年度起付线上限", "yearly ceiling on deductibles", "deductible_year_ceiling", "amount", _given),
    Switch("再次住院减为定额", "later stays, another amount", "deductible_later", "amount", _rows_with("amount")),
    Switch("再次住院减半", "later stays, halved", "deductible_later", "factor", _rows_with("factor")),
    Switch("再次住院逐次减 100", "later stays, 100 less each", "deductible_later", "less, floor", _rows_with("less")),
    Switch("起付线倍数(减半、加倍)", "deductible halved or doubled", "deductible_factor", "factor", _given),
    Switch("转外先自付", "share borne first by referral", "first_share", "ratio", _given),
    Switch("转诊降低百分点", "points off by referral", "referral_points", "points", _given),
    Switch("比例随年龄", "ratio by age", "ratio_by_age", "base, per_year", _table_with("base", "per_year")),
    Switch("目录内外分项", "parts inside and outside the catalogue", "parts", "rows", _given),
    Switch("仅限规范转诊", "only after a regular referral", "referrals", "list", _given),
    Switch("医院减免范围外费用", "waived outside the range", "waiver_share_of_outside", "ratio", _given),
    Switch("医院减免超过总额一定比例的部分", "waived above a share of the bill", "waiver_above_share", "ratio", _given),
    Switch("代付起付线,每年限次", "deductible paid by another payer", "deductible_times", "times", _given),
    Switch("个人负担封顶(兜底)", "floor on the patient's part", "floor_rule", "patient_share, patient_most",
           _table_with("patient_share", "patient_most")),
    Switch("按家庭年度负担补助", "top-up by the household's year", "household_amounts", "rows", _rows_with("amount")),
)  # fmt: skip


def used() -> list[Used]:
    """Every value of every real plan, and of every published example and cited table row."""
    return [*_of_plans(), *_of_examples(), *_of_tables()]


def _of_plans() -> Iterator[Used]:
    for name, policy in load_book(ROOT / "mappings").plans.items():
        if policy.test_profile:
            continue
        for parameter in policy.parameters.values():
            for entry in parameter.history:
                if entry.value is not None:
                    for value in _each(entry.value, len(parameter.varies_by)):
                        yield Used(parameter.name, value, f"`{name}`", entry.cite)


def _of_examples() -> Iterator[Used]:
    page: Any = read_plain(ROOT / "fixtures/settlement/worked_examples.yaml")
    for row in page:
        for layer in row.get("plan", ()):
            yield from _of_layer(layer, f"{row['name'].split()[0]} {row['source']['title']}")


def _of_tables() -> Iterator[Used]:
    for name in TABLES:
        page: Any = read_plain(ROOT / f"fixtures/settlement/{name}.yaml")
        for row in page:
            if "layer" in row:
                yield from _of_layer(row["layer"], f"`fixtures/settlement/{name}.yaml`")


def _of_layer(layer: Any, place: str) -> Iterator[Used]:
    for name, parameter in layer.get("parameters", {}).items():
        varies = parameter.get("varies_by", ())
        depth = 1 if isinstance(varies, str) else len(varies)
        for value in _each(parameter.get("value", NONE), depth):
            yield Used(name, value, place, parameter.get("cite", ""))


def _each(value: Raw, depth: int) -> Iterator[Raw]:
    if depth and isinstance(value, Mapping):
        for inner in value.values():
            yield from _each(inner, depth - 1)
    else:
        yield value


def shown_by(switch: Switch, values: list[Used]) -> list[Used]:
    """Where a switch is used with a source that somebody printed; a value only for trying out does not count."""
    found = [
        each
        for each in values
        if each.parameter == switch.parameter and switch.fits(each.value) and not each.cite.startswith("仅为")
    ]
    return list({(each.place, each.cite): each for each in found}.values())


def plans_page() -> str:
    """docs/plans.md as the files would have it."""
    book = load_book(ROOT / "mappings")
    real = {name: policy for name, policy in book.plans.items() if not policy.test_profile}
    values = used()
    lines = [_HEAD, *(_plan_row(name, policy) for name, policy in sorted(real.items())), _SWITCHES]
    for switch in SWITCHES:
        found = shown_by(switch, values)[:3]
        places = "<br>".join(dict.fromkeys(_cell(each.place) for each in found))
        cites = "<br>".join(dict.fromkeys(_cell(each.cite) for each in found))
        lines.append(f"| {switch.zh} {switch.en} | `{switch.parameter}` | {switch.said} | {places} | {cites} |")
    lines.append(_CASES)
    return "\n".join(lines).rstrip() + "\n"


def _plan_row(name: str, policy: Policy) -> str:
    place = policy.place
    assert place is not None and policy.covers is not None and policy.does_not_cover is not None
    whose = f"{place.zh} {place.en}, {policy.year or '未印年份 no year printed'}"
    sources = "<br>".join(
        f"{each.grade} " + (f"[{each.key}]({each.address})" if str(each.address).startswith("http") else each.key)
        for each in policy.sources
    )
    gaps = sorted({f"`{gap}`" for gap in _gaps(policy)})
    cells = (
        f"`{name}`",
        whose,
        sources,
        f"{policy.covers.zh}<br>{policy.covers.en}",
        f"{policy.does_not_cover.zh}<br>{policy.does_not_cover.en}",
        "整个计划 whole" if policy.not_modelled else ", ".join(gaps) or "–",
    )
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _gaps(policy: Policy) -> Iterator[str]:
    if policy.undated:
        yield "valid"
    for parameter in policy.parameters.values():
        values = [entry.value for entry in parameter.history if entry.value is not None]
        if parameter.not_published or any(NOT_PUBLISHED in plain(value) for value in values):
            yield parameter.name


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


_HEAD = """\
# Plans of real places · 各地计划

Generated from `mappings/plans/` and the cited examples of `fixtures/settlement/` (`make docs`); a test compares. How a
plan file is written: [mappings/plans/README.md](../mappings/plans/README.md).

Every plan here is **historical, not current** (历史参数,不是现行规定): good for checking a bill of its time. A value
that its source does not print is a gap, never 0 and never a guess: a stay that needs it is *not modelled* (SET-321),
the payer's own answer decides, and the adapter settles nothing for it (CASE-308, CASE-395). An owner with the document
in hand gives the value under `plan_settings` of the scheme, with its source.

## What is shipped

| plan | whose, when | grade | covers | does not cover | gaps |
| --- | --- | --- | --- | --- | --- |"""

_SWITCHES = """
Grades: P1 official page, P2 reprint or press that names an official source.

## Switches

Each variant found in the wild is a value in a file, and is shown by a plan of a real place or by a published
calculation.

| switch | parameter | value | shown by | source |
| --- | --- | --- | --- | --- |"""

_CASES = """\
| 跨年住院按结算日所在年度 a stay across new year belongs to the year of its settlement | – | always | \
GC-36 2023宁波跨年度住院 | [accumulators.md](accumulators.md) |

## Comparing two sets of rules

`adapter policy diff A B --cases FILE` divides the same cases under A and under B. A and B are schemes, plans, or files
with a plan or `layers:` ([whatif.md](whatif.md)). The file is CSV with a head line, or NDJSON (`.ndjson`) with the same
names; amounts are yuan as text; every line is one case. It is read as a stream, so its size does not matter.

| column | meaning |
| --- | --- |
| `case` | how the case is called in the result; no personal data. Required |
| `in_scope` | 政策范围内. Required |
| `full_self_pay`, `over_limit`, `pre_self_pay` | 全自费、超限价、先行自付; 0 where left out |
| `settled_on` | rule date; needed unless `--on`, or `--on-a` and `--on-b`, give one |
| `hospital_level` | `township` `primary` `secondary` (default) `tertiary` `provincial` |
| `insurance` | `residents` (default) `employees` `none` |
| `categories` | register categories, `;` between them |
| `circumstance.NAME` | other keys that a plan varies by, such as `circumstance.referral` |
| `basic.deductible` … | year-to-date amounts before the stay, named as in [accumulators.md](accumulators.md) |

A case that either side cannot divide (a gap, a day that no document covers) is counted with its code and left out of
the totals; a line that cannot be read is named (POL-231). The exit code is then 1."""
