"""docs/wire-nhsa.md is what the definitions say, and says that no bureau was ever spoken with."""

from __future__ import annotations

from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.payers.delivery.endpoints.nhsa.load import load_dialect
from adapter.payers.delivery.endpoints.nhsa.shares import answers_from
from adapter.payers.delivery.endpoints.nhsa.verdict import Verdict, judge
from tests.house.nhsa_answer import ANSWERED
from tests.house.nhsa_page import MAPPINGS, NEVER_TRIED, NHSA_PAGE
from tests.house.pages import nhsa_page


def test_the_page_is_what_the_definitions_say() -> None:
    assert NHSA_PAGE.read_text("utf-8") == nhsa_page(), "run `make docs`"


def test_the_page_says_that_it_was_never_tried() -> None:
    assert NEVER_TRIED in NHSA_PAGE.read_text("utf-8")


def test_the_answer_that_is_shown_is_read_as_the_dialect_reads_one() -> None:
    spoken = load_dialect(MAPPINGS, "national")
    settles = spoken.definitions.transactions["2304"]
    judged = judge("KEY", settles, 200, ANSWERED.encode(), region=spoken.region, definitions=spoken.definitions)
    assert judged.verdict is Verdict.DONE and judged.answer is not None
    payers = (Payer.BASIC, Payer.CRITICAL_ILLNESS)
    answers = answers_from(
        *("KEY", judged.answer, payers), region=spoken.region, reference="S2026000731", total=Money.yuan("1006.95")
    )
    assert [str(each.amount) for each in answers] == ["423.61", "0.00"]


def test_every_transaction_and_every_field_that_is_sent_is_on_the_page() -> None:
    text = NHSA_PAGE.read_text("utf-8")
    spoken = load_dialect(MAPPINGS, "national")
    for number, nodes in spoken.fields.entries.items():
        section = text.partition(f"### {number} ")[2].partition("\n### ")[0]
        for entries in nodes.values():
            assert [each.field for each in entries if f"`{each.field}`" not in section] == []
