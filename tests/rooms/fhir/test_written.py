"""Files as others have written them: what they are is told from their content."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from adapter.fhir.canonical import encode, pretty
from adapter.fhir.validation import validate
from adapter.fhir.written import Written, from_xml, written
from adapter.fhir.xml_out import xml_of
from adapter.model.issues import AdapterError
from tests.conformance.faults import base

LINE = b'{"resourceType":"Patient","id":"p1"}'


def read(data: bytes, *, lines: bool = False) -> list[tuple[int | None, str | None]]:
    return [
        (one.line, one.resource["resourceType"] if one.resource is not None else one.issues[0].code)
        for one in written(io.BytesIO(data), lines=lines)
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (LINE, [(None, "Patient")]),
        (LINE + b"\n", [(None, "Patient")]),
        (b"\n \n" + LINE, [(None, "Patient")]),
        (b'{\n"resourceType":\n"Patient"}\n', [(None, "Patient")]),
        (LINE + b"\n\n" + LINE + b"\n", [(1, "Patient"), (3, "Patient")]),
        (LINE + b"\r\n" + LINE, [(1, "Patient"), (2, "Patient")]),
        (LINE + b"\n{broken\n" + LINE, [(1, "Patient"), (2, "FHIR-101"), (3, "Patient")]),
        (b"\xef\xbb\xbf" + LINE, [(None, "Patient")]),
        (b"\xef\xbb\xbf" + LINE + b"\n" + LINE, [(1, "Patient"), (2, "Patient")]),
        (b'\xef\xbb\xbf<Patient xmlns="http://hl7.org/fhir"/>', [(None, "Patient")]),
        (LINE.decode().encode("utf-16"), [(None, "FHIR-296")]),
        ('<Patient xmlns="http://hl7.org/fhir"/>'.encode("utf-16-be"), [(None, "FHIR-101")]),
        ('\ufeff<Patient xmlns="http://hl7.org/fhir"/>'.encode("utf-16-be"), [(None, "FHIR-296")]),
        (b"[1]", [(None, "FHIR-105")]),
        (b"", [(None, "FHIR-101")]),
        (b"{broken", [(None, "FHIR-101")]),
        (b'<Patient xmlns="http://hl7.org/fhir"><id value="p"/></Patient>', [(None, "Patient")]),
        (b'<?xml version="1.0"?>\n<!-- x -->\n<Patient xmlns="http://hl7.org/fhir"/>', [(None, "Patient")]),
        (b"<Patient/>", [(None, "FHIR-236")]),
        (b"<Patient", [(None, "FHIR-236")]),
        (b'<!DOCTYPE x [<!ENTITY e "y">]><Patient xmlns="http://hl7.org/fhir"/>', [(None, "FHIR-236")]),
    ],
)
def test_what_stands_there(data: bytes, expected: list[tuple[int | None, str | None]]) -> None:
    assert read(data) == expected


def test_a_broken_first_line_costs_that_line_only() -> None:
    data = b"{broken\n" + LINE + b"\n"
    assert read(data) == [(None, "FHIR-101")]
    assert read(data, lines=True) == [(1, "FHIR-101"), (2, "Patient")]


def test_json_and_xml_say_the_same() -> None:
    (one,) = written(io.BytesIO(pretty(base())))
    xml = xml_of(base())
    assert one.resource == base()
    assert encode(from_xml(xml if isinstance(xml, bytes) else xml.encode())) == encode(base())


def test_lines_are_read_as_they_are_asked_for() -> None:
    stream = io.BytesIO((LINE + b"\n") * 1000)
    reading: Iterator[Written] = written(stream)
    next(reading)
    assert stream.tell() <= 3 * len(LINE)
    assert sum(one.size for one in reading) < 1000 * (len(LINE) + 1)


def test_no_xml_is_told_without_its_content() -> None:
    with pytest.raises(AdapterError) as caught:
        from_xml("<Patient>张三".encode())
    assert "张三" not in str(caught.value.issues[0])


# -- XML as others write it --------------------------------------------------------------------------------------------

ODD = """<?xml version="1.0"?><?style x?>
<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://hl7.org/fhir patient.xsd"><!-- c --><f:id value="p1"/><?q?>
  <f:text><f:status value="generated"/><h:div xmlns:h="http://www.w3.org/1999/xhtml" xml:lang="zh">
    <h:p><![CDATA[1 < 2]]> 一<!-- c --></h:p></h:div></f:text>
  <f:name><f:given value="a"/>
    <f:given><f:extension url="urn:x"><f:valueString value="y"/></f:extension></f:given></f:name>
  <f:contact><f:name><f:given><f:extension url="urn:x"><f:valueString value="y"/></f:extension></f:given></f:name>
  </f:contact></f:Patient>"""


def test_prefixes_comments_instructions_and_sections_say_what_they_say_without() -> None:
    found = from_xml(ODD.encode())
    beside = {"extension": [{"url": "urn:x", "valueString": "y"}]}
    assert found["name"] == [{"given": ["a", None], "_given": [None, beside]}]
    assert found["contact"] == [{"name": {"_given": [beside]}}]
    assert 'xml:lang="zh"' in found["text"]["div"] and "1 &lt; 2 一" in found["text"]["div"]
    assert validate([found]) == []
    assert from_xml(xml_of(found)) == found


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("<birthDate>2020-01-01</birthDate>", "FHIR-236"),
        ("2020-01-01", "FHIR-236"),
        ('<birthDate value="2020-01-01" zone="8"/>', "FHIR-236"),
        ("<birthDate/>", "FHIR-116"),
        ("<name/>", "FHIR-116"),
        ("<bogus/>", "FHIR-112"),
        ('<multipleBirthInteger value="1_0"/>', "FHIR-115"),
        ('<multipleBirthInteger value="\u0663"/>', "FHIR-115"),
    ],
)
def test_nothing_in_xml_is_passed_over(inside: str, code: str) -> None:
    """What JSON has no place for, and what is empty, is told: it may be a value that somebody wrote."""
    text = f'<Patient xmlns="http://hl7.org/fhir">{inside}</Patient>'.encode()
    (one,) = written(io.BytesIO(text))
    told = one.issues if one.resource is None else validate([one.resource])
    assert {issue.code for issue in told} == {code}


def test_the_id_of_a_resource_is_no_attribute() -> None:
    with pytest.raises(AdapterError):
        from_xml(b'<Patient id="p1" xmlns="http://hl7.org/fhir"/>')
