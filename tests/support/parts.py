"""What of the tests ``make test`` takes, and what it leaves to ``make test-more``: by one seed, each case is in one of them.

Three marks say what may be divided:

- ``sampled(of, each=(...))``: cases of a large space. The first part takes one in ``of``, and of the arguments named in ``each``
  every value at least once; the second part takes the others.
- ``alike(of, kind)``: tests of one file that prove one thing of that kind, each by another example. The first part takes one in
  ``of``, with the cases of it that it would have anyway; the second part takes the others.
- ``more``: takes long, and is about the tools of the project or like others of the first part: the second part has it.

Tests that carry none of them are the first part's, but in the rooms whose tests each make, run and compare a whole copy
(:data:`WHOLE_COPIES`): of those in a file, the first part takes one in four.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

WHOLE_COPIES = (
    "tests/destinations/",
    "tests/e2e/",
    "tests/pipelines/copy/",
    "tests/pipelines/look/",
    "tests/pipelines/many/",
    "tests/pipelines/run/",
    "tests/pipelines/verify/",
    "tests/pipelines/zaia/",
    "tests/postgres/",
    "tests/sources/zaia/",
)
"""Rooms whose tests take a second or more each; whoever works in one calls pytest for it, which takes all."""


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
    samples: dict[str, list[pytest.Item]] = {}
    of_copies: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("sampled"):
            samples.setdefault(item.nodeid.partition("[")[0], []).append(item)
        elif item.nodeid.startswith(WHOLE_COPIES) and not item.get_closest_marker("alike"):
            of_copies.setdefault(item.nodeid.partition("::")[0], []).append(item)
        elif not item.get_closest_marker("more"):
            first.add(item)
    for name, cases in samples.items():
        first.update(sample(cases, random.Random(f"{seed} {name}")))
    for file, tests in of_copies.items():
        first.update(_one_in_four(tests, random.Random(f"{seed} {file}")))
    return first - _left_by_likeness(items, seed)


def _one_in_four(tests: Sequence[pytest.Item], rng: random.Random) -> list[pytest.Item]:
    """Return a quarter of a file's tests, rounded up, without those that the second part has anyway."""
    usual = [test for test in tests if not test.get_closest_marker("more")]
    return rng.sample(usual, -(-len(usual) // 4))


def _left_by_likeness(items: Iterable[pytest.Item], seed: str) -> set[pytest.Item]:
    """Return what is left to the second part since others like it are in the first."""
    kinds: dict[tuple[str, str], dict[str, list[pytest.Item]]] = {}
    shares: dict[tuple[str, str], int] = {}
    for item in items:
        if mark := item.get_closest_marker("alike"):
            test = item.nodeid.partition("[")[0]
            kind = (test.partition("::")[0], mark.args[1])
            assert shares.setdefault(kind, mark.args[0]) == mark.args[0], f"{kind} has two shares"
            kinds.setdefault(kind, {}).setdefault(test, []).append(item)
    left: set[pytest.Item] = set()
    for kind, tests in kinds.items():
        drawn = random.Random(f"{seed} {kind}").sample(list(tests), len(tests))
        left.update(item for test in drawn[-(-len(tests) // shares[kind]) :] for item in tests[test])
    return left


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
