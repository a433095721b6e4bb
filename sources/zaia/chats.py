"""Chats whose last message moved, and, once for each, its threads and messages."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dlt

from .catalog import CHAT_MESSAGES, CHAT_SYNC, CHAT_THREADS, CHATS, Table
from .changes import CATCH_ROWS, Changes
from .errors import Implausible, Refused, Unreadable
from .hanging import Hanging
from .readings import Readings
from .rows import Row, identified, moment, scope, to_row, zoned
from .run import ListState, Run, present

SINCE = "lastChatMessageCreatedAtStart"
YOUNG = 120.0
"""A list may show a message so many seconds later than its chat tells of it, as behind two databases."""
TICK = 2.0
"""Within so many seconds another message may bear the same time, where times are cut to whole seconds."""
NEVER = datetime.min.replace(tzinfo=UTC)
FAILURES = 3
"""After so many chats in a row that could not be read, the others are left to the next run."""


@dataclass
class Found:
    """Part of what was listed: what there is to load of chats, for them and for what hangs on them."""

    items: list[Any]
    children: dict[str, Child]
    """What reads the children in this run, by table."""
    ended: bool = False
    watermark: datetime | None = None
    """Where the listing ended well: the newest time that it has shown."""
    whole: Readings | None = None
    """The readings, where all chats were listed well."""

    def chats(self) -> Iterator[dict[str, Any]]:
        """Return the rows of chats among the items, tombstones included."""
        for item in self.items:
            if isinstance(item, list):
                yield from item


def listed(run: Run) -> Iterator[Found]:
    """List the chats: those that moved, or all where that is due, and see which are gone."""
    with run.copy():
        yield from _listed(run)


def _listed(run: Run) -> Iterator[Found]:
    changes, state = run.changes(CHATS), ListState(CHATS.name)
    children = {table.name: Child(run, table) for table in (CHAT_THREADS, CHAT_MESSAGES)}
    newest = state.watermark
    params: dict[str, str] = {}
    if not state.is_due(run.settings) and changes.copy.count(CHATS):
        newest, params = _since(newest, run.settings.lookback_seconds)
    stored = {} if params else changes.know_all()
    readings = Readings(run.lists, changes, {"": params})
    for part in _readings(readings, stored):
        found = Found([part], children)
        newest = max(filter(None, [newest, *map(_plausible, found.chats())]), default=None)
        yield found
    if params and _is_doubtful(readings, changes, params):  # what the filter hides, a list without it shows
        stored = changes.know_all()
        readings, params = Readings(run.lists, changes, {"": {}}), {}
        for part in _readings(readings, stored):
            yield Found([part], children)
    if failed := readings.failed.get(""):
        run.notes.failed(CHATS.name, failed)
        yield Found([], children, ended=True)
        return
    gone = stored.keys() - readings.seen if changes.whole else set()
    items = list(changes.leave(gone, _evidence(readings))) if gone and run.may_go(changes, len(gone)) else []
    whole = None if params else readings
    yield Found(items, children, ended=True, watermark=newest, whole=whole)


def _since(newest: datetime | None, lookback_seconds: float) -> tuple[datetime | None, dict[str, str]]:
    """Return the watermark, and what chats are asked by that have moved since; nothing where it does not tell."""
    newest = min(newest, datetime.now(UTC)) if newest else None
    if newest is None or newest.timestamp() <= lookback_seconds:
        return newest, {}
    since = newest - timedelta(seconds=lookback_seconds)
    return newest, {SINCE: since.isoformat(timespec="milliseconds").replace("+00:00", "Z")}


def _is_doubtful(readings: Readings, changes: Changes, params: Mapping[str, str]) -> bool:
    """Whether the filter is refused, or hides a chat that it must show: it may count in another zone, or unit."""
    if failed := readings.failed.get(""):
        return isinstance(failed, Refused) and failed.status in {400, 422}
    return not changes.copy.chats_after(datetime.fromisoformat(params[SINCE])) <= readings.seen


def _readings(readings: Readings, stored: Mapping[str, Any]) -> Iterator[Any]:
    yield from readings.read()
    if stored.keys() - readings.seen:
        yield from readings.read(at_least=2)


def _evidence(readings: Readings) -> str:
    return f"not in {readings.times} complete readings of {CHATS.path}"


def _plausible(chat: Mapping[str, Any]) -> datetime | None:
    """Return the time of a chat's newest message, but none in the future, where others would not be looked for."""
    at: datetime | None = chat.get("last_chat_message_created_at")
    return min(at, datetime.now(UTC)) if at else None


def chats(found: Found) -> Iterator[Any]:
    """Yield what there is to load of chats; the state moves on with it, not with what hangs on them."""
    if found.ended:
        yield from present()
    yield from found.items
    if found.watermark:
        ListState(CHATS.name).watermark = found.watermark
    if found.whole:
        ListState(CHATS.name).keep_whole(found.whole.extents[""], 0)


def child(found: Found, table: Table) -> Iterator[Any]:
    """Yield what there is to load of what hangs on chats."""
    yield from found.children[table.name].read(found)


