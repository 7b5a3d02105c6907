"""A hospital's own codes translated: its code tables, and what its dated facts say on a day (编码转换)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from adapter.intake.mapping import load_mapping
from adapter.intake.mapping.translate import (
    code_tables,
    concept_maps,
    diagnosis_table,
    item_table,
    level_table,
)
from adapter.intake.mapping.translate import translate as translate
from adapter.intake.reference import load_reference


def maps_of(source: str, mappings: Path, reference: Path, on: date) -> dict[str, dict[str, Any]]:
    """Every ConceptMap of a source on a day, by canonical url.

    Charge categories, departments, discharge ways and whatever else has a code table; items, diagnoses and hospital
    levels from the dated facts.

    Raises:
        AdapterError: the source is unknown, or one of its tables is wrong.
    """
    mapping = load_mapping(mappings, source)
    book = load_reference(reference / source)
    dated = (
        item_table((each for rows in book.items.values() for each in rows), on),
        diagnosis_table((each for rows in book.diagnoses.values() for each in rows), on),
        level_table((each for rows in book.facilities.values() for each in rows), on),
    )
    return concept_maps((*code_tables(mappings, mapping).values(), *dated), source)
