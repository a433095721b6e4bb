"""How many go side by side, and which exit code is that of all."""

from __future__ import annotations

import pytest

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.many import means
from pylon_elt.pipelines.many.command import without_ours

GB = 2**30


@pytest.mark.parametrize(
    ("verb", "wanted", "cpus", "memory", "most"),
    [
        ("run", 10, 2, 8 * GB, 4),
        ("run", 3, 2, 8 * GB, 3),
        ("run", 10, 8, 2 * GB, 4),
        ("run", 10, 8, 100, 1),
        ("run", 10, 3, None, 6),
        ("transform", 10, 2, 8 * GB, 2),
        ("run", 0, 2, 8 * GB, 1),
    ],
)
def test_as_many_as_processors_and_memory_allow(
    verb: str, wanted: int, cpus: int, memory: int | None, most: int
) -> None:
    assert means.side_by_side(verb, wanted, cpus, memory) == most


def test_this_machine_has_some() -> None:
    assert means.cpus() >= 1
    assert (means.memory() or GB) > 2**20


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        ([], 0),
        ([0, 75, 0], 75),
        ([75, 4], 4),
        ([4, 5, 75], 5),
        ([5, 1], 1),
        ([1, 3, 5, 4], 3),
        ([0, 130], 130),
        ([130, 4], 4),
        ([3, 2], 3),
        ([0, 99], 1),
    ],
)
def test_the_worst_exit_code_is_that_which_asks_most_of_people(codes: list[int], worst: int) -> None:
    assert exits.worst(codes) == worst
    assert exits.worst(reversed(codes)) == worst
    assert set(exits.WORST_LAST) == set(exits.MEANINGS)


def test_what_is_said_to_all_is_not_said_to_each() -> None:
    given = ["run", "--all", "--at-once", "2", "--select", "issues", "--at-once=3", "-d", "postgres"]
    assert without_ours(given) == ["run", "--select", "issues", "-d", "postgres"]
