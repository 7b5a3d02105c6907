"""What the service offers: operations, fields and return codes, read from ``mappings/aid-xml`` (接口定义)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from lxml import etree

from adapter.intake.mapping.nodes import Node, read_nodes
from adapter.payers.delivery.endpoints.aid_xml.soap import PARSER

FOLDER = "aid-xml"
NAMESPACE = "urn:pay-after-care:aid-xml:1"


class Meaning(StrEnum):
    """What a return code says about the message."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    LOGIN = "login"  # nobody is signed in: it was not looked at


@dataclass(frozen=True, slots=True)
class ReturnCode:
    """One return code, in both languages, and what a person can do about it."""

    code: str
    meaning: Meaning
    zh: str
    en: str
    hint_zh: str
    hint_en: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: when it is called, and whether a repeat would count."""

    name: str
    stage: str
    effect: bool


@dataclass(frozen=True, slots=True)
class Definitions:
    """Everything that ``mappings/aid-xml`` says.

    Attributes:
        categories: category of aid by the service's code, (zh, en).
    """

    operations: Mapping[str, Operation]
    codes: Mapping[str, ReturnCode]
    categories: Mapping[str, tuple[str, str]]
    schema: etree.XMLSchema = field(repr=False, compare=False)

    def code(self, told: str) -> ReturnCode:
        """A return code; one that nobody has described tells nothing."""
        known = self.codes.get(told)
        if known is not None:
            return known
        strange = self.codes["0000X"]
        return ReturnCode(told, Meaning.UNKNOWN, "未知返回码", "a code nobody knows", strange.hint_zh, strange.hint_en)


def load_definitions(mappings_dir: Path) -> Definitions:
    """Read the service's definitions.

    Raises:
        AdapterError: MAP-101 and -102 with file:line for a bad file.
    """
    folder = mappings_dir / FOLDER
    root = read_nodes((folder / "service.yaml").read_text("utf-8"), f"{FOLDER}/service.yaml")
    root.allow("operations", "codes", "categories")
    return Definitions(
        operations={name: _operation(name, node) for name, node in root.need("operations").items()},
        codes={code: _code(code, node) for code, node in root.need("codes").items()},
        categories={
            code: (node.need("zh").text(), node.need("en").text()) for code, node in root.need("categories").items()
        },
        schema=etree.XMLSchema(etree.parse(str(folder / "service.xsd"), PARSER)),
    )


def _operation(name: str, node: Node) -> Operation:
    node.allow("stage", "effect")
    return Operation(name, node.need("stage").text(), node.need("effect").flag())


def _code(code: str, node: Node) -> ReturnCode:
    node.allow("outcome", "zh", "en", "hint_zh", "hint_en")
    told = node.need("outcome")
    if told.text() not in set(Meaning):
        told.fail(f"应为 {', '.join(Meaning)} 之一", f"one of {', '.join(Meaning)} is expected")
    meaning = Meaning(told.text())
    hints = {name: node.text_of(name, "") for name in ("hint_zh", "hint_en")}
    if meaning is not Meaning.ACCEPTED and not all(hints.values()):
        node.fail("缺少处理办法 hint_zh、hint_en", "hint_zh and hint_en are missing")
    return ReturnCode(code, meaning, node.need("zh").text(), node.need("en").text(), **hints)
