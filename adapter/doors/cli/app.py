"""``adapter``: every command, and what a failure looks like."""

from __future__ import annotations

import sys
from typing import Annotated

import structlog
import typer

from adapter import __version__
from adapter.doors.cli import (
    bad_days,
    cases,
    clearing,
    codes,
    collection,
    conform,
    convert,
    counterparts,
    delivery,
    demo,
    differences,
    export,
    intake,
    late,
    ledger,
    listen,
    mapping_tools,
    notices,
    package,
    patient_part,
    policy,
    poll,
    programme,
    proof,
    replay,
    risks,
    statistics,
    subscriptions,
    validating,
    verdicts,
    walk,
    way_back,
    window,
    window_papers,
)
from adapter.doors.cli.issues import DISK_FULL, file_unusable, words_unreadable
from adapter.doors.cli.output import HAS_ISSUES, err, print_issues
from adapter.model.issues import AdapterError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="""Pay-after-care settlement: HIS exports in, FHIR out, settled with the payers. 先诊疗后付费结算适配器

Try this first:  adapter demo

Then:  adapter ingest SOURCE PATH…   adapter case list   adapter settle CASE --explain
Settings come from the environment (ADAPTER_…) or the file that ADAPTER_SETTINGS names: docs/operations.md.
Exit code: 0 done, 1 the case has issues, 2 wrong usage.""",
)

app.add_typer(window.window, name="window")
app.add_typer(window_papers.document, name="document")
app.add_typer(window_papers.agreement, name="agreement")
app.add_typer(window_papers.consent, name="consent")
app.command("demo")(demo.demo)
app.command("ingest")(intake.ingest_)
app.command("convert")(convert.convert_)
app.command("poll")(poll.poll_)
app.command("listen")(listen.listen)
app.add_typer(intake.parked, name="parked")
app.add_typer(package.package, name="package")
app.add_typer(cases.case, name="case")
app.command("estimate")(cases.estimate)
app.command("trial")(cases.trial)
app.command("settle")(cases.settle_)
app.command("reverse")(cases.reverse_)
app.command("late-payer")(late.late_payer)
app.command("resettle")(late.resettle)
app.command("pay")(patient_part.pay)
app.command("refund")(patient_part.refund)
app.command("account")(patient_part.account_)
app.command("reward")(patient_part.reward_)
app.add_typer(patient_part.plan, name="plan")
app.add_typer(patient_part.stage, name="stage")
app.add_typer(patient_part.interim, name="interim")
app.add_typer(collection.credit, name="credit")
app.add_typer(collection.arrears, name="arrears")
app.add_typer(collection.fund, name="fund")
app.command("statistics")(statistics.statistics_)
app.command("risks")(risks.risks)
app.command("responsible")(risks.responsible)
app.command("accountability")(risks.accountability)
app.add_typer(walk.call, name="call")
app.add_typer(walk.variances, name="variances")
app.add_typer(walk.receipt, name="receipt")
app.add_typer(walk.endpoint, name="endpoint")
delivery.outbox.command("resolve")(verdicts.outbox_resolve)
delivery.outbox.command("clear")(verdicts.outbox_clear)
delivery.outbox.command("compensate")(verdicts.outbox_compensate)
app.add_typer(delivery.outbox, name="outbox")
app.command("settlement-list")(verdicts.settlement_list)
app.add_typer(way_back.way_back, name="way-back")
app.add_typer(subscriptions.subscription, name="subscription")
app.add_typer(export.export, name="export")
app.add_typer(notices.notices, name="notices")
app.command("daily-bill")(notices.daily_bill)
app.command("deliver")(delivery.deliver)
app.command("reconcile")(delivery.reconcile_)
app.add_typer(differences.differences, name="differences")
app.add_typer(clearing.clearing, name="clearing")
app.add_typer(clearing.prepayment, name="prepayment")
app.command("validate")(validating.validate_)
app.add_typer(mapping_tools.mapping, name="mapping")
app.add_typer(codes.codes, name="codes")
app.command("translate")(codes.translate_)
app.add_typer(policy.policy, name="policy")
app.add_typer(programme.programme, name="programme")
app.command("whatif")(policy.whatif_)
app.command("verify")(proof.verify_)
app.command("replay")(replay.replay_)
counterparts.counterparts.command("play")(bad_days.counterparts_play)
app.add_typer(counterparts.counterparts, name="counterparts")
app.add_typer(conform.conform, name="conform")
app.add_typer(ledger.ledger, name="ledger")
app.command("serve")(delivery.serve)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"adapter {__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Set logging up: errors only and on stderr, so that stdout stays clean for pipes."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(40),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


def main() -> None:
    """Run a command; an issue that stops it is printed like any other, and the exit code says so."""
    try:
        app(standalone_mode=True)
    except AdapterError as error:
        print_issues(error.issues)
        sys.exit(HAS_ISSUES)
    except OSError as error:
        if (
            error.filename is None and error.errno not in DISK_FULL
        ):  # no file of the caller's: a fault of ours, told whole
            raise
        print_issues([file_unusable(error)])
        sys.exit(HAS_ISSUES)
    except UnicodeEncodeError:
        if not (places := _no_text()):
            raise
        print_issues([words_unreadable(place) for place in places])
        sys.exit(HAS_ISSUES)
    except KeyboardInterrupt:
        err.print("stopped; what was begun continues with the next adapter deliver")
        sys.exit(130)


def _no_text() -> list[int]:
    """Which arguments are bytes that are no text here: a file may be named so, nothing that is kept may be."""
    words = enumerate(sys.argv[1:], start=1)
    return [place for place, word in words if any("\ud800" <= each <= "\udfff" for each in word)]
