"""A HIS that nobody has met, drawn by seed, is connected by mapping files alone, as docs/mapping-tutorial.md says.

Draft → correct by hand → check → explain → take in → estimate → settle → reconcile. What comes out is compared with
what the seed says happened there, which no part of the adapter has seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import reconcile, settle
from adapter.cases.intake import ingest
from adapter.cases.mapping_tools import explain_row
from adapter.cases.mappings import check_sample
from adapter.cases.recording import Fate
from adapter.cases.tools import Tools
from adapter.fhir.canonical import decode
from adapter.model.case import BillState
from adapter.model.settlement import Payer, Settlement
from adapter.settings import Settings
from adapter.wiring import open_tools
from tests.support import strange_style as styles
from tests.support.counterparts import Counterpart
from tests.support.office import act, codes, work
from tests.support.strange_engineer import Edits
from tests.support.strange_export import logical_rows
from tests.support.strange_office import connect, stay_key, write_seeds
from tests.support.strange_style import Style, draw_style
from tests.support.strange_world import World, draw_world
from tests.support.wire import payers_on_the_wire

FAST = tuple(range(25))
MORE = tuple(range(1000, 1025))
SEEDS = [*FAST, *(pytest.param(seed, marks=pytest.mark.slow) for seed in MORE)]


@dataclass(frozen=True)
class Connected:
    """One strange hospital, connected, with an office of its own."""

    world: World
    style: Style
    folder: Path
    export: Path
    edits: Edits
    settings: Settings

    @property
    def mappings(self) -> Path:
        return self.folder / "mappings"


@pytest.fixture(scope="module")
def payers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Counterpart]]:
    """Both payers, which know the hospitals of every seed."""
    folder = tmp_path_factory.mktemp("payers")
    seeds = write_seeds([draw_world(seed) for seed in (*FAST, *MORE)], folder / "seeds")
    with payers_on_the_wire(folder, seeds=seeds) as (running, _):
        yield running


def connected(seed: int, folder: Path, payers: Mapping[str, Counterpart]) -> Connected:
    world, style = draw_world(seed), draw_style(seed)
    export, edits = connect(world, style, folder)
    settings = Settings(
        database_url=f"sqlite:///{folder / 'adapter.db'}",
        mappings=folder / "mappings",
        reference=folder / "reference",
        endpoints={
            name: {
                "base_url": payer.fhir,
                "form": "transaction" if payer.role == "aid" else "submit",
                "simulator": True,
                "longest_delay": 1,
            }
            for name, payer in payers.items()
        },
    )
    return Connected(world, style, folder, export, edits, settings)


def test_the_fast_seeds_draw_every_way_of_writing() -> None:
    """The list is long enough: each value of each choice is among them."""
    drawn = [draw_style(seed) for seed in FAST]
    for name, values in {
        "form": styles.FORMS,
        "names": styles.NAMES,
        "encoding": styles.ENCODINGS,
        "refunds": styles.REFUNDS,
        "times": styles.TIMES,
        "states": styles.STATES,
        "sexes": styles.SEXES,
        "absent": styles.ABSENT,
        "no_day": styles.NO_DAYS,
        "decimals": styles.DECIMALS,
        "two_tables": (True, False),
        "joined": (True, False),
    }.items():
        assert {getattr(style, name) for style in drawn} == set(values), name
    assert {style.fee_times for style in drawn} >= set(styles.DAYS[:3])


def test_drafts_leave_little_to_do(tmp_path: Path) -> None:
    """Of all lines that name a column, a code table or a key, the drafts of the fast seeds have four in five right."""
    edits = []
    for seed in FAST:
        edits.append(connect(draw_world(seed), draw_style(seed), tmp_path / str(seed))[1])
    kept, changed = sum(len(each.kept) for each in edits), sum(len(each.corrected) + len(each.added) for each in edits)
    assert kept >= 4 * changed


@pytest.mark.parametrize("seed", SEEDS)
def test_a_strange_his_is_connected_by_mapping_files_alone(
    seed: int, tmp_path: Path, payers: Mapping[str, Counterpart]
) -> None:
    hospital = connected(seed, tmp_path, payers)
    assert hospital.edits.share_kept >= 0.6, hospital.edits
    report_is_clean(hospital)
    rows_can_be_explained(hospital)
    with open_tools(hospital.settings) as tools:
        taken = ingest(hospital.world.source, [hospital.export], tools, act(tools, "export"))
        assert {stay.fate for stay in taken.stays} == {Fate.OPENED}, [(s.stay_key, codes(s)) for s in taken.stays]
        assert codes(taken) == []
        for place in range(len(hospital.world.stays)):
            resources_are_the_truth(hospital, place, tools)
        for place, stay in enumerate(hospital.world.stays):
            if stay.discharged is not None:
                settled_as_the_truth(hospital, place, tools)
        everything_agrees(hospital, tools)
        again = ingest(hospital.world.source, [hospital.export], tools, act(tools, "again"))
        assert {stay.fate for stay in again.stays} == {Fate.UNCHANGED}


def report_is_clean(hospital: Connected) -> None:
    report, _, issues = check_sample(hospital.world.source, [hospital.export], hospital.mappings)
    assert (report.unclaimed, report.unmapped_codes, report.absent) == ({}, {}, {})
    assert codes(issues) == []


def rows_can_be_explained(hospital: Connected) -> None:
    """A refund's row, element by element: its quantity comes from the column that the truth says."""
    world, style = hospital.world, hospital.style
    table, place = next(
        (table, place)
        for table in style.fee_tables
        for place, row in enumerate(logical_rows(world, style)[table], 1)
        if row["quantity"].startswith("-")
    )
    row = logical_rows(world, style)[table][place - 1]
    found = explain_row(world.source, [hospital.export], str(place), hospital.mappings, table=style.tables[table])
    (quantity,) = [line for line in found.lines if line.path == "ChargeItem.quantity.value"]
    assert Decimal(str(quantity.value)) == Decimal(row["quantity"])
    assert [each.column for each in quantity.sources] == [style.column(table, "quantity")]
    assert codes(found) == []


