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

@pytest.mark.more
def test_long(): ...

def test_usual(): ...

@pytest.mark.alike(3, "shape")
def test_round(): ...

@pytest.mark.alike(3, "shape")
@pytest.mark.sampled(2)
@pytest.mark.parametrize("corners", range(4))
def test_angular(corners): ...

@pytest.mark.alike(3, "shape")
def test_flat(): ...

@pytest.mark.alike(3, "shape")
def test_thin(): ...

@pytest.mark.alike(4, "weight")
def test_heavy(): ...
"""
SHAPES = ("test_round", "test_angular", "test_flat", "test_thin")
SEEDS = [str(seed) for seed in range(20)]


@pytest.fixture
def items(pytester: pytest.Pytester) -> list[pytest.Item]:
    found, _ = pytester.inline_genitems(pytester.makepyfile(TESTS))
    assert len(found) == 39
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
    assert names(first, "test_long") == []


def test_of_tests_that_are_alike_the_first_part_has_a_share_and_of_each_kind_one(
    items: list[pytest.Item],
) -> None:
    drawn = set()
    for seed in SEEDS:
        first = names(divided(items, "first", seed))
        shapes = tuple(name for name in SHAPES if any(one.startswith(name) for one in first))
        assert len(shapes) == 2
        assert sum(one.startswith("test_angular") for one in first) == 2 * ("test_angular" in shapes)
        assert "test_heavy" in first
        drawn.add(shapes)
    assert len(drawn) > 3


@pytest.mark.parametrize("number", [1, 2, 7])
def test_where_each_test_makes_a_whole_copy_the_first_part_has_one_in_four(
    pytester: pytest.Pytester, number: int
) -> None:
    tests = [f"def test_{one}(): ..." for one in range(number)]
    marked = [
        "import pytest",
        "@pytest.mark.more\ndef test_long(): ...",
        "@pytest.mark.alike(2, 'kind')\ndef test_like(): ...",
    ]
    folder = pytester.mkdir("tests").joinpath("e2e")
    folder.mkdir()
    folder.joinpath("test_some.py").write_text("\n".join(marked + tests), encoding="utf-8")
    items, _ = pytester.inline_genitems("tests")
    drawn = set()
    for seed in SEEDS:
        first = names(divided(items, "first", seed))
        assert len(first) == -(-number // 4) + 1
        assert "test_like" in first
        assert "test_long" not in first
        assert sorted(first + names(divided(items, "second", seed))) == sorted(names(items))
        drawn.add(tuple(first))
    assert len(drawn) == 1 if number == 1 else len(drawn) > 1


def test_another_draw_takes_others_and_the_same_one_the_same(items: list[pytest.Item]) -> None:
    draws = {tuple(names(divided(items, "first", seed), "test_one_in_four")) for seed in SEEDS}
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
