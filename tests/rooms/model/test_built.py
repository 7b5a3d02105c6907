"""Values with a constructor of their own stay what they were: frozen, compared by content, with their defaults."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from adapter.model.built import quickly_built
from adapter.model.claim import LineSplit
from adapter.model.money import ZERO, Money


@quickly_built
@dataclass(frozen=True, slots=True)
class Range:
    low: int
    high: int = 10

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("upside down")


def test_fields_come_by_place_or_name_and_defaults_hold() -> None:
    assert Range(1) == Range(low=1, high=10) == Range(1, 10)
    assert hash(Range(1)) == hash(Range(1, 10))
    assert repr(Range(2)) == f"{Range.__qualname__}(low=2, high=10)"


def test_what_stands_after_init_still_runs() -> None:
    with pytest.raises(ValueError, match="upside down"):
        Range(11)


@pytest.mark.parametrize("wrong", [(), (1, 2, 3)])
def test_wrong_arguments_are_refused(wrong: tuple[int, ...]) -> None:
    with pytest.raises(TypeError):
        Range(*wrong)


def test_it_is_frozen_and_can_be_replaced_and_pickled() -> None:
    split = LineSplit(in_scope=Money(5))
    with pytest.raises(FrozenInstanceError):
        split.in_scope = ZERO  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        ZERO.fen = 1  # type: ignore[misc]
    assert replace(split, over_limit=Money(1)) == LineSplit(over_limit=Money(1), in_scope=Money(5))
    assert pickle.loads(pickle.dumps(split)) == split


def test_a_field_that_cannot_be_filled_directly_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Made:
        parts: list[int] = field(default_factory=list)

    @dataclass(frozen=True)
    class Open:
        part: int

    for each in (Made, Open):
        with pytest.raises(TypeError, match="cannot be filled directly"):
            quickly_built(each)
