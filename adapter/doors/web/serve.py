"""Run the service in this process until it is told to stop."""

from __future__ import annotations

import uvicorn

from adapter.doors.web.app import Beside, create_app
from adapter.doors.web.auth import check_exposure
from adapter.settings import Settings

#: Seconds that open requests get when the service is told to stop; what they began goes on at the next start.
_GRACE = 20


def run(settings: Settings, host: str, port: int, *, beside: Beside | None = None) -> None:
    """Listen on an address. Raises AdapterError API-814 beyond this machine without a token.

    The access log of the server is off: it writes concrete addresses, ours writes routes.

    Args:
        beside: listeners that run as long as the service does.
    """
    check_exposure(host, settings)
    uvicorn.run(
        create_app(settings, beside=beside),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
