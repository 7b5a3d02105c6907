"""Processes that do the steps of a bulk conversion (转换进程): ``python -m adapter.cases.bulk_workers`` is one of them.

They are started anew and not forked, and load the steps only, whatever started them. Each reads tasks from its standard
input, a line of JSON each, and answers with lines of its own: what it has done so far, and at last the result. It ends
when its input ends, so none outlives the command.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, cast

import msgspec

from adapter.cases import bulk_issues as issues
from adapter.cases.bulk_steps import Job, Moved, Steps
from adapter.intake.mapping.spec import Mapping_
from adapter.intake.readers.shard_stays import Orphans
from adapter.intake.readers.shards import Cut, PartRead
from adapter.model.issues import AdapterError, Issue


@dataclass(frozen=True, slots=True)
class Task:
    """A step to be done: a method of ``Steps`` and its arguments, which JSON can carry."""

    step: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """A line of a worker: progress, or the end of its task."""

    moved: tuple[int, int, int] | None = None
    result: Any = None
    issues: tuple[Issue, ...] = ()


class Workers:
    """So many processes for one job. A context manager; leaving it ends them, whatever they are doing."""

    def __init__(self, job: Job, count: int, moved: Moved) -> None:
        self._job = job
        self._moved = moved
        self._count = count
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Workers:
        env = {**os.environ, "PYTHONHASHSEED": str(secrets.randbelow(1 << 32))}  # their hashes must agree
        command = [sys.executable, "-m", "adapter.cases.bulk_workers"]
        try:
            for _ in range(self._count):
                worker = subprocess.Popen(  # noqa: S603 - our own program
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, start_new_session=True
                )
                self._processes.append(worker)
                self._send(worker, self._job)
        except BaseException:  # Ctrl-C while they are started: nobody else would end them
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        for worker in self._processes:
            worker.kill()
        for worker in self._processes:
            worker.communicate()

    def do(self, tasks: Sequence[Task], kind: Any) -> Iterator[tuple[int, Any]]:
        """Do the tasks; gives the number of each and its result as soon as it is there.

        Args:
            kind: type of the results.

        Raises:
            AdapterError: what a step raises, or API-841 when a process ended before its task did.
        """
        waiting: SimpleQueue[int] = SimpleQueue()
        for number in range(len(tasks)):
            waiting.put(number)
        answers: SimpleQueue[tuple[int, _Answer | int]] = SimpleQueue()
        for worker in self._processes:
            Thread(target=self._serve, args=(worker, tasks, waiting, answers), daemon=True).start()
        left = len(tasks)
        while left:
            number, answer = answers.get()
            if isinstance(answer, int):
                raise AdapterError(issues.worker_lost(answer))
            if answer.moved is not None:
                self._moved(*answer.moved)
                continue
            if answer.issues:
                raise AdapterError(*answer.issues)
            left -= 1
            yield number, msgspec.convert(answer.result, kind)

    def _serve(
        self,
        worker: subprocess.Popen[bytes],
        tasks: Sequence[Task],
        waiting: SimpleQueue[int],
        answers: SimpleQueue[tuple[int, _Answer | int]],
    ) -> None:
        """Hand one process a task after the other, until none is left."""
        while True:
            try:
                number = waiting.get_nowait()
            except Empty:
                return
            try:
                self._send(worker, tasks[number])
                answer = self._answer(worker)
                while answer is not None and answer.moved is not None:
                    answers.put((number, answer))
                    answer = self._answer(worker)
            except (OSError, ValueError, msgspec.MsgspecError):  # ValueError: the command has closed its pipes already
                worker.kill()
                answer = None
            if answer is None:
                answers.put((number, worker.wait()))
                return
            answers.put((number, answer))

    @staticmethod
    def _send(worker: subprocess.Popen[bytes], message: Job | Task) -> None:
        assert worker.stdin is not None
        worker.stdin.write(msgspec.json.encode(message) + b"\n")
        worker.stdin.flush()

    @staticmethod
    def _answer(worker: subprocess.Popen[bytes]) -> _Answer | None:
        assert worker.stdout is not None
        line = worker.stdout.readline()
        return msgspec.json.decode(line, type=_Answer) if line.endswith(b"\n") else None


class Alone:
    """The steps in this very process, one after the other: for measuring, and for tests."""

    def __init__(self, job: Job, moved: Moved, mapping: Mapping_) -> None:
        self._steps = Steps(job, moved, mapping)

    def do(self, tasks: Sequence[Task], kind: Any) -> Iterator[tuple[int, Any]]:
        """As ``Workers.do``."""
        for number, task in enumerate(tasks):
            yield number, msgspec.convert(msgspec.to_builtins(_step(self._steps, task)), kind)


#: Arguments of the steps, by name.
_ARGUMENTS: Mapping[str, Any] = {
    "cut": tuple[tuple[str, ...]],
    "read": tuple[str, int, Cut, float],
    "gather": tuple[tuple[PartRead, ...], Cut],
    "convert": tuple[int, str],
    "convert_all": tuple[tuple[str, ...], str],
    "orphan_issues": tuple[tuple[Orphans, ...]],
}


def _step(steps: Steps, task: Task) -> Any:
    step = cast("Callable[..., Any]", getattr(steps, task.step))
    return step(*msgspec.convert(msgspec.to_builtins(task.arguments), _ARGUMENTS[task.step]))


def main() -> None:
    """Serve one command: the job first, then its tasks."""
    lines, out = sys.stdin.buffer, sys.stdout.buffer

    def say(answer: _Answer) -> None:
        out.write(msgspec.json.encode(answer) + b"\n")
        out.flush()

    first = lines.readline()
    if not first:  # the command was stopped before it said anything
        return
    steps: Steps | None = None
    job = msgspec.json.decode(first, type=Job)
    while line := lines.readline():
        task = msgspec.json.decode(line, type=Task)
        try:
            steps = steps or Steps(job, lambda size, rows, stays: say(_Answer(moved=(size, rows, stays))))
            result = _step(steps, task)
        except AdapterError as error:
            say(_Answer(issues=error.issues))
        else:
            say(_Answer(result=result))


if __name__ == "__main__":
    main()
