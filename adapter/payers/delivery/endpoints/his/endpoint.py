"""Open the way back of a source: the form that its file names, with secrets from the environment."""

from __future__ import annotations

from adapter.model.dates import Clock
from adapter.model.notice import FolderForm, TableForm, WayBack, WebhookForm
from adapter.payers.delivery.endpoints.his.folder import Folder
from adapter.payers.delivery.endpoints.his.mllp import Mllp
from adapter.payers.delivery.endpoints.his.table import IntermediateTable
from adapter.payers.delivery.endpoints.his.way import Secret, Way
from adapter.payers.delivery.endpoints.his.webhook import Webhook


def open_way(way: WayBack, clock: Clock, secret: Secret) -> Way:
    """The endpoint of a source's way back. Nothing is connected before the first notice; ``close`` it at the end."""
    match way.form:
        case WebhookForm():
            return Webhook(way.endpoint, way.form, clock, secret)
        case FolderForm():
            return Folder(way.endpoint, way.form, clock)
        case TableForm():
            return IntermediateTable(way.endpoint, way.form, clock, secret)
        case _:
            return Mllp(way.endpoint, way.form, clock)
