"""Bands and rows of a plan file that overlap, leave a gap, cannot be, or that nobody reaches (分段检查)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from adapter.model.issues import Issue
from adapter.model.money import ZERO, Money, decimal_of
from adapter.rules.policy import check_issues
from adapter.rules.policy.leaves import amounts, leaves, money_of, tables_of_rows, text_of
from adapter.rules.policy.tree import Tree

#: Parameters that move the deductible, so that its printed figure alone says nothing about where a band begins.
_MOVING = ("deductible_share", "deductible_factor", "deductible_later", "deductible_year_ceiling")


@dataclass(frozen=True, slots=True)
class _Band:
    tree: Tree
    over: Money
    upto: Money | None
    ratio: Decimal


def check_bands(tree: Tree, parameters: Mapping[str, Tree]) -> list[Issue]:
    """Every table of bands: within itself, against the deductible where it begins, against the ceiling above it."""
    found: list[Issue] = []
    origins = {text_of(leaf) for leaf in leaves(parameters.get("bands_origin"))} or {_origin(tree)}
    for rows in tables_of_rows(parameters.get("bands")):
        bands = [band for row in rows if (band := _band(row, found)) is not None]
        found += _within(bands)
        if len(bands) != len(rows) or not bands:
            continue
        found += _beginning(bands, origins, parameters)
        found += _under_the_ceiling(bands, origins, parameters)
    return found


def _origin(tree: Tree) -> str:
    """Where bands begin when the plan does not say: as the steps have it."""
    steps = tree.value.get("steps") if isinstance(tree.value, dict) else None
    listed = [text_of(node) for node in steps.value] if steps is not None and isinstance(steps.value, tuple) else []
    return "absolute" if "bands" in listed else "relative"


def _band(row: Tree, found: list[Issue]) -> _Band | None:
    """A row as a band, or None where the loader has said already what is wrong with it."""
    table = row.value if isinstance(row.value, dict) else {}
    over, upto = money_of(table.get("over")), money_of(table.get("upto"))
    try:
        ratio = decimal_of(text_of(table.get("ratio")))
    except ValueError:
        return None
    if over is None or ("upto" in table and upto is None):
        return None
    if over < ZERO or (upto is not None and upto <= over) or not 0 <= ratio <= 1:
        found.append(check_issues.band_impossible(row.place, f"{over} … {'' if upto is None else upto} × {ratio}"))
        return None
    return _Band(row, over, upto, ratio)


def _within(bands: Sequence[_Band]) -> list[Issue]:
    found = []
    for lower, upper in pairwise(bands):
        end = lower.upto if lower.upto is not None else upper.over
        if upper.over <= lower.over or end > upper.over:
            found.append(check_issues.bands_overlap(upper.tree.place, str(max(end, lower.over)), str(upper.over)))
        elif end < upper.over:
            found.append(check_issues.bands_gap(upper.tree.place, str(end), str(upper.over)))
    return found


def _beginning(bands: Sequence[_Band], origins: set[str], parameters: Mapping[str, Tree]) -> list[Issue]:
    """Amounts between the deductible and the first band get nothing; bands below the deductible are never reached."""
    found = []
    deductibles = amounts(parameters.get("deductible")) if "deductible" in parameters else [ZERO]
    moved = any(name in parameters for name in _MOVING)
    if origins == {"relative"} and bands[0].over > ZERO:
        found.append(check_issues.bands_gap(bands[0].tree.place, str(ZERO), str(bands[0].over)))
    if origins == {"absolute"} and deductibles and not moved:
        if bands[0].over > max(deductibles):
            found.append(check_issues.bands_gap(bands[0].tree.place, str(max(deductibles)), str(bands[0].over)))
        for band, upto in _ends(bands):
            if upto is not None and upto <= min(deductibles):
                why = f"deductible {min(deductibles)}"
                found.append(check_issues.band_unreachable(band.tree.place, f"{band.over} … {upto}", why))
    return found


def _under_the_ceiling(bands: Sequence[_Band], origins: set[str], parameters: Mapping[str, Tree]) -> list[Issue]:
    """Bands that begin where the payer has stopped already."""
    ceilings = amounts(parameters.get("ceiling"))
    if not ceilings or len(origins) != 1:
        return []
    most = max(ceilings)
    deductibles = amounts(parameters.get("deductible")) or [ZERO]
    readings = {text_of(leaf) for leaf in leaves(parameters.get("ceiling_reading"))} or {"payment"}
    found = []
    for band, _ in _ends(bands):
        reached = band.over if "absolute" in origins else band.over + min(deductibles)
        if readings == {"eligible"} and reached >= most:
            found.append(check_issues.band_unreachable(band.tree.place, f"{band.over} …", f"ceiling {most}"))
        start = max(deductibles) if "absolute" in origins else ZERO
        paid = _paid_below(bands, start, band.over)
        if readings == {"payment"} and band is not bands[0] and paid >= most and _unmoved(parameters):
            why = f"{paid} below it, ceiling {most}"
            found.append(check_issues.band_unreachable(band.tree.place, f"{band.over} …", why))
    return found


def _unmoved(parameters: Mapping[str, Tree]) -> bool:
    """Whether the printed ratios and deductibles are those that apply."""
    return not any(name in parameters for name in (*_MOVING, "tilt", "referral_points"))


def _paid_below(bands: Sequence[_Band], start: Money, top: Money) -> Money:
    """What all bands below ``top`` give at least."""
    slices = [
        (max(min(band.over if upto is None else upto, top) - max(band.over, start), ZERO), band.ratio)
        for band, upto in _ends(bands)
        if band.over < top
    ]
    return Money.weighted(slices)


def _ends(bands: Sequence[_Band]) -> list[tuple[_Band, Money | None]]:
    """Each band with where it ends: where the next one begins, or as printed, or never."""
    following = [*(band.over for band in bands[1:]), None]
    return [(band, nxt if nxt is not None else band.upto) for band, nxt in zip(bands, following, strict=True)]


def check_later_rows(parameters: Mapping[str, Tree]) -> list[Issue]:
    """Rows of later stays run upward from the second; of two for one number the second is never looked at."""
    found = []
    for rows in tables_of_rows(parameters.get("deductible_later")):
        numbers = [(row, text_of(row.value.get("from"))) for row in rows if isinstance(row.value, dict)]
        whole = [(row, int(text)) for row, text in numbers if text.isascii() and text.isdigit()]
        for row, number in whole:
            if number < 2:
                found.append(check_issues.band_unreachable(row.place, f"from {number}", "第一次住院 the first stay"))
        for (_, before), (row, number) in pairwise(whole):
            if number <= before:
                found.append(check_issues.bands_overlap(row.place, f"from {before}", f"from {number}"))
    return found
