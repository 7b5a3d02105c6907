"""Small pieces of HTML, every text escaped once. 网页元素。"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import NewType

#: Text that is HTML already.
Html = NewType("Html", str)

STYLE = """
:root{color-scheme:light dark;--line:#8885;--soft:#8882;--link:#0a58ca}
@media (prefers-color-scheme:dark){:root{--link:#7db4ff}}
body{font:16px/1.55 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif}
body{max-width:72rem;margin:0 auto;padding:1rem}
a{color:var(--link)} h1{font-size:1.6rem} h2{font-size:1.2rem;margin-top:2rem} code{font-size:.92em}
nav{border-bottom:1px solid var(--line);padding-bottom:.5rem;margin-bottom:1rem}
nav a{margin-right:1.2rem} .scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%} th,td{border:1px solid var(--line);padding:.3rem .5rem;text-align:left;
vertical-align:top} th{background:var(--soft)} .said td:first-child{font-weight:600} .note{opacity:.75}
svg{max-width:100%;height:auto} svg text{font:13px system-ui,sans-serif;fill:currentColor}
svg rect{fill:var(--soft);stroke:currentColor} svg path{stroke:currentColor;fill:none;opacity:.55}
svg .small{font-size:10px;opacity:.8}
"""


def text(value: object) -> Html:
    """A value as text."""
    return Html(escape(str(value)))


def joined(parts: Iterable[Html], between: str = "") -> Html:
    return Html(between.join(parts))


def tag(name: str, *inside: Html, **attributes: str) -> Html:
    """An element; ``class_`` is the attribute ``class``."""
    said = "".join(f' {key.rstrip("_")}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{said}>{joined(inside)}</{name}>")


def link(to: str, label: object) -> Html:
    return tag("a", text(label), href=to)


def table(heads: Sequence[str], rows: Iterable[Sequence[Html]], classes: Sequence[str] = ()) -> Html:
    """A table with its heads; ``classes`` go with the rows, empty for none."""
    head = tag("tr", *(tag("th", text(each), scope="col") for each in heads))
    body = []
    for number, cells in enumerate(rows):
        name = classes[number] if classes else ""
        inside = [tag("td", each) for each in cells]
        body.append(tag("tr", *inside, class_=name) if name else tag("tr", *inside))
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="scroll")


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page of one package: the ways to its other pages, and which version it is."""

    links: tuple[tuple[str, str], ...]
    foot: str


def page(title: str, body: Html, frame: Frame) -> bytes:
    """A whole page with the way back to the others."""
    nav = tag("nav", *(link(to, label) for to, label in frame.links))
    foot = tag("p", text(frame.foot), class_="note")
    return (
        f'<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>{nav}<h1>{escape(title)}</h1>\n{body}\n{foot}</body></html>\n"
    ).encode()