class Child:
    """One run's reading of what hangs on chats.

    Args:
        run: What the resources share.
        table: What hangs on them.
    """

    def __init__(self, run: Run, table: Table) -> None:
        self._run = run
        self._table = table
        self._changes: Changes = run.changes(table)
        self._copy = self._changes.copy
        self._hanging = Hanging(run, table)
        self._done: set[tuple[str, datetime | None]] = set()
        self._gone: set[str] = set()
        self._vouched = self._copy.vouches(table)
        self._failures = 0
        self._is_begun = False

    def read(self, found: Found) -> Iterator[Any]:
        """Read the chats of a part that moved, and at the end those of the copy that are due; yield what to load."""
        if found.ended:
            yield from present(CHAT_SYNC)
        if not self._is_begun:
            self._is_begun = True
            yield from self._disown()
        moved: dict[str, datetime | None] = {}
        for row in found.chats():
            if row.get("_removed"):
                yield from self._leave(row["id"])
            else:
                moved[row["id"]] = row["last_chat_message_created_at"]
        known = self._copy.read_to(self._table, moved) if self._vouched else {}
        # of a chat that does not tell when, any change may be a message
        due = [(chat, at) for chat, at in moved.items() if at is None or known.get(chat, NEVER) != at]
        if found.ended:
            due += yield from self._rest(found)
        for chat, at in due:
            if (chat, at) in self._done or (self._table.name, chat) in self._run.given_up:
                continue
            if self._failures >= FAILURES:
                return
            if self._done and time.monotonic() >= self._run.ends_at:
                self._run.left = True
                return
            self._done.add((chat, at))
            yield from self._read_chat(chat, at)

    def _rest(self, found: Found) -> Generator[Any, None, list[tuple[str, datetime | None]]]:
        """Return the chats of the copy that are due; where none of them tells when, all are whenever all are listed."""
        seen = {chat for chat, _ in self._done} | self._gone
        all_ = self._copy.chats() if found.whole or not self._vouched else {}
        if found.whole and self._vouched and not any(all_.values()):
            yield from self._forget([chat for chat in self._copy.told_of(self._table) if chat not in seen])
            rest = all_
        else:
            rest = self._copy.due(self._table) if self._vouched else all_
        return [(chat, at) for chat, at in rest.items() if chat not in seen]

    def _disown(self) -> Iterator[Any]:
        """Have the ledger forget a table that is not as it says, which not all chats may be read for at once."""
        yield from self._forget([] if self._vouched else self._copy.told_of(self._table))

    def _forget(self, told: list[str]) -> Iterator[Any]:
        if told:
            stamp = self._run.stamps.next()  # before that of what is read from here on
            gone = {"child": self._table.name, "_synced_at": stamp, "_removed": True}
            yield dlt.mark.with_table_name([{"chat_id": chat, **gone} for chat in told], CHAT_SYNC.name)

    def _read_chat(self, chat: str, at: datetime | None) -> Iterator[Any]:
        try:
            rows, whole = self._hanging.rows(chat)
            if not rows and (at or self._copy.ids_of(self._table, chat)):
                rows, whole = self._hanging.rows(chat)
        except Unreadable as error:
            self._failures += 1
            self._run.given_up.add((self._table.name, chat))
            self._run.notes.failed(f"{self._table.name} of chat {chat}", error)
            return
        self._failures = 0
        if not rows and not self._may_be_empty(chat):
            self._run.given_up.add((self._table.name, chat))
            return
        sources, odd = identified(rows)
        sources = [zoned(self._table, source, self._run.settings.zone) for source in sources]
        self._run.notes.odd(self._table.name, odd)
        stamp = self._run.stamps.next()
        items = [{**to_row(self._table, source, stamp), self._table.parent: chat} for source in sources]
        self._run.notes.read[self._table.name] += len(items)
        yield ([scope(self._table, chat, stamp)] if whole and not odd else []) + items
        if (self._table.name, chat) in self._run.given_up or not self._is_settled(sources, at):
            return  # the ledger keeps it due
        ledger = {"last_chat_message_created_at": at, "row_count": len(items), "_synced_at": stamp}
        yield dlt.mark.with_table_name(
            [{"chat_id": chat, "child": self._table.name, **ledger}], CHAT_SYNC.name
        )

    def _is_settled(self, sources: list[Row], at: datetime | None) -> bool:
        """Whether what was read has all that its chat tells of, by the server's clock."""
        now = self._run.lists.session.date or datetime.now(UTC)
        age = (now - at).total_seconds() if at else YOUNG
        if at is None or not -YOUNG < age < YOUNG:
            return True
        if self._table is CHAT_THREADS:
            return False
        newest = max(filter(None, (moment(source.get("createdAt")) for source in sources)), default=NEVER)
        return newest >= at and age >= TICK

    def _may_be_empty(self, chat: str) -> bool:
        """Whether it may be believed that a chat has nothing any more, of which two readings showed nothing."""
        if not self._copy.ids_of(self._table, chat):
            return True
        self._run.emptied[self._table.name] += 1
        if self._run.emptied[self._table.name] <= CATCH_ROWS or self._run.settings.confirm_removals:
            return True
        self._run.notes.implausible(
            self._table.name,
            Implausible(
                f"more than {CATCH_ROWS} chats that had some have none any more, by what Zaia shows. What the copy"
                " has of the others stays."
            ),
        )
        return False

    def _leave(self, chat: str) -> Iterator[Any]:
        self._gone.add(chat)
        yield [scope(self._table, chat, self._run.stamps.next())]
        yield from self._changes.leave(self._copy.ids_of(self._table, chat), "its chat is gone", chat)
        yield dlt.mark.with_table_name(
            [{"chat_id": chat, "child": self._table.name, "_removed": True}], CHAT_SYNC.name
        )
