"""One kind of hospital under fire: bring stays along, kill, start again; then let everybody go on, and check."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from adapter.ledger.rows import MessageState
from adapter.model.issues import AdapterError
from bench.chaos.check import Kill, Verdict, check, look_back, too_late
from bench.chaos.clerk import Clerk
from bench.chaos.dialects import Dialect
from bench.chaos.hospital import WORKERS, Hospital
from bench.chaos.nursery import Nursery
from bench.chaos.steps import NOTES
from bench.chaos.stores import Ledgers

#: How long to wait for somebody to come to a step, and for everything to come to rest.
_STEP_SECONDS, _REST_SECONDS = 8.0, 180.0
#: A hospital is checked and a new one opened after so many deaths, and when so few stays still move.
_DEATHS, _FEWEST = 50, 3
#: Between two looks at everything.
_PAUSE = 0.03
#: How many steps are armed at a time: somebody comes to one of them soon.
_AT_ONCE = 12
#: Phases in which a worker has not leased anything yet, or has just finished with it.
_NOTHING_IN_HAND = ("lease", "go on", "resume", "request")
#: Whom the deaths at steps fall on.
_SHARES = {"worker": 5.0, "service": 1.5}
_FAULTS: Mapping[str, Mapping[str, object]] = {
    "not processed": {"do": "hang"},
    "processed, not answered": {"do": "delay-after", "seconds": 30},
    "half an answer": {"do": "stall"},
    "landing late": {"do": "delay", "seconds": 0.8},
}
_STAGES = {
    "fhir": ("eligibility", "trial", "settle", "reverse"),
    "nhsa": ("eligibility", "admit", "charges", "trial", "settle", "reverse"),
    "aid-xml": ("checkIdentity", "saveInRecord", "balance", "saveExpenseDetail"),
}


@dataclass(frozen=True, slots=True)
class Grounds:
    """What every campaign of a run shares."""

    nursery: Nursery
    folder: Path
    mappings: Mapping[bool, Path]
    aid_seed: Path


@dataclass
class Result:
    """What one campaign came to.

    Attributes:
        late: leases that were taken over later than they should be; told apart, since a busy machine adds to it.
        died: processes that ended by themselves.
    """

    dialect: str
    store: str
    kills: list[Kill] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    steps: set[tuple[str, str]] = field(default_factory=set)
    late: list[str] = field(default_factory=list)
    died: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    rounds: int = 0
    seconds: float = 0.0

    @property
    def counted(self) -> int:
        """Kills at which a message was leased or in flight."""
        return sum(bool(kill.in_hand) for kill in self.kills)

    @property
    def wrong(self) -> list[str]:
        found = list(self.died)
        for verdict in self.verdicts:
            found += [*verdict.lost, *verdict.doubled, *verdict.wrong]
        return found


@dataclass
class Campaign:
    """One dialect over one store.

    Attributes:
        quota: kills that count.
        until, longest: when to begin no further death, whatever stands: at a moment, and after so many seconds.
    """

    grounds: Grounds
    dialect: Dialect
    store: str
    ledgers: Ledgers
    quota: int
    dice: random.Random
    until: float
    longest: float
    say: Callable[[str], None] = lambda _: None
    numbers: int = 0
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def run(self) -> Result:
        """All of it; what ends it early stands among what was wrong."""
        result, begun = Result(self.dialect.name, self.store), time.monotonic()
        self.until = min(self.until, begun + self.longest)
        try:
            self._under_fire(result)
        except (OSError, RuntimeError, AdapterError, SQLAlchemyError) as error:
            result.died.append(f"the campaign ended early: {type(error).__name__} {error}")
        result.seconds = time.monotonic() - begun
        return result

    def _under_fire(self, result: Result) -> None:
        hospitals = 0
        while result.counted < self.quota and time.monotonic() < self.until:
            hospitals += 1
            folder = self.grounds.folder / f"{self.dialect.name}-{self.store}-{hospitals}"
            hospital = Hospital(
                self.dialect,
                folder,
                self.ledgers.new(self.dialect.computes),
                self.grounds.mappings[self.dialect.computes],
                self.grounds.nursery,
                self.grounds.aid_seed,
            )
            try:
                hospital.open()
                self._one_hospital(hospital, result)
            finally:
                hospital.close()

    def _one_hospital(self, hospital: Hospital, result: Result) -> None:
        with hospital.office() as tools:
            clerk = Clerk(hospital, tools, self.dice)
            fire = Fire(hospital, clerk, result, self)
            fire.begin()
            while len(fire.kills) < _DEATHS and clerk.moving >= _FEWEST and time.monotonic() < self.until:
                if result.counted + sum(bool(kill.in_hand) for kill in fire.kills) >= self.quota:
                    break
                fire.one_more()
            clerk.closing = True
            fire.rest()
            verdict = check(hospital, tools)
            mine = fire.kills
            look_back(mine, hospital, tools)
            result.kills += mine
            result.late += too_late(mine, fire.delays)
            result.verdicts.append(verdict)
            result.refused += clerk.refused
            result.rounds += sum(clerk.rounds.values())
            told = {name: len(getattr(verdict, name)) for name in ("lost", "doubled", "wrong")}
            self.say(f"{self.dialect.name} {self.store}: {len(mine)} deaths, {told}, parked {dict(verdict.parked)}")


@dataclass
class Fire:
    """Deaths in one hospital, and what keeps it going in between."""

    hospital: Hospital
    clerk: Clerk
    result: Result
    campaign: Campaign
    kills: list[Kill] = field(default_factory=list)
    delays: list[tuple[float, float]] = field(default_factory=list)
    _ordered: set[int] = field(default_factory=set)
    _read: int = 0

    @property
    def dice(self) -> random.Random:
        return self.campaign.dice

    def begin(self) -> None:
        """Until something has been seen; from then on whatever is seen may be where somebody dies."""
        self._go_on(_STEP_SECONDS, lambda: self.clerk.rounds.total() > 0 or len(self.result.steps) > _AT_ONCE)
        self._read_steps()

    def rest(self) -> None:
        """Until everything is done or waits for a person."""
        self._go_on(_REST_SECONDS, self.clerk.through)

    def one_more(self) -> None:
        """One more death of some kind, if anybody comes by; somebody is left to take over."""
        if not self._go_on(_REST_SECONDS, lambda: self.hospital.at_work() > 1):
            return
        kind = self.dice.choices(("step", "fault", "random"), (6, 2, 1))[0]
        if kind == "fault" and all(payer.kind == "folder" for payer in self.hospital.payers.values()):
            kind = "step"
        {"step": self._at_step, "fault": self._with_fault, "random": self._at_random}[kind]()
        self._read_steps()

    # -- three ways to die -------------------------------------------------------------------------------------

    def _at_step(self) -> None:
        """At one of the steps at which fewest have died yet."""
        roles = sorted({who for who, _ in self.result.steps})
        if not roles:
            return
        who = self.dice.choices(roles, [_SHARES.get(role, 1.0) for role in roles])[0]
        died = Counter(_step_of(kill) for kill in (*self.result.kills, *self.kills)) + self.campaign.missed
        mine = sorted(step for role, step in self.result.steps if role == who)
        self.dice.shuffle(mine)
        wanted = sorted(mine, key=lambda step: died[who, step] + self._handicap(step))[:_AT_ONCE]
        number = self.campaign.numbers = self.campaign.numbers + 1
        self.hospital.arm(number, wanted, who)
        if not self._go_on(_STEP_SECONDS, lambda: self.hospital.fired(number) is not None) and self.hospital.disarm():
            self.campaign.missed.update((who, step) for step in wanted)
            return
        if not self._go_on(2, lambda: self.hospital.fired(number) is not None):
            return
        told = self.hospital.fired(number) or {}
        pid, victim = int(told["pid"]), str(told["name"])
        self._ordered.add(pid)
        if victim in self.hospital.payers:  # its steps are those of a request, or of a file, that it has in hand
            in_hand: tuple[str, ...] = (str(told["key"]) or "at the counter",)
        else:
            in_hand = self._leased_by(pid)
        self.kills.append(Kill(number, "step", victim, str(told["step"]), pid, float(told["at"]), in_hand))

    def _handicap(self, step: str) -> bool:
        """Steps at which nothing is in hand come up less often."""
        return step.startswith(_NOTHING_IN_HAND) and self.dice.random() < 0.75

    def _with_fault(self) -> None:
        """While a counterpart has the request and does with it what it was told to."""
        payer = self.dice.choice([each for each in self.hospital.payers.values() if each.kind != "folder"])
        stage, what = self.dice.choice(_STAGES[payer.kind]), self.dice.choice(sorted(_FAULTS))
        match = {"method": "POST", "path" if payer.kind == "aid-xml" else "stage": stage}
        if not self.hospital.script(payer.name, {"match": match, **_FAULTS[what]}):
            return
        victim = ""

        def found() -> bool:
            nonlocal victim
            if self.hospital.met(payer.name):
                victim = payer.name if self.dice.random() < 0.25 else self._holder(payer.name)
            return bool(victim)

        self._go_on(_STEP_SECONDS, found)
        if victim:
            self._kill(victim, "fault", f"{stage} {what}")
        self.hospital.script(payer.name)

    def _at_random(self) -> None:
        moment = time.monotonic() + self.dice.random()
        self._go_on(2, lambda: time.monotonic() > moment)
        self._kill(self.dice.choice(self.hospital.names), "random", "")

    def _kill(self, victim: str, kind: str, step: str) -> None:
        number = self.campaign.numbers = self.campaign.numbers + 1
        pid = self.hospital.alive[victim]
        self._ordered.add(pid)
        self.hospital.kill(victim)
        self.kills.append(Kill(number, kind, victim, step, pid, time.time(), self._leased_by(pid)))

    def _leased_by(self, pid: int) -> tuple[str, ...]:
        return tuple(key for key, worker in self._leased().items() if f"-{pid}-" in worker)

    def _leased(self, endpoint: str | None = None) -> dict[str, str]:
        """Who has which message leased, as the ledger shows it at this moment."""
        with self.clerk.tools.ledger.reading() as tx:
            rows = tx.outbox(endpoint=endpoint, states=(MessageState.LEASED,))
        return {row.message.key: row.worker for row in rows if row.worker is not None}

    def _holder(self, endpoint: str) -> str:
        """Who has a message for an endpoint leased; empty: nobody any more."""
        by_pid = {pid: name for name, pid in self.hospital.alive.items()}
        pids = [int(worker.rsplit("-", 2)[1]) for worker in self._leased(endpoint).values()]
        return next((by_pid[pid] for pid in pids if pid in by_pid), "")

    # -- going on ----------------------------------------------------------------------------------------------

    def _go_on(self, seconds: float, true: Callable[[], bool]) -> bool:
        """Let the clerk work and start again whoever is dead, until something is true or time is out."""
        until = time.monotonic() + seconds
        while not (reached := true()) and time.monotonic() < until:
            self._start_the_dead()
            self.clerk.look()
            begun = time.monotonic()
            time.sleep(_PAUSE)
            if (late := time.monotonic() - begun - _PAUSE) > _PAUSE:
                self.delays.append((time.time(), late))
        return reached

    def _start_the_dead(self) -> None:
        for name in self.hospital.dead():
            pid = self.hospital.alive[name]
            if pid not in self._ordered and not self.hospital.died_at_step(pid):
                said = (self.hospital.folder / f"{name}.log").read_text("utf-8", "replace")[-600:]
                self.result.died.append(f"{name} ended by itself: {said}")
            self.hospital.start(name)

    def _read_steps(self) -> None:
        """The steps that somebody has come to since the last look."""
        notes = self.hospital.folder / NOTES
        if not notes.exists():
            return
        with notes.open("rb") as stream:
            stream.seek(self._read)
            new = stream.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        for row in whole.decode().splitlines():
            name, _, step = row.partition("\t")
            self.result.steps.add((_role(name), step))


def _step_of(kill: Kill) -> tuple[str, str]:
    return _role(kill.victim), kill.step


def _role(name: str) -> str:
    """``worker`` for each worker; the service and each counterpart by its own name."""
    return "worker" if name in WORKERS else name
