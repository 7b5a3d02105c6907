"""A courier and a desk on a bad day: files left lying, receipts lost, late, torn, doubled, of another checksum.

The words are those of the network's faults (``adapter.counterparts.faults``): ``drop-before`` and ``hang`` leave a file
lying, ``drop-after`` loses its receipt, ``delay`` and ``delay-after`` keep file or receipt back for ``seconds``,
``garbage`` and ``truncated`` spoil the receipt, ``twice`` brings the file twice, ``duplicate-answer`` says everything
twice, ``wrong-signature`` lays a checksum down that does not fit; the desk's own faults are those of ``FHIR_OWN``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from adapter.counterparts.bad_days import BadDays
from adapter.counterparts.faults import Call, Fault, Faults
from adapter.counterparts.folder.receiver import FolderReceiver
from adapter.counterparts.wire import CLAIM_KEY, Refusal, decode, encode, identifier_in

_LEFT = ("drop-before", "hang")


@dataclass(frozen=True)
class MoodyReceiver(FolderReceiver):
    """A receiver with a script.

    Attributes:
        held: names of files that are not taken before a moment, seconds since the epoch.
        late: receipts that are laid down at a moment.
    """

    faults: Faults = field(default_factory=Faults)
    days: BadDays = field(default_factory=BadDays)
    held: dict[str, float] = field(default_factory=dict)
    late: list[tuple[float, str, bytes]] = field(default_factory=list)

    def collect(self) -> int:
        """As ``FolderReceiver.collect``, as far as the script lets it."""
        self._lay_late()
        number = 0
        for file, body in self._whole():
            if self.held.get(file.name, 0.0) > self.desk.seconds():
                continue
            fault = None if file.name in self.held else self.faults.meet(Call("PUT", file.name, _key_in(body)))
            if fault and fault.do in _LEFT:
                continue
            if fault and fault.do == "delay":
                self.held[file.name] = self.desk.seconds() + fault.seconds
                continue
            if self._take(file):
                self._answer(f"{file.stem}.receipt.json", body, fault)
                number += 1
        return number

    def _answer(self, name: str, body: bytes, fault: Fault | None) -> None:
        desk = self.days.desk_for(self.desk, fault)
        do = fault.do if fault else ""
        told = replace(self, desk=desk)._answered(body)
        if do == "twice":
            told = replace(self, desk=desk)._answered(body)
        if do == "duplicate-answer" and "answer" in told:
            told = {**told, "answer": _twice(told["answer"])}
        receipt = encode(told)
        if fault and do == "delay-after":
            self.late.append((self.desk.seconds() + fault.seconds, name, receipt))
        elif do == "garbage":
            self._lay(name, b"\x1f\x8b<html>\xff")
        elif do != "drop-after":
            self._lay(name, receipt)
        if do == "truncated":
            (self.root / "in" / name).write_bytes(receipt[: len(receipt) // 2])
        if do == "wrong-signature":
            (self.root / "in" / f"{name}.sha256").write_text(f"{'0' * 64}  {name}\n", "utf-8")

    def _lay_late(self) -> None:
        now = self.desk.seconds()
        for each in [one for one in self.late if one[0] <= now]:
            self.late.remove(each)
            self._lay(each[1], each[2])


def _key_in(body: bytes) -> str:
    """The claim key of a file; empty for one that cannot be read."""
    try:
        found = [identifier_in(entry["resource"], CLAIM_KEY) for entry in decode(body)["entry"]]
    except (Refusal, KeyError, TypeError, AttributeError):  # the desk says what is wrong with it
        return ""
    return next((key for key in found if key), "")


def _twice(answer: dict[str, object]) -> dict[str, object]:
    entries = answer.get("entry")
    if isinstance(entries, list):
        return {**answer, "entry": [entry for one in entries for entry in (one, one)]}
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": answer}, {"resource": answer}]}
