"""A strange hospital connected and open for business: mappings, dated facts, scheme, and payers that know it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from adapter.cases.drafts import draft_sample, write_draft
from tests.support.intake import FIXTURES, MAPPINGS
from tests.support.strange_engineer import Edits, Engineer
from tests.support.strange_export import write_export
from tests.support.strange_style import Style
from tests.support.strange_world import World

_ITEMS = (
    "code,name,kind,item_class,national_code,self_share,limit_township,limit_primary,limit_secondary,limit_tertiary,"
    "limit_provincial,restricted,programme_group,valid_from,valid_to"
)
_WINDOW = '"{key}": {{cause: illness, emergency: no, third_party: no, verifier: W001}}\n'


def connect(world: World, style: Style, folder: Path) -> tuple[Path, Edits]:
    """Follow the tutorial: a draft from the sample, corrected by hand; dated facts and a scheme. Returns the export."""
    export, layout = write_export(world, style, folder)
    mappings = folder / "mappings"
    shutil.copytree(MAPPINGS, mappings)
    draft = draft_sample(world.source, f"{world.source}_his", [export], mappings, layout=layout)
    write_draft(draft, mappings, mappings)
    edits = Engineer(world, style, mappings).complete()
    (mappings / "schemes" / f"{world.source}.yaml").write_text(_scheme(world), encoding="utf-8")
    write_facts(world, style, folder / "reference" / world.source)
    return export, edits


def stay_key(world: World, style: Style, place: int) -> str:
    """The key of a stay as the mapping makes it."""
    stay = world.stays[place]
    return f"{stay.person.key}-{stay.visit}" if style.joined else f"9{stay.person.key}{stay.visit}"


def write_facts(world: World, style: Style, folder: Path) -> None:
    """What no export carries: the hospital, its catalogue, its diagnoses, the register, what the window established."""
    folder.mkdir(parents=True)
    _lines(
        folder / "facilities.csv",
        "code,national_code,name,kind,level,ownership,county,programme_start,valid_from,valid_to",
        [f"1,{world.facility},未名县医院,{world.kind},{world.level},public,999999,2018-01-01,2010-01-01,"],
    )
    _lines(folder / "items.csv", _ITEMS, catalogue(world))
    diagnoses = {code: name for stay in world.stays for code, name in stay.diagnoses}
    _lines(
        folder / "diagnoses.csv",
        "code,name,icd10,edition,valid_from,valid_to",
        [f"{code},{name},{code},医保版2.0,2010-01-01," for code, name in sorted(diagnoses.items())],
    )
    poor = sorted({stay.person.key for stay in world.stays if stay.person.poor})
    _lines(
        folder / "registers.csv",
        "person_key,category,issuer,valid_from,valid_to",
        [f"{key},registered-poor,未名县扶贫办,2015-01-01," for key in poor],
    )
    keys = [stay_key(world, style, place) for place in range(len(world.stays))]
    (folder / "window.yaml").write_text("".join(_WINDOW.format(key=key) for key in keys), encoding="utf-8")


def catalogue(world: World) -> list[str]:
    """Rows of ``items.csv``."""
    return [
        f"{item.code},{item.name},{item.kind},{item.item_class},,{item.share or ''},"
        + f"{item.limit or ''}," * 5
        + ",,2017-01-01,"
        for item in world.items
    ]


def write_seeds(worlds: Sequence[World], folder: Path) -> dict[str, Path]:
    """Seeds of both payers that know these hospitals and persons, each with files of its own; by role."""
    (folder / "lists").mkdir(parents=True)
    for world in worlds:
        _lines(folder / "lists" / f"{world.source}.csv", _ITEMS, catalogue(world))
    cards = sorted({stay.person.card for world in worlds for stay in world.stays})
    persons = "".join(f"  {card}: {{in_force: {{from: 2017-01-01}}}}\n" for card in cards)
    lists = "".join(f"  {world.facility}: lists/{world.source}.csv\n" for world in worlds)
    seeds = {}
    for role in ("bureau", "aid"):
        head = (FIXTURES / "endpoints" / f"{role}.yaml").read_text("utf-8").partition("\npersons:")[0]
        if role == "bureau":
            before, _, after = head.partition("\nitems:\n")
            head = f"{before}\nitems:\n{lists}\n{after.partition(chr(10) * 2)[2]}"
        seeds[role] = folder / f"{role}.yaml"
        seeds[role].write_text(f"{head}\npersons:\n{persons}", encoding="utf-8")
    return seeds


def _scheme(world: World) -> str:
    tutorial = (MAPPINGS / "schemes" / "test_hunan_two_calls.yaml").read_text("utf-8")
    kept = []
    for line in tutorial.splitlines():
        if line.startswith("scheme:"):
            line = f"scheme: {world.source}"
        elif line.startswith("sources:"):
            line = f"sources: [{world.source}]"
        elif line.startswith("  facilities:"):
            line = f"  facilities: {{value: [{world.facility}], cite: 测试设定}}"
        kept.append(line)
    return "\n".join(kept) + "\n"


def _lines(path: Path, head: str, rows: Sequence[str]) -> None:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
