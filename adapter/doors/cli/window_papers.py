"""Commands about papers at the window: documents in custody, agreements, consents. 证件、协议、知情同意"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from adapter.cases.window import agreements, consents, documents
from adapter.cases.window.desk import Done
from adapter.doors.cli.context import AsJson, CaseId, Reason, actor, tools
from adapter.doors.cli.output import finish, out, print_issues, print_json, table
from adapter.model.case import AgreementState
from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.reference import DocumentFact, DocumentKind, ItemKind
from adapter.model.window import AgreementKind, Relation, Signer

document = typer.Typer(no_args_is_help=True, help="Papers that the hospital keeps: take, waive, return, lose. 证件")
agreement = typer.Typer(no_args_is_help=True, help="Agreements: offer, sign, refuse, breach, fulfil. 协议与承诺书")
consent = typer.Typer(no_args_is_help=True, help="Consents to items outside the catalogue. 知情同意")

Number = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="Its number, as in the list.")]
Document = Annotated[str, typer.Argument(metavar="DOCUMENT", help="Its id, as in adapter document list.")]
Who = Annotated[Relation, typer.Option("--relation", help="Who signs, as the patient's … 与患者关系")]
Authority = Annotated[str, typer.Option(help="On what ground somebody signs for the patient. 授权或代理依据")]


def print_done(done: Done, *, json: bool) -> None:
    """What an act did: the thing as it stands, the entitlement after it, and what the assessment says."""
    if json:
        print_json(done.as_json())
    else:
        state = done.shown.get("state")
        name = done.shown.get("id") or done.shown.get("number") or done.shown.get("step") or done.case_id
        out.print(f"{name}  {state}" if state else str(name), markup=False)
        changed = f"{done.before or '—'} → {done.after}" if done.before is not done.after else str(done.after)
        out.print(f"entitlement 资格  {changed}", markup=False)
    print_issues(done.issues)


@document.command("take")
def take(
    case_id: CaseId,
    kind: Annotated[DocumentKind, typer.Argument(metavar="KIND", help="insurance-card, id-card, household-book …")],
    copy: Annotated[bool, typer.Option("--copy", help="A copy was shown, not the original. 复印件")] = False,
    keep: Annotated[
        str | None, typer.Option(help="original, copy or none; what the programme says by default. 收存方式")
    ] = None,
    issuer: Annotated[str | None, typer.Option(help="Who issued it. 开具单位")] = None,
    confirmed_by: Annotated[str | None, typer.Option(help="Who sealed it. 盖章单位")] = None,
    year: Annotated[int | None, typer.Option(help="Year of a premium receipt. 年度")] = None,
    reason: Reason = "papers taken",
    json: AsJson = False,
) -> None:
    """Take a paper into custody; one that is only shown is recorded as presented. 收存证件

    Example:  adapter document take qingshi_county-300010002 id-card --copy
    """
    shown = DocumentFact(kind, not copy, issuer, confirmed_by, year)
    with tools() as t:
        done = documents.take_document(case_id, shown, t, t.act(actor(), reason), keep=keep)
    print_done(done, json=json)


@document.command("waive")
def waive(
    case_id: CaseId,
    requirement: Annotated[str, typer.Argument(metavar="REQUIREMENT", help="Its name, as in adapter document list.")],
    reason: Reason,
    json: AsJson = False,
) -> None:
    """Let a patient off a paper, where the region's settings list it as waivable. 豁免证件

    Example:  adapter document waive qingshi_county-300010002 household-book --reason "户口本遗失补办中"
    """
    with tools() as t:
        done = documents.waive_document(case_id, requirement, t, t.act(actor(), reason))
    print_done(done, json=json)


@document.command("return")
def return_(
    case_id: CaseId,
    document_id: Document,
    to: Annotated[Relation, typer.Option("--to", help="To whom, as the patient's … 交给谁")] = Relation.PATIENT,
    reason: Reason = "papers returned",
    json: AsJson = False,
) -> None:
    """Hand a paper back, after what the programme says. 归还证件

    Example:  adapter document return qingshi_county-300010002 insurance-card
    """
    with tools() as t:
        done = documents.return_document(case_id, document_id, to, t, t.act(actor(), reason))
    print_done(done, json=json)


@document.command("lose")
def lose(case_id: CaseId, document_id: Document, reason: Reason, json: AsJson = False) -> None:
    """Record that a held paper is lost; the reason says how. 登记遗失

    Example:  adapter document lose qingshi_county-300010002 id-card --reason "交接时遗失,已告知患者"
    """
    with tools() as t:
        done = documents.lose_document(case_id, document_id, t, t.act(actor(), reason))
    print_done(done, json=json)


@document.command("list")
def list_documents(case_id: CaseId, json: AsJson = False) -> None:
    """What is held, what went back, and what is still asked for, with the article. 证件清单

    Example:  adapter document list qingshi_county-300010002
    """
    with tools() as t:
        found = documents.list_documents(case_id, t)
    if json:
        print_json(found)
        return
    rows = [
        (each["id"], each["state"], each["keep"], each["taken_by"], str(each["taken_at"]), str(each["ended_at"] or ""))
        for each in found["documents"]
    ]
    table("", ("document 证件", "state 状态", "kept as 收存", "by 经办", "taken 收存时间", "ended 归还时间"), rows)
    for each in found["required"]:
        out.print(f"? {each['name']}: {each['zh']} / {each['en']}  [{each['cite']}]", markup=False)
    when = found["returned_when"]
    out.print(f"{when['zh']} / {when['en']}  [{when['cite']}]", markup=False)


@agreement.command("offer")
def offer(
    case_id: CaseId,
    version: Annotated[str, typer.Option("--text", help="Version of the printed text. 文书版本")],
    kind: Annotated[
        AgreementKind | None, typer.Option(help="The programme's own settlement instrument by default. 文书种类")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the one that stands. 更换")] = False,
    reason: Reason = "agreement offered",
    json: AsJson = False,
) -> None:
    """Hand an agreement or undertaking out for signature. 出具协议

    Example:  adapter agreement offer qingshi_county-300010002 --text 2021-1
    """
    with tools() as t:
        told = t.act(actor(), reason)
        done = agreements.offer_agreement(case_id, t, told, kind=kind, version=version, replacing=replace)
    print_done(done, json=json)


@agreement.command("sign")
def sign(
    case_id: CaseId,
    number: Number,
    relation: Who = Relation.PATIENT,
    authority: Authority = "",
    reason: Reason = "agreement signed",
    json: AsJson = False,
) -> None:
    """Record the signature of the patient, or of who may sign for him. 签订协议

    Example:  adapter agreement sign qingshi_county-300010002 1 --relation child --authority "授权委托书 2021-017"
    """
    with tools() as t:
        done = agreements.sign_agreement(case_id, number, Signer(relation, authority), t, t.act(actor(), reason))
    print_done(done, json=json)


@agreement.command("refuse")
def refuse(case_id: CaseId, number: Number, reason: Reason, json: AsJson = False) -> None:
    """Record that the signature was refused: payment is no longer deferred, no payer is touched. 拒签

    Example:  adapter agreement refuse qingshi_county-300010002 1 --reason "患者选择交押金"
    """
    _end(case_id, number, AgreementState.REFUSED, reason, json=json)


@agreement.command("breach")
def breach(case_id: CaseId, number: Number, reason: Reason, json: AsJson = False) -> None:
    """Record that the patient's side broke an agreement: the deferral ends from now on. 违约

    Example:  adapter agreement breach qingshi_county-300010002 1 --reason "约定的分阶段费用两次未付"
    """
    _end(case_id, number, AgreementState.BREACHED, reason, json=json)


@agreement.command("fulfil")
def fulfil(case_id: CaseId, number: Number, reason: Reason = "fulfilled", json: AsJson = False) -> None:
    """Record that what was agreed is done. 履行完毕

    Example:  adapter agreement fulfil qingshi_county-300010002 1
    """
    _end(case_id, number, AgreementState.FULFILLED, reason, json=json)


@agreement.command("list")
def list_agreements(case_id: CaseId, json: AsJson = False) -> None:
    """Every instrument of a case with its state and who signed. 协议清单

    Example:  adapter agreement list qingshi_county-300010002
    """
    with tools() as t:
        found = agreements.list_agreements(case_id, t)
    if json:
        print_json(found)
        return
    rows = [
        (str(each["number"]), each["zh"], each["version"], each["state"], _signer(each["signer"]), each["cite"])
        for each in found
    ]
    table("", ("no. 编号", "instrument 文书", "text 版本", "state 状态", "signed by 签字", "article 依据"), rows)


@consent.command("record")
def record(
    case_id: CaseId,
    by: Annotated[str, typer.Option("--by", help="The doctor who explained, by staff number. 说明医师工号")],
    item: Annotated[list[str] | None, typer.Option("--item", help="Local item code; may be repeated. 项目编码")] = None,
    kind: Annotated[
        list[ItemKind] | None, typer.Option("--kind", help="drug, service or consumable; may be repeated. 项目类别")
    ] = None,
    relation: Who = Relation.PATIENT,
    authority: Authority = "",
    at: Annotated[
        datetime | None,
        typer.Option("--at", formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d"], help="When it was signed; now by default. 时间"),
    ] = None,
    reason: Reason = "consent recorded",
    json: AsJson = False,
) -> None:
    """Record a signed consent to items that no insurer bears. 登记知情同意

    Example:  adapter consent record qingshi_county-300010002 --item 3301 --by D001
    """
    with tools() as t:
        done = consents.record_consent(
            case_id,
            t,
            t.act(actor(), reason),
            items=tuple(item or ()),
            kinds=tuple(kind or ()),
            signer=Signer(relation, authority),
            signed_at=at.replace(tzinfo=HOSPITAL_ZONE) if at else None,
            explained_by=by,
        )
    print_done(done, json=json)


@consent.command("withdraw")
def withdraw(case_id: CaseId, number: Number, reason: Reason, json: AsJson = False) -> None:
    """Record that a consent was taken back. 撤回知情同意

    Example:  adapter consent withdraw qingshi_county-300010002 1 --reason "家属改变主意"
    """
    with tools() as t:
        done = consents.withdraw_consent(case_id, number, t, t.act(actor(), reason))
    print_done(done, json=json)


@consent.command("list")
def list_consents(case_id: CaseId, json: AsJson = False) -> None:
    """Every consent of a case, who signed and when. 知情同意清单

    Example:  adapter consent list qingshi_county-300010002
    """
    with tools() as t:
        found = consents.list_consents(case_id, t)
    if json:
        print_json(found)
        return
    rows = [
        (
            str(each["number"]),
            " ".join((*each["items"], *each["kinds"])),
            _signer(each["signer"]),
            each["signed_at"],
            each["ended_at"] or "",
        )
        for each in found
    ]
    table("", ("no. 编号", "covers 项目", "signed by 签字", "signed 签署时间", "withdrawn 撤回"), rows)


@consent.command("check")
def check(case_id: CaseId) -> None:
    """Name each line outside the catalogue or over its limit that was used without a consent before it. 核查知情同意

    Example:  adapter consent check qingshi_county-300010002
    """
    with tools() as t:
        found = consents.check_consents(case_id, t)
    out.print(f"{len(found)} lines without a consent before use 无事前知情同意", markup=False)
    print_issues(found)
    finish(found)


def _end(case_id: str, number: int, state: AgreementState, reason: str, *, json: bool) -> None:
    with tools() as t:
        done = agreements.end_agreement(case_id, number, state, t, t.act(actor(), reason))
    print_done(done, json=json)


def _signer(signer: dict[str, Any] | None) -> str:
    return "" if signer is None else f"{signer['relation']} {signer['authority']}".strip()
