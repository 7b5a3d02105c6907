"""The commands that build the FHIR package and its pages. 规范包命令。"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from adapter.cases.fhir_package import fhir_package, nhsa_fields
from adapter.doors.cli.context import settings
from adapter.doors.cli.output import out
from adapter.fhir.package.archive import packed
from adapter.fhir.package.site.pages import site
from adapter.fhir.package.variants import VARIANTS
from adapter.settings import data_folder

package = typer.Typer(no_args_is_help=True, help="Our FHIR definitions for others to install. FHIR 规范包")

Out = Annotated[Path, typer.Option("--out", help="Folder to write to; it is made where it is not there.")]


class Which(StrEnum):
    """The packages that can be built, as ``VARIANTS`` has them."""

    R4 = "r4"
    R5 = "r5"
    HL7_CHINA = "hl7-china"


Variant = Annotated[
    Which,
    typer.Option("--variant", help="r4; r5: the same definitions for R5; hl7-china: R5 with HL7 China's identifiers."),
]


@package.command("build")
def build(to: Out = Path("out/package"), variant: Variant = Which.R4) -> None:
    """Profiles with snapshots, extensions, codes, maps and examples as an installable package.tgz. 构建规范包

    The same definitions give the same bytes. No network is needed.

    Example:  adapter package build --out out/package

    Example:  adapter package build --variant r5 --out out/package-r5
    """
    made = fhir_package(settings().mappings_folder, data_folder("fixtures"), VARIANTS[variant.value])
    to.mkdir(parents=True, exist_ok=True)
    target = to / "package.tgz"
    target.write_bytes(packed(made))
    counted = f"{len(made.definitions)} definitions 定义, {len(made.examples)} examples 示例"
    out.print(f"{target}: {made.variant.name} {made.version}, {counted}")


@package.command("site")
def site_(to: Out = Path("out/site")) -> None:
    """The same as pages to read without a network: elements, codes, how resources link, NHSA ⇄ FHIR. 规范网页

    Open index.html of the folder in a browser; package.tgz lies beside it. The pages of R5 and of R5 with HL7 China's
    identifiers stand in the folders r5 and hl7-china.

    Example:  adapter package site --out out/site
    """
    mappings, fixtures = settings().mappings_folder, data_folder("fixtures")
    files = site([fhir_package(mappings, fixtures, each) for each in VARIANTS.values()], nhsa_fields(mappings))
    for name, content in files.items():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_bytes(content)
    out.print(f"{to / 'index.html'}: {sum(name.endswith('.html') for name in files)} pages 页")
