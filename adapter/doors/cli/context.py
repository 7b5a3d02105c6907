"""What every command shares: settings, tools, who acts, and the options they have in common."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from adapter.cases.tools import Tools
from adapter.model.case import Actor
from adapter.settings import Settings, load_settings
from adapter.wiring import open_tools


def _said(reason: str) -> str:
    """A reason that says something: the journal keeps it for ever."""
    if not reason.strip() or len(reason) > _LONGEST_REASON:
        raise typer.BadParameter(f"say why, in 1 to {_LONGEST_REASON} characters 请写明原因")
    return reason


def words_of(text: str) -> str:
    """A number or name as typed at the window: it is kept for ever, so it says something and is no essay."""
    if not text.strip() or len(text) > _LONGEST_WORDS or not text.isprintable():
        raise typer.BadParameter(f"1 to {_LONGEST_WORDS} printable characters 请填写1至{_LONGEST_WORDS}个可见字符")
    return text.strip()


_LONGEST_REASON = 300  # as the service takes
_LONGEST_WORDS = 64
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a pipe instead of text.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is written into the journal. 原因", callback=_said)]
CaseId = Annotated[str, typer.Argument(metavar="CASE", help="Case id, as in adapter case list.")]


def settings() -> Settings:
    """The settings of this run."""
    return load_settings()


@contextmanager
def tools() -> Iterator[Tools]:
    """Tools for one command."""
    with open_tools(settings()) as opened:
        yield opened


def actor() -> Actor:
    """Who sits at this terminal."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Actor(name, "operator")
