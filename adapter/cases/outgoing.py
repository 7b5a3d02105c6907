"""Messages to the payers: what waits, what is parked, and bringing it back (发件箱)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from adapter.cases.endpoints import NO_ANSWER, unpause
from adapter.cases.reading import calls_version
from adapter.cases.tools import Act, Tools
from adapter.cases.views import message_json
from adapter.cases.walk_issues import not_awaited
from adapter.fhir.canonical import decode
from adapter.ledger.issues import unknown_message
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import UNFINISHED, MessageRow
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome, Receipt, Stage
from adapter.payers.delivery.xml_text import soap_values


def messages(tools: Tools, *, unfinished: bool = False) -> list[MessageRow]:
    """Messages by key; only those not finished yet, if so wanted."""
    states = UNFINISHED if unfinished else None
    found: list[MessageRow] = []
    after = ""
    with tools.ledger.reading() as tx:
        while page := tx.outbox(states=states, after=after):
            found += page
            after = page[-1].message.key
    return found


def message(key: str, tools: Tools) -> tuple[MessageRow, list[Receipt]]:
    """One message with every receipt. Raises AdapterError LED-409."""
    with tools.ledger.reading() as tx:
        row = tx.message(key)
        if row is None:
            raise AdapterError(unknown_message(key))
        return row, tx.receipts(key)


def retry(key: str, tools: Tools, act: Act) -> None:
    """Make a parked, refused or waiting message due now; a worker asks the payer before it sends again.

    Raises:
        AdapterError: LED-409, LED-416 it is leased or accepted, CASE-471 it was refused, and no bill waits for it any
            more: sent now, it would count beside what was said since.
    """
    with tools.ledger.transaction() as tx:
        row = tx.message(key)
        if row is not None and row.outcome is Outcome.REJECTED and not _is_awaited(tx, row):
            raise AdapterError(not_awaited(key))
        tx.retry(key, **act.said)
        if row is not None and row.message.stage is Stage.NOTIFY:
            unpause(tx, row.message.endpoint, act, only=NO_ANSWER)


#: While a bill stands so, a refused message of a stage may still be what it waits for.
_AWAITED = {
    Stage.ADMIT: (BillState.DRAFT, BillState.PREVIEWED, BillState.SETTLING, BillState.SETTLED_ADVANCED),
    Stage.CHARGES: (BillState.DRAFT, BillState.PREVIEWED, BillState.SETTLING, BillState.SETTLED_ADVANCED),
    Stage.SETTLE: (BillState.SETTLING, BillState.SETTLED_ADVANCED),
    Stage.REVERSE: (BillState.REVERSING,),
}


def _is_awaited(tx: Transaction, refused: MessageRow) -> bool:
    """Whether a refused message would change only what its bill waits for, and nothing was said in its place since."""
    message = refused.message
    if not message.effect or message.stage not in _AWAITED:
        return True
    row = tx.case(message.case_id)
    if row is None or row.bill not in _AWAITED[message.stage]:
        return False
    said = tx.messages_of_case(message.case_id, message.version)
    same = [each.message for each in said if (each.message.call, each.message.stage) == (message.call, message.stage)]
    return message.version == calls_version(tx, message.case_id, row.version) and same[-1].key == message.key


def park(key: str, tools: Tools, act: Act) -> None:
    """Set a waiting message aside for a person. Raises AdapterError LED-409, LED-416 for one that is leased or done."""
    with tools.ledger.transaction() as tx:
        tx.park_message(key, **act.said)


def wire_log(tools: Tools) -> Iterator[dict[str, Any]]:
    """What went over the wire and what came back, in order, masked: the auditor's copy."""
    with tools.ledger.reading() as tx:
        for row in sorted(messages(tools), key=lambda each: (each.enqueued_at, each.message.key)):
            yield {
                **message_json(row),
                "sent": masked_body(row.message.composed),
                "answers": [
                    {"at": each.at.isoformat(), "outcome": str(each.outcome), "body": masked_body(each.body)}
                    for each in tx.receipts(row.message.key)
                ],
            }


#: All that may be shown of a person in a log: keys of the hospital, nothing that tells who it is.
_SHOWN_OF_PATIENT = frozenset({"resourceType", "id", "identifier", "meta"})


#: Fields of other dialects that say who somebody is, or prove it, in lower case: bureaus are careless with capitals.
_PERSONAL = frozenset(
    {
        *("subscriberid", "psn_name", "psn_no", "psn_cert_no", "certno", "cert_no", "mdtrt_cert_no", "card_sn", "brdy"),
        *("coner_name", "coner_tel", "coner_addr", "tel", "addr", "emp_name", "patn_name", "exp_content", "expcontent"),
        *("cainfo", "sign_no", "password", "access_token"),
    }
)
#: The same of a SOAP aid service, where ``name`` is a person's.
_PERSONAL_IN_XML = _PERSONAL | {"idcard", "name", "insuranceno", "birthday", "samcardno", "bptcardno", "username"}
_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")


def masked_body(body: bytes) -> Any:
    """A body with what identifies a person masked; what is neither JSON nor SOAP, or text in text, is only measured."""
    if not body:
        return None
    try:
        return _masked(decode(body))
    except AdapterError:
        spoken = soap_values(body)
        return f"({len(body)} bytes, not JSON)" if spoken is None else _masked(spoken, _PERSONAL_IN_XML)


def _masked(value: Any, personal: frozenset[str] = _PERSONAL) -> Any:
    if isinstance(value, list):
        return [_masked(each, personal) for each in value]
    if isinstance(value, str):
        return f"({len(value)} characters)" if value[:1] in ("{", "[", "<") else _ID_NUMBER.sub("***", value)
    if not isinstance(value, dict):
        return value
    if value.get("resourceType") == "Patient":
        return {key: each if key in _SHOWN_OF_PATIENT else "***" for key, each in value.items()}
    return {key: "***" if each and key.lower() in personal else _masked(each, personal) for key, each in value.items()}
