"""Reading a bureau's answer leniently, as section 1 of docs/wire-nhsa.md says that a hospital does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapter.counterparts.conformance.play import Exchange
from adapter.counterparts.wire import Refusal, decode

Row = Mapping[str, Any]
_NOTHING = (None, "", "null", "NULL")
#: What 5203 calls the amounts of a settlement.
_OTHERWISE = {"psn_part_amt": "psn_pay", "psn_cash_pay": "cash_payamt"}


def envelope_of(exchange: Exchange) -> dict[str, Any]:
    """The answer's envelope; empty when it is none."""
    for encoding in ("utf-8", "gb18030"):
        try:
            found = decode(exchange.got.decode(encoding).encode("utf-8"))
        except (UnicodeDecodeError, Refusal):
            continue
        return found if isinstance(found, dict) else {}
    return {}


def output_of(exchange: Exchange) -> Any:
    """``output``, also where it came as JSON text; empty when there is none."""
    found = envelope_of(exchange).get("output")
    if isinstance(found, str) and found not in _NOTHING:
        try:
            found = decode(found.encode("utf-8"))
        except Refusal:
            return {}
    return found if isinstance(found, dict | list) else {}


def rows(exchange: Exchange, node: str) -> list[Row]:
    """The rows of a node, also where one stands without its array; ``node`` empty: the output itself."""
    output = output_of(exchange)
    found = output if not node or isinstance(output, list) else output.get(node)
    if isinstance(found, dict):
        found = [found]
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def node(exchange: Exchange, name: str) -> Row:
    """A node of one row; empty when it is not there."""
    return next(iter(rows(exchange, name)), {})


def text(row: Row, name: str) -> str:
    """A field as text; empty for every spelling of nothing."""
    found = row.get(name)
    return "" if found in _NOTHING or isinstance(found, dict | list) else str(found)


def amount(row: Row, name: str) -> Decimal:
    """An amount, also under the name of 5203; nothing is 0.00. Raises ValueError for no number, or finer than a fen."""
    said = text(row, name) or text(row, _OTHERWISE.get(name, "")) or "0"
    try:
        found = Decimal(said)
        exact = found.quantize(Decimal("0.01"))
    except ArithmeticError as error:
        raise ValueError(f"{name} = {said[:20]}") from error
    if found != exact:
        raise ValueError(f"{name} = {said[:20]}")
    return exact


def code_of(exchange: Exchange) -> str:
    """infcode as text."""
    return text(envelope_of(exchange), "infcode")


def words_of(exchange: Exchange) -> str:
    """err_msg; empty for nothing."""
    return text(envelope_of(exchange), "err_msg")


def shortened(exchange: Exchange) -> str:
    """What came back, in a line for a finding."""
    if exchange.failure:
        return exchange.failure
    envelope = envelope_of(exchange)
    if "infcode" not in envelope:
        return f"{exchange.status} {exchange.got[:60].decode('utf-8', 'replace')}".strip()
    return f"{exchange.status} infcode={json.dumps(envelope['infcode'], default=str)} {words_of(exchange)[:80]}".strip()
