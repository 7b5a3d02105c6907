"""docs/wire-nhsa.md from the definitions that the code uses: ``python -m tests.house.pages --write`` makes it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from adapter.fhir.canonical import encode
from adapter.payers.delivery.endpoints.nhsa.definitions import Field, Kind, Node, Transaction
from adapter.payers.delivery.endpoints.nhsa.envelope import envelope
from adapter.payers.delivery.endpoints.nhsa.fields import Entry, Source
from adapter.payers.delivery.endpoints.nhsa.hospital import Hospital
from adapter.payers.delivery.endpoints.nhsa.load import Dialect, load_dialect, load_region, region_names
from adapter.payers.delivery.endpoints.nhsa.region import Region
from adapter.payers.delivery.endpoints.nhsa.signing import ciphers, digests
from adapter.payers.delivery.endpoints.nhsa.signing.scheme import scheme_names
from tests.house.nhsa_answer import ANSWER, ANSWERED

ROOT = Path(__file__).resolve().parents[2]
MAPPINGS = ROOT / "mappings"
NHSA_PAGE = ROOT / "docs" / "wire-nhsa.md"

NEVER_TRIED = "**It was never tried against a bureau.** 本方言从未与任何医保经办机构的系统联调。"

HOSPITAL = Hospital("H99990100001", "清石县人民医院", "999901", "901", "医保办")
MOMENT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

#: What each field of the envelope is.
ENVELOPE = {
    "infno": "交易编号 (transaction)",
    "msgid": "发送方报文ID: institution (12) + local time (14) + four digits; stored before sending, used once",
    "mdtrtarea_admvs": "就医地医保区划 (division of the place of care)",
    "insuplc_admdvs": "参保地医保区划 (division of enrolment), from 1101; empty before the person is known",
    "recer_sys_code": "接收方系统代码, region",
    "dev_no": "设备编号, empty",
    "dev_safe_info": "设备安全信息, empty",
    "cainfo": "数字签名信息, by the signing scheme when it is sent",
    "signtype": "签名类型, by the signing scheme",
    "infver": "接口版本号, region",
    "opter_type": "经办人类别, settings",
    "opter": "经办人, settings",
    "opter_name": "经办人姓名, settings",
    "inf_time": "交易时间, hospital time",
    "fixmedins_code": "定点医药机构编号, settings",
    "fixmedins_name": "定点医药机构名称, settings",
    "sign_no": "交易签到流水号, of the day's 9001; empty where the region does not sign in",
    "input": "交易输入",
}

STAGES = (
    ("eligibility 待遇资格", "9001 → 1101 → 2001 → 5206", "who is insured, what is granted, the year so far"),
    ("admit 入院", "2401; 2403 when the registration has changed", "gives `mdtrt_id`, which all that follows carries"),
    ("charges 费用", "2302 for what changed, 2301 in chunks", "until every line is with the bureau as it is"),
    ("trial 预结算", "2303 (in some regions 2402 before it)", "nothing is kept"),
    ("settle 结算", "2402 → 2304", "gives `setl_id`; one answer for several payers"),
    (
        "reverse 撤销",
        "2305; where the region goes further back 2405 → 2302 → 2404",
        "each undone after the one behind it",
    ),
    (
        "reconcile 对账",
        "4101 after the settlement; 3201, then 9101 → 3202 → 9102",
        "totals, and details where they differ",
    ),
)

ANSWERS = (
    ("infcode 0, no error text (or a success word), the documented output", "accepted"),
    ("infcode 0 with an error text, or without the output", "unknown: it may have been done"),
    ("an infcode under `refusals` of the region (-1, -2)", "rejected, but for 2301 (section 2)"),
    ("an infcode under `unclear` of the region, or any other", "unknown"),
    (
        "an answer of a gateway outside the envelope: 400, 401, 403, any HTTP 4xx but 408, 425, 429",
        "rejected (DEL-542)",
    ),
    ("HTTP 408, 425, 429, 5xx, a redirect, no answer, a body that cannot be read, any other gateway code", "unknown"),
    ("no connection was made", "not seen: it may be sent again"),
)

IDENTITIES = (
    "`medfee_sumamt = fund_pay_sumamt + psn_part_amt + hosp_part_amt` (less `acct_pay` where the fund",
    "total holds it)",
    "`medfee_sumamt = fulamt_ownpay_amt + overlmt_selfpay + preselfpay_amt + inscp_scp_amt`",
    "`psn_part_amt = acct_pay + psn_cash_pay`",
    "`medfee_sumamt = Σ setldetail.fund_payamt` of payers `+ psn_part_amt`",
    "`medfee_sumamt` is the sum of the hospital's lines",
    "`mdtrt_id` is the stay's, of 5203 `setl_id` the one asked for: else nothing is proven (DEL-541)",
    "in 5203 `psn_part_amt` is called `psn_pay`, and `psn_cash_pay` is called `cash_payamt`",
)


def wire_page(issues: Sequence[tuple[str, str]]) -> str:
    """docs/wire-nhsa.md as the definitions would have it.

    Args:
        issues: code and meaning of each of the dialect's issues.
    """
    spoken = load_dialect(MAPPINGS, "national")
    parts = [
        *_head(),
        *_envelope_part(spoken),
        *_stages_part(),
        *_answers_part(issues),
        *_lost_part(spoken),
        *_signing_part(),
        *_regions_part(spoken),
        *_transactions_part(spoken),
        *_codes_part(spoken),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _head() -> Iterator[str]:
    yield from (
        "# The `nhsa` dialect on the wire",
        "",
        "The hospital's side of the national insurance platform's transactions",
        "(国家医保信息平台定点医药机构接口), as the adapter speaks",
        f"them. {NEVER_TRIED} It was written from public material on the national baseline",
        "XJ-K01-2020; what a bureau does differently is a setting of its region. Generated (`make docs`)",
        "from `mappings/nhsa` and the code;",
        "a test compares. Names found in one family of sources only are marked ¹.",
        "",
    )


def _envelope_part(spoken: Dialect) -> Iterator[str]:
    example = envelope(
        "2304",
        {"data": {"psn_no": "…", "mdtrt_id": "M1", "insutype": "390", "medfee_sumamt": Decimal("1006.95")}},
        region=spoken.region,
        hospital=HOSPITAL,
        msgid="H99990100001202603020900000042",
        at=MOMENT,
        insuplc="999901",
        sign_no="S1",
    )
    yield from ("## 1. Envelope 报文", "", "HTTP POST, JSON, UTF-8. Amounts are JSON numbers with two decimals.", "")
    yield from table(("field", "content"), ((f"`{key}`", ENVELOPE[key]) for key in example))
    yield from ("```json", json.dumps(json.loads(encode(example)), ensure_ascii=False, indent=1), "```", "")
    yield from ("What comes back 应答:", "")
    yield from table(("field", "content"), ((f"`{key}`", words) for key, words in ANSWER.items()))
    yield from ("The answer to a 2304, cut down to the fields from which amounts are read:", "")
    yield from ("```json", ANSWERED, "```", "")
    yield from (
        "Answers are read leniently: numbers as text and the reverse, every spelling of null as nothing, an object",
        "where a list is documented, keys under other names, output as JSON text, GB18030 where UTF-8 fails.",
        "The charset and content type of an answer's HTTP header are not looked at. A refusal is HTTP 200 as well:",
        "its infcode says so (section 3), `err_msg` why, and nothing of it is kept. Refused are a person who is not",
        "known or has another name, a mandatory field that is missing, an item that is in no list, and, where the",
        "region signs in, a `sign_no` that 9001 did not give that day.",
        "",
    )


def _stages_part() -> Iterator[str]:
    yield from ("## 2. Stages 顺序", "")
    yield from table(("stage", "transactions", "what for"), STAGES)
    yield from (
        "A chunk of 2301 is refused as a whole for one bad line. The adapter halves it until the bad",
        "lines stand alone; the good ones go in",
        "meanwhile, and the stay waits for a person (DEL-548). No line is dropped. Before a trial and a",
        "settlement, number and sum of the",
        "accepted lines are the HIS's (DEL-550). A refund is a line with negative quantity and amount,",
        "positive price and `init_feedetl_sn`.",
        "",
        "2301 answers each line with its four parts, its class and its share. They are used whole or not at all: where",
        "a line's parts are the line (else DEL-647), are whole fen (else DEL-648) and add up to the settlement's parts",
        "(else DEL-646, but for what the whole stay pays first), they are the lines of the bill; a line that our rules",
        "split otherwise is listed as a variance. Where they are not used, the settlement counts all the same, the",
        "hospital's own split stays, and a warning says so. An interim settlement is never sent: `mid_setl_flag` is 0.",
        "",
    )


def _answers_part(issues: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield from ("## 3. What an answer proves 应答判定", "")
    yield from table(("answer", "outcome"), ANSWERS)
    yield from ("Money identities, checked on every 2303, 2304 and 5203; one that fails holds the case:", "")
    yield from (f"- {each}" for each in IDENTITIES)
    yield from (
        "",
        "A fund is a payer by the first digits of its code (section 6); one that pays and is not mapped",
        "holds the case (DEL-561) until the",
        "region file names it, and the settlement is then asked for again with 5203.",
        "",
    )
    yield from table(("issue", "meaning"), issues)


def _lost_part(spoken: Dialect) -> Iterator[str]:
    yield from (
        "## 4. Lost answers and retry duties 重发规则",
        "",
        "There is no idempotency key. A message with an effect is never sent again before a look proves",
        "that it did not arrive, and not",
        "before the longest delay is over. What cannot be asked stays unknown and goes to a person",
        "(DEL-552), who may have it reversed with",
        "2601 (its own message id; it may stay unknown itself), or finds it in the next day's 3202.",
        "",
    )
    duties = {Kind.QUESTION: "ask at will", Kind.REPEATABLE: "say it again", Kind.EFFECT: "look first"}
    rows = [
        (
            f"`{each.number}` {each.zh}",
            duties[each.kind],
            ", ".join(each.lookup) or "–",
            _reversible(each, spoken.region),
        )
        for each in spoken.definitions.transactions.values()
        if each.kind is not Kind.QUESTION
    ]
    yield from table(("transaction", "after a lost answer", "looked for with", "2601"), rows)
    yield from (
        "2301 and 2304 can be looked for only where 5204 answers without a settlement id (`lines_by_visit`).",
        "",
    )


def _reversible(transaction: Transaction, region: Region) -> str:
    return "yes" if transaction.number in region.reversible else "–"


def _signing_part() -> Iterator[str]:
    yield from ("## 5. Signing schemes 签名方案", "", "`signing` of the region; keys in the endpoint's settings.", "")
    makers = {
        each.NAME: each for module in (digests, ciphers) for each in vars(module).values() if hasattr(each, "NAME")
    }
    rows = []
    for name in scheme_names():
        made = makers.get(name)
        text = "No signature." if made is None else " ".join((inspect.getdoc(made) or "").split())
        rows.append((f"`{name}`", text.replace("``", "`")))
    yield from table(("scheme", "what it does"), rows)


def _regions_part(spoken: Dialect) -> Iterator[str]:
    regions = [load_region(MAPPINGS, name, spoken.definitions) for name in region_names(MAPPINGS)]
    yield from ("## 6. Regions 地区差异", "", "A region file holds what differs from `national`.", "")
    meanings = _meanings()
    names = [
        name for name in Region.__dataclass_fields__ if name not in ("name", "supplied", "zh", "en", "trust", "funds")
    ]
    rows = [(f"`{name}`", meanings.get(name, ""), *(_shown(getattr(each, name)) for each in regions)) for name in names]
    yield from table(("setting", "meaning", *(each.name for each in regions)), rows)
    prefixes = sorted({prefix for each in regions for prefix in each.funds})
    yield from ("Funds by the first digits of their code; the longest match counts:", "")
    yield from table(
        ("fund", *(each.name for each in regions)),
        ((prefix, *(str(each.funds.get(prefix, "–")) for each in regions)) for prefix in prefixes),
    )


def _meanings() -> dict[str, str]:
    """What the docstring of Region says of each setting."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in (inspect.getdoc(Region) or "").partition("Attributes:")[2].splitlines():
        text = line.strip()
        head, colon, rest = text.partition(": ")
        if colon and all(part.strip() in Region.__dataclass_fields__ for part in head.split(",")):
            names = [part.strip() for part in head.split(",")]
            found |= dict.fromkeys(names, rest)
        elif text:
            found |= {name: f"{found[name]} {text}" for name in names}
    return {name: text.replace("``", "`").rstrip(".") for name, text in found.items()}


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {each}" for key, each in value.items()) or "–"
    if isinstance(value, tuple):
        return ", ".join(each or "(empty)" for each in value) or "–"
    return str(value)