def resources_are_the_truth(hospital: Connected, place: int, tools: Tools) -> None:
    """The FHIR of a stay, against the facts of the seed."""
    world, style = hospital.world, hospital.style
    stay, case = world.stays[place], f"{world.source}-{stay_key(world, style, place)}"
    with tools.ledger.reading() as tx:
        rows = tx.resources_of_case(case)
    by_type: dict[str, list[Any]] = {}
    for each in rows:
        by_type.setdefault(each.type, []).append(decode(each.body))
    (patient,), (encounter,), (coverage,) = by_type["Patient"], by_type["Encounter"], by_type["Coverage"]
    assert patient["name"] == [{"text": stay.person.name}]
    assert patient["gender"] == ("male" if stay.person.male else "female")
    assert patient["birthDate"] == f"{stay.person.born:%Y-%m-%d}"
    assert stay.person.id_number in {each["value"] for each in patient["identifier"]}
    assert coverage["subscriberId"] == stay.person.card
    assert datetime.fromisoformat(encounter["period"]["start"]).replace(tzinfo=None) == stay.admitted
    if stay.discharged is None:
        assert (encounter["status"], encounter["period"].get("end")) == ("in-progress", None)
    else:
        assert encounter["status"] == "finished"
        assert datetime.fromisoformat(encounter["period"]["end"]).replace(tzinfo=None) == stay.discharged
    assert Counter(each["code"]["coding"][0]["code"] for each in by_type["Condition"]) == Counter(
        dict(stay.diagnoses).keys()
    )
    lines_are_the_truth(hospital, place, by_type["ChargeItem"])


def lines_are_the_truth(hospital: Connected, place: int, charges: list[Any]) -> None:
    """Every line with its item, quantity, amount and day, and every refund beside the very line that it undoes.

    Where a HIS does not say which of two lines alike was undone, nobody can tell the day of the one that was.
    """
    stay, style = hospital.world.stays[place], hospital.style
    told = {each["id"]: each for each in charges}

    def known(item: str, quantity: object, amount: object, day: str) -> tuple[str, str, str, str]:
        return item, f"{Decimal(str(quantity)):.4f}", f"{Decimal(str(amount)):.4f}", day

    def of(resource: Any, day: str | None = None) -> tuple[str, str, str, str]:
        item, at = resource["code"]["coding"][0]["code"], resource["occurrenceDateTime"][:10]
        return known(
            item, resource["quantity"]["value"], resource["priceOverride"]["value"], at if day is None else day
        )

    unsaid = "" if style.refunds == "negative" else None
    found: Counter[Any] = Counter()
    for resource in charges:
        undone = [
            of(told[extension["valueIdentifier"]["value"]], unsaid)
            for extension in resource.get("extension", [])
            if extension["url"].endswith("/reverses")
        ]
        found[of(resource), *undone] += 1
    by_number = {line.number: line for line in stay.lines}
    wanted: Counter[Any] = Counter()
    for line in stay.lines:
        mine = known(line.item.code, line.quantity, line.amount, f"{line.at:%Y-%m-%d}")
        original = by_number.get(line.undoes or -1)
        its_day = "" if original is None or unsaid is not None else f"{original.at:%Y-%m-%d}"
        its = [known(original.item.code, original.quantity, original.amount, its_day)] if original else []
        wanted[mine, *its] += 1
    assert found == wanted, style


def settled_as_the_truth(hospital: Connected, place: int, tools: Tools) -> None:
    stay, world = hospital.world.stays[place], hospital.world
    case = f"{world.source}-{stay_key(world, hospital.style, place)}"
    estimate = settle.estimate(case, tools, act(tools, "estimate")).settlement
    settle.start_settlement(case, tools, act(tools, "settlement"))
    assert work(tools)
    with tools.ledger.reading() as tx:
        row, settled = tx.case(case), tx.settlement(case, 1)
    assert row is not None and settled is not None, case
    assert row.bill is BillState.SETTLED
    bill = world.bill_of(stay)
    expected = (str(bill.total), str(bill.basic), "0.00", str(bill.aid), str(bill.patient))
    assert shares(estimate) == shares(settled) == expected


def shares(settlement: Settlement) -> tuple[str, ...]:
    payers = (Payer.BASIC, Payer.CRITICAL_ILLNESS, Payer.MEDICAL_AID)
    parts = [settlement.total, *(settlement.share_of(payer) for payer in payers), settlement.patient_pays]
    return tuple(f"{part.decimal:.2f}" for part in parts)


def everything_agrees(hospital: Connected, tools: Tools) -> None:
    world = hospital.world
    for endpoint, day in reconcile.settled_days(tools):
        result = reconcile.reconcile_day(endpoint, day, world.facility, tools, act(tools, "reconcile"))
        assert result.agrees, result.differences
    with tools.ledger.reading() as tx:
        assert sum(amount.fen for amount in tx.balances().values()) == 0
    assert tools.ledger.verify() == []
