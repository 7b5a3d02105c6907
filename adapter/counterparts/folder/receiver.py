"""One round at the counter: take every whole file, let the desk decide, lay its receipt down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from adapter.counterparts import aid
from adapter.counterparts.desk import Desk
from adapter.counterparts.wire import CLAIM_KEY, Refusal, decode, encode, identifier_in

#: A message's file; whatever else lies in ``out`` is somebody else's.
_MESSAGE = re.compile(r"[0-9a-f]{40}\.json", re.ASCII)


@dataclass(frozen=True)
class FolderReceiver:
    """A courier and a desk. A second file of a name is put away unread."""

    root: Path
    desk: Desk

    def collect(self) -> int:
        """Take what is whole; gives how many files were answered."""
        number = 0
        for file, body in self._whole():
            if self._take(file):
                self._lay(f"{file.stem}.receipt.json", encode(self._answered(body)))
                number += 1
        return number

    def resume(self) -> int:
        """After a death: answer what was taken and not answered. The desk must mind keys; gives how many there were."""
        number = 0
        for file in sorted((self.root / "taken").glob("*.json")):
            checksum = self.root / "in" / f"{file.stem}.receipt.json.sha256"
            if not checksum.exists():
                self._lay(f"{file.stem}.receipt.json", encode(self._answered(file.read_bytes())))
                number += 1
        return number

    def statement(self, facility: str, day: date) -> None:
        """Lay down a day's statement: totals and details as the desk has them."""
        totals = decode(self.desk.day_total(day.isoformat(), facility).body)
        requestor = f"https://pay-after-care.example/fhir/sid/facility|{facility}"
        page = self.desk.day_details(day.isoformat(), requestor, offset=0, size=10_000, address="")
        name = f"statement-{sha256(facility.encode()).hexdigest()[:12]}-{day.isoformat()}.json"
        self._lay(name, encode({"totals": totals, "details": [decode(page.body)]}))

    def _whole(self) -> Iterator[tuple[Path, bytes]]:
        """The messages in ``out`` that are what their digest says, in order of their names."""
        for file in sorted((self.root / "out").glob("*.json")):
            if not _MESSAGE.fullmatch(file.name):
                continue
            try:
                body, digest = file.read_bytes(), file.with_name(f"{file.name}.sha256").read_text("utf-8", "replace")
            except OSError:  # a folder of that name, or withdrawn just now, or not to be read: it is not whole
                continue
            if digest.split()[:1] == [sha256(body).hexdigest()]:
                yield file, body

    def _take(self, file: Path) -> bool:
        """Put it away; whether it is the first of its name. The first stays what it was."""
        folder = self.root / "taken"
        folder.mkdir(exist_ok=True)
        first = not (folder / file.name).exists()
        if first:
            file.replace(folder / file.name)
        else:
            file.unlink()
        file.with_name(f"{file.name}.sha256").unlink(missing_ok=True)
        return first

    def _answered(self, body: bytes) -> dict[str, Any]:
        try:
            bundle = decode(body)
            resources = [entry["resource"] for entry in bundle["entry"]]
            key = next((found for each in resources if (found := identifier_in(each, CLAIM_KEY))), "")
            first = str(resources[0]["resourceType"])
        except (Refusal, KeyError, TypeError, AttributeError, IndexError):
            return {"key": "", "outcome": "rejected", "reason": "not a Bundle of resources 无法读取"}
        try:
            if bundle.get("type") == "transaction":
                return self._transacted(body, key)
            reply = self.desk.eligibility(body) if first == "CoverageEligibilityRequest" else self.desk.submit(body)
        except Refusal as refusal:
            return {"key": key, "outcome": "rejected", "reason": refusal.text}
        return {"key": key, "outcome": "accepted", "answer": decode(reply.body)}

    def _transacted(self, body: bytes, key: str) -> dict[str, Any]:
        """Stored, and answered in the same receipt where it is adjudicated at once."""
        aid.transaction(self.desk, body)
        found = decode(self.desk.lookup(f"{CLAIM_KEY}|{key}").body)
        return {"key": key, "outcome": "accepted", **({"answer": found} if found.get("entry") else {})}

    def _lay(self, name: str, body: bytes) -> None:
        folder = self.root / "in"
        folder.mkdir(parents=True, exist_ok=True)
        lay(folder / name, body)
        lay(folder / f"{name}.sha256", f"{sha256(body).hexdigest()}  {name}\n".encode())


def lay(target: Path, body: bytes) -> None:
    """Lay a file down so that whoever looks finds it whole, or not at all."""
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(body)
    part.replace(target)
