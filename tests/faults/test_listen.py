"""``adapter listen`` and interrupted imports as real processes: killed anywhere, nothing lost, nothing doubled."""

from __future__ import annotations

import os
import queue
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from adapter.cases.intake import ingest
from adapter.cases.reading import OURS
from adapter.ledger.ledger import Ledger
from bench.synthetic.story import write_export
from tests.faults.rig import check_journal, kill, until, writing_blocked
from tests.rooms.cases.test_frames import frames_of
from tests.support.messages import WINNING, home
from tests.support.office import SOURCE, act, office, story
from tests.support.service import EXPORT
from tests.support.terminal import Process, start

pytestmark = pytest.mark.slow

MESSAGES = (*frames_of("adt.hl7"), *frames_of("dft.hl7"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class House:
    """One ledger, and the processes that work on it. Resources are those of the HIS: ours say when they were made."""

    folder: Path
    started: list[Process] = field(default_factory=list)

    def start(self, *words: str, **settings: str) -> Process:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ADAPTER_")}
        with (self.folder / "log").open("ab") as log:
            process = start(
                *words,
                env=clean | {"ADAPTER_DATABASE_URL": f"sqlite:///{self.folder / 'adapter.db'}", **settings},
                out=log.fileno(),
                err=log.fileno(),
            )
        self.started.append(process)
        return process

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8")

    def count(self, query: str) -> int:
        file = f"file:{self.folder / 'adapter.db'}?mode=ro"
        with (
            suppress(sqlite3.OperationalError),  # the tables are not there yet
            closing(sqlite3.connect(file, uri=True, timeout=20)) as connection,
        ):
            return int(connection.execute(query).fetchone()[0])
        return 0

    def soon(self, query: str, more_than: int) -> None:
        """Wait, hardly sleeping, until the ledger counts more than that."""
        end = time.monotonic() + 30
        while self.count(query) <= more_than:
            assert time.monotonic() < end, f"never more than {more_than}: {query}"
            time.sleep(0.001)

    def resources(self, name: str = "adapter.db") -> dict[tuple[str, str], bytes]:
        with Ledger.open(f"sqlite:///{self.folder / name}") as ledger, ledger.reading() as tx:
            cases = [row.case_id for row in tx.cases()]
            rows = [row for case in cases for row in tx.resources_of_case(case) if row.source != OURS]
            return {(row.type, row.id): row.body for row in rows}

    def straight(self, source: str, export: Path) -> dict[tuple[str, str], bytes]:
        """What the same files give when nobody is killed."""
        with office(self.folder, {}, name="straight.db") as tools:
            ingest(source, [export], tools, act(tools))
        return self.resources("straight.db")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    for process in made.started:
        process.kill()
        process.wait(10)


def stop(process: Process) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) in (0, -signal.SIGTERM)  # the service ends by the signal, once it has stopped


def awake(port: int) -> Callable[[], bool]:
    def there() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    return there


class Sender(threading.Thread):
    """Sends its messages one after the other; one that is not answered is sent again, as senders do."""

    def __init__(self, port: int, messages: queue.Queue[bytes], tls: ssl.SSLContext | None = None) -> None:
        super().__init__(daemon=True)
        self.port, self.messages, self.tls = port, messages, tls
        self.answers: list[str] = []
        self.unanswered = 0

    def run(self) -> None:
        with suppress(queue.Empty):
            while True:
                message = self.messages.get_nowait()
                while not self._sent(message):
                    self.unanswered += 1
                    time.sleep(0.05)

    def _sent(self, message: bytes) -> bool:
        with suppress(OSError), self._connection() as connection:
            connection.sendall(b"\x0b" + message + b"\x1c\r")
            answer = b""
            while not answer.endswith(b"\x1c\r"):
                data = connection.recv(4096)
                if not data:
                    return False
                answer += data
            self.answers.append(answer.decode().split("\r")[1].split("|")[1])
            return True
        return False

    @contextmanager
    def _connection(self) -> Iterator[socket.socket]:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        with plain if self.tls is None else self.tls.wrap_socket(plain, server_hostname="localhost") as connection:
            yield connection


def senders(port: int, count: int, tls: ssl.SSLContext | None = None) -> list[Sender]:
    waiting: queue.Queue[bytes] = queue.Queue()
    for message in MESSAGES:
        waiting.put(message)
    started = [Sender(port, waiting, tls) for _ in range(count)]
    for each in started:
        each.start()
    return started


def all_sent(started: list[Sender], seconds: float = 90) -> list[str]:
    end = time.monotonic() + seconds
    for each in started:
        each.join(max(0.0, end - time.monotonic()))
        assert not each.is_alive(), "a sender still waits"
    return [answer for each in started for answer in each.answers]


def kept(ledger: Path) -> list[tuple[str, ...]]:
    """The messages that a ledger keeps."""
    with closing(sqlite3.connect(ledger)) as connection:
        return connection.execute("SELECT identity FROM feed_message ORDER BY identity").fetchall()


def through(house: House) -> bool:
    return house.count("SELECT COUNT(*) FROM inbox WHERE processed_at IS NULL") == 0


def test_three_senders_at_a_time_and_a_clean_end(house: House) -> None:
    port = free_port()
    listener = house.start("listen", "--mllp", f"{WINNING}=127.0.0.1:{port}")
    until(awake(port), "it listens")
    answers = all_sent(senders(port, 3))
    assert len(answers) == len(MESSAGES) and set(answers) <= {"AA", "AE"}
    until(lambda: through(house), "everything is taken")
    stop(listener)
    assert house.resources() == house.straight(WINNING, home(WINNING) / "export")
    assert "测试" not in house.log and "Traceback" not in house.log


@pytest.mark.parametrize("times", [1, 3])
def test_killed_between_storing_and_answering(house: House, times: int) -> None:
    """The write lock is taken once a frame is stored: its stay cannot be taken, so nobody answers, and it dies."""
    port = free_port()
    settings = {
        f"ADAPTER_LISTEN__MLLP__{WINNING.upper()}__{name}": text
        for name, text in (("PORT", str(port)), ("ANSWER_SECONDS", "30"))
    }
    listener = house.start("listen", **settings)
    until(awake(port), "it listens")
    started = senders(port, 4)
    for _ in range(times):
        house.soon("SELECT COUNT(*) FROM inbox", house.count("SELECT COUNT(*) FROM inbox"))
        with writing_blocked(house.folder):
            kill(listener)
            stored = house.count("SELECT COUNT(*) FROM inbox WHERE processed_at IS NULL")
        listener = house.start("listen", **settings)
        until(awake(port), "it listens again")
    answers = all_sent(started)
    assert stored > 0 and sum(each.unanswered for each in started) > 0, "somebody was left without an answer"
    assert len(answers) == len(MESSAGES) and set(answers) <= {"AA", "AE"}
    until(lambda: through(house), "everything is taken")
    stop(listener)
    assert house.resources() == house.straight(WINNING, home(WINNING) / "export")
    assert kept(house.folder / "adapter.db") == kept(house.folder / "straight.db")
    check_journal(house.folder)


def test_what_was_stored_when_it_died_is_taken_although_nobody_sends_it_again(house: House) -> None:
    port = free_port()
    listener = house.start("listen", "--mllp", f"{WINNING}=127.0.0.1:{port}")
    until(awake(port), "it listens")
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"".join(b"\x0b" + message + b"\x1c\r" for message in MESSAGES[:4]))
        house.soon("SELECT COUNT(*) FROM inbox", 0)
        with writing_blocked(house.folder):
            kill(listener)
    stored = house.count("SELECT COUNT(*) FROM inbox")
    listener = house.start("listen", "--mllp", f"{WINNING}=127.0.0.1:{port}")
    until(lambda: through(house), "what was stored is taken")
    assert (house.count("SELECT COUNT(*) FROM inbox"), house.count("SELECT COUNT(*) FROM cases")) == (stored, 1)
    stop(listener)


