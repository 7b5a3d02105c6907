"""docs/wire-aid-xml.md and docs/wire-folder.md are what schema, definitions and code say; never tried, they say too."""

from __future__ import annotations

from decimal import Decimal

from adapter.model.money import Money
from adapter.payers.delivery.endpoints.aid_xml.definitions import NAMESPACE, load_definitions
from adapter.payers.delivery.endpoints.aid_xml.soap import read_reply, sent_fields, wrong_fields
from tests.house.aid_xml_page import AID_XML_PAGE, MAPPINGS, NEVER_TRIED, SPOKEN, answered
from tests.house.folder_page import FOLDER_PAGE
from tests.house.pages import aid_page, exchange_page


def test_the_pages_are_what_the_definitions_say() -> None:
    assert AID_XML_PAGE.read_text("utf-8") == aid_page(), "run `make docs`"
    assert FOLDER_PAGE.read_text("utf-8") == exchange_page(), "run `make docs`"
    assert NEVER_TRIED in aid_page() and "no office is known to use it" in exchange_page()


def test_the_messages_shown_keep_the_schema_and_are_read_as_the_dialect_does() -> None:
    spoken = load_definitions(MAPPINGS)
    for operation, (sent, _) in SPOKEN.items():
        ours = sent.replace(b"http://service.aid.example/MedicalAid", NAMESPACE.encode())
        assert wrong_fields(ours, spoken.schema) == ()
        assert read_reply(answered(operation).encode(), operation).code == "00000"
    told = read_reply(answered("queryBalancePre").encode(), "queryBalancePre")
    assert told.money("maxPay") == Money.yuan("28800.00")
    settled = sent_fields(SPOKEN["balance"][0])
    parts = ("insurancePay", "hospitalPay", "specialPay", "otherPay", "assistancePay", "personalPay")
    assert sum((Decimal(settled[each]) for each in parts), Decimal(0)) == Decimal(settled["totalExpense"])


def test_the_page_says_what_whoever_writes_the_service_must_know() -> None:
    """Each was missing once, and a service written from the page alone had to guess it."""
    text = " ".join(aid_page().split())
    for said in (
        "is a setting of the endpoint (`namespace`",
        "does not let another namespace pass",
        "the header's charset is not looked at",
        "above it per cent",
        "A call without one, or after `logout`, is answered with 0000X or 0L00X",
        "one open registration at most, whichever the day and the hospital (01002)",
        "its `assistancePay` is negative too",
    ):
        assert said in text, said


def test_every_code_of_the_dialects_is_on_its_page() -> None:
    aid, exchange = aid_page(), exchange_page()
    assert [n for n in range(580, 598) if f"| DEL-{n} |" not in aid] == []
    assert [n for n in range(600, 604) if f"| DEL-{n} |" not in exchange] == []


def test_the_dialect_s_files_are_those_of_the_mappings() -> None:
    names = sorted(path.name for path in (MAPPINGS / "aid-xml").iterdir())
    assert names == ["service.wsdl", "service.xsd", "service.yaml"]
