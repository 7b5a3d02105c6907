"""What of a draft is made so far: its pages, its code tables, and what a person must look at (初稿汇集)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapter.intake.mapping.draft.chosen import Chosen
from adapter.intake.mapping.draft.known import Known, KnownCode
from adapter.intake.mapping.draft.pages import Doubt, Page

_ROLE = "http://terminology.hl7.org/CodeSystem/diagnosis-role"


#: What codes that only the sample tells about are called in a draft, by code table and answer.
_GUESSES = {
    ("encounter_status", "finished"): ("出院", "", ""),
    ("encounter_status", "in-progress"): ("在院", "", ""),
    ("gender", "male"): ("男", "", ""),
    ("gender", "female"): ("女", "", ""),
    ("diagnosis_use", "principal"): ("主要诊断", "diagnosis-use", ""),
    ("diagnosis_use", "secondary"): ("其他诊断", "diagnosis-use", ""),
}


def _guessed(text: str, table: str, answer: str | None) -> KnownCode | None:
    if answer is None:
        return None
    meaning, system, display = _GUESSES[table, answer]
    return KnownCode(text, meaning, system, answer, display, sure=False)


@dataclass
class Made:
    """The pages and code tables made so far.

    Attributes:
        tables: rows by file.
        doubts: those of code tables, which cannot hold remarks.
        looked_at: every table with what was chosen.
        person: column of the person key; ``facility``: the one facility code of the sample.
        insured: coverage depends on a column, by this condition.
    """

    vendor: str
    source: str
    known: Known
    pages: list[Page] = field(default_factory=list)
    tables: dict[str, list[tuple[str, str, str, str, str]]] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)
    looked_at: list[Chosen] = field(default_factory=list)
    person: str = ""
    facility: str = ""

    def page(self, name: str, to: str, source: str) -> Page:
        page = Page(f"{self.vendor}/{name}.yaml")
        page.add("# yaml-language-server: $schema=../schema/resource.json")
        page.add(f"to: {to}")
        page.add(f"source: {source}")
        self.pages.append(page)
        return page

    def codes(
        self, chosen: Chosen, column: str, name: str, *, own: bool = False, told: Mapping[str, str] | None = None
    ) -> str:
        """Start the code table of a column with what needs no asking; returns its file name.

        Args:
            told: what the sample says of codes that no table knows.
        """
        file = f"{self.source if own else self.vendor}/{name}.csv"
        rows = self.tables.setdefault(file, [])
        known = self.known.codes.get(name, {})
        texts = sorted({row.get(column, "") for row in chosen.table.rows} - {""})
        profile = chosen.table.columns[column]
        for text in texts:
            each = known.get(text) or _guessed(text, name, (told or {}).get(text))
            if each is None:
                continue
            meaning = each.meaning if each.sure else f"? {each.meaning}"
            rows.append((each.code, meaning, each.system, each.target, each.display))
            if not each.sure:
                said = f"{column} = {text}: {each.meaning}?"
                zh, en = ("按国家标准推测", "after the standard") if text in known else ("按样本推测", "by the sample")
                self.doubts.append(Doubt(f"{file}:{len(rows) + 1}", f"{zh} {said}", f"{en}, {said}"))
            if each.target == "principal":
                rows.append((each.code, meaning, _ROLE, "DD", "Discharge diagnosis"))
        missing = [text for text in texts if text not in known and text not in (told or {})]
        if missing:
            shown = " ".join(text for text in missing if text in profile.codes) or profile.picture
            self.doubts.append(
                Doubt(
                    file,
                    f"{column} 有 {len(missing)} 个编码待对照:{shown}",
                    f"{column}: {len(missing)} codes to map: {shown}",
                )
            )
        return f"{name}.csv"
