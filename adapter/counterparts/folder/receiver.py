"""One round at the counter: take every whole file, let the desk decide, lay its receipt down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from adapter.counterparts import aid
from adapter.counterparts.desk import Desk
from adapter.counterparts.wire import CLAIM_KEY, Refusal, decode, encode, identifier_in


@dataclass(frozen=True)
class FolderReceiver:
    """A courier and a desk. A second file of a name is put away unread."""

    root: Path
    desk: Desk

    def collect(self) -> int:
        """Take what is whole; gives how many files were answered."""
        number = 0
        for file in sorted((self.root / "out").glob("*.json")):
            body = self._take(file)
            if body is not None:
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

    def _take(self, file: Path) -> bytes | None:
        checksum = file.with_name(f"{file.name}.sha256")
        body = file.read_bytes()
        if not checksum.exists() or checksum.read_text("utf-8").split()[:1] != [sha256(body).hexdigest()]:
            return None
        folder = self.root / "taken"
        folder.mkdir(exist_ok=True)
        repeated = (folder / file.name).exists()
        file.replace(folder / file.name)
        checksum.unlink()
        return None if repeated else body

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
        (folder / f"{name}.sha256").write_text(f"{sha256(body).hexdigest()}  {name}\n", "utf-8")


def lay(target: Path, body: bytes) -> None:
    """Lay a file down so that whoever looks finds it whole, or not at all."""
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(body)
    part.replace(target)
