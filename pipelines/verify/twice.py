"""Rows that seem to differ from the copy are read a second time: what differs at each reading is no difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from pylon_elt.sources.pylon.catalog import TABLES, Table
from pylon_elt.sources.pylon.copy.state import SourceState
from pylon_elt.sources.pylon.rows.volatile import named
from pylon_elt.sources.pylon.upkeep.readings import MOMENT, Readings, again

from .held import Key, key_of

Typed = Mapping[str, Any]
Read = Callable[[Table, str], Awaitable[Sequence[Typed]]]
"""Reads the rows of a table that belong to an issue, as the table would hold them."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row of the copy that is not what Pylon gave."""

    table: Table
    issue_id: str
    key: Key
    wanted: Typed
    held: Typed


class Twice:
    """What seems to differ, until a second reading has said whether it does.

    Args:
        state: What earlier runs have learnt.
        now: The present (UTC).
    """

    def __init__(self, state: SourceState, now: datetime) -> None:
        self._state = state
        self._now = now
        self._readings: dict[str, Readings] = {}
        self._doubts: dict[str, list[Doubt]] = {}

    def compare(self, table: Table, issue_id: str, wanted: Typed, held: Typed) -> None:
        """Compare a row with the copy, and keep it in mind where it differs."""
        if self._of(table).differing(wanted, held):
            doubt = Doubt(table, issue_id, key_of(table, wanted), wanted, held)
            self._doubts.setdefault(table.name, []).append(doubt)

    async def settle(
        self, read: Read, pause: Callable[[float], Awaitable[None]]
    ) -> list[tuple[Doubt, list[str]]]:
        """Read some of the rows again, and return those that do differ, with the columns.

        Args:
            read: How to read.
            pause: How to wait, in seconds.

        Raises:
            CredentialsError: The token is not let in any more.
        """
        if self._doubts:
            await pause(MOMENT)
        for name, doubts in self._doubts.items():
            await self._read_again(TABLES[name], doubts, read)
        return [
            (doubt, columns)
            for doubts in self._doubts.values()
            for doubt in doubts
            if (columns := self._columns(doubt))
        ]

    async def _read_again(self, table: Table, doubts: Sequence[Doubt], read: Read) -> None:
        readings = self._of(table)
        turns = Counter[str]()
        while left := [doubt for doubt in doubts if self._columns(doubt)]:
            # two readings of a short list are in the same order often enough, which says nothing
            shuffled = [doubt for doubt in left if readings.shuffled(doubt.wanted, doubt.held)]
            if not (readings.open_to_chance if shuffled else readings.open):
                return
            among = [doubt.issue_id for doubt in shuffled or left]
            issue_id = min(among, key=turns.__getitem__)  # the first of those that were read least
            turns[issue_id] += 1
            rows = await again(partial(read, table, issue_id))
            twice = {key_of(table, row): row for row in rows}
            ours = (doubt for doubt in doubts if doubt.issue_id == issue_id and doubt.key in twice)
            readings.learn([(doubt.wanted, twice[doubt.key]) for doubt in ours], by_chance=bool(shuffled))

    def _columns(self, doubt: Doubt) -> list[str]:
        return self._of(doubt.table).differing(doubt.wanted, doubt.held)

    @property
    def volatile(self) -> dict[str, list[str]]:
        """The names of what differs at each reading, by table."""
        return {name: named(one.paths) for name, one in sorted(self._readings.items()) if one.paths}

    def _of(self, table: Table) -> Readings:
        if table.name not in self._readings:
            self._readings[table.name] = Readings(table, self._state, self._now)
        return self._readings[table.name]
