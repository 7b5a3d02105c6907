"""Whether an answer is about whom it was asked about, and whether a thing was done once. 检查项:是谁的。"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adapter.counterparts.conformance.nhsa.reading import code_of, node, text
from adapter.counterparts.conformance.nhsa.site import NhsaSite
from adapter.counterparts.conformance.nhsa.visit import Told
from adapter.counterparts.conformance.play import Finding

Check = Callable[[Told, Any, Mapping[str, Told], NhsaSite], list[Finding]]


def is_person(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """1101 tells the person who was asked for: the same number, the same name."""
    base, asked = node(now.last, "baseinfo"), now.visit.person
    off = [name for name, ours in (("certno", asked.certno), ("psn_name", asked.name)) if text(base, name) != ours]
    shown = ", ".join(off)
    return [Finding(f"应答的 {shown} 不是所问的人", f"{shown}: not the person who was asked for")] if off else []


def own_stay(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """setlinfo names the stay and, where it names one, the person; 5203 also the settlement that was asked for."""
    info = node(now.last, "setlinfo")
    ours = {"mdtrt_id": now.visit.mdtrt_id, "psn_no": now.visit.psn_no}
    if now.infno == "5203" and now.setl_id:
        ours["setl_id"] = now.setl_id
    off = [name for name, value in ours.items() if text(info, name) not in _allowed(name, value)]
    shown = ", ".join(off)
    return [Finding(f"应答的 {shown} 不是所问的", f"{shown}: not what was asked for")] if off else []


def _allowed(name: str, ours: str) -> tuple[str, ...]:
    """2305 names no person."""
    return (ours, "") if name == "psn_no" else (ours,)


def instead_of(now: Told, wanted: Any, said: Mapping[str, Told], site: NhsaSite) -> list[Finding]:
    """Exactly one of a step and this one was done: what was refused is not kept."""
    first, again = (code_of(each.last) == "0" for each in (said[wanted], now))
    if first != again:
        return []
    if first:
        return [Finding(f"{wanted} 已办成,再次办理又成功", f"{wanted} was done, and this was done again")]
    return [Finding(f"{wanted} 已退回,却仍占用", f"{wanted} was refused and stands in the way all the same")]


#: Word → check.
WHOSE: Mapping[str, Check] = {"is_person": is_person, "own_stay": own_stay, "instead_of": instead_of}
