"""The envelope around every transaction: composed with its message id, and read with all its oddities (报文)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from adapter.fhir.canonical import decode
from adapter.fhir.issues import not_json
from adapter.model.issues import AdapterError
from adapter.payers.delivery.endpoints.nhsa.definitions import Definitions, Node
from adapter.payers.delivery.endpoints.nhsa.hospital import Hospital
from adapter.payers.delivery.endpoints.nhsa.region import Region
from adapter.payers.delivery.endpoints.nhsa.values import moment_text, renamed, text_of


def envelope(
    number: str,
    message_input: Mapping[str, Any],
    *,
    region: Region,
    hospital: Hospital,
    msgid: str,
    at: datetime,
    insuplc: str = "",
    sign_no: str = "",
) -> dict[str, Any]:
    """The request as it is stored. What signs or encrypts it comes on top when it is sent.

    Args:
        insuplc: division of the person's enrolment; needed as soon as the input names a person.
    """
    return {
        "infno": number,
        "msgid": msgid,
        "mdtrtarea_admvs": hospital.division,
        "insuplc_admdvs": insuplc,
        "recer_sys_code": region.recer_sys_code,
        "dev_no": "",
        "dev_safe_info": "",
        "cainfo": "",
        "signtype": "",
        "infver": region.infver,
        "opter_type": hospital.opter_type,
        "opter": hospital.opter,
        "opter_name": hospital.opter_name,
        "inf_time": moment_text(at),
        "fixmedins_code": hospital.fixmedins_code,
        "fixmedins_name": hospital.fixmedins_name,
        "sign_no": sign_no,
        **region.extra,
        "input": dict(message_input),
    }


def signed_on(stored: Mapping[str, Any], day: date) -> str:
    """The number of the sign-in in an envelope, while it counts: a sign-in ends with its day. Empty without one."""
    return str(stored["sign_no"]) if str(stored["inf_time"])[:10] == day.isoformat() else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A bureau's answer, keys under their documented names.

    Attributes:
        infcode: as text, empty where the envelope has none.
        words: err_msg, or what a gateway says instead.
        status: the code of an answer outside the envelope (a gateway's), or empty.
    """

    infcode: str
    words: str
    output: Mapping[str, Any]
    refmsgid: str = ""
    status: str = ""

    def first(self, node: str) -> Mapping[str, Any]:
        """A node as one object: of a list the first; nothing is an empty object. ``root`` is the output itself."""
        rows = self.rows(node)
        return rows[0] if rows else {}

    def rows(self, node: str) -> list[Mapping[str, Any]]:
        """A node as a list of objects; one object is a list of one.

        ``root`` is the output itself, or the one list in it: some documents give that node no name.
        """
        found = self.output.get(node)
        if node == "root" and node not in self.output:
            only = list(self.output.values())
            found = only[0] if len(only) == 1 and isinstance(only[0], list) else self.output
        if isinstance(found, Mapping):
            return [found] if found else []
        return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []

    def has(self, nodes: Mapping[str, Node]) -> bool:
        """Whether the output holds at least the first of the documented nodes with one of its mandatory fields.

        Where a list is documented, an empty one does, and so does null.
        """
        for name, node in nodes.items():
            needed = [field.name for field in node.fields.values() if field.need]
            if any(any(text_of(row.get(key)) for key in needed) for row in self.rows(name)):
                return True
            return node.many and (self.lists(name) or (name in self.output and self.output[name] is None))
        return True

    def lists(self, name: str) -> bool:
        """Whether a list stands there, even an empty one: it says "none", where null may say anything."""
        return isinstance(self.output.get(name), list) or (
            name == "root" and any(isinstance(each, list) for each in self.output.values())
        )


def read_answer(body: bytes, definitions: Definitions) -> Answer:
    """An answer in or outside the envelope.

    Raises:
        AdapterError: FHIR-101 for a body that is no JSON object.
    """
    found = _json(body)
    if not isinstance(found, dict):
        raise AdapterError(not_json("no object"))
    output = found.get("output")
    if isinstance(output, str) and output.strip().startswith(("{", "[")):
        output = _json(output.encode())
    if isinstance(output, list):
        output = {"root": output}
    named = renamed(output if isinstance(output, dict) else {}, definitions.aliases)
    if "infcode" not in found:
        words = text_of(found.get("message")) or text_of(found.get("msg")) or text_of(found.get("err_msg"))
        return Answer("", words[:200], named, status=text_of(found.get("code")) or "-")
    infcode, words = text_of(found["infcode"]), text_of(found.get("err_msg"))
    if infcode != "0":  # a warning beside a success is no error
        words = words or text_of(found.get("message")) or text_of(found.get("warn_msg"))
    return Answer(infcode, words[:200], named, text_of(found.get("inf_refmsgid")))


def _json(body: bytes) -> Any:
    """JSON in UTF-8, else in GB18030: some gateways break the character set of their errors."""
    try:
        return decode(body)
    except AdapterError:
        try:
            text = body.decode("gb18030")
            json.loads(text)
        except ValueError:
            return decode(body)
        return decode(text.encode())
