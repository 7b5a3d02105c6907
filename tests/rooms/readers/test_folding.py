"""Messages of a stay become its rows: what each event does, entries told apart, merges, corrections, conflicts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from adapter.intake.readers.hl7v2 import Message
from adapter.intake.readers.timeline import StayNow
from adapter.model.source import StayRecords
from tests.support.messages import NEUSOFT, WINNING, folded, parsed

STAY = "10001"


def message(
    event: str,
    minute: int,
    *segments: str,
    source: str = WINNING,
    stay: str = STAY,
    person: str = "5001",
    pv1: str = "",
) -> Message:
    """An event of 12 April 2021, so many minutes after midnight."""
    at = f"20210412{minute // 60:02d}{minute % 60:02d}00"
    facility = {WINNING: "999907001", NEUSOFT: "999906001"}[source]
    lines = [
        rf"MSH|^~\&|HIS|{facility}|A|B|{at}||{event}||P|2.4",
        f"EVN|{event.partition('^')[2]}|{at}",
        f"PID|1|{person}|{person}^^^&PATID||测试{person}||19620818|F",
        pv1 or f"PV1|1|I|||||||||||||||||{stay}|||||||||||||||||||||||||20210412000000|19000101000000",
        *segments,
    ]
    return parsed(source, "\r".join(line for line in lines if line != "-").replace("\r", "\n"), minute)


def ft1(
    kind: str, number: str = "", *, link: str = "", item: str = "1201", quantity: str = "", amount: str = ""
) -> str:
    return f"FT1|1|{number}|{link}|20210412|20210412|{kind}|{item}|||{quantity}|{amount}|"


def one(messages: Sequence[Message], source: str = WINNING, stay: str = STAY) -> StayRecords:
    return folded(source, messages)[stay]


def charges(stay: StayRecords) -> list[tuple[str, str, str, str]]:
    return [
        tuple(row.fields.get(name, "") for name in ("entry", "quantity", "amount", "reverses"))  # type: ignore[misc]
        for row in stay.tables.get("CHARGE", ())
    ]


def state_after(*events: str) -> str:
    return one([message(f"ADT^{event}", 10 + n) for n, event in enumerate(events)]).tables["STAY"][0].fields["state"]


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ("A05", StayNow.PLANNED),
        ("A05 A01", StayNow.REGISTERED),
        ("A01", StayNow.REGISTERED),
        ("A01 A08", StayNow.REGISTERED),
        ("A01 A10", StayNow.ON_WARD),
        ("A01 A02", StayNow.ON_WARD),
        ("A01 A10 A32", StayNow.REGISTERED),
        ("A01 A10 A16", StayNow.ON_WARD),  # pending discharge is none at this hospital
        ("A01 A10 A03", StayNow.DISCHARGED),
        ("A01 A10 A03 A13", StayNow.ON_WARD),
        ("A01 A10 A03 A13 A03", StayNow.DISCHARGED),
        ("A01 A11", StayNow.CANCELLED),
        ("A01 A10 A11 A01", StayNow.REGISTERED),  # registered anew: the ward has not seen it yet
        ("A01 A07", StayNow.CANCELLED),
    ],
)
def test_events_end_in_a_state(events: str, state: StayNow) -> None:
    assert state_after(*events.split()) == state


def test_the_same_event_means_another_thing_at_another_hospital() -> None:
    """A16 is the discharge there, and A03 money settled."""
    events = ("ADT^A01", "ADT^A10", "ADT^A16", "ADT^A03")
    stay = one([message(each, 10 + n, source=NEUSOFT) for n, each in enumerate(events)], NEUSOFT)
    assert [stay.tables["STAY"][0].fields[name] for name in ("state", "account")] == ["discharged", "settled"]
    back = one([message(each, 10 + n, source=NEUSOFT) for n, each in enumerate((*events, "ADT^A13"))], NEUSOFT)
    assert [back.tables["STAY"][0].fields[name] for name in ("state", "account")] == ["discharged", "open"]


def test_leave_and_return() -> None:
    events = ("ADT^A01", "ADT^A10", "ADT^A21", "ADT^A22")
    found = [message(each, 10 + n, source=NEUSOFT) for n, each in enumerate(events)]
    assert one(found[:3], NEUSOFT).tables["STAY"][0].fields["state"] == StayNow.ON_LEAVE
    assert one(found, NEUSOFT).tables["STAY"][0].fields["state"] == StayNow.ON_WARD


def test_a_field_is_what_the_latest_order_key_says() -> None:
    early = message("ADT^A01", 10)
    late = message("ADT^A08", 20, person="5001")
    late.segments[2].fields[8] = "M"
    for order in ([early, late], [late, early], [late, early, late]):
        assert one(order).tables["STAY"][0].fields["PID-8"] == "M"


def test_a_field_left_out_says_nothing_and_a_null_says_nothing_is_there() -> None:
    first, second = message("ADT^A01", 10), message("ADT^A08", 20)
    second.segments[2].fields[8] = ""
    assert one([first, second]).tables["STAY"][0].fields["PID-8"] == "F"
    second.segments[2].fields[8] = '""'
    assert one([first, second]).tables["STAY"][0].fields["PID-8"] == ""


def test_charges_do_not_speak_about_the_stay_when_the_stay_itself_does() -> None:
    moved = message("ADT^A01", 10)
    charged = message("DFT^P03", 90, ft1("CG", "T1", quantity="1", amount="18.00"))
    charged.segments[2].fields[8] = "M"
    assert one([charged, moved]).tables["STAY"][0].fields["PID-8"] == "F"


def test_charges_alone_wait_for_the_registration() -> None:
    charged = message("DFT^P03", 90, ft1("CG", "T1", quantity="1", amount="18.00"))
    assert [each.code for each in one([charged]).issues] == ["SRC-126"]
    assert one([charged, message("ADT^A01", 10)]).issues == ()


def test_an_event_that_nobody_explained_holds_the_stay() -> None:
    stay = one([message("ADT^A01", 10), message("ADT^A44", 20)])
    assert [(each.code, each.pointer) for each in stay.issues] == [("SRC-124", "test.hl7#20/MSH-9")]


# -- equal order keys ------------------------------------------------------------------------------------------------


def test_different_texts_at_one_order_key_hold_the_stay_until_a_later_message_decides() -> None:
    first, second = message("ADT^A01", 10), message("ADT^A08", 10)
    second.segments[2].fields[8] = "M"
    for order in ([first, second], [second, first]):
        stay = one(order)
        assert [each.code for each in stay.issues] == ["SRC-127"]
    later = message("ADT^A08", 11)
    assert one([first, second, later]).issues == ()


def test_a_field_that_nobody_reads_may_contradict_itself() -> None:
    first, second = message("ADT^A01", 10), message("ADT^A10", 10)
    first.segments[3].fields[3], second.segments[3].fields[3] = "627^^12", "627^^13"
    assert one([first, second]).issues == ()


def test_opposite_events_at_one_order_key_hold_the_stay() -> None:
    both = [message("ADT^A01", 10), message("ADT^A03", 20), message("ADT^A13", 20)]
    assert [each.code for each in one(both).issues] == ["SRC-127"]
    assert one([*both, message("ADT^A03", 21)]).issues == ()


def test_one_row_key_at_one_order_key_with_two_amounts_is_a_conflict() -> None:
    stay = message("ADT^A01", 5)
    two = [message("DFT^P03", 10, ft1("CG", "T1", quantity="1", amount=each)) for each in ("18.00", "19.00")]
    for order in ([stay, *two], [stay, *reversed(two)]):
        assert [each.code for each in one(order).issues] == ["SRC-127"]


def test_said_twice_counts_once() -> None:
    """Resent with another MSH-7 and MSH-10: the same event at the same time with the same content."""
    first = message("ADT^A01", 10)
    again = parsed(
        WINNING,
        "\n".join("|".join(each.fields) for each in first.segments)
        .replace("MSH||", "MSH")
        .replace("|20210412001000||ADT", "|20210412235900||ADT"),
        99,
    )
    assert again.identity == first.identity
    assert again.order != first.order
    contradicting = message("ADT^A08", 10)
    contradicting.segments[2].fields[8] = "M"
    assert len(one([first, again]).tables["STAY"]) == 1


# -- entries ---------------------------------------------------------------------------------------------------------

REGISTERED = [message("ADT^A01", 5)]
CHARGED = message("DFT^P03", 10, ft1("CG", "T1", quantity="2", amount="36.00"))


def test_a_charge() -> None:
    row = one([*REGISTERED, CHARGED]).tables["CHARGE"][0]
    assert {name: row.fields[name] for name in ("entry", "kind", "item", "quantity", "amount", "stay")} == {
        "entry": "T1",
        "kind": "charge",
        "item": "1201",
        "quantity": "2",
        "amount": "36.00",
        "stay": STAY,
    }
    assert row.origin.pointer("amount") == "test.hl7#10/FT1-11.1.1"
    assert row.origin.pointer("FT1-6") == "test.hl7#10/FT1-6"


@pytest.mark.parametrize(
    ("undoing", "row"),
    [
        (ft1("CD", "T2", link="T1", quantity="1", amount="18.00"), ("T2-credit-20210412", "-1", "-18.00", "T1")),
        (ft1("CD", "T1", quantity="1", amount="18.00"), ("T1-credit-20210412", "-1", "-18.00", "T1")),
        (ft1("CD", "T1", quantity="-1", amount="-18.00"), ("T1-credit-20210412", "-1", "-18.00", "T1")),
        (ft1("VD", "T1", item=""), ("T1-void-20210412", "-2", "-36.00", "T1")),
        (ft1("VD", "T3", link="T1", item=""), ("T3-void-20210412", "-2", "-36.00", "T1")),
        (ft1("CD", "T9", quantity="2", amount="36.00"), ("T9-credit-20210412", "-2", "-36.00", "")),  # by content
    ],
)
def test_what_undoes_a_charge(undoing: str, row: tuple[str, str, str, str]) -> None:
    undone = message("DFT^P03", 20, undoing)
    for order in ([*REGISTERED, CHARGED, undone], [undone, CHARGED, *REGISTERED]):
        assert charges(one(order)) == [("T1", "2", "36.00", ""), row]


def test_an_adjustment_books_the_charge_again() -> None:
    adjusted = message("DFT^P03", 20, ft1("AJ", "T2", link="T1", amount="-1.50"))
    again = message("DFT^P03", 30, ft1("AJ", "T3", link="T1", amount="0.50"))
    voided = message("DFT^P03", 40, ft1("VD", "T4", link="T1", item=""))
    found = charges(one([*REGISTERED, voided, again, adjusted, CHARGED]))
    assert sum(Decimal(amount) for _, _, amount, _ in found) == 0
    assert {entry: (amount, reverses) for entry, _, amount, reverses in found} == {
        "T1": ("36.00", ""),
        "T2-adjustment-20210412-out": ("-36.00", "T1"),
        "T2-adjustment-20210412-in": ("34.50", ""),
        "T3-adjustment-20210412-out": ("-34.50", "T2-adjustment-20210412-in"),
        "T3-adjustment-20210412-in": ("35.00", ""),
        "T4-void-20210412": ("-35.00", "T3-adjustment-20210412-in"),
    }


@pytest.mark.parametrize(
    "undoing", [ft1("VD", "T1", item=""), ft1("CD", "T2", link="T1", quantity="1", amount="1.00"), ft1("AJ", "T1")]
)
def test_what_undoes_an_entry_that_is_not_there_waits_for_it(undoing: str) -> None:
    undone = message("DFT^P03", 20, undoing)
    assert [each.code for each in one([*REGISTERED, undone]).issues] == ["SRC-128"]
    if "AJ" not in undoing:
        assert one([*REGISTERED, undone, CHARGED]).issues == ()


def test_a_correction_of_a_charge_replaces_it() -> None:
    corrected = message("DFT^P03", 15, ft1("CG", "T1", quantity="2", amount="36.50"))
    for order in ([*REGISTERED, CHARGED, corrected], [corrected, CHARGED, *REGISTERED]):
        assert charges(one(order)) == [("T1", "2", "36.50", "")]


def test_equal_charges_without_a_number_are_two() -> None:
    twice = message("DFT^P03", 10, *(ft1("CG", quantity="1", amount="5.00"),) * 2)
    assert [amount for _, _, amount, _ in charges(one([*REGISTERED, twice, twice]))] == ["5.00", "5.00"]


def test_an_unknown_kind_and_a_foreign_currency_hold_the_stay() -> None:
    strange = message("DFT^P03", 10, ft1("XX", "T1", quantity="1", amount="5.00"))
    foreign = message("DFT^P03", 20, ft1("CG", "T2", quantity="1", amount="5.00&USD"))
    stay = one([*REGISTERED, strange, foreign])
    assert [(each.code, each.pointer) for each in stay.issues] == [
        ("SRC-133", "test.hl7#10/FT1-6"),
        ("SRC-131", "test.hl7#20/FT1-11.1.1"),
    ]


PAID = message("DFT^P03", 10, ft1("PY", "Y1", item="CA", amount="2000.00"))


@pytest.mark.parametrize(
    ("later", "payments", "codes"),
    [
        ((), [("2000.00", "taken")], []),
        ((ft1("VD", "Y1", item=""),), [("2000.00", "void")], []),
        ((ft1("CD", "Y2", link="Y1", amount="2000.00"),), [("2000.00", "void")], []),
        ((ft1("CD", "Y2", link="Y1", amount="500.00"),), [("2000.00", "taken"), ("-500.00", "taken")], []),
        ((ft1("PY", "Y2", item="CA", amount="-2000.00"),), [("2000.00", "void"), ("-2000.00", "void")], []),
        ((ft1("PY", "Y2", item="CA", amount="-1.00"),), [("2000.00", "taken"), ("-1.00", "taken")], ["SRC-132"]),
    ],
)
def test_deposits(later: tuple[str, ...], payments: list[tuple[str, str]], codes: list[str]) -> None:
    stay = one([*REGISTERED, PAID, *(message("DFT^P03", 20 + n, each) for n, each in enumerate(later))])
    rows = [(row.fields["amount"], row.fields["state"]) for row in stay.tables["PAYMENT"]]
    assert (rows, [each.code for each in stay.issues], charges(stay)) == (payments, codes, [])


# -- fee lines without amounts ---------------------------------------------------------------------------------------


def fee(
    minute: int, number: str, item: str, quantity: str, unit: str = "", day: str = "20210412", sign: str = "OK"
) -> Message:
    return message(
        "RAS^O17",
        minute,
        f"ORC|{sign}|{number}",
        f"RXO|^{item}|{quantity}||{unit}",
        f"RXA|||{day}080000",
        source=NEUSOFT,
    )


IN_HOSPITAL = [message("ADT^A01", 5, source=NEUSOFT)]


def priced(*fees: Message) -> tuple[list[tuple[str, str, str, str]], list[str]]:
    stay = one([*IN_HOSPITAL, *fees], NEUSOFT)
    return charges(stay), [f"{each.code} {each.pointer}" for each in stay.issues]


@pytest.mark.parametrize(
    ("day", "item", "quantity", "amount", "price"),
    [
        ("20210307", "F00000000001", "1.00", "15.00", "15.0000"),  # the last day of the old price
        ("20210308", "F00000000001", "1.00", "18.00", "18.0000"),
        ("20210412", "Y00000000001", "48.00", "15.00", "0.3125"),  # by the tablet, of a box of 48
        ("20210412", "Y00000000001", "7.00", "2.19", "0.3125"),  # 2.1875: rounded once, half up
        ("20210412", "F00000000005", "0.50", "10.00", "20.0000"),
    ],
)
def test_the_item_master_of_the_day_gives_the_amount(
    day: str, item: str, quantity: str, amount: str, price: str
) -> None:
    stay = one([*IN_HOSPITAL, fee(10, "F11", item, quantity, day=day)], NEUSOFT)
    row = stay.tables["CHARGE"][0].fields
    assert (row["amount"], row["price"], stay.issues) == (amount, price, ())


def test_a_reversal_undoes_the_line_of_its_recipe() -> None:
    lines = [fee(10, "F0011", "Y00000000002", "20.00"), fee(20, "F0012", "Y00000000002", "20.00", sign="CR")]
    expected = [("F0011", "20.00", "573.00", ""), ("F0012-void-20210412080000", "-20.00", "-573.00", "F0011")]
    assert priced(*lines) == (expected, [])
    assert priced(*reversed(lines)) == (expected, [])


def test_part_of_a_line_given_back_is_priced_like_the_line() -> None:
    lines = [fee(10, "F0011", "Y00000000001", "7.00"), fee(20, "F0012", "Y00000000001", "3.00", sign="CR")]
    assert priced(*lines)[0][1] == ("F0012-void-20210412080000", "-3.00", "-0.94", "F0011")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (fee(10, "F11", "F99", "1.00"), "SRC-129 test.hl7#10/RXO-1.2"),
        (fee(10, "F11", "F00000000001", "1.00", day="20101231"), "SRC-129 test.hl7#10/RXO-1.2"),
        (fee(10, "F11", "F00000000001", "1.00", unit="盒"), "SRC-130 test.hl7#10/RXO-4"),
        (fee(10, "F12", "F00000000001", "1.00", sign="CR"), "SRC-128 test.hl7#10"),
    ],
)
def test_what_cannot_be_priced_holds_the_stay(line: Message, found: str) -> None:
    assert [each.removesuffix("/amount") for each in priced(line)[1]] == [found]


# -- persons and stays that become one -------------------------------------------------------------------------------


def test_merged_persons_are_the_surviving_one_in_every_stay() -> None:
    unnamed = message("ADT^A01", 10, person="5009")
    known = message("ADT^A31", 15, person="5001", pv1="-")
    merge = message("ADT^A40", 20, "MRG|5009^^^&PATID", person="5001", pv1="-")
    late = message("ADT^A08", 30, person="5009")  # still under the old number
    for order in ([unnamed, known, merge, late], [late, merge, unnamed, known]):
        row = one(order).tables["STAY"][0].fields
        assert (row["person"], row["PID-5.1"]) == ("5001", "测试5001")


def test_a_merge_that_is_turned_round_counts_as_the_later_one_says() -> None:
    one_way = message("ADT^A40", 20, "MRG|5002^^^&PATID", person="5001", pv1="-")
    other_way = message("ADT^A40", 30, "MRG|5001^^^&PATID", person="5002", pv1="-")
    stay = message("ADT^A01", 10)
    for order in ([stay, one_way, other_way], [other_way, one_way, stay]):
        assert one(order).tables["STAY"][0].fields["person"] == "5002"


def test_a_stay_merged_into_another_gives_its_charges_away() -> None:
    kept, given_up = message("ADT^A01", 5), message("ADT^A01", 6, stay="10002")
    charged = message("DFT^P03", 10, ft1("CG", "T7", quantity="1", amount="5.00"), stay="10002")
    merge = message("ADT^A42", 20, "MRG|5001^^^&PATID||||10002")
    for order in ([kept, given_up, charged, merge], [merge, charged, kept, given_up]):
        stays = folded(WINNING, order)
        assert charges(stays[STAY]) == [("T7", "1", "5.00", "")]
        assert stays["10002"].tables["STAY"][0].fields["state"] == StayNow.MERGED
        assert [each.code for each in stays["10002"].issues] == ["SRC-135"]
        assert "CHARGE" not in stays["10002"].tables


def test_what_the_kept_stay_says_itself_goes_before_what_the_given_up_one_said_later() -> None:
    kept = message("ADT^A01", 5, "IN1|1|2000", "DG1|1||00303^急性胃肠炎|||A")
    given_up = message("ADT^A01", 9, "IN1|1|1000", "DG1|1||00302^高血压病|||S", stay="10002")
    merge = message("ADT^A42", 20, "MRG|5001^^^&PATID||||10002")
    tables = one([given_up, merge, kept]).tables
    assert [row.fields["IN1-2.1"] for row in tables["IN1"]] == ["2000"]
    assert [row.fields["DG1-6"] for row in tables["DG1"]] == ["A", "S"]


def test_a_newborn_on_the_mothers_stay_is_a_stay_and_a_person_of_its_own() -> None:
    born = message("ADT^A01", 20)
    baby = parsed(
        WINNING,
        "\n".join("|".join(s.fields) for s in born.segments)
        .replace("MSH||", "MSH")
        .replace("&PATID|", "&PATID~1^^^&YEXH|"),
        20,
    )
    stays = folded(WINNING, [message("ADT^A01", 10), baby])
    assert {key: stay.tables["STAY"][0].fields["person"] for key, stay in stays.items()} == {
        "10001": "5001",
        "10001-B1": "5001-B1",
    }


def test_an_outpatient_message_is_set_aside() -> None:
    outpatient = message("DFT^P03", 10, ft1("CG", "T1", amount="5.00"), pv1="PV1|1|O|")
    assert folded(WINNING, [outpatient]) == {}


# -- rows ------------------------------------------------------------------------------------------------------------


def test_a_later_list_of_diagnoses_replaces_those_of_its_kind() -> None:
    at_admission = message("ADT^A01", 10, "DG1|1||00417^急性阑尾炎|||A")
    first = message("BAR^P12", 20, "DG1|1||00417^急性阑尾炎|||F", "DG1|2||00302^高血压病|||F")
    second = message("BAR^P12", 30, "DG1|1||00303^急性胃肠炎|||F")
    for order in ([at_admission, first, second], [second, first, at_admission]):
        rows = one(order).tables["DG1"]
        assert [(row.fields["DG1-6"], row.fields["DG1-3.1"]) for row in rows] == [("A", "00417"), ("F", "00303")]
    deleted = message("BAR^P12", 40, "DG1|1||00303^急性胃肠炎|||F|||||||||||||||D")
    assert [row.fields["DG1-6"] for row in one([at_admission, second, deleted]).tables["DG1"]] == ["A"]


def test_coverages_with_their_second_segment_and_order() -> None:
    found = one([message("ADT^A01", 10, "IN1|1|2000", "IN2|P1", "IN1|2|1000")]).tables["IN1"]
    assert [(row.fields["IN1-1"], row.fields.get("IN2-1")) for row in found] == [("1", "P1"), ("2", None)]
