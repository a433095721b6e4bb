"""Contestants side by side: interleaved rounds, medians, and ratios taken within each round."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from .process import Cost

Contestants = Mapping[str, Callable[[], Cost]]


def interleaved(contestants: Contestants, rounds: int) -> dict[str, list[Cost]]:
    """Run all, one after the other, ``rounds`` times, so that a slow minute of the machine hits all."""
    costs: dict[str, list[Cost]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name, run in contestants.items():
            costs[name].append(run())
            cost = costs[name][-1]
            note(f"  round {number + 1} of {rounds}: {name}: {cost.cpu:.1f} s CPU, {cost.wall:.1f} s")
    return costs


def typical(costs: Sequence[Cost], what: Callable[[Cost], float] = lambda cost: cost.cpu) -> float:
    """Return the median of one figure."""
    return median(what(cost) for cost in costs)


def ratio(costs: Sequence[Cost], base: Sequence[Cost]) -> float:
    """Return how many times the CPU of ``base`` was needed: the median of the rounds' own ratios."""
    return median(one.cpu / other.cpu for one, other in zip(costs, base, strict=True))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns line up; all but the first are figures."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]
        return f"| {' | '.join(padded)} |"

    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([line(header), rule, *map(line, rows)])


def note(text: str) -> None:
    """Tell whoever waits what is going on, apart from the result."""
    print(text, file=sys.stderr, flush=True)