def _transactions_part(spoken: Dialect) -> Iterator[str]:
    yield from (
        "## 7. Transactions 交易",
        "",
        "*from* says where the adapter takes a field: a path into the stay's FHIR, a function of",
        "`facts.py`, an id that the bureau gave",
        "(visit), the region, the endpoint's settings (hospital), or a value agreed with the bureau",
        "(`supplied` of the region).",
        "A mandatory field without a value is DEL-544, never a default.",
        "",
        "*date* is `yyyy-MM-dd`, *datetime* `yyyy-MM-dd HH:mm:ss`, both in hospital time; *number 16,2* has at most 16",
        "digits, two of them decimals; *text* and *digits* are JSON strings of at most so many characters; a word",
        "behind the comma is a table of codes (section 8). A node without *(list)* is one object.",
        "",
    )
    for each in spoken.definitions.transactions.values():
        yield from (f"### {each.number} {each.zh} · {each.en}", "")
        if each.note:
            yield from (f"{each.note}。", "")
        for name, node in each.input.items():
            entries = {entry.field: entry for entry in spoken.fields.entries.get(each.number, {}).get(name, ())}
            yield from _node(f"input `{name}`", node, entries)
        for name, node in each.output.items():
            yield from _node(f"output `{name}`", node, None)
        for what, file in (("file out", each.file_out), ("file back", each.file_in)):
            if file is not None:
                yield from _node(what, file, None)


