"""The pages of a draft: YAML as a person would write it, each doubtful line marked ``# ?`` (初稿页面)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

MARK = "# ?"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that a person must look at: ``file:line``, and what (zh, en)."""

    place: str
    zh: str
    en: str


@dataclass
class Page:
    """One file on its way: lines, and the doubts that stand in them."""

    file: str
    lines: list[str] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)

    def add(self, line: str, doubt: tuple[str, str] | None = None, note: str = "") -> None:
        """A line, with a remark; a doubtful one carries the mark and is listed."""
        remark = f"{MARK} {doubt[1]}" if doubt is not None else f"# {note}" if note else ""
        if doubt is not None and note:
            remark = f"{remark} · {note}"
        self.lines.append(f"{line}    {remark}" if line and remark else line or remark)
        if doubt is not None:
            self.doubts.append(Doubt(f"{self.file}:{len(self.lines)}", *doubt))

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def quoted(text: str) -> str:
    """A text as a YAML scalar, in quotes wherever plain text could be read as something else."""
    if text and (text[0].isalpha() or text[0] == "_") and all(c.isalnum() or c in "_." for c in text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def listed(texts: Sequence[str]) -> str:
    """A YAML list on one line."""
    return f"[{', '.join(map(quoted, texts))}]"
