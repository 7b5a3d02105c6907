"""The daily bill on paper: plain text for a terminal or printer, HTML for a browser (一日清单)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape

from adapter.model.daily_bill import BillLine, Correction, CorrectionKind, DailyBill, PrintedBill

_KINDS = {
    CorrectionKind.LATE: "补记",
    CorrectionKind.CHANGED: "更改",
    CorrectionKind.REFUNDED: "退费",
    CorrectionKind.WITHDRAWN: "撤销",
}
_OTHER = "未分类"
_STYLE = (
    "body{font-family:sans-serif;margin:1.5em}table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #999;padding:.2em .5em;text-align:left}"
)


def daily_bill_text(printed: PrintedBill) -> str:
    """The bill as lines of text."""
    bill = printed.bill
    lines = [f"{printed.facility} 住院费用一日清单(第{printed.number}份)"]
    lines += [f"{name}:{value}" for name, value in _head(printed)]
    lines += [f"  {each.day} {_line(each)}" for each in bill.lines] or ["  当日无费用"]
    lines += [f"{name}:{amount}" for name, amount in _sums(bill)]
    if bill.corrections:
        lines += ["以前日期的更正:", *(f"  {_correction(each)}" for each in bill.corrections)]
    lines += [f"{name}:{value}" if name else value for name, value in _foot(printed)]
    return "".join(f"{line}\n" for line in lines)


def daily_bill_html(printed: PrintedBill) -> str:
    """The bill as one page; it loads nothing from anywhere."""
    bill, title = printed.bill, f"{printed.facility} 住院费用一日清单(第{printed.number}份)"
    rows = [
        (str(each.day), each.code, each.name, each.category or _OTHER, _number(each.quantity), str(each.amount))
        for each in bill.lines
    ]
    parts = [
        f"<h1>{escape(title)}</h1>",
        _pairs(_head(printed)),
        _table(("日期", "编码", "项目", "类别", "数量", "金额(元)"), rows) if rows else "<p>当日无费用</p>",
        _pairs(_sums(bill)),
    ]
    if bill.corrections:
        corrections = [
            (str(c.day), _KINDS[c.kind], c.line.name, str(c.before), str(c.after), str(c.difference))
            for c in bill.corrections
        ]
        parts += ["<h2>以前日期的更正</h2>"]
        parts += [_table(("原日期", "更正", "项目", "原金额", "现金额", "差额(元)"), corrections)]
    parts.append(_pairs(_foot(printed)))
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="zh"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def daily_bill_json(printed: PrintedBill) -> dict[str, object]:
    """The bill as plain JSON values; amounts are text in yuan."""
    bill = printed.bill
    return {
        "case_id": printed.case_id,
        "stay": printed.stay_key,
        "number": printed.number,
        "facility": printed.facility,
        "patient": printed.patient,
        "first": bill.first.isoformat(),
        "through": bill.through.isoformat(),
        "final": bill.final,
        "lines": [_line_json(each) for each in bill.lines],
        "categories": {name or _OTHER: amount.text for name, amount in bill.categories},
        "corrections": [
            {
                "kind": str(each.kind),
                "day": each.day.isoformat(),
                "line": _line_json(each.line),
                "before": each.before.text,
                "after": each.after.text,
                "difference": each.difference.text,
            }
            for each in bill.corrections
        ],
        "before": bill.before.text,
        "charged": bill.charged.text,
        "corrected": bill.corrected.text,
        "running": bill.running.text,
        "deposits": printed.deposits.text,
        "patient_share": printed.share.text if printed.share is not None else None,
        "share_settled": printed.settled,
        "share_unknown": list(printed.unknown),
        "cite": printed.cite,
        "test_profile": printed.test_profile,
    }


def _head(printed: PrintedBill) -> list[tuple[str, str]]:
    bill = printed.bill
    days = f"{bill.through}" if bill.first == bill.through else f"{bill.first} 至 {bill.through}"
    return [
        ("住院号", printed.stay_key),
        ("患者", printed.patient),
        ("费用日期", f"{days}{'(出院)' if bill.final else ''}"),
    ]


def _sums(bill: DailyBill) -> list[tuple[str, str]]:
    return [*((name or _OTHER, str(amount)) for name, amount in bill.categories), ("当日费用合计", str(bill.charged))]


def _foot(printed: PrintedBill) -> list[tuple[str, str]]:
    bill = printed.bill
    foot = [("上次累计", str(bill.before)), ("更正合计", str(bill.corrected)), ("累计费用", str(bill.running))]
    foot += [("已收押金", str(printed.deposits))]
    if printed.share is not None:
        foot.append(("个人负担(已结算)" if printed.settled else "预计个人负担", str(printed.share)))
    else:
        foot.append(("预计个人负担", f"暂不能测算({'、'.join(printed.unknown)})"))
    foot.append(("依据", printed.cite))
    return [*foot, ("", "测试方案,不是任何一地的规定 TEST PROFILE – no place's rule")] if printed.test_profile else foot


def _line(line: BillLine) -> str:
    return f"{line.code} {line.name} [{line.category or _OTHER}] × {_number(line.quantity)}  {line.amount}"


def _line_json(line: BillLine) -> dict[str, object]:
    return {
        "id": line.id,
        "day": line.day.isoformat(),
        "code": line.code,
        "name": line.name,
        "category": line.category,
        "quantity": _number(line.quantity),
        "amount": line.amount.text,
    }


def _correction(each: Correction) -> str:
    return f"{each.day} {_KINDS[each.kind]} {each.line.name}  {each.before} → {each.after}({each.difference})"


def _number(quantity: Decimal) -> str:
    text = format(quantity, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _pairs(pairs: list[tuple[str, str]]) -> str:
    return "".join(f"<p>{escape(name)}{':' if name else ''}{escape(value)}</p>" for name, value in pairs)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