def _node(title: str, node: Node, entries: Mapping[str, Entry] | None) -> Iterator[str]:
    fields = [field for field in node.fields.values() if not entries or field.need or field.name in entries]
    yield from (f"{title}{' (list)' if node.many else ''}", "")
    head = ("field", "中文", "type", "need")
    rows = [(f"`{f.name}`{'¹' if f.once else ''}", f.zh, _type(f), "yes" if f.need else "") for f in fields]
    if entries:
        froms = (_from(entries[f.name]) if f.name in entries else "" for f in fields)
        yield from table((*head, "from"), ((*row, origin) for row, origin in zip(rows, froms, strict=True)))
    else:
        yield from table(head, rows)


def _type(field: Field) -> str:
    length = f" {field.length}" if field.length else ""
    return f"{field.type}{length}" + (f", {field.codes}" if field.codes else "")


def _from(entry: Entry) -> str:
    text = ", or ".join(_source(each) for each in entry.sources)
    return f"{text}; only with `{entry.when}`" if entry.when else text


def _source(source: Source) -> str:
    if source.kind == "fhir":
        return f"`{source.name}`"
    if source.kind == "const":
        return f"“{source.name}”" if source.name else "empty"
    return source.kind if source.kind == "supplied" else f"{source.kind} {source.name}"


def _codes_part(spoken: Dialect) -> Iterator[str]:
    yield from (
        "## 8. Codes 代码",
        "",
        "Codes that several independent sources give one meaning; the others are in",
        "`mappings/nhsa/national/codes.yaml`, and 1901 delivers a",
        "region's own.",
        "",
    )
    rows = []
    for each in spoken.definitions.tables.values():
        stable = [f"{code.code} {code.zh}" for code in each.codes.values() if code.stable]
        if stable:
            rows.append((f"`{each.name}` {each.zh}", " · ".join(stable)))
    yield from table(("table", "codes"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of Markdown with an empty line behind it."""
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in row)} |"
    yield ""
