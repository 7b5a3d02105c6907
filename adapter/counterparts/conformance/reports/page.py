"""One HTML page that needs nothing else: what passed, what did not, and why. 检测报告网页。"""

from __future__ import annotations

from html import escape

from adapter.counterparts.conformance.play import Exchange, Result
from adapter.counterparts.conformance.reports.report import Report, heard, party_words

_STYLE = """
body { font: 15px/1.5 sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3rem .6rem; vertical-align: top }
tr { border-bottom: 1px solid #ddd } .pass { color: #176b2c } .fail { color: #a11; font-weight: bold }
pre { background: #f5f5f5; padding: .6rem; overflow: auto; white-space: pre-wrap; word-break: break-all }
details { border: 1px solid #ddd; margin: .6rem 0; padding: .4rem .8rem } .quiet { color: #666 }
"""


def page(report: Report) -> bytes:
    """The report as a page: a table of the scenarios, then each with its clause and everything sent and got."""
    passed = f"{len(report.results) - len(report.broken)} / {len(report.results)}"
    begun = escape(report.at.isoformat(timespec="seconds"))
    head = f"对接检测 conformance: {escape(report.suite)}"
    rows = "".join(_row(result) for result in report.results)
    details = "".join(_details(result) for result in report.results)
    text = f"""<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>{head}</title><style>{_STYLE}</style></head><body>
<h1>{head}</h1>
<p>{escape(report.target)} · {begun} · 通过 passed {passed}</p>
<table><tr><th>场景 scenario</th><th></th><th>条款 clause</th></tr>{rows}</table>
{details}</body></html>
"""
    return text.encode()


def _row(result: Result) -> str:
    scenario = result.scenario
    link = f'<a href="#{escape(scenario.name)}">{escape(scenario.zh)}</a>'
    title = f'{link}<br><span class="quiet">{escape(scenario.en)}</span>'
    return f"<tr><td>{title}</td><td>{_mark(result)}</td><td>{escape(scenario.clause.where)}</td></tr>"


def _mark(result: Result) -> str:
    return '<span class="pass">通过 pass</span>' if result.passed else '<span class="fail">未通过 fail</span>'


def _details(result: Result) -> str:
    scenario = result.scenario
    found = "".join(f'<p class="fail">{escape(one.zh)}<br>{escape(one.en)}</p>' for one in result.findings)
    found += f"<p>对方答复 the party said: {escape(words)}</p>" if (words := party_words(result)) else ""
    steps = "".join(
        f"<h4>{number}. {escape(step.step.send)}</h4>{''.join(map(_exchange, step.exchanges))}"
        for number, step in enumerate(result.steps, start=1)
    )
    opened = "" if result.passed else " open"
    return (
        f'<details id="{escape(scenario.name)}"{opened}><summary>{_mark(result)} {escape(scenario.name)}</summary>'
        f"<p>{escape(scenario.clause.where)}<br>{escape(scenario.clause.zh)}<br>{escape(scenario.clause.en)}</p>"
        f"{found}{steps}</details>"
    )


def _exchange(exchange: Exchange) -> str:
    sent, got = (part.decode("utf-8", "replace") for part in (exchange.sent, exchange.got))
    return (
        f"<p>→ {escape(exchange.address)}</p><pre>{escape(sent)}</pre>"
        f"<p>← {escape(heard(exchange))}</p><pre>{escape(got)}</pre>"
    )
