"""A notice as the message that the outbox keeps: composed once, when it is decided (组报文)."""

from __future__ import annotations

from adapter.model.messages import OutboundMessage, Stage
from adapter.model.notice import Hl7Form, Notice, WayBack
from adapter.payers.delivery.endpoints.his.content import notice_bytes
from adapter.payers.delivery.endpoints.his.hl7v2 import hl7_bytes

#: The call that notices stand under; no scheme asks it for anything.
CALL = "way-back"

JSON = "application/json; charset=utf-8"


def message_for(notice: Notice, way: WayBack, *, version: int = 0) -> OutboundMessage:
    """The message of a notice. It may be repeated without harm: the receiver knows it by its key.

    Args:
        version: of the bill that it is about, 0 before there is one.
    """
    if isinstance(way.form, Hl7Form):
        body, content_type = hl7_bytes(notice, way.form), f"x-application/hl7-v2+er7; charset={way.form.encoding}"
    else:
        body, content_type = notice_bytes(notice), JSON
    return OutboundMessage(
        key=notice.key,
        case_id=notice.case_id,
        version=version,
        endpoint=way.endpoint,
        call=CALL,
        stage=Stage.NOTIFY,
        operation=f"tell-{notice.kind}",
        composed=body,
        content_type=content_type,
        effect=False,
        order_key=f"{way.endpoint}/{notice.stay_key}",
    )
