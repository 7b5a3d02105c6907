"""``adapter validate``: any FHIR file against R4's rules, ours, and profiles. 校验。"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from adapter.doors.cli.context import AsJson, settings
from adapter.doors.cli.output import err, finish, issue_json, out, print_issues, print_json, table
from adapter.fhir.judging import every, judged
from adapter.fhir.profiles import Profiles, load_profiles
from adapter.fhir.profiles.check import unchecked
from adapter.fhir.profiles.issues import no_resource_for
from adapter.fhir.profiles.tree import Tree
from adapter.fhir.r5.validation import validate_r5
from adapter.fhir.rule_issues import not_readable
from adapter.fhir.written import LINES, Written, written
from adapter.model.issues import Issue, Severity


class Fhir(StrEnum):
    """The versions that can be checked."""

    R4 = "R4"
    R5 = "R5"


_ENDINGS = (".json", ".xml", *LINES)
_STDIN = "-"


@dataclass(slots=True)
class Checked:
    """What was found in one file. Of each code the first issues are kept, so that memory stays flat."""

    name: str
    most: int
    resources: int = 0
    severities: Counter[Severity] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    kept: list[tuple[int | None, Issue]] = field(default_factory=list)

    def take(self, found: Iterable[Issue], line: int | None) -> list[Issue]:
        """Count issues; returns those that are worth telling."""
        told = []
        for issue in found:
            self.severities[issue.severity] += 1
            self.codes[issue.code] += 1
            if not self.most or self.codes[issue.code] <= self.most:
                self.kept.append((line, issue))
                told.append(issue)
        return told

    @property
    def errors(self) -> int:
        return self.severities[Severity.ERROR] + self.severities[Severity.FATAL]


def validate_(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="FHIR JSON, XML or NDJSON, folders of them, - for stdin.")
    ],
    profile: Annotated[
        list[str] | None, typer.Option(metavar="URL|NAME", help="Also hold resources of its type against a profile.")
    ] = None,
    definitions: Annotated[
        list[Path] | None,
        typer.Option(exists=True, file_okay=False, help="A folder of further StructureDefinitions and ValueSets."),
    ] = None,
    receiving: Annotated[
        bool, typer.Option("--receiving", "--received", help="Written by others: rules of the prose warn only.")
    ] = False,
    most: Annotated[int, typer.Option(min=0, help="Tell so many issues of each code and file; 0 tells all.")] = 20,
    version: Annotated[
        Fhir, typer.Option(help="The version of FHIR that the files are in; profiles are R4's.")
    ] = Fhir.R4,
    json: AsJson = False,
) -> None:
    """Check FHIR R4: structure, required codes, invariants, references, currency, the money rules of the prose. 校验

    Ends with 1 when there is an error, with 2 when it was called wrongly. 有错误时退出码为 1。

    Example:  adapter validate out/fhir --profile charge-line
    """
    if version is Fhir.R5 and (profile or definitions):
        raise typer.BadParameter("profiles are R4's; leave --profile and --definitions out", param_hint="--version")
    paths = list(_found(files))
    profiles = load_profiles(settings().mappings_folder / "profiles", *(definitions or ()))
    wanted = [_named(name, profiles) for name in profile or ()]
    if not json:
        print_issues(issue for tree in wanted for issue in unchecked(tree, profiles))
    done = []
    with _progress() as bar:
        task = bar.add_task("", total=sum(path.stat().st_size for path in paths if str(path) != _STDIN) or None)
        for path in paths:
            checked, kinds = Checked(str(path), most), set[str]()
            for one in _opened(path, version):
                judge = partial(_judged, profiles=profiles, wanted=wanted) if version is Fhir.R4 else _judged_in_r5
                told = checked.take(judge(one, sending=not receiving), one.line)
                checked.resources += 1
                kinds |= {str(each.get("resourceType")) for each in every(one.resource or {})}
                if told and not json:
                    print_issues(_placed(issue, path, one.line) for issue in told)
                if checked.resources % 500 == 0 or one.line is None:
                    bar.update(task, description=f"{path.name} {checked.resources} resources")
                bar.advance(task, one.size)
            absent = (no_resource_for("file", tree.kind, tree.name) for tree in wanted if tree.kind not in kinds)
            told = checked.take(absent, None)
            if not json:
                print_issues(_placed(issue, path, None) for issue in told)
            done.append(checked)
    _report(done, json=json)
    finish(issue for checked in done for _, issue in checked.kept)


def _found(files: Sequence[str]) -> Iterator[Path]:
    """The files that are meant; a folder stands for all FHIR files in it. Wrong usage when there is none."""
    for name in files:
        path = Path(name)
        if name == _STDIN or path.is_file():
            yield path
        elif path.is_dir():
            inner = [each for each in sorted(path.rglob("*")) if each.suffix.lower() in _ENDINGS and each.is_file()]
            if not inner:
                raise typer.BadParameter(f"{name} holds no {', '.join(_ENDINGS)}", param_hint="FILE")
            yield from inner
        else:
            raise typer.BadParameter(f"{name} does not exist", param_hint="FILE")


def _named(name: str, profiles: Profiles) -> Tree:
    tree = profiles.named(name)
    if tree is None:
        raise typer.BadParameter(f"no profile {name}; there are {', '.join(profiles.names)}", param_hint="--profile")
    return tree


def _opened(path: Path, version: Fhir) -> Iterator[Written]:
    if str(path) == _STDIN:
        yield from written(sys.stdin.buffer, version=version.value)
        return
    try:
        with path.open("rb") as stream:
            yield from written(stream, lines=path.suffix.lower() in LINES, version=version.value)
    except OSError as error:  # the other files are checked all the same
        yield Written(None, 0, None, (not_readable(error.strerror or type(error).__name__),))


def _judged(one: Written, profiles: Profiles, wanted: Sequence[Tree], *, sending: bool) -> list[Issue]:
    """Issues of one resource, or why it cannot be read."""
    return list(one.issues) if one.resource is None else judged(one.resource, profiles, wanted, sending=sending)


def _judged_in_r5(one: Written, *, sending: bool) -> list[Issue]:
    return list(one.issues) if one.resource is None else validate_r5([one.resource], sending=sending)


def _placed(issue: Issue, path: Path, line: int | None) -> Issue:
    """The issue with its file and line before the pointer."""
    return replace(issue, pointer=f"{path}{'' if line is None else f':{line}'} {issue.pointer}")


def _progress() -> Progress:
    """What is being read, on stderr; it leaves nothing behind in a pipe."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True)


