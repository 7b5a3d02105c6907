"""Refund models of the vendors: explicit links, mirror lines told by a status, lines that do not take part."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapter.intake.mapping.refunds import has_refunds, pair
from adapter.intake.mapping.spec import Condition, RefundKind, Refunds
from adapter.model.source import Origin, SourceRecord

#: As 东软 and 新致 write it: columns name the original.
LINKED = Refunds("QTY", ("ITEM",), "PRICE", "DAY", kind=RefundKind.LINKED, link_to=(("OLD", "NO"), ("SEQ", "SEQ")))
#: As 中联 writes it: the mirror has the same document and number, both lines carry a status.
MIRROR = Refunds(
    "QTY",
    ("ITEM",),
    "PRICE",
    "DAY",
    kind=RefundKind.MIRROR,
    link_to=(("NO", "NO"), ("SEQ", "SEQ")),
    told_by=Condition("STATE", frozenset({"2"})),
    undone=Condition("STATE", frozenset({"3"})),
    among=(Condition("STATE", frozenset({"0"}), negated=True),),
)


def line(key: str, quantity: str, **more: str) -> tuple[str, SourceRecord]:
    fields = {
        "QTY": quantity,
        "ITEM": "A",
        "PRICE": "2.00",
        "DAY": "2021-03-05",
        "NO": key,
        "SEQ": "1",
        "OLD": "",
        "STATE": "1",
    }
    return key, SourceRecord(Origin("anywhere", "F.csv", "F", int(key)), {**fields, **more})


@pytest.mark.parametrize(
    ("name", "lines", "expected", "codes"),
    [
        (
            "the link counts before anything else",
            [line("1", "2"), line("2", "3"), line("9", "-2", OLD="2")],
            {"9": ("2",)},
            [],
        ),
        (
            "both columns of the link must fit",
            [line("1", "2"), line("2", "2", SEQ="7"), line("9", "-2", OLD="2")],
            {"9": ("2",)},
            ["MAP-117"],
        ),
        (
            "a part, then the rest",
            [line("1", "5"), line("8", "-2", OLD="1"), line("9", "-3", OLD="1")],
            {"8": ("1",), "9": ("1",)},
            [],
        ),
        ("another item by link", [line("1", "2", ITEM="B"), line("9", "-2", OLD="1")], {"9": ("1",)}, []),
        (
            "more than is left of the named line",
            [line("1", "2"), line("2", "9"), line("9", "-3", OLD="1")],
            {},
            ["MAP-107"],
        ),
        ("0 is no link", [line("1", "2"), line("9", "-2", OLD="0")], {"9": ("1",)}, []),
        ("no link at all", [line("1", "2"), line("9", "-2")], {"9": ("1",)}, []),
        ("a link cut short", [line("10", "2"), line("9", "-2", OLD="1", SEQ="1")], {"9": ("10",)}, ["MAP-117"]),
        ("the original was not exported", [line("9", "-2", OLD="1")], {}, ["MAP-117", "MAP-107"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_linked(
    name: str, lines: list[tuple[str, SourceRecord]], expected: dict[str, tuple[str, ...]], codes: list[str]
) -> None:
    links, found = pair(lines, replace(LINKED, no_link=frozenset({"0"})))
    assert links == expected and [issue.code for issue in found] == codes


@pytest.mark.parametrize(
    ("name", "lines", "expected", "codes"),
    [
        ("a mirror", [line("1", "2", STATE="3"), line("9", "-2", NO="1", STATE="2")], {"9": ("1",)}, []),
        (
            "several partial mirrors of one line",
            [line("1", "5", STATE="3"), line("8", "-2", NO="1", STATE="2"), line("9", "-1", NO="1", STATE="2")],
            {"8": ("1",), "9": ("1",)},
            [],
        ),
        ("undone by nothing", [line("1", "2", STATE="3"), line("2", "2")], {}, ["MAP-118"]),
        (
            "a refund without a sign",
            [line("1", "2", STATE="3"), line("9", "2", NO="1", STATE="2")],
            {},
            ["MAP-118", "MAP-116"],
        ),
        (
            "priced only, so no original",
            [line("1", "2", STATE="0"), line("9", "-2", NO="1", STATE="2")],
            {},
            ["MAP-117", "MAP-107"],
        ),
        ("nothing of the kind", [line("1", "2"), line("2", "2", STATE="0")], {}, []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mirror(
    name: str, lines: list[tuple[str, SourceRecord]], expected: dict[str, tuple[str, ...]], codes: list[str]
) -> None:
    links, found = pair(lines, MIRROR)
    assert links == expected and sorted(issue.code for issue in found) == sorted(codes)
    assert has_refunds(lines, MIRROR) == bool(expected or codes)


def test_a_stay_whose_line_is_undone_by_nothing_is_held() -> None:
    _, found = pair([line("1", "2", STATE="3")], MIRROR)
    assert [(issue.code, issue.stops, issue.pointer) for issue in found] == [("MAP-118", True, "F.csv#1/STATE")]
