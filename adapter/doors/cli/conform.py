"""Commands of the conformance kit: try an insurance bureau, an aid office, a HIS's receiver. 对接检测"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cases import way_back_desk
from adapter.doors.cli.context import settings, tools
from adapter.doors.cli.output import HAS_ISSUES, out, print_issues, table
from adapter.model.issues import AdapterError
from adapter.wiring import Reached, reached

if TYPE_CHECKING:
    from adapter.counterparts.conformance.play import Result
    from adapter.counterparts.conformance.reports.report import Report

conform = typer.Typer(no_args_is_help=True, help="Conformance kit: try the other side against its page. 对接检测")

Url = Annotated[str | None, typer.Option("--url", help="Base address of the party under test, or folder. 被测地址")]
EndpointName = Annotated[
    str | None,
    typer.Option("--endpoint", help="In place of --url: one of the settings; address, dialect and sign-in are its."),
]
DialectName = Annotated[str | None, typer.Option("--dialect", help="Wire format; fhir, or the endpoint's. 报文方言")]
SiteFile = Annotated[
    Path | None, typer.Option("--site", help="Hospital, test persons and items; default: those of the simulators.")
]
Facility = Annotated[str | None, typer.Option("--facility", help="Code of the hospital that is played. 机构编码")]
Names = Annotated[list[str] | None, typer.Option("--scenario", help="Only this one; may be repeated. 只做此场景")]
JunitFile = Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML here.")]
HtmlFile = Annotated[Path | None, typer.Option("--html", help="Write one HTML page here. 网页报告")]
ReportFile = Annotated[Path | None, typer.Option("--report", help="Write a FHIR TestReport here.")]


@conform.command("insurance")
def insurance(
    url: Url = None,
    endpoint: EndpointName = None,
    dialect: DialectName = None,
    site: SiteFile = None,
    facility: Facility = None,
    scenario: Names = None,
    junit: JunitFile = None,
    html: HtmlFile = None,
    report: ReportFile = None,
) -> None:
    """Play the hospital against an insurance bureau and say which clause it breaks. 检测医保局接口

    What the scenarios settle is reversed again at the end of each. Dialects: fhir; nhsa, the national platform:
    the file of --site says how its region differs; folder, where --url is the exchange folder. With --endpoint
    the kit signs in as the settings say: token,
    OAuth with a signed proof, mutual TLS; the endpoint must be marked simulator, as one for tests.

    Example:  adapter conform insurance --url http://127.0.0.1:9001/fhir --html bureau.html
    """
    _payer("insurance", dialect, url, endpoint, site, facility, scenario or [], (junit, html, report))


@conform.command("aid")
def aid(
    url: Url = None,
    endpoint: EndpointName = None,
    dialect: DialectName = None,
    site: SiteFile = None,
    facility: Facility = None,
    scenario: Names = None,
    junit: JunitFile = None,
    html: HtmlFile = None,
    report: ReportFile = None,
) -> None:
    """Play the hospital against a medical-aid office and say which clause it breaks. 检测医疗救助接口

    Dialects: fhir; folder, where --url is the exchange folder; aid-xml (SOAP), whose account is in the site
    file and its password in ADAPTER_CONFORM_PASSWORD (or the variable that password_env of the site file names).

    Example:  adapter conform aid --url http://127.0.0.1:9002/fhir --scenario same-bundle-twice

    Example:  ADAPTER_CONFORM_PASSWORD='secret' adapter conform aid --dialect aid-xml --url
    http://127.0.0.1:9004/services/MedicalAid
    """
    _payer("aid", dialect, url, endpoint, site, facility, scenario or [], (junit, html, report))


@conform.command("his")
def his(
    source: Annotated[str, typer.Option("--source", help="A source with way_back in its file. 来源")],
    scenario: Names = None,
    junit: JunitFile = None,
    html: HtmlFile = None,
    report: ReportFile = None,
) -> None:
    """Tell a HIS's receiver every kind of notice, twice, out of order and forged, and judge it. 检测 HIS 接收端

    Every notice is marked as a test and concerns no stay.

    Example:  adapter conform his --source yunxi_county --junit receiver.xml
    """
    from adapter.counterparts.conformance.receiver import (  # here: no other command needs the kit
        Vendor,
        conform_receiver,
        form_of,
        receiver_scenarios,
    )

    with tools() as t:
        tried = way_back_desk.rehearsal(source, t)
        vendor = Vendor(tried.way, tried.compose, tried.deliver, os.environ.get, t.clock.now)
        scenarios = receiver_scenarios(tried.way, settings().mappings_folder, scenario or [])
        results = conform_receiver(vendor, scenarios)
        _tell(f"his/{form_of(tried.way)}", f"his:{source}", results, (junit, html, report))


def _payer(
    role: str,
    dialect: str | None,
    url: str | None,
    endpoint: str | None,
    site: Path | None,
    facility: str | None,
    names: list[str],
    files: tuple[Path | None, Path | None, Path | None],
) -> None:
    from adapter.counterparts.conformance import dialects  # here: no other command needs the kit

    with _party(url, endpoint, dialect) as party:
        if endpoint is not None and dialect not in (None, party.dialect):
            raise typer.BadParameter(f"the endpoint {endpoint} speaks {party.dialect}")
        spoken = dialect or party.dialect
        mappings = settings().mappings_folder
        scenarios = dialects.scenarios_for(spoken, role, mappings, names)
        filled_in = dialects.site_for(spoken, role, mappings, site, facility)
        if party.token is not None:
            party.token(None)  # who is not let in need not play a single scenario
        target = dialects.Target(party.url, filled_in, os.environ.get, token=party.token, tls=party.tls)
        _tell(f"{spoken}/{role}", party.url, dialects.conform(spoken, role, target, scenarios), files)


@contextmanager
def _party(url: str | None, endpoint: str | None, dialect: str | None) -> Iterator[Reached]:
    """Who is tried. Raises AdapterError CASE-315, CFG-746, CFG-750, CFG-751, CNF-906, CNF-907, DEL-633."""
    from adapter.counterparts.conformance.folder.drop import usable  # here: no other command needs the kit
    from adapter.counterparts.conformance.issues import not_for_tests

    if (url is None) is (endpoint is None):
        raise typer.BadParameter("give either --url or --endpoint")
    if endpoint is None:
        address = str(url)
        if dialect == "folder":
            usable(Path(address), for_tests=False)
            yield Reached(address, dialect, simulator=True)
            return
        if not address.startswith(("http://", "https://")):
            raise typer.BadParameter("--url begins with http:// or https://")
        yield Reached(address, "fhir", simulator=True)
        return
    with reached(endpoint, settings()) as party:
        if not party.simulator:
            raise AdapterError(not_for_tests(endpoint))
        if party.dialect == "folder":
            usable(Path(party.url), for_tests=True)
        yield party


def _tell(
    suite: str, target: str, results: Iterable[Result], files: tuple[Path | None, Path | None, Path | None]
) -> None:
    """Play, print the table, write the files; exit 1 when a clause is broken."""
    from adapter.counterparts.conformance.issues import does_not_conform  # here: no other command needs the kit
    from adapter.counterparts.conformance.reports.junit import junit
    from adapter.counterparts.conformance.reports.page import page
    from adapter.counterparts.conformance.reports.report import Report
    from adapter.counterparts.conformance.reports.testreport import fhir_testreport

    for wanted in filter(None, files):
        wanted.touch()  # one that cannot be written is told before anything is settled at the other side
    began = datetime.now(UTC)
    report = Report(suite, target, began, tuple(results))
    _print(report)
    forms: tuple[Callable[[Report], bytes], ...] = (junit, page, fhir_testreport)
    for file, form in zip(files, forms, strict=True):
        if file is not None:
            file.write_bytes(form(report))
    if report.broken:
        print_issues([does_not_conform(target, report.broken)])
        raise typer.Exit(HAS_ISSUES)


def _print(report: Report) -> None:
    from adapter.counterparts.conformance.reports.report import party_words  # here: no other command needs the kit

    rows = []
    for result in report.results:
        scenario = result.scenario
        found = "\n".join(f"{finding.zh}\n{finding.en}" for finding in result.findings)
        found += f"\n对方答复 the party said: {words}" if (words := party_words(result)) else ""
        clause = f"{scenario.clause.where}\n{scenario.clause.zh}\n{scenario.clause.en}" if found else ""
        mark = "fail 未通过" if found else "pass 通过"
        rows.append((scenario.name, mark, found or scenario.zh, clause))
    table(report.suite, ("scenario 场景", "", "finding 发现", "clause 条款"), rows)
    out.print(f"{len(report.results) - len(report.broken)} / {len(report.results)}", markup=False)
