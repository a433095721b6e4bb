"""What of the tests ``make test`` takes, and what it leaves to ``make test-more``: by one seed, each case is in one of them.

Two marks say what may be divided:

- ``sampled(of, each=(...))``: cases of a large space. The first part takes one in ``of``, and of the arguments named in ``each``
  every value at least once; the second part takes the others.
- ``dear``: takes seconds, and is not about what the project rests on, the copy of one Pylon workspace in DuckDB or Postgres.
  Of all these together, the first part takes one in :data:`OF_DEAR`, with all its cases; the second part takes the others.

Tests that carry neither are the first part's.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

OF_DEAR = 100


def divided(items: Sequence[pytest.Item], part: str, seed: str) -> list[pytest.Item]:
    """Return the tests of a part, in their order.

    Args:
        items: All tests.
        part: ``first``, ``second``, or anything else for all.
        seed: Draws what of the samples is whose.
    """
    if part not in ("first", "second"):
        return list(items)
    first = _first(items, seed)
    if part == "first":
        return [item for item in items if item in first]
    return [item for item in items if item not in first]


def _first(items: Iterable[pytest.Item], seed: str) -> set[pytest.Item]:
    """Return the tests of the first part."""
    first: set[pytest.Item] = set()
    dear: dict[str, list[pytest.Item]] = {}
    samples: dict[str, list[pytest.Item]] = {}
    for item in items:
        test = item.nodeid.partition("[")[0]
        if item.get_closest_marker("dear"):
            dear.setdefault(test, []).append(item)
        elif item.get_closest_marker("sampled"):
            samples.setdefault(test, []).append(item)
        else:
            first.add(item)
    for test in random.Random(f"{seed} dear").sample(list(dear), -(-len(dear) // OF_DEAR)):
        first.update(dear[test])
    for name, cases in samples.items():
        first.update(sample(cases, random.Random(f"{seed} {name}")))
    return first


def sample(cases: Sequence[pytest.Item], rng: random.Random) -> list[pytest.Item]:
    """Return what the first part takes of one test's cases: at least one."""
    mark = cases[0].get_closest_marker("sampled")
    assert mark is not None
    drawn = rng.sample(list(cases), len(cases))
    taken: list[pytest.Item] = []
    met: set[tuple[str, Any]] = set()
    for wanted in (2, 1):  # those first that meet the most that was not met before
        for case in drawn:
            values = {(name, _argument(case, name)) for name in mark.kwargs.get("each", ())}
            if case not in taken and len(values - met) >= wanted:
                taken.append(case)
                met |= values
    share = -(-len(cases) // mark.args[0])
    return [*taken, *(case for case in drawn if case not in taken)][: max(share, len(taken))]


def _argument(case: pytest.Item, name: str) -> Any:
    callspec = getattr(case, "callspec", None)
    assert callspec is not None, f"{case.nodeid} has no arguments"
    return callspec.params[name]
