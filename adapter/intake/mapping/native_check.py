"""What a sample of FHIR shows: elements taken over or left out, codes that no table has (核对)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Protocol

from adapter.fhir.canonical import decode
from adapter.intake.mapping.check import CheckReport
from adapter.intake.mapping.native_draft import BEHIND, Draft
from adapter.intake.mapping.native_spec import NativeRules
from adapter.intake.mapping.spec import Mapping_
from adapter.model.issues import Issue
from adapter.model.source import SourceRecord, StayRecords


class Worked(Protocol):
    """A stay as it was worked through."""

    @property
    def drafts(self) -> tuple[Draft, ...]: ...

    @property
    def issues(self) -> tuple[Issue, ...]: ...


_BEHIND = "由接收方重新生成或单独接收 (written anew, or taken over by itself)"


def check_native(
    mapping: Mapping_,
    rules: NativeRules,
    sample: Iterable[SourceRecord | StayRecords],
    work: Callable[[StayRecords], Worked],
) -> CheckReport:
    """Compare a sample with the rules, element by element and code by code.

    Args:
        work: takes a stay over; its issues tell the codes that no table has.
    """
    rows: Counter[str] = Counter()
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    unknown: defaultdict[str, Counter[str]] = defaultdict(Counter)
    found: list[Issue] = []
    for stay in sample:
        if isinstance(stay, SourceRecord):
            stay = StayRecords("", {stay.origin.table: (stay,)})
        for kind, records in stay.tables.items():
            rows[kind] += len(records)
            for record in records:
                seen[kind].update(name for name in decode(record.fields["resource"].encode()) if name != "resourceType")
        worked = work(stay)
        found += [issue for issue in worked.issues if issue.code == "MAP-104"]
        for draft in worked.drafts:
            for path, code, _ in draft.unknown:
                unknown[f"{draft.kind}.{path}"][code] += 1
    left_out = {kind: dict.fromkeys(BEHIND, _BEHIND) | dict(rules.left_out.get(kind, {})) for kind in seen}
    ignored = {
        kind: {name: why for name, why in left_out[kind].items() if name in names} for kind, names in seen.items()
    }
    return CheckReport(
        rows=dict(rows),
        mapped={kind: tuple(sorted(names.keys() - ignored[kind].keys())) for kind, names in seen.items()},
        ignored=ignored | {kind: {"*": reason} for kind, reason in mapping.ignored_tables.items()},
        unclaimed={},
        absent={},
        unmapped_codes={name: dict(counts) for name, counts in unknown.items()},
        issues=tuple(found),
    )
