"""Log lines as JSON on stderr: codes, states, times. Names, bodies and queries never get here."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import structlog


def configure(level: str) -> None:
    """One JSON object a line; ``request_id`` follows from the request into every line of its work."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def place_of(error: BaseException) -> list[str]:
    """Where an error came from, innermost last: file, line, function. Its words may hold data and are left out."""
    found = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        found.append(f"{Path(code.co_filename).name}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return found[-8:]
