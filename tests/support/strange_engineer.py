"""The engineer who connects a strange HIS: takes the draft, and corrects by hand what it has wrong or does not know.

Only YAML and CSV are written, as docs/mapping-tutorial.md shows. What the engineer knows of the HIS is in
``strange_knowledge.py``; a line of the draft that agrees with it stays as the draft wrote it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from tests.support.strange_export import Rows, written_rows
from tests.support.strange_knowledge import ALWAYS, knowledge
from tests.support.strange_style import Style
from tests.support.strange_world import World

Page = dict[str, Any]
_HEAD = ("code", "meaning", "system", "target", "display")
_ASIDE = "结算不需要 (settlement does not use it)"


@dataclass
class Edits:
    """What became of the draft's lines that name a column: how good it was."""

    kept: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    @property
    def share_kept(self) -> float:
        return len(self.kept) / (len(self.kept) + len(self.corrected) + len(self.added))


@dataclass
class Engineer:
    """One engineer at work on one drafted folder below ``mappings``."""

    world: World
    style: Style
    mappings: Path
    edits: Edits = field(default_factory=Edits)

    def __post_init__(self) -> None:
        self.vendor = self.mappings / "his" / f"{self.world.source}_his"
        self.tables: dict[str, Rows] = written_rows(self.world, self.style)
        self.shape = _read(self.vendor / "shape.yaml")
        self.known = knowledge(self.world, self.style, joined_key=self.shape["stay"]["key"])

    def complete(self) -> Edits:
        """Make the draft right."""
        self._shape()
        claimed: dict[str, set[str]] = {name: set(self.shape["tables"][name]["row_key"]) for name in self.tables}
        pages = {name: _read(self.vendor / f"{name}.yaml") for name in self.shape["resources"]}
        pages |= self._missing(pages)
        for name, page in pages.items():
            self._page(name, page, claimed)
        self._ignore(pages, claimed)
        self.shape["resources"] = list(pages)
        for name, page in pages.items():
            _write(self.vendor / f"{name}.yaml", page)
        _write(self.vendor / "shape.yaml", self.shape)
        self._code_tables()
        self._source()
        return self.edits

    # -- shape ------------------------------------------------------------------------------------------------------

    def _shape(self) -> None:
        shape, known = self.shape, self.known
        shape["title"] = {"zh": "没见过的 HIS", "en": "A HIS that nobody has met (invented)"}
        self._same(
            "shape stay", shape, "stay", {"table": known.stay_table, "key": known.stay_key, "person": known.person}
        )
        if self.style.absent and self.style.absent not in shape["absent"]["text"]:
            self.edits.added.append(f"absent {self.style.absent}")
            shape["absent"]["text"].append(self.style.absent)
        for name, wanted in known.tables.items():
            drafted = shape["tables"].setdefault(name, {})
            if drafted.pop("ignored", None):
                self.edits.corrected.append(f"{name} is mapped")
            for key, value in wanted.items():
                self._same(f"{name} {key}", drafted, key, value)
            if "join" not in wanted:
                drafted.pop("join", None)

    def _same(self, what: str, page: Page, key: str, wanted: Any) -> None:
        """Keep what the draft has when it is right."""
        if page.get(key) == wanted:
            self.edits.kept.append(what)
            return
        (self.edits.corrected if key in page else self.edits.added).append(f"{what}: {page.get(key)} → {wanted}")
        page[key] = wanted

    # -- resource files ---------------------------------------------------------------------------------------------

    def _missing(self, pages: Mapping[str, Page]) -> dict[str, Page]:
        """Files for tables that the draft made nothing of, begun by hand."""
        mapped = {page["source"].get("table") for page in pages.values()}
        begun: dict[str, Page] = {}
        for table, to in self.known.fields.items():
            if table not in mapped:
                name = "condition" if to == "Condition" else f"own_{len(begun) + 1}"
                source = {"table": table, "row_key": self.shape["tables"][table]["row_key"], "prefix": table}
                begun[name] = {"to": to, "source": source, "fields": dict(ALWAYS[to])}
        return begun

    def _page(self, name: str, page: Page, claimed: dict[str, set[str]]) -> None:
        to, source = page["to"], page["source"]
        wanted = self.known.for_page(to, source.get("table") or source["setting"])
        if "only" in wanted.sections:
            self._same(f"{name} only", page, "only", wanted.sections["only"])
        if "row_key" in wanted.sections:
            self._same(f"{name} row_key", source, "row_key", wanted.sections["row_key"])
        fields = page["fields"]
        for target in [each for each in fields if self._names_column(fields[each]) and each not in wanted.fields]:
            self.edits.corrected.append(f"{name} {target}: {fields.pop(target)} is something else")
            for beside in ("system", "currency"):
                fields.pop(f"{target.rpartition('.')[0]}.{beside}", None)
        for target, (fixed, made) in wanted.fields.items():
            self._field(name, fields, target, made)
            fields.update({each: value for each, value in fixed.items() if each not in fields})
        for section in ("refunds", "amount_check", "id_check"):
            if section in wanted.sections:
                self._same(f"{name} {section}", page, section, wanted.sections[section])
            else:
                page.pop(section, None)
        page.pop("expect", None)
        for column in _columns_in(page):
            claimed[source.get("table", self.known.stay_table)].add(column)
        for each in _nested(page):
            claimed[each["each"]].update(_columns_in({"fields": each["fields"]}))

    def _field(self, name: str, fields: Page, target: str, wanted: Any) -> None:
        drafted = fields.get(target)
        if drafted is not None and self._agrees(drafted, wanted):
            self.edits.kept.append(f"{name} {target}")
        elif drafted is None:
            self.edits.added.append(f"{name} {target}: {wanted}")
            fields[target] = wanted
        else:
            self.edits.corrected.append(f"{name} {target}: {drafted} → {wanted}")
            fields[target] = wanted

    def _agrees(self, drafted: Any, wanted: Any) -> bool:
        """Whether a drafted field says the same: the same column read in the same way."""
        formats, said = drafted.get("formats"), wanted.get("formats")
        rest = {key: value for key, value in drafted.items() if key != "formats"}
        if rest != {key: value for key, value in wanted.items() if key != "formats"}:
            return False
        if said is None:
            return formats is None
        return all(_moments(text, formats) == _moments(text, said) for text in self._texts(wanted["from"]))

    def _texts(self, column: str) -> set[str]:
        found = {row.get(column, "") for rows in self.tables.values() for row in rows}
        return found - {"", self.style.absent}

    @staticmethod
    def _names_column(made: Any) -> bool:
        return isinstance(made, dict) and "from" in made

    def _ignore(self, pages: dict[str, Page], claimed: dict[str, set[str]]) -> None:
        """Every other column is ignored with its reason."""
        for table, rows in self.tables.items():
            page = next(each for each in pages.values() if each["source"].get("table") == table and "fields" in each)
            joins = set(self.shape["tables"][table].get("join", ())) | {self.shape["stay"]["key"]}
            for column in rows[0]:
                if column not in claimed[table] | joins and column not in page.get("ignored", {}):
                    self.edits.added.append(f"ignored {table}.{column}")
                    page.setdefault("ignored", {})[column] = f"{column}:{_ASIDE}"
            for column in [each for each in page.get("ignored", {}) if each in claimed[table]]:
                self.edits.corrected.append(f"{table}.{column} is not ignored")
                del page["ignored"][column]

    # -- code tables and source file --------------------------------------------------------------------------------

    def _code_tables(self) -> None:
        for file, rows in self.known.codes.items():
            path = self.mappings / file
            if _answers(path) == {(row[0], row[2], row[3]) for row in rows}:
                self.edits.kept.append(path.name)
                continue
            (self.edits.corrected if path.is_file() else self.edits.added).append(path.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_csv(rows), encoding="utf-8")

    def _source(self) -> None:
        path = self.mappings / "sources" / f"{self.world.source}.yaml"
        source = _read(path)
        source["title"] = {"zh": "未名县医院", "en": "Unnamed county hospital (invented)"}
        source["facility"] = {"code": "1", "national_code": self.world.facility, "name": "未名县医院"}
        source["insurer"] = {"code": "999999-YBJ", "division": "999999", "name": "未名县医疗保障局"}
        _write(path, source)


