"""An answer as a region really sends it: every odd value that was seen, by name (region.ODDITIES)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapter.counterparts.nhsa.refusals import Refused
from adapter.counterparts.nhsa.region import Region

_RENAMED = {"medfee_sumamt": "med_fee_sumamt", "certno": "cert_no", "psn_cash_pay": "psnCash_pay"}


@dataclass(frozen=True, slots=True)
class Arrival:
    """The number and time of a message here, and the oddities of its answer."""

    serial: int
    received: datetime
    odd: frozenset[str]


def answered(region: Region, output: Any, arrival: Arrival) -> dict[str, Any]:
    """A good answer."""
    odd = arrival.odd
    message: str | None = "成功" if "success-word" in odd else None if "null-message" in odd else ""
    found = _envelope(region, 1 if "one-on-success" in odd else 0, message, arrival)
    return {**found, "output": values(output, odd)}


def failed(region: Region, refusal: Refused, arrival: Arrival) -> dict[str, Any]:
    """A failure; what of it can be read is the region's."""
    odd = arrival.odd
    if "bare-failure" in odd:
        return {"infcode": _code(-1, odd), "inf_refmsgid": "", "refmsg_time": "", "respond_time": "", "err_msg": ""}
    if "zero-with-error" in odd:
        return _envelope(region, 0, refusal.text[:200], arrival)
    code = -2 if "minus-two" in odd and not refusal.system else -1
    return {**_envelope(region, code, refusal.text[:200], arrival), "output": None}


def _envelope(region: Region, code: int, message: str | None, arrival: Arrival) -> dict[str, Any]:
    received, odd = arrival.received, arrival.odd
    stamp = f"{received:%Y%m%d%H%M%S}{received.microsecond // 1000:03d}"
    reference = f"{region.division}{stamp[:14]}{arrival.serial:010d}"
    found: dict[str, Any] = {
        "infcode": _code(code, odd),
        "inf_refmsgid": reference[:24] if "short-reference" in odd else reference,
        "refmsg_time": stamp,
        "respond_time": stamp,
        "err_msg": message,
    }
    if "extras" in odd:
        found |= {"warn_msg": None, "cainfo": None, "signtype": None, "enctype": None}
    return found


def _code(code: int, odd: frozenset[str]) -> int | str:
    return str(code) if "infcode-text" in odd else code


def values(output: Any, odd: frozenset[str], name: str = "") -> Any:
    """Every value of an output with the oddities; amounts are Decimals before."""
    if isinstance(output, Mapping):
        return {_key(key, odd): values(value, odd, key) for key, value in output.items()}
    if isinstance(output, list):
        if not output and "null-arrays" in odd:
            return None
        rows = [values(row, odd) for row in output]
        return rows[0] if len(rows) == 1 and "single-object" in odd else rows
    if isinstance(output, Decimal):
        return _number(output, name, odd)
    if output is None:
        return _empty(name, odd)
    if name == "brdy" and "birth-time" in odd:
        return f"{output} 00:00:00"
    return output


def _number(amount: Decimal, name: str, odd: frozenset[str]) -> Decimal | str:
    if not amount:
        if "empty-numbers" in odd:
            return ""
        amount = abs(amount)  # a refund's nothing is no -0.00
    as_text = "numbers-text" in odd or ("numbers-mixed" in odd and len(name) % 2 == 0)
    return str(amount) if as_text else amount


def _empty(name: str, odd: frozenset[str]) -> str | None:
    if "null-words" in odd:
        return "NULL" if len(name) % 2 else "null"
    return None if "null-values" in odd else ""


def _key(key: str, odd: frozenset[str]) -> str:
    if key == "exp_content" and "camel-keys" in odd:
        return "expContent"
    return _RENAMED.get(key, key) if "renamed-keys" in odd else key
