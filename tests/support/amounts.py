"""How much of what takes long is tried: a share by ``make test`` and ``make test-more``, as much as an hour lets of all by ``make soak``."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from pylon_elt.sources.pylon.catalog import ENDPOINTS

from .conformance import BEGINNINGS
from .oddities import ODDITIES
from .soak import SOAK

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
MARKS = ("<!-- tried -->\n", "<!-- /tried -->")


@dataclass(frozen=True)
class Amount:
    """How often something is tried."""

    usual: float
    soak: float

    @property
    def now(self) -> int:
        """How often in this session."""
        return int(self.soak if SOAK else self.usual)

    def times(self, other: Amount) -> Amount:
        """Return how often it is where each is something that is tried so often."""
        return Amount(self.usual * other.usual, self.soak * other.soak)


LIVES = Amount(24, 3000)
CELLS = Amount(0.02, 1.0)
"""The part of the cells."""
STATEMENTS = Amount(200, 2000)
CHANGES = Amount(2, 40)
KILLED = Amount(2, 12)
"""Copies that are killed at random, of DuckDB."""
KILLED_IN_POSTGRES = Amount(1, 5)
KILLS = Amount(2, 15)
"""Of each of them in each epoch."""
KILLS_IN_POSTGRES = Amount(1, 15)
SUSPENDED = Amount(4, 40)
DISTANCE = Amount(127, 4)
"""Between two points of an update at which it is killed, and of a first load below."""
DISTANCE_OF_FIRST_LOAD = Amount(211, 4)


def cells() -> list[tuple[str, str, str]]:
    """Return endpoint, oddity and beginning of each cell that can be."""
    return [
        (endpoint.name, name, beginning)
        for endpoint in ENDPOINTS.values()
        for name, oddity in ODDITIES.items()
        for beginning in BEGINNINGS
        if (oddity.objects if endpoint.single else oddity.lists)
    ]


def drawn_cells(share: float, seed: str) -> list[tuple[str, str, str]]:
    """Return about such a share of the cells, among them each endpoint and each oddity."""
    rng = random.Random(seed)
    every = cells()
    drawn = {cell for cell in every if rng.random() < share}
    for part in (0, 1):
        for value in sorted({cell[part] for cell in every} - {cell[part] for cell in drawn}):
            drawn.add(rng.choice([cell for cell in every if cell[part] == value]))
    return [cell for cell in every if cell in drawn]


def table(epochs: int, points: int) -> str:
    """Return the table of ``docs/reliability.md``.

    Args:
        epochs: How often a copy that is killed at random is let to its end.
        points: The named moments of a package.
    """
    number, each = len(cells()), Amount(epochs, epochs)
    amounts = {
        "simulated lives of a copy: edits, faults, kills and time, then all is compared": LIVES,
        f"{len(ODDITIES)} odd answers of each endpoint, to an empty copy and to a full one": None,
        "kills at a named moment of a load package, in place and on a fresh machine": Amount(
            points, 2 * points
        ),
        "kills at points all over an update: one in so many statements": DISTANCE,
        "the same of a first load": DISTANCE_OF_FIRST_LOAD,
        "kills at random, DuckDB": KILLED.times(KILLS).times(each),
        "kills at random, Postgres": KILLED_IN_POSTGRES.times(KILLS_IN_POSTGRES).times(each),
        "runs suspended at a random point while another machine goes on": SUSPENDED,
        "rounds of 120 random edits": CHANGES,
        "statements that try to be taken for a SELECT, on each of two databases": STATEMENTS,
    }
    of_cells = f"{CELLS.usual:.0%} of {number:,} | {number:,}"
    lines = [
        f"| {what} | {f'{amount.usual:,.0f} | {amount.soak:,.0f}' if amount else of_cells} |"
        for what, amount in amounts.items()
    ]
    return (
        "\n".join(["| what | `make test` and `make test-more` | `make soak` |", "|---|---:|---:|", *lines])
        + "\n"
    )


def page(text: str, epochs: int, points: int) -> str:
    """Return the text of ``docs/reliability.md`` with its table written anew."""
    begin, end = MARKS
    before, _, rest = text.partition(begin)
    return f"{before}{begin}{table(epochs, points)}{end}{rest.partition(end)[2]}"
