"""Command about the office as a whole: statistics. 月报"""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from adapter.cases.statistics import statistics_of
from adapter.cases.statistics_shown import COLUMNS, statistics_json, statistics_rows
from adapter.doors.cli.context import AsJson, tools
from adapter.doors.cli.output import out, print_json, table


def statistics_(
    month: Annotated[datetime, typer.Option(formats=["%Y-%m"], help="YYYY-MM. 月份")],
    to_csv: Annotated[Path | None, typer.Option("--csv", help="Write the rows into this file. 导出")] = None,
    kinds: Annotated[
        bool, typer.Option("--kinds", help="Also add bills up by kind of item; this reads every stay. 控费指标")
    ] = False,
    json: AsJson = False,
) -> None:
    """A month per hospital: stays, deposits, payers, plans, arrears by age, credit list, fund; no personal data. 月报

    Example:  adapter statistics --month 2021-05 --csv month.csv
    """
    with tools() as t:
        found = statistics_of(month.date(), t, kinds=kinds)
    if to_csv is not None:
        with to_csv.open("w", encoding="utf-8-sig", newline="") as file:  # a spreadsheet needs the mark
            rows = csv.writer(file)
            rows.writerow(COLUMNS)
            rows.writerows(statistics_rows(found))
    if json:
        print_json(statistics_json(found))
    elif to_csv is None:
        shown = [(row[2], row[7], row[4], row[5], row[6]) for row in statistics_rows(found)]
        columns = ("hospital 医院", "figure 指标", "key 分项", "count 数", "amount 金额")
        table(f"{found.month}  ({found.as_of})", columns, shown, right=columns[3:])
    if not json and found.recipients:
        out.print(f"recipients 报送  {', '.join(found.recipients)}", markup=False)
