"""docs/wire-aid-xml.md and docs/wire-folder.md are what schema, definitions and code say; never tried, they say too."""

from __future__ import annotations

from tests.house.aid_xml_page import AID_XML_PAGE, MAPPINGS, NEVER_TRIED
from tests.house.folder_page import FOLDER_PAGE
from tests.house.pages import aid_page, exchange_page


def test_the_pages_are_what_the_definitions_say() -> None:
    assert AID_XML_PAGE.read_text("utf-8") == aid_page(), "run `make docs`"
    assert FOLDER_PAGE.read_text("utf-8") == exchange_page(), "run `make docs`"
    assert NEVER_TRIED in aid_page() and "no office is known to use it" in exchange_page()


def test_every_code_of_the_dialects_is_on_its_page() -> None:
    aid, exchange = aid_page(), exchange_page()
    assert [n for n in range(580, 598) if f"| DEL-{n} |" not in aid] == []
    assert [n for n in range(600, 604) if f"| DEL-{n} |" not in exchange] == []


def test_the_dialect_s_files_are_those_of_the_mappings() -> None:
    names = sorted(path.name for path in (MAPPINGS / "aid-xml").iterdir())
    assert names == ["service.wsdl", "service.xsd", "service.yaml"]