def test_over_tls_with_known_senders_only(house: House) -> None:
    cert, key = house.folder / "cert.pem", house.folder / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*made, *names, "-keyout", key, "-out", cert], check=True, capture_output=True)
    port = free_port()
    file = house.folder / "adapter.toml"
    file.write_text(
        f'[listen.mllp.{WINNING}]\nport = {port}\ncert = "{cert}"\nkey = "{key}"\nclient_ca = "{cert}"\n', "utf-8"
    )
    listener = house.start("listen", ADAPTER_SETTINGS=str(file))
    until(awake(port), "it listens")
    stranger = ssl.create_default_context(cafile=str(cert))
    with pytest.raises((OSError, AssertionError)), Sender(port, queue.Queue(), stranger)._connection() as connection:
        connection.sendall(b"\x0b" + MESSAGES[0] + b"\x1c\r")
        assert connection.recv(10)
    known = ssl.create_default_context(cafile=str(cert))
    known.load_cert_chain(cert, key)
    answers = all_sent(senders(port, 3, known))
    assert len(answers) == len(MESSAGES) and set(answers) <= {"AA", "AE"}
    stop(listener)
    assert house.resources() == house.straight(WINNING, home(WINNING) / "export")


def test_a_folder_with_slow_writers_beside_messages(house: House) -> None:
    port, inbox = free_port(), house.folder / "inbox"
    inbox.mkdir()
    settings = {f"ADAPTER_LISTEN__FOLDER__{SOURCE.upper()}__QUIET_SECONDS": "1"}
    settings[f"ADAPTER_LISTEN__FOLDER__{SOURCE.upper()}__PATH"] = str(inbox)
    settings[f"ADAPTER_LISTEN__FOLDER__{SOURCE.upper()}__EVERY_SECONDS"] = "0.1"
    listener = house.start("listen", "--source", SOURCE, "--mllp", f"{WINNING}=127.0.0.1:{port}", **settings)
    until(awake(port), "it listens")
    started = senders(port, 2)
    for path in sorted(EXPORT.glob("*.xml")):
        body = path.read_bytes()
        with (inbox / path.name).open("wb") as stream:
            for part in range(3):
                stream.write(body[part * len(body) // 3 : (part + 1) * len(body) // 3])
                stream.flush()
                time.sleep(0.1)
    all_sent(started)
    until(lambda: not list(inbox.glob("*.xml")), "the export is put away")
    until(lambda: through(house), "everything is taken")
    stop(listener)
    moved = sorted(path.name for path in inbox.glob("done/*/*.xml"))
    assert moved == sorted(path.name for path in EXPORT.glob("*.xml"))
    of_messages = house.straight(WINNING, home(WINNING) / "export")
    both = house.straight(SOURCE, EXPORT)
    assert house.resources() == both and of_messages.items() <= both.items()


# -- imports -----------------------------------------------------------------------------------------------------------


def half_taken(house: House, start: Callable[[], Process]) -> None:
    """Start an import and kill it when some stays are recorded and others are not."""
    process = start()
    until(lambda: house.count("SELECT COUNT(*) FROM cases") > 2, "some stays are recorded")
    kill(process)
    assert house.count("SELECT COUNT(*) FROM arrival WHERE finished_at IS NULL") == 1


@pytest.fixture
def many(house: House) -> Path:
    write_export(story(), house.folder / "export")
    return house.folder / "export"


def test_a_killed_import_goes_on_with_the_next_run_of_the_same_files(house: House, many: Path) -> None:
    half_taken(house, lambda: house.start("ingest", SOURCE, str(many)))
    taken = house.start("ingest", SOURCE, str(many))
    assert taken.wait(60) == 1, "two stays of the fixture wait for a person"
    assert house.count("SELECT COUNT(*) FROM arrival WHERE finished_at IS NULL") == 0
    assert "SRC-162" in house.log
    assert house.resources() == house.straight(SOURCE, many)
    check_journal(house.folder)


def test_a_killed_import_goes_on_when_the_service_starts(house: House, many: Path) -> None:
    half_taken(house, lambda: house.start("ingest", SOURCE, str(many)))
    service = house.start("serve", "--port", str(free_port()))
    until(lambda: house.count("SELECT COUNT(*) FROM arrival WHERE finished_at IS NULL") == 0, "it is gone on with", 60)
    stop(service)
    assert '"event": "stopped"' in house.log
    assert house.resources() == house.straight(SOURCE, many)


def test_an_upload_whose_service_is_killed_goes_on_when_it_starts_again(house: House, many: Path) -> None:
    port = free_port()

    def upload() -> Process:
        service = house.start("serve", "--port", str(port))
        until(awake(port), "the service answers")
        files = [("file", (path.name, path.read_bytes())) for path in sorted(many.glob("*.xml"))]

        def post() -> None:
            with suppress(httpx.HTTPError):
                httpx.post(f"http://127.0.0.1:{port}/his/{SOURCE}", files=files, timeout=60)

        threading.Thread(target=post, daemon=True).start()
        return service

    half_taken(house, upload)
    service = house.start("serve", "--port", str(port))
    until(lambda: house.count("SELECT COUNT(*) FROM arrival WHERE finished_at IS NULL") == 0, "it is gone on with", 60)
    stop(service)
    assert '"event": "stopped"' in house.log
    assert house.resources() == house.straight(SOURCE, many)
