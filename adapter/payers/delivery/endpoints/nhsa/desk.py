"""Questions and files of reconciliation: sent at once, kept by nobody (对账窗口)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from adapter.fhir.canonical import encode
from adapter.model.dates import Clock
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Stage
from adapter.payers.delivery import issues as common
from adapter.payers.delivery.endpoints.nhsa.dialogue import CONTENT_TYPE, Dialogue
from adapter.payers.delivery.endpoints.nhsa.envelope import Answer, envelope
from adapter.payers.delivery.endpoints.nhsa.values import text_of
from adapter.payers.delivery.endpoints.nhsa.verdict import Judged, Verdict
from adapter.payers.delivery.http import Answered, NoAnswer, NotSent

Reply = Answered | NotSent | NoAnswer
#: Sends a message, with a file where one goes along.
Send = Callable[[OutboundMessage, bytes | None], Reply]


class BureauDesk:
    """Asks the bureau for one day."""

    def __init__(
        self,
        endpoint: str,
        day: date,
        dialogue: Dialogue,
        clock: Clock,
        send: Send,
        judged: Callable[[OutboundMessage, Answered], Judged],
    ) -> None:
        self._endpoint, self._day, self._dialogue, self._clock = endpoint, day, dialogue, clock
        self._send, self._judged = send, judged
        self._count = 0
        self.division = dialogue.hospital.division

    def ask(self, number: str, node: Mapping[str, Any]) -> Answer:
        """A question with its ``data``. Raises AdapterError DEL-504."""
        return self._asked(number, {"data": dict(node)}, None)

    def upload(self, filename: str, content: bytes) -> str:
        """9101: multipart, the envelope in ``jsonStr`` and the ZIP in ``file``. Raises AdapterError DEL-504."""
        code = self._dialogue.hospital.fixmedins_code
        node = {"in": "", "filename": filename, "fixmedins_code": code}
        answer = self._asked("9101", {"fsUploadIn": node}, content)
        number = text_of(answer.first("root").get("file_qury_no"))
        if not number:
            raise self._without("9101")
        return number

    def download(self, file_qury_no: str, filename: str) -> bytes:
        """9102: a ZIP, or JSON that says why not. Raises AdapterError DEL-504."""
        code = self._dialogue.hospital.fixmedins_code
        node = {"file_qury_no": file_qury_no, "filename": filename, "fixmedins_code": code}
        reply = self._send(self._message("9102", {"fsDownloadIn": node}), None)
        if not isinstance(reply, Answered):
            raise self._without(reply.reason)
        if reply.status != 200 or not reply.body.startswith(b"PK"):
            raise self._without(f"9102 HTTP {reply.status}")
        return reply.body

    def _asked(self, number: str, message_input: Mapping[str, Any], content: bytes | None) -> Answer:
        message = self._message(number, message_input)
        reply = self._send(message, content)
        if not isinstance(reply, Answered):
            raise self._without(reply.reason)
        judged = self._judged(message, reply)
        if judged.verdict is not Verdict.DONE or judged.answer is None:
            words = judged.answer.words if judged.answer is not None else ""
            raise self._without(f"{number} {words}".strip())
        return judged.answer

    def _message(self, number: str, message_input: Mapping[str, Any]) -> OutboundMessage:
        now, self._count = self._clock.now(), self._count + 1
        key = f"{self._endpoint}.{self._day.isoformat()}.{number}.{self._count}.{now:%H%M%S%f}"
        body = envelope(
            number,
            message_input,
            region=self._dialogue.dialect.region,
            hospital=self._dialogue.hospital,
            msgid=self._dialogue.ids.of(key, now),
            at=now,
        )
        return OutboundMessage(
            key=key,
            case_id="",
            version=0,
            endpoint=self._endpoint,
            call="",
            stage=Stage.RECONCILE,
            operation=number,
            composed=encode(body),
            content_type=CONTENT_TYPE,
            effect=False,
        )

    def _without(self, reason: str) -> AdapterError:
        return AdapterError(common.no_statement(self._endpoint, self._day.isoformat(), reason))


#: Between the parts of an upload; it stands in no JSON and in no ZIP of ours.
BOUNDARY = "----adapter-nhsa-9101-5b1f6c0d9a7e4c53"


def multipart(envelope_bytes: bytes, filename: str, content: bytes) -> bytes:
    """The body of 9101."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="jsonStr"\r\n\r\n'.encode()
    part = (
        f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
        "Content-Type: application/zip\r\n\r\n"
    ).encode()
    return head + envelope_bytes + part + content + f"\r\n--{BOUNDARY}--\r\n".encode()
