"""Moves a file that was taken, and writes what was found beside it; nothing there is ever replaced (归档)."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from adapter.model.issues import Issue


def move(path: Path, folder: Path) -> Path:
    """Move a file into a folder under its name, or under ``name~2.ext`` and so on where that is taken.

    The name is claimed with an empty file first, so that two who move at the same time never meet; both a rename and
    that claim work on network shares as well. Returns where it is now.

    Raises:
        OSError: it cannot be moved, or is not there any more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = _claim(folder, path.name)
    try:
        path.replace(target)
    except OSError:
        with suppress(OSError):
            target.unlink()
        raise
    return target


def report(moved: Path, source: str, found: Sequence[Issue], counts: dict[str, int], at: str) -> Path:
    """Write ``<name>.issues.json`` beside a file. Issues hold no personal data.

    Args:
        found: those that name the file, or its group as a whole.
        counts: stays by what became of them.
    """
    told: dict[str, Any] = {
        "source": source,
        "file": moved.name,
        "taken_at": at,
        "stays": counts,
        "issues": [
            {
                "code": issue.code,
                "severity": str(issue.severity),
                "pointer": issue.pointer,
                "zh": issue.zh,
                "en": issue.en,
                "hint_zh": issue.hint_zh,
                "hint_en": issue.hint_en,
            }
            for issue in found
        ],
    }
    target = _claim(moved.parent, f"{moved.name}.issues.json")
    target.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return target


def _claim(folder: Path, name: str) -> Path:
    stem, dot, suffix = name.partition(".")
    for number in itertools.count(1):
        target = folder / (name if number == 1 else f"{stem}~{number}{dot}{suffix}")
        with suppress(FileExistsError):
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            return target
    raise AssertionError("numbers do not end")
