"""Whether a difference between the copy and Pylon is one: what two readings a moment apart do not agree on is none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from ..catalog import Table
from ..copy.comparing import differing
from ..copy.state import SourceState
from ..errors import CredentialsError, PylonError
from ..rows.volatile import KEPT_FOR, Kind, Path, Paths, Volatile, between, merged, named

MOMENT = 1.1
"""Seconds between two readings: what ticks in whole seconds has ticked by then."""

IN_VAIN = 3
"""How many second readings of a table may teach nothing before what differs is taken for what it seems."""

AT_MOST = 8
"""How many may teach nothing where two readings agree by chance, too. Those that teach are not counted: there is an end
to what can be learnt, and a workspace may have as many states that tick as it likes."""

T = TypeVar("T")
Typed = Mapping[str, Any]
"""A row as the table would hold it: ``{column: value}``, JSON as text."""


class Readings:
    """What is volatile in one table, from earlier runs and by what is read now.

    Args:
        table: Which one.
        state: What earlier runs saw.
        now: The present (UTC).
    """

    def __init__(self, table: Table, state: SourceState, now: datetime) -> None:
        self.table = table
        self._left = AT_MOST
        self._in_vain = 0
        self._now = now
        self._before = state.volatile.get(table.name, {})
        self._kept = {path: one for path, one in self._before.items() if now - one.seen_at < KEPT_FOR}
        self._found: dict[Path, Kind] = {}
        self.paths: Paths = merged({path: one.kind for path, one in self._kept.items()})
        """What is volatile, as far as is known."""

    def differing(self, wanted: Typed, held: Typed) -> list[str]:
        """Return the columns in which a row of the copy is not what the API gives, by what is steady in them."""
        return differing(self.table, wanted, held, self.paths)

    def shuffled(self, wanted: Typed, held: Typed) -> bool:
        """Whether a row of the copy differs from what the API gives in nothing but the order of lists."""
        unordered: Paths = {(column,): "order" for column in self.differing(wanted, held)}
        return not differing(self.table, wanted, held, {**self.paths, **unordered})

    def learn(self, pairs: Sequence[tuple[Typed, Typed]], *, by_chance: bool = False) -> None:
        """See what was read twice; a row that was changed between its two readings says nothing.

        Args:
            pairs: What was read first, and then.
            by_chance: Whether two readings may agree by chance, so that one that teaches nothing was not in vain.
        """
        before = self.paths
        for one, two in pairs:
            if one.get("updated_at") == two.get("updated_at"):
                self._found = merged(self._found, between(self.table, one, two))
        self.paths = merged(self.paths, self._found)
        self._left -= self.paths == before
        self._in_vain += self.paths == before and not by_chance

    @property
    def open(self) -> bool:
        """Whether something may be read a second time."""
        return self.open_to_chance and self._in_vain < IN_VAIN

    @property
    def open_to_chance(self) -> bool:
        """The same of rows of which two readings may agree by chance."""
        return self._left > 0

    @property
    def news(self) -> list[str]:
        """The names of what was found to be volatile now, and was not known to be."""
        return named(self._found.keys() - self._before.keys())

    def note(self, state: SourceState) -> None:
        """Write what is volatile into the source's state; what was not seen for long is forgotten."""
        seen = {path: Volatile(kind, self._now) for path, kind in self._found.items()}
        known = {**self._kept, **seen}
        kept = {
            path: Volatile(kind, known[path].seen_at if path in known else self._now)
            for path, kind in self.paths.items()
        }
        if kept or self._before:
            rest = {name: found for name, found in state.volatile.items() if name != self.table.name}
            state.volatile = {**rest, self.table.name: kept} if kept else rest


async def again(read: Callable[[], Awaitable[Sequence[T]]]) -> Sequence[T]:
    """Read rows a second time; where that fails, there are none, which says nothing.

    Raises:
        CredentialsError: The token is not let in any more.
    """
    try:
        return await read()
    except CredentialsError:
        raise
    except PylonError:
        return []


def told(table: str, names: Sequence[str]) -> str:
    """Say what is volatile in a table."""
    return (
        f"{table}: {', '.join(names)} differs between two readings a moment apart although nothing was changed, so that"
        " it alone makes no row differ. It is copied with every other change."
    )