def _report(done: Sequence[Checked], *, json: bool) -> None:
    """Each file's figures, and all of them by code; issues are told already, or stand in the JSON."""
    codes = sum((checked.codes for checked in done), Counter[str]())
    if json:
        print_json({"files": [_file_json(checked) for checked in done], "codes": dict(sorted(codes.items()))})
        return
    for checked in done:
        warnings, told = checked.severities[Severity.WARNING], len(checked.kept)
        untold = sum(checked.codes.values()) - told
        more = f"; {untold} more were not told (--most 0)" if untold else ""
        out.print(
            f"{checked.name}: {checked.resources} resources, {checked.errors} errors, {warnings} warnings{more}",
            markup=False,
        )
    if codes:
        first = {issue.code: issue for checked in reversed(done) for _, issue in reversed(checked.kept)}
        rows = [(code, str(first[code].severity), str(count), first[code].zh) for code, count in sorted(codes.items())]
        table("", ("code", "severity", "count 数", "for example 例"), rows, right=("count 数",))


def _file_json(checked: Checked) -> dict[str, Any]:
    return {
        "file": checked.name,
        "resources": checked.resources,
        "errors": checked.errors,
        "warnings": checked.severities[Severity.WARNING],
        "information": checked.severities[Severity.INFORMATION],
        "issues": [{**({} if line is None else {"line": line}), **issue_json(issue)} for line, issue in checked.kept],
    }
