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


def test_the_page_says_what_whoever_writes_a_bureau_must_know() -> None:
    """Each was missing once, and a bureau written from the page alone had to guess it."""
    text = " ".join(NHSA_PAGE.read_text("utf-8").split())
    for said in (
        "A refusal is HTTP 200 as well",
        "content type of an answer's HTTP header are not looked at",
        "*date* is `yyyy-MM-dd`, *datetime* `yyyy-MM-dd HH:mm:ss`",
        "in 5203 `psn_part_amt` is called `psn_pay`, and `psn_cash_pay` is called `cash_payamt`",
        "`mdtrt_id` is the stay's",
    ):
        assert said in text, said
    by_number = {
        "2401": "the same person and ipt_no are not registered twice",
        "2301": "a serial is taken once in a stay",
        "2302": "settled ones stay",
        "2303": "refused where no unsettled line is left",
        "2304": "the total is not that of the lines",
        "2305": "only the settlement that mdtrt_id and setl_id name together is cancelled, once",
        "2601": "what it undid is as if it had never been",
        "5201": "nothing found is an empty list",
        "5303": "ipt_otp_no is ipt_no of 2401",
    }
    for number, said in by_number.items():
        assert said in text.partition(f"### {number} ")[2].partition(" ### ")[0], number


def test_every_transaction_and_every_field_that_is_sent_is_on_the_page() -> None:
    text = NHSA_PAGE.read_text("utf-8")
    spoken = load_dialect(MAPPINGS, "national")
    for number, nodes in spoken.fields.entries.items():
        section = text.partition(f"### {number} ")[2].partition("\n### ")[0]
        for entries in nodes.values():
            assert [each.field for each in entries if f"`{each.field}`" not in section] == []
