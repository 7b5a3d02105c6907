"""The hospital behind an exchange folder: what each word of a scenario lays out, and what it waits for. 扮演医院。"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from adapter.counterparts.conformance.answers import resource_of
from adapter.counterparts.conformance.bodies import Stay
from adapter.counterparts.conformance.composing import Composer, day_of_record
from adapter.counterparts.conformance.folder.checks import STATEMENTS, answered, checked, inside
from adapter.counterparts.conformance.folder.drop import IN, OUT, Drop, statement_name, stem
from adapter.counterparts.conformance.play import Exchange, Finding
from adapter.counterparts.conformance.said import Said
from adapter.counterparts.conformance.scenario import Step
from adapter.counterparts.wire import encode

#: Status of a file that was laid out and is not waited for.
_LAID = "laid out"


@dataclass
class FolderClerk(Composer):
    """One scenario's player.

    Attributes:
        standing: settlements that may count with the other side, by key.
        laid: names that the scenario laid out.
        before: what lay in ``in`` when it began.
    """

    drop: Drop = field(kw_only=True)
    standing: dict[str, Said] = field(default_factory=dict)
    laid: set[str] = field(default_factory=set)
    before: frozenset[str] = frozenset()

    # -- what the runner asks -------------------------------------------------------------------------------------

    def play(self, step: Step, said: Mapping[str, Said]) -> Said:
        if not self.laid:
            self.before = self._names_in()
        now = SENDS[step.send](self, step, said)
        if step.send in STATEMENTS:
            now = self._up_to_date(step, now, said)
        self._remember(now)
        return now

    def check(self, step: Step, now: Said, said: Mapping[str, Said]) -> Sequence[Finding]:
        try:
            findings = answered(now, str(step.expect.get("answer", ""))) if step.expect else []
            words = () if findings else step.expect.items()
            return findings or [one for word, wanted in words for one in checked(word, now, wanted, said)]
        except (TypeError, AttributeError, KeyError, IndexError, ValueError, ArithmeticError) as error:
            # it is JSON, but an element is of another kind than its resource has there
            why = f"{type(error).__name__}: {self.mask.text(str(error))}"
            return [Finding(f"应答的元素类型不符:{why}", f"an element of the answer has the wrong type: {why}")]

    def exchanges(self, now: Said) -> Sequence[Exchange]:
        return [self.mask.exchange(each) for each in now.exchanges]

    def tidy(self) -> None:
        """Take back what nobody took; reverse what may count, latest first, and wait for that."""
        for name in sorted(self.laid):
            try:
                untaken = self.drop.withdraw(name)
            except OSError:
                return  # a folder that is gone: the findings say so, and nothing can be taken back
            for key in [key for key, said in self.standing.items() if f"{stem(key)}.json" == name]:
                if untaken and self.standing[key].last.status != "accepted":
                    del self.standing[key]
        for said in reversed(list(self.standing.values())):
            self._carried("reverse", *self.taking_back(said))

    # -- the words of a scenario ----------------------------------------------------------------------------------

    def settle(self, step: Step, said: Mapping[str, Said]) -> Said:
        """``file``: how it is laid out; ``later``: without waiting for its receipt."""
        stay, body = self.settlement(step, said)
        return self._carried(step.send, stay.key, body, stay, how=_how(step))

    def trial(self, step: Step, said: Mapping[str, Said]) -> Said:
        stay, body = self.tried(step, said)
        return self._carried(step.send, stay.key, body, stay)

    def reverse(self, step: Step, said: Mapping[str, Said]) -> Said:
        stay, undone, body = self.undoing(step, said)
        return self._carried(step.send, stay.key, body, stay, undone=undone)

    def year(self, step: Step, said: Mapping[str, Said]) -> Said:
        return self._carried(step.send, *self.question(step, said))

    def repeat(self, step: Step, said: Mapping[str, Said]) -> Said:
        """The same file again: same name, same bytes."""
        first = said[step.given["of"]]
        return self._carried(first.send, first.key, first.last.sent, first.stay, undone=first.undone)

    def mend(self, step: Step, said: Mapping[str, Said]) -> Said:
        """A file that was laid out spoilt, whole."""
        return self.repeat(step, said)

    def look_up(self, step: Step, said: Mapping[str, Said]) -> Said:
        """The receipt of a step, or of what was never laid out; ``wait``: until it is there and holds an answer."""
        of = said[step.given["of"]] if "of" in step.given else None
        key = of.key if of else f"{self.case}.v98.{self.role}.settle"
        name, sent = f"{stem(key)}.json", of.last.sent if of else b""
        now = Said(step.send, key, (), stay=of.stay if of else None, undone=of.undone if of else "")
        if "wait" not in step.given:
            return replace(now, exchanges=(self._looked(name, sent),))
        for last in self.drop.looks():
            now = replace(now, exchanges=(self._heard(name, sent),))
            if last or now.last.failure or "answer" in resource_of(now.last):
                break
        return now

    def day(self, step: Step, said: Mapping[str, Said]) -> Said:
        """The statement of the day of record of ``day_of``."""
        name = statement_name(self.site.facility, day_of_record(inside(said[step.given["day_of"]])))
        try:
            found = self.drop.read(name)
        except OSError as error:
            return Said(step.send, "", (Exchange(f"{IN}/{name}", b"", failure=type(error).__name__),))
        failure = "" if found.whole else f"the statement is {found.lacks}"
        return Said(step.send, "", (Exchange(f"{IN}/{name}", b"", "", found.body, failure=failure),))

    def raw(self, step: Step, said: Mapping[str, Said]) -> Said:
        """Something that is no message: ``body``; ``name``: under a name of its own, and not waited for."""
        body = step.given["body"].encode()
        if "name" in step.given:
            return self._put(Said(step.send, "", ()), step.given["name"], body, _how(step) or "whole")
        self.sent += 1
        said_ = self._carried(step.send, f"{self.case}.raw.{self.sent}", body)
        return replace(said_, key="")

    def inbox(self, step: Step, said: Mapping[str, Said]) -> Said:
        """What lies in ``in`` that nobody asked for."""
        expected = {f"{name.removesuffix('.json')}.receipt.json" for name in self.laid}
        new = self._names_in() - self.before
        bare = {name for name in new if not name.endswith(".sha256") and f"{name}.sha256" not in new | self.before}
        files = {name.removesuffix(".sha256") for name in new}
        gone = {name for name in self.laid if len(name) != len(f"{stem('')}.json") and not self.drop.lies(name)}
        strays = sorted(gone | bare | {name for name in files if not name.startswith("statement-")} - expected | bare)
        listed = encode({"files": sorted(files), **({"strays": strays} if strays else {})})
        return Said(step.send, "", (Exchange(f"{IN}/", b"", "accepted", listed),))

    # -- small things ---------------------------------------------------------------------------------------------

    def _carried(
        self, send: str, key: str, body: bytes, stay: Stay | None = None, *, undone: str = "", how: str = ""
    ) -> Said:
        """Laid out, and its receipt unless it shall not be waited for."""
        now = self._put(Said(send, key, (), stay=stay, undone=undone), f"{stem(key)}.json", body, how or "whole")
        if how or now.last.failure:
            return now
        return replace(now, exchanges=(self._heard(f"{stem(key)}.json", body),))

    def _put(self, now: Said, name: str, body: bytes, how: str) -> Said:
        self.laid.add(name)
        failure = ""
        try:
            self.drop.lay(name, body, "whole" if how == "later" else how)
        except OSError as error:
            failure = f"the file cannot be laid out: {type(error).__name__}"
        return replace(now, exchanges=(Exchange(f"{OUT}/{name}", body, _LAID, failure=failure),))

    def _heard(self, name: str, sent: bytes) -> Exchange:
        receipt = f"{name.removesuffix('.json')}.receipt.json"
        address = f"{OUT}/{name} → {IN}/{receipt}"
        try:
            found, failure = self.drop.heard(name, receipt)
        except OSError as error:
            return Exchange(address, sent, failure=f"the folder cannot be read: {type(error).__name__}")
        shown = Exchange(address, sent, got=found.body, failure=failure)
        return replace(shown, status=str(resource_of(shown).get("outcome", "")))

    def _looked(self, name: str, sent: bytes) -> Exchange:
        """What is known of a file just now."""
        receipt = f"{name.removesuffix('.json')}.receipt.json"
        try:
            lies, found = self.drop.lies(name), self.drop.read(receipt)
        except OSError as error:
            return Exchange(f"{IN}/{receipt}", sent, failure=f"the folder cannot be read: {type(error).__name__}")
        shown = Exchange(f"{IN}/{receipt}", sent, got=found.body)
        if found.body or found.lacks != "not there":
            return replace(shown, status=str(resource_of(shown).get("outcome", "")) or found.lacks)
        return replace(shown, status="lies in out" if lies else "")

    def _up_to_date(self, step: Step, now: Said, said: Mapping[str, Said]) -> Said:
        """The statement as it is once it says what the step expects, or when the time is over."""
        for last in self.drop.looks():
            if last or not self.check(step, now, said):
                break
            now = SENDS[step.send](self, step, said)
        return now

    def _names_in(self) -> frozenset[str]:
        try:
            return frozenset(self.drop.names_in())
        except OSError:
            return frozenset()

    def _remember(self, now: Said) -> None:
        """What may stand with the other side, so that it can be taken back at the end."""
        if now.stay is None or now.send in ("look-up", "trial"):
            return
        first = now if now.undone else self.standing.setdefault(now.key, now)
        counts = not now.undone and first.last.status == "accepted" and first is not now  # whatever is said of it later
        if now.last.status != _LAID and not counts and not answered(now, "complete" if now.undone else "refused"):
            self.standing.pop(now.undone or now.key, None)


def _how(step: Step) -> str:
    return "later" if "later" in step.given else str(step.given.get("file", ""))


#: Word → what it does.
SENDS: Mapping[str, Callable[[FolderClerk, Step, Mapping[str, Said]], Said]] = {
    "settle": FolderClerk.settle,
    "trial": FolderClerk.trial,
    "reverse": FolderClerk.reverse,
    "year": FolderClerk.year,
    "repeat": FolderClerk.repeat,
    "mend": FolderClerk.mend,
    "look-up": FolderClerk.look_up,
    "inbox": FolderClerk.inbox,
    "day-total": FolderClerk.day,
    "day-details": FolderClerk.day,
    "raw": FolderClerk.raw,
}
