"""The commands that build the FHIR package and its pages. 规范包命令。"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapter.cases.fhir_package import fhir_package, nhsa_fields
from adapter.doors.cli.context import settings
from adapter.doors.cli.output import out
from adapter.fhir.package.archive import packed
from adapter.fhir.package.site.pages import site
from adapter.settings import data_folder

package = typer.Typer(no_args_is_help=True, help="Our FHIR definitions for others to install. FHIR 规范包")

Out = Annotated[Path, typer.Option("--out", help="Folder to write to; it is made where it is not there.")]


@package.command("build")
def build(to: Out = Path("out/package")) -> None:
    """Profiles with snapshots, extensions, codes, maps and examples as an installable package.tgz. 构建规范包

    The same definitions give the same bytes. No network is needed.

    Example:  adapter package build --out out/package
    """
    made = fhir_package(settings().mappings_folder, data_folder("fixtures"))
    to.mkdir(parents=True, exist_ok=True)
    target = to / "package.tgz"
    target.write_bytes(packed(made))
    out.print(f"{target}: {len(made.definitions)} definitions 定义, {len(made.examples)} examples 示例")


@package.command("site")
def site_(to: Out = Path("out/site")) -> None:
    """The same as pages to read without a network: elements, codes, how resources link, NHSA ⇄ FHIR. 规范网页

    Open index.html of the folder in a browser; package.tgz lies beside it.

    Example:  adapter package site --out out/site
    """
    mappings = settings().mappings_folder
    files = site(fhir_package(mappings, data_folder("fixtures")), nhsa_fields(mappings))
    to.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (to / name).write_bytes(content)
    out.print(f"{to / 'index.html'}: {sum(name.endswith('.html') for name in files)} pages 页")
