"""The script of a bad day, handed over as a file: what ``/control`` is to a counterpart that listens (演练脚本).

``<root>/control/faults.json`` holds ``{"id": …, "faults": […]}``; the process takes it away and says in ``state.json``
beside it of which id the script in force is, what was wrong with it, and what has been acted out since.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapter.counterparts.faults import FHIR_OWN, FaultError, fault_of
from adapter.counterparts.folder.bad_days import MoodyReceiver
from adapter.counterparts.folder.receiver import lay
from adapter.counterparts.wire import Refusal, decode, encode

FOLDER = "control"
_ASKED, _TOLD = "faults.json", "state.json"
_WAIT_SECONDS, _PAUSE_SECONDS = 15.0, 0.1


class NotHandedOver(Exception):
    """The script is not in force; the text says why."""


@dataclass
class Control:
    """The receiver's side of it."""

    receiver: MoodyReceiver
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.receiver.root / FOLDER

    def open(self) -> None:
        """Say that somebody is here. A script that nobody took before is not for now."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / _ASKED).unlink(missing_ok=True)
        self._tell({"id": "", "error": "", **self.receiver.faults.told()})

    def look(self) -> None:
        """Take a script that lies there, and tell what has been acted out."""
        found = {name: self.told[name] for name in ("id", "error")}
        asked = self.folder / _ASKED
        if asked.exists():
            body = asked.read_bytes()
            asked.unlink()
            found = self._script(body)
        now = {**found, **self.receiver.faults.told()}
        if now != self.told:
            self._tell(now)

    def _script(self, body: bytes) -> dict[str, str]:
        name = ""
        try:
            content = decode(body)
            name = str(content["id"])
            faults = [fault_of(row, FHIR_OWN) for row in content["faults"]]
            for each in faults:
                self.receiver.days.usable(each, self.receiver.desk)
        except (Refusal, FaultError, KeyError, TypeError) as error:
            return {"id": name, "error": f"not a script: {error}"}
        self.receiver.faults.script(faults)
        return {"id": name, "error": ""}

    def _tell(self, now: dict[str, Any]) -> None:
        self.told = now
        lay(self.folder / _TOLD, encode(now))


def hand_over(
    root: Path,
    faults: Sequence[Mapping[str, Any]],
    *,
    pause: Callable[[float], None] = time.sleep,
    seconds: float = _WAIT_SECONDS,
) -> None:
    """Give a running counterpart behind a folder its script, and wait until it is in force. Raises NotHandedOver."""
    folder, name = root / FOLDER, uuid.uuid4().hex
    if not folder.is_dir():
        raise NotHandedOver("nobody has watched this folder yet")
    try:
        lay(folder / _ASKED, json.dumps({"id": name, "faults": list(faults)}).encode())
        for _ in range(int(seconds / _PAUSE_SECONDS)):
            told = decode((folder / _TOLD).read_bytes()) if (folder / _TOLD).exists() else {}
            if told.get("id") == name and not told["error"]:
                return
            if told.get("id") == name:
                raise NotHandedOver(told["error"])
            pause(_PAUSE_SECONDS)
        (folder / _ASKED).unlink(missing_ok=True)
    except OSError as error:
        raise NotHandedOver(type(error).__name__) from error
    raise NotHandedOver("nobody watches this folder")
