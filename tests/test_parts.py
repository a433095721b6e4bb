"""What ``make test`` leaves out, ``make test-more`` has: each test is in one of the two, and each kind in the first."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from support import amounts
from support.parts import divided
from support.repository import ROOT

pytest_plugins = ("pytester",)
TESTS = """
import pytest

@pytest.mark.sampled(5, each=("colour", "size"))
@pytest.mark.parametrize("size", range(6))
@pytest.mark.parametrize("colour", ["red", "blue", "green"])
def test_both(colour, size): ...

@pytest.mark.sampled(4)
@pytest.mark.parametrize("number", range(10))
def test_one_in_four(number): ...

@pytest.mark.sampled(3)
def test_alone(): ...

def test_usual(): ...
"""
DEAR = """
@pytest.mark.dear
@pytest.mark.parametrize("number", range(3))
def test_long_{}(number): ...
"""
SEEDS = [str(seed) for seed in range(20)]


@pytest.fixture
def items(pytester: pytest.Pytester) -> list[pytest.Item]:
    found, _ = pytester.inline_genitems(
        pytester.makepyfile(TESTS + "".join(DEAR.format(one) for one in range(201)))
    )
    assert len(found) == 30 + 201 * 3
    return found


def names(items: Iterable[pytest.Item], test: str = "") -> list[str]:
    return [item.name for item in items if item.name.startswith(test)]


def test_each_test_is_in_one_part_and_in_its_order(items: list[pytest.Item]) -> None:
    for seed in SEEDS:
        first, second = divided(items, "first", seed), divided(items, "second", seed)
        assert not set(first) & set(second)
        assert set(first) | set(second) == set(items)
        for part in (first, second):
            assert part == [item for item in items if item in part]


@pytest.mark.parametrize("seed", SEEDS[:5])
def test_the_first_part_has_a_share_and_each_value_that_is_named(items: list[pytest.Item], seed: str) -> None:
    first = divided(items, "first", seed)
    both = [item.callspec.params for item in first if item.name.startswith("test_both")]
    assert {one["colour"] for one in both} == {"red", "blue", "green"}
    assert {one["size"] for one in both} == set(range(6))
    assert len(both) <= 8
    assert len(names(first, "test_one_in_four")) == 3
    assert names(first, "test_alone") == ["test_alone"]
    assert names(first, "test_usual") == ["test_usual"]
    assert len(names(first, "test_long")) == 3 * 3


def test_another_draw_takes_others_and_the_same_one_the_same(items: list[pytest.Item]) -> None:
    for divisible in ("test_one_in_four", "test_long"):
        draws = {tuple(names(divided(items, "first", seed), divisible)) for seed in SEEDS}
        assert len(draws) > 5
    assert divided(items, "first", "1") == divided(items, "first", "1")


def test_whoever_calls_pytest_gets_all(items: list[pytest.Item]) -> None:
    assert divided(items, "", "1") == items


@pytest.mark.parametrize("share", [0.0, amounts.CELLS.usual])
def test_whatever_is_drawn_each_endpoint_answers_oddly_and_in_each_way(share: float) -> None:
    every = amounts.cells()
    for seed in SEEDS[:5]:
        drawn = amounts.drawn_cells(share, seed)
        assert {cell[0] for cell in drawn} == {cell[0] for cell in every}
        assert {cell[1] for cell in drawn} == {cell[1] for cell in every}
        assert len(drawn) < len(every) / 10
    assert amounts.drawn_cells(share, "1") != amounts.drawn_cells(share, "2")


def test_ci_runs_both_parts_with_one_draw() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines.index("export PYLON_DRAW") < lines.index("make test") < lines.index("make test-more")
