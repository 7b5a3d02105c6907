"""Commands about what goes out: outbox, deliver, reconcile, counterparts, serve."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from adapter.cases import dispatch, outgoing, reconcile
from adapter.cases.endpoints import waits_for
from adapter.cases.subscriptions_lane import SubscriberLane
from adapter.cases.tools import Tools
from adapter.cases.views import message_json
from adapter.doors.cli.context import AsJson, Reason, actor, settings, tools
from adapter.doors.cli.differences import print_day
from adapter.doors.cli.listen import listening_beside
from adapter.doors.cli.output import HAS_ISSUES, out, print_issues, print_json, table
from adapter.model.issues import AdapterError
from adapter.settings import data_folder
from adapter.wiring import long_lived

outbox = typer.Typer(no_args_is_help=True, help="Messages to the payers: list, show, retry. 发件箱")
counterparts = typer.Typer(no_args_is_help=True, help="Simulated bureau and aid office. 模拟端点")

#: A worker looks so often for cases that wait for nobody.
_RESUME_SECONDS = 60
#: So long the payers' messages go first while there are any; then a few notices have their turn.
_TURN_SECONDS = 5
_IDLE_SECONDS = 0.5
#: Notices that go to hospitals between two looks at what is due to the payers.
_TOLD_BETWEEN = 2

Key = Annotated[str, typer.Argument(metavar="KEY", help="Message key, as in adapter outbox list.")]


@outbox.command("list")
def outbox_list(
    unfinished: Annotated[bool, typer.Option("--unfinished", help="Only what is not finished.")] = False,
    json: AsJson = False,
) -> None:
    """Messages with endpoint, state, outcome, attempts, and what an unfinished one waits for.

    Example:  adapter outbox list --unfinished
    """
    with tools() as t:
        rows = outgoing.messages(t, unfinished=unfinished)
        waits = waits_for(t, rows)
    if json:
        print_json([{**message_json(row), "waits_for": waits.get(row.message.key, "")} for row in rows])
        return
    shown = [
        (
            *(row.message.key, row.message.endpoint, str(row.state), str(row.outcome or "")),
            *(str(row.message.attempts), waits.get(row.message.key, "")),
        )
        for row in rows
    ]
    heads = ("key", "endpoint 端点", "state 状态", "outcome 结果", "attempts 次数", "waits for 等待")
    table("", heads, shown)


@outbox.command("show")
def outbox_show(key: Key) -> None:
    """One message as JSON: what was sent and what came back, personal data masked.

    Example:  adapter outbox show qingshi_county-300010002.v1.insurance.settle
    """
    with tools() as t:
        row, receipts = outgoing.message(key, t)
    answers = [
        {
            "at": each.at.isoformat(),
            "outcome": str(each.outcome),
            "told_by": each.told_by or "",
            "body": outgoing.masked_body(each.body),
            "issues": [str(issue) for issue in each.issues],
        }
        for each in receipts
    ]
    print_json({**message_json(row), "sent": outgoing.masked_body(row.message.composed), "answers": answers})


@outbox.command("retry")
def outbox_retry(key: Key, reason: Reason = "cause fixed") -> None:
    """Make a parked or waiting message due now; the payer is asked before anything is sent again.

    Example:  adapter outbox retry qingshi_county-300010002.v1.insurance.settle
    """
    with tools() as t:
        outgoing.retry(key, t, t.act(actor(), reason))
    out.print(f"{key} is due now", markup=False)


@outbox.command("park")
def outbox_park(key: Key, reason: Reason) -> None:
    """Set a waiting message aside until somebody retries it; it is sent as it is, nothing is edited. 停放

    Example:  adapter outbox park qingshi_county-300010002.v1.insurance.settle --reason "先与对方核对"
    """
    with tools() as t:
        outgoing.park(key, t, t.act(actor(), reason))
    out.print(f"{key} is parked", markup=False)


def deliver(
    watch: Annotated[bool, typer.Option("--watch", help="Go on for ever, as a worker.")] = False,
    wait: Annotated[int, typer.Option(min=0, help="Seconds to go on while messages wait for their time.")] = 30,
    json: AsJson = False,
) -> None:
    """Send what is due, record the answers, and take the cases on. Several workers may run at once. 送达

    Example:  adapter deliver --watch
    """
    sent = {"sent": 0, "accepted": 0, "rejected": 0, "unknown": 0}

    def heard(done: dispatch.Delivered) -> None:
        for name in sent:
            sent[name] += getattr(done, name)

    with ExitStack() as stack:
        t = stack.enter_context(tools())
        subscribers = stack.enter_context(closing(SubscriberLane(t)))
        resumed = dispatch.resume_all(t, actor())
        stack.enter_context(long_lived())
        if watch:
            _go_on_for_ever(t, subscribers)
        payers, hospitals = dispatch.payers_only(t), dispatch.ways_back_only(t)
        give_up_at: datetime = t.clock.now() + timedelta(seconds=wait)
        idle = dispatch.work_until_idle(payers, wait=time.sleep, give_up_at=give_up_at, heard=heard)
        told = dispatch.work_until_idle(hospitals, wait=time.sleep, give_up_at=give_up_at, heard=heard)
        told = subscribers.until_idle(wait=time.sleep, give_up_at=give_up_at, heard=heard) and told
    if json:
        print_json({**sent, "resumed": resumed, "idle": idle and told})
    else:
        out.print(
            f"{sent['sent']} sent: {sent['accepted']} accepted, {sent['rejected']} rejected, {sent['unknown']} unknown"
        )
    if not (idle and told) or sent["rejected"]:
        raise typer.Exit(HAS_ISSUES)


def _go_on_for_ever(t: Tools, subscribers: SubscriberLane) -> NoReturn:
    """A worker: payers first, a few notices between, and now and then the cases that wait for no message."""
    payers, hospitals = dispatch.payers_only(t), dispatch.ways_back_only(t)
    resume_at = time.monotonic() + _RESUME_SECONDS
    while True:
        try:
            if time.monotonic() >= resume_at:
                resume_at = time.monotonic() + _RESUME_SECONDS
                dispatch.resume_all(t, actor())
            turn_ends = time.monotonic() + _TURN_SECONDS
            while (busy := dispatch.work_once(payers).sent > 0) and time.monotonic() < turn_ends:
                pass
            done = dispatch.work_once(hospitals, limit=_TOLD_BETWEEN)  # a slow HIS keeps the payers waiting no longer
            changed, behind = subscribers.round(limit=_TOLD_BETWEEN)
        except AdapterError as error:  # the ledger is busy with others' work, most likely: soon again
            print_issues(error.issues)
            time.sleep(_IDLE_SECONDS)
        else:
            time.sleep(0 if busy or done.accepted or changed.accepted or behind else _IDLE_SECONDS)


def reconcile_(
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="bureau, civil-affairs …")],
    day: Annotated[datetime, typer.Argument(metavar="DAY", formats=["%Y-%m-%d"], help="Rule date, YYYY-MM-DD.")],
    facility: Annotated[str, typer.Option(help="The hospital's code at the payer (national code).")],
    json: AsJson = False,
    reason: Reason = "daily reconciliation",
) -> None:
    """Compare a day with an endpoint: totals, then details; every difference has a name and a next step. 对账

    Example:  adapter reconcile bureau 2021-03-19 --facility H99990100001
    """
    with tools() as t:
        result = reconcile.reconcile_day(endpoint, day.date(), facility, t, t.act(actor(), reason))
    shown = reconcile.comparison_json(result, day.date(), facility)
    if json:
        print_json(shown)
    else:
        out.print(f"ours   本院 {result.ours_count} settlements {result.ours_total}", markup=False)
        if result.unasked is None:
            out.print(f"theirs 对方 {result.theirs_count} settlements {result.theirs_total}", markup=False)
        print_day(shown)
    if not result.agrees:
        print_issues([reconcile.day_differs(result, day.date())])
        raise typer.Exit(HAS_ISSUES)


@counterparts.command("serve")
def counterparts_serve(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="bureau, aid or commercial")],
    port: Annotated[int, typer.Option(help="0 chooses a free one.")] = 0,
    store: Annotated[Path | None, typer.Option(help="SQLite file; made when it is not there.")] = None,
    seed: Annotated[Path | None, typer.Option(help="Who is insured and what was used already.")] = None,
    ignore_keys: Annotated[
        bool, typer.Option("--ignore-keys", help="Count every submission, as many real ones do.")
    ] = False,
    clock: Annotated[str, typer.Option(help="Day of record: claim or system.")] = "system",
    max_entries: Annotated[int | None, typer.Option(help="Refuse a transaction of more entries.")] = None,
    oauth: Annotated[Path | None, typer.Option(help="Clients (JSON): nobody comes in without a token.")] = None,
    cert: Annotated[Path | None, typer.Option(help="PEM: listen with TLS and show this.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM: its key.")] = None,
    client_ca: Annotated[Path | None, typer.Option(help="PEM: let in only certificates of these.")] = None,
) -> None:
    """Run a simulated insurance bureau or aid office on loopback, for tests and demonstrations.

    Example:  adapter counterparts serve bureau --port 9001
    """
    from adapter.counterparts.__main__ import main as counterpart_main  # here, for the same reason as in serve

    if role not in ("bureau", "aid", "commercial") or clock not in ("claim", "system"):
        raise typer.BadParameter("ROLE is bureau, aid or commercial, --clock is claim or system")
    given = [role, "--port", str(port), "--clock", clock, "--mappings", str(settings().mappings_folder)]
    given += ["--store", str(store or Path(f"{role}.sqlite"))]
    given += ["--seed", str(seed or data_folder("fixtures") / "endpoints" / f"{role}.yaml")]
    more = {"--max-entries": max_entries, "--oauth": oauth, "--cert": cert, "--key": key, "--client-ca": client_ca}
    given += [word for name, value in more.items() if value is not None for word in (name, str(value))]
    raise typer.Exit(counterpart_main([*given, "--ignore-keys"] if ignore_keys else given))


@counterparts.command("nhsa-bureau")
def counterparts_nhsa_bureau(
    region: Annotated[str, typer.Option(help="How it behaves: a name of docs/counterparts.md, or a file.")] = "plain",
    port: Annotated[int, typer.Option(help="0 chooses a free one.")] = 0,
    store: Annotated[Path | None, typer.Option(help="SQLite file; made when it is not there.")] = None,
    seed: Annotated[Path | None, typer.Option(help="Who is insured, which hospitals, which plans.")] = None,
    plan: Annotated[list[Path] | None, typer.Option(help="A plan file or a folder of them; may be repeated.")] = None,
    clock: Annotated[str, typer.Option(help="Day of settlement: claim (the discharge) or system.")] = "system",
) -> None:
    """Run a simulated bureau of the national insurance platform on loopback. 模拟国家平台医保局

    Example:  adapter counterparts nhsa-bureau --region inland --port 9003
    """
    from adapter.counterparts.nhsa.process import main as bureau_main  # here, for the same reason as in serve

    if clock not in ("claim", "system"):
        raise typer.BadParameter("--clock is claim or system")
    home = data_folder("fixtures") / "endpoints" / "nhsa"
    file = Path(region) if region.endswith(".yaml") else home / "regions" / f"{region}.yaml"
    plans = plan or [settings().mappings_folder / "plans" / "test_hunan_composite", *sorted((home / "plans").iterdir())]
    given = ["--region", str(file), "--port", str(port), "--clock", clock, "--fields", str(home / "fields.yaml")]
    given += ["--store", str(store or Path("nhsa-bureau.sqlite")), "--seed-file", str(seed or home / "seed.yaml")]
    raise typer.Exit(bureau_main([*given, "--plan", *map(str, plans)]))


@counterparts.command("aid-xml")
def counterparts_aid_xml(
    port: Annotated[int, typer.Option(help="0 chooses a free one.")] = 0,
    store: Annotated[Path | None, typer.Option(help="SQLite file; made when it is not there.")] = None,
    seed: Annotated[Path | None, typer.Option(help="Whom it aids, ceilings, ratios, accounts.")] = None,
) -> None:
    """Run a simulated civil-affairs aid service (SOAP) on loopback. 模拟民政救助系统

    Example:  adapter counterparts aid-xml --port 9004
    """
    from adapter.counterparts.aid_xml.process import main as aid_main  # here, for the same reason as in serve

    home = data_folder("fixtures") / "endpoints"
    given = ["--port", str(port), "--store", str(store or Path("aid-xml.sqlite"))]
    raise typer.Exit(aid_main([*given, "--seed", str(seed or home / "aid-xml.yaml")]))


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
) -> None:
    """Start the service: exports in, cases, settlement, FHIR read; its worker delivers. 启动服务

    What the settings name under listen is listened to as well.

    Example:  adapter serve --port 8000
    """
    from adapter.doors.web.serve import run  # here: the web stack takes most of a second and no other command needs it

    now = settings()
    run(now, host, port, beside=lambda opened: listening_beside(now, opened))
