"""Certificates at a terminal: verify one from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapter.cases.proof import checked
from adapter.doors.cli.context import AsJson
from adapter.doors.cli.output import finish, issue_json, out, print_issues, print_json
from adapter.fhir.canonical import decode
from adapter.model.issues import AdapterError, Issue


def verify_(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…", exists=True, dir_okay=False, help="Certificates, as `case show --certificate` prints them."
        ),
    ],
    json: AsJson = False,
) -> None:
    """Work settlement certificates out again: every sum, product, rounding, and the order of payers. 核验结算证明

    The checker knows no policy and shares no code with the calculation: it proves the arithmetic and says no more.

    Example:  adapter verify certificate.json
    """
    found: dict[str, tuple[Issue, ...]] = {}
    for file in files:
        try:
            document = decode(file.read_bytes())
            found[file.name] = checked(document if isinstance(document, dict) else {}, file.name)
        except AdapterError as error:
            found[file.name] = error.issues
    if json:
        print_json({name: [issue_json(issue) for issue in issues] for name, issues in found.items()})
    else:
        for name, issues in found.items():
            out.print(f"{name}: {'holds 成立' if not issues else f'{len(issues)} findings 处不成立'}", markup=False)
            print_issues(issues)
    finish(issue for issues in found.values() for issue in issues)
