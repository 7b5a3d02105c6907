"""Pages of docs/ that are generated: issue codes, plans. ``python -m tests.house.pages --write`` makes them.

An issue constructor is any function that returns ``Issue(code="XXX-nnn", …)`` with literal texts; its docstring's
first line says what the issue means.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.house.aid_xml_page import AID_XML_PAGE, aid_xml_page
from tests.house.fhir_page import FHIR_PAGE, fhir_page
from tests.house.folder_page import FOLDER_PAGE, folder_page
from tests.house.nhsa_page import NHSA_PAGE, wire_page
from tests.house.plans_page import PLANS_PAGE, plans_page
from tests.house.r5_page import R5_PAGE, r5_page

ROOT = Path(__file__).resolve().parents[2]
ISSUES_PAGE = ROOT / "docs" / "issues.md"

PREFIXES = {
    "SRC": "Reading 读取",
    "MAP": "Mapping 对照",
    "REF": "Reference facts 参考数据",
    "FHIR": "FHIR",
    "POL": "Policy files 政策文件",
    "PRG": "Programme 先诊疗后付费办法",
    "SET": "Settlement 结算",
    "CASE": "Cases 病例",
    "LED": "Ledger 账簿",
    "DEL": "Delivery 送达",
    "REC": "Reconciliation 对账",
    "CFG": "Settings 设置",
    "API": "Doors 接口",
    "CNF": "Conformance kit 对接检测",
}


@dataclass(frozen=True)
class Coded:
    """One issue code as the source defines it."""

    code: str
    severity: str
    zh: str
    en: str
    hint_zh: str
    hint_en: str
    where: str


def _text(node: ast.expr | None, names: dict[str, ast.expr]) -> str:
    """A literal or f-string as a reader sees it: placeholders in angle brackets, module constants written out."""
    if node is None:
        return ""
    if isinstance(node, ast.Name) and node.id in names:
        return _text(names[node.id], names)
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else f"‹{ast.unparse(part.value)}›"  # type: ignore[attr-defined]
            for part in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left, names) + _text(node.right, names)
    if isinstance(node, ast.IfExp):
        return f"{_text(node.body, names)} | {_text(node.orelse, names)}"
    return f"‹{ast.unparse(node)}›"


def _issue_calls(tree: ast.AST) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and any(k.arg == "code" and isinstance(k.value, ast.Constant) for k in node.keywords)
        and any(k.arg in ("zh", "severity") for k in node.keywords)
    ]


@cache
def coded_issues() -> list[Coded]:
    """Every issue code of the package, in order."""
    return coded_in(sorted((ROOT / "adapter").rglob("*.py")))


def coded_in(paths: Iterable[Path]) -> list[Coded]:
    """The issue codes of some files, in order."""
    found = []
    for path in paths:
        tree = ast.parse(path.read_text("utf-8"))
        names = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in _issue_calls(tree):
            args = {k.arg: k.value for k in call.keywords}
            severity = _text(args.get("severity"), names).strip("‹›").rsplit(".", 1)[-1].lower()
            found.append(
                Coded(
                    code=_text(args["code"], names),
                    severity=severity,
                    zh=_text(args.get("zh"), names),
                    en=_text(args.get("en"), names),
                    hint_zh=_text(args.get("hint_zh"), names),
                    hint_en=_text(args.get("hint_en"), names),
                    where=str(path.relative_to(ROOT)),
                )
            )
    return sorted(found, key=lambda c: (list(PREFIXES).index(c.code.split("-")[0]), c.code, c.where))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def issues_page() -> str:
    """docs/issues.md as the code would have it."""
    lines = [
        "# Issue codes",
        "",
        "What each code means and what to do. Generated from the code (`make docs`); a test compares. ‹…› stands for",
        "what the finding names. Every issue also carries a pointer: file, row and field, FHIR path, or setting.",
        "",
    ]
    issues = coded_issues()
    for prefix, title in PREFIXES.items():
        rows = [coded for coded in issues if coded.code.split("-")[0] == prefix]
        if rows:
            lines += [f"## {title}", "", "| code | severity | finding | what to do |", "| --- | --- | --- | --- |"]
            lines += [
                f"| {coded.code} | {_cell(coded.severity)} | {_cell(coded.en)}<br>{_cell(coded.zh)}"
                f" | {_cell(coded.hint_en)}<br>{_cell(coded.hint_zh)} |"
                for coded in rows
            ]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def nhsa_page() -> str:
    """docs/wire-nhsa.md, with the dialect's issues."""
    own = [coded for coded in coded_issues() if "/endpoints/nhsa/" in coded.where]
    return wire_page([(coded.code, f"{coded.en}<br>{coded.zh}") for coded in own])


def aid_page() -> str:
    """docs/wire-aid-xml.md, with the dialect's issues."""
    return aid_xml_page(_words_of("aid_xml"))


def exchange_page() -> str:
    """docs/wire-folder.md, with the dialect's issues."""
    return folder_page(_words_of("folder"))


def guide_page() -> str:
    """docs/wire-fhir.md, with what delivery and the reading of answers may say."""
    rooms = ROOT / "adapter" / "payers" / "delivery", ROOT / "adapter" / "fhir"
    own = coded_in([rooms[0] / "issues.py", rooms[0] / "oauth_issues.py", rooms[1] / "answer_issues.py"])
    return fhir_page([(coded.code, f"{coded.en}<br>{coded.zh}") for coded in own])


def _words_of(dialect: str) -> list[tuple[str, str]]:
    own = [coded for coded in coded_issues() if f"/endpoints/{dialect}/" in coded.where]
    return [(coded.code, f"{coded.en}<br>{coded.zh}") for coded in own]


if __name__ == "__main__":
    if "--write" in sys.argv:
        ISSUES_PAGE.write_text(issues_page(), encoding="utf-8")
        PLANS_PAGE.write_text(plans_page(), encoding="utf-8")
        NHSA_PAGE.write_text(nhsa_page(), encoding="utf-8")
        AID_XML_PAGE.write_text(aid_page(), encoding="utf-8")
        FHIR_PAGE.write_text(guide_page(), encoding="utf-8")
        FOLDER_PAGE.write_text(exchange_page(), encoding="utf-8")
        R5_PAGE.write_text(r5_page(), encoding="utf-8")
    else:
        sys.stdout.write(issues_page())
