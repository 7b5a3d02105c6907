"""Scripted faults in the platform's words: met by infno, msgid, person or visit; some are the bureau's own.

The bureau's own (``text`` says more): ``refuse`` a failure with that text; ``refuse-line`` a fee line by feedetl_sn or
local code; ``exclude-line`` counts such a line as outside the catalogue; ``differ`` the settlement pays so many yuan
less than the trial said; ``wrong-signature`` and ``maintenance`` as the gateway says it; ``clock-skew`` the bureau's
clock is off by ``seconds``; ``rule-change`` ``<payer>=<plan>`` from this request on; ``odd`` answers with these
oddities besides the region's; ``stale`` gives the answer before this one.
"""

from __future__ import annotations

from typing import Any

from starlette.types import Scope

from adapter.counterparts.faults import Call, Fault, Wire
from adapter.counterparts.nhsa.region import ODDITIES, Gateway
from adapter.counterparts.wire import Refusal, decode, encode

#: Where the transactions are.
PREFIX = "/nhsa"

#: What each transaction is to a scripted fault.
STAGES = {
    **dict.fromkeys(("9001", "9002"), "sign-in"),
    **dict.fromkeys(("1101", "2001", "5206"), "eligibility"),
    **dict.fromkeys(("2401", "2402", "2403"), "admit"),
    **dict.fromkeys(("2301", "2302"), "charges"),
    **dict.fromkeys(("2305", "2405", "2404", "2601"), "reverse"),
    **dict.fromkeys(("5201", "5202", "5203", "5204", "5303"), "lookup"),
    **dict.fromkeys(("3201", "3202", "9101", "9102"), "reconcile"),
    "2303": "trial",
    "2304": "settle",
    "4101": "list",
}

#: The bureau's own faults; the application does them.
OWN = dict.fromkeys(
    (
        *("refuse", "refuse-line", "exclude-line", "differ", "wrong-signature", "maintenance", "clock-skew"),
        *("rule-change", "odd", "stale"),
    ),
    True,
)


def wire_of(gateway: Gateway) -> Wire:
    """How faults see and speak this dialect behind one gateway."""
    return Wire(
        prefix=PREFIX,
        call=call_of,
        doubled=_doubled,
        refused=lambda fault: (
            "application/json",
            encode(gateway_answer(gateway, fault.status, fault.text or "系统繁忙")),
        ),
        further=OWN,
    )


def _refused(gateway: Gateway, fault: Fault) -> tuple[str, bytes]:
    return "application/json", encode(gateway_answer(gateway, fault.status, fault.text or "系统繁忙"))


def gateway_answer(gateway: Gateway, code: int, text: str) -> dict[str, Any]:
    """A refusal outside the envelope, in the gateway's own shape."""
    if gateway.shape == "code-type":
        return {"code": code, "type": "error", "message": text, "data": None}
    if gateway.shape == "message-success":
        return {"message": text, "success": False, "code": str(code)}
    return {"code": code, "message": text}


def odd_of(fault: Fault | None) -> frozenset[str]:
    """The oddities that a fault asks for."""
    return frozenset(fault.text.split()) & ODDITIES if fault and fault.do == "odd" else frozenset()


def call_of(scope: Scope, body: bytes) -> Call:
    """``/nhsa/<infno>`` with the msgid, the person and the visit as key, whatever the address is."""
    infno, key = "", ""
    try:
        envelope = decode(body[body.index(b"{") : body.rindex(b"}") + 1])
        infno = str(envelope.get("infno", ""))
        key = " ".join([str(envelope.get("msgid", "")), *_named(envelope.get("input"))])
    except (Refusal, ValueError, AttributeError):
        # what cannot be read has no key; the application says what is wrong with it
        infno = scope["path"].rpartition("/")[2]
    return Call(scope["method"], f"{PREFIX}/{infno}", key, STAGES.get(infno, ""))


def _named(given: Any) -> list[str]:
    found: list[str] = []
    for rows in given.values() if isinstance(given, dict) else ():
        for row in rows if isinstance(rows, list) else [rows]:
            if isinstance(row, dict):
                found += [str(row[name]) for name in ("psn_no", "mdtrt_id", "omsgid") if row.get(name)]
    return list(dict.fromkeys(found))


def _doubled(body: bytes) -> bytes:
    """Every row of the output stands twice."""
    answer = decode(body)
    output = answer.get("output")
    if not isinstance(output, dict):
        return body
    twice = {
        name: [row for row in rows for _ in range(2)] if isinstance(rows, list) else rows
        for name, rows in output.items()
    }
    return encode({**answer, "output": twice})