def _columns_in(page: Page) -> set[str]:
    """Columns that a resource file reads, its nested lists apart."""
    found: set[str] = set()
    for made in page["fields"].values():
        if isinstance(made, dict) and "each" not in made:
            found |= {made["from"]} if "from" in made else set()
            found |= {made["when"]["column"]} if "when" in made else set()
    refunds = page.get("refunds", {})
    link = refunds.get("link", {})
    found |= set(link) | set(link.values()) if isinstance(link, dict) else {link}
    found |= {refunds[key]["column"] for key in ("told_by", "undone") if key in refunds}
    found |= {page["only"]["column"]} if "only" in page else set()
    return found


def _nested(page: Page) -> list[Page]:
    return [made for made in page["fields"].values() if isinstance(made, dict) and "each" in made]


def _moments(text: str, formats: Sequence[str] | None) -> set[datetime]:
    found = set()
    for each in formats or ():
        try:
            found.add(datetime.strptime(text, each))  # noqa: DTZ007 - local time as written
        except ValueError:
            continue
    return found


def _read(path: Path) -> Page:
    return dict(yaml.load(path.read_text("utf-8"), yaml.BaseLoader))


def _write(path: Path, page: Page) -> None:
    path.write_text(yaml.safe_dump(page, allow_unicode=True, sort_keys=False, width=200), encoding="utf-8")


def _answers(path: Path) -> set[tuple[str, str, str]]:
    """What a code table answers: code, system, target."""
    if not path.is_file():
        return set()
    with path.open(encoding="utf-8", newline="") as lines:
        return {(row["code"], row["system"], row["target"]) for row in csv.DictReader(lines)}


def _csv(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([_HEAD, *rows])
    return out.getvalue()
