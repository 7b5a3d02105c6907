"""What the benches measure on: synthetic stays of a fixed size, read, and a mapper for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from adapter.fhir.facts import claim_facts
from adapter.intake.mapping import MappedStay, Mapper, compile_mapping, load_mapping
from adapter.intake.readers import stage
from adapter.intake.reference import load_reference, load_window
from adapter.model.claim import Claim
from adapter.model.issues import stopping
from adapter.model.reference import ReferenceBook, WindowFacts
from adapter.model.source import StayRecords
from bench.synthetic.hospital import Plan, write_hospital

MAPPINGS = Path(__file__).parents[1] / "mappings"
SOURCE = "qingshi_county"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Stays ready to be mapped, and what goes with them.

    Attributes:
        read: the same stays anew, one after the other as a reader hands them over.
    """

    records: tuple[StayRecords, ...]
    read: Callable[[], Iterator[StayRecords]]
    mapper: Mapper
    reference: ReferenceBook
    window: dict[str, WindowFacts]

    def claim(self, mapped: MappedStay, case_id: str) -> Claim:
        """The claim of a mapped stay. Raises ValueError with the issues that hold it."""
        facts, issues = claim_facts(
            mapped.resources,
            case_id=case_id,
            version=1,
            reference=self.reference,
            window=self.window.get(mapped.stay_key),
        )
        if facts is None:
            raise ValueError("; ".join(map(str, stopping(issues))))
        return facts


@contextmanager
def prepared(stays: int, lines: int) -> Iterator[Prepared]:
    """``stays`` synthetic stays of exactly ``lines`` fee lines each, from seed 1, on a temporary folder."""
    with TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder)
        write_hospital(Plan(seed=1, stays=stays, lines=lines, spread=0), home)
        mapping = load_mapping(MAPPINGS, SOURCE)
        with stage([home / "export"], mapping.shape, SOURCE, workdir=home) as staged:
            window = load_window(home / "reference/window.yaml")
            records = tuple(staged.stays())
            yield Prepared(records, staged.stays, compile_mapping(mapping), load_reference(home / "reference"), window)
