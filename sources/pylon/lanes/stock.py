"""What hangs on which rows is to be read in a turn: what the copy says is due, and what the turn itself finds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from ..catalog import HANGING, PerParent, Table
from ..copy.intervals import TRIED_AGAIN, fresh
from ..copy.ledger import Ledger
from ..copy.work import Span, Times, Work, is_due, is_left_alone, rank
from ..rows.rows import Row, instant
from ..settings import Settings
from .budget import POLL_SECONDS
from .report import Report


class LeftAlone:
    """Which parents are left alone: those that were refused within the day, and have not moved since.

    Args:
        refused: Returns when each parent of a child was refused (UTC), by its id.
        failed: The parents of each child that gave no proper answer in this run, however often they were asked.
    """

    def __init__(
        self, refused: Callable[[str], Mapping[str, datetime]], failed: Mapping[str, Collection[str]]
    ) -> None:
        self._refused = cache(refused)
        self._failed = failed
        self._now = datetime.now(UTC)

    def count(self, child: str) -> int:
        """Return for how many parents of a child that may be so."""
        return len(self._refused(child)) + len(self._failed.get(child, ()))

    def holds(self, child: str, parent: Times) -> bool:
        """Whether a child is not to be asked for of some parent."""
        if parent.parent_id in self._failed.get(child, ()):
            return True
        return is_left_alone(parent, self._refused(child), self._now, TRIED_AGAIN)


class Stock:
    """The work of one turn, for each child.

    Args:
        settings: How old a reading may be.
        ledger: What the destination holds.
        report: Where to note how much is due.
        children: What is read in this turn.
        left_alone: Of whom a child is not asked for at present, although it is due.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        report: Report,
        children: Iterable[str],
        left_alone: LeftAlone | None = None,
    ) -> None:
        self._settings = settings
        self._left_alone = left_alone or LeftAlone(lambda _child: {}, {})
        self._ledger = ledger
        self._report = report
        self._work = {name: Work() for name in children}
        self._fresh: dict[str, Span | None] = {}
        self._more: set[str] = set()
        self._most: int | None = None
        self._changed = asyncio.Condition()

    @property
    def left(self) -> bool:
        """Whether something is due that was not handed out."""
        return bool(self._more) or any(len(work) or work.again for work in self._work.values())

    def of(self, child: str) -> Work:
        """Return the parents that are due for a child."""
        return self._work[child]

    def expected(self, child: str, most: int) -> list[str]:
        """Return the ids of some parents, at most ``most``, of which an answer may come next."""
        work = self._work.get(child)
        return work.expected(most) if work else []

    def first(self, most: int) -> dict[str, list[Times]]:
        """Return, for each child, the parents that are worth most of those that were not handed out."""
        return {child: work.first(most) for child, work in self._work.items()}

    def take(self, now: datetime, most: int | None, began: datetime) -> None:
        """Queue what the destination says is due.

        Args:
            now: The present (UTC).
            most: How many parents for each child at most, and how many may wait later; ``None``: all of them.
            began: When the run began (UTC).
        """
        self._most = most
        for child in self._work:
            span = self._fresh[child] = fresh(self._settings, HANGING[child], began, now)
            reach = self.reach(child, most)
            due = self._ledger.due(child, reach, span)
            ranked = [(parent, rank(parent, synced, now)) for parent, synced in due]
            self.add(child, ranked, more=len(due) == reach)

    def reach(self, child: str, most: int | None) -> int | None:
        """Return how many parents to look at for ``most`` to ask for: those that are left alone stand before."""
        return None if most is None else most + self._left_alone.count(child)

    def add(self, child: str, ranked: Iterable[tuple[Times, int]], *, more: bool) -> None:
        """Queue parents with their order of worth; ``more`` tells that others are due as well."""
        for parent, order in ranked:
            if not self._left_alone.holds(child, parent):
                self._work[child].push(parent, order)
        if more:
            self._more.add(child)
        self._show(child)

    async def offer(self, parent_table: str, rows: Sequence[Row], now: datetime) -> None:
        """Queue what hangs on rows that were just read, as far as it is due."""
        children = [HANGING[name] for name in self._work if HANGING[name].read.of == parent_table]
        for kind in dict.fromkeys(map(_referring, children)):
            self._offer([child for child in children if _referring(child) == kind], rows, now)
        if children:
            await self.wake()

    def _offer(self, children: Sequence[Table[PerParent]], rows: Sequence[Row], now: datetime) -> None:
        parents = {id_: row for row in rows if (id_ := id_in(children[0], row))}
        synced = self._ledger.synced(children, list(parents))
        times = {id_: _times(children[0], id_, row) for id_, row in parents.items()}
        for child in children:
            for id_, row in parents.items():
                parent, known = times[id_], synced.get(child.name, {}).get(id_)
                due = may_have(child, row) and is_due(parent, known, self._fresh.get(child.name))
                if due and not self._left_alone.holds(child.name, parent):
                    has_room = self._work[child.name].push(parent, rank(parent, known, now), self._most)
                    if not has_room:  # the copy will say so to the next turn
                        self._more.add(child.name)
            self._show(child.name)

    def give_up(self, child: str) -> None:
        """Forget what is due for a child that cannot be read: nothing of it is left for another turn."""
        if self._work.pop(child, None) is not None:
            self._more.discard(child)
            self._report.lanes[child].due = self._report.lanes[child].done

    @property
    def children(self) -> list[str]:
        """What is read in this turn."""
        return list(self._work)

    def clear(self) -> None:
        """Forget all of it; what was not reached is asked of the destination again."""
        self._work.clear()

    async def wake(self) -> None:
        """Wake all who wait for work."""
        async with self._changed:
            self._changed.notify_all()

    async def wait(self) -> None:
        """Wait until work came, or a lane left, or a moment has passed."""
        async with self._changed:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def _show(self, child: str) -> None:
        lane = self._report.lanes[child]
        lane.due = lane.done + len(self._work[child])


def _referring(child: Table[PerParent]) -> tuple[Any, ...]:
    """Return what decides how a parent's row is read for a child; those that agree in it share what was read."""
    return child.read.refer, child.read.is_mentioned


def id_in(child: Table[PerParent], row: Row) -> str | None:
    """Return the id that a row gives for a child to ask for, ``None`` if it gives none."""
    value: Any = row
    for name in child.read.refer:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def may_have(child: Table[PerParent], row: Row) -> bool:
    """Whether anything of a child can hang on a row."""
    only = child.read.only
    return only is None or row.get(only[0]) == only[1]


def _times(child: Table[PerParent], id_: str, row: Row) -> Times:
    if child.read.is_mentioned:  # the row only mentions what is asked for
        return Times(id_, None, None, None)
    return times_of(id_, row)


def times_of(id_: str, row: Row) -> Times:
    """Return what the row of a parent tells about what hangs on it."""
    stamps = [instant(row.get(name)) for name in ("created_at", "updated_at", "latest_message_time")]
    return Times(id_, *stamps)
