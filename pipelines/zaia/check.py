"""``zaia check``: whether the key is taken, and which lists can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.zaia.catalog import CHATS, CHILDREN, TABLES, TICKETS, Table
from pylon_elt.sources.zaia.errors import ConfigurationError, Hopeless, Refused, Unreadable, ZaiaError
from pylon_elt.sources.zaia.lists import Lists

from ..base import exits
from ..base.desk import Finding
from ..base.redaction import remember
from .advice import remedy
from .selection import selection
from .settings import read_settings

if TYPE_CHECKING:
    from pylon_elt.sources.zaia.settings import Settings


def findings(select: Sequence[str], exclude: Sequence[str], given: Mapping[str, Any]) -> Iterator[Finding]:
    """Ask each list for one row, and yield what was found.

    Raises:
        Problem: A table is unknown.
    """
    tables = selection(select, exclude)
    try:
        settings = read_settings(given)
    except ConfigurationError as error:  # the destination is looked at all the same
        yield Finding("settings", "failed", error.message, error.remedy, exits.CONFIGURATION)
        return
    remember(settings.api_key)
    checks = _Checks(replace(settings, attempts=2))  # a check does not back off for minutes
    for name in tables:
        try:
            yield from checks.look(TABLES[name])
        except Hopeless as error:  # nothing else would be answered either
            yield _failed("API key" if error.kind == "configuration" else "host", error)
            return


class _Checks:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lists = Lists(settings)
        self._chat: str | None = None

    def look(self, table: Table) -> Iterator[Finding]:
        """Ask for a table's first row, in each list that fills it."""
        if table is TICKETS:
            for status in self._settings.statuses:
                yield self._found(f"{table.name} {status}", table, {"status": status})
        elif table not in CHILDREN:
            yield self._found(table.name, table, {})
        elif chat := self._a_chat():
            yield self._found(table.name, table, {"chatId": chat})
        else:
            yield Finding(table.name, "unknown", "There is no chat to ask for.")

    def _found(self, what: str, table: Table, params: dict[str, Any]) -> Finding:
        try:
            rows = self._lists.look(table.path, params)
        except Unreadable as error:
            return _failed(what, error)
        if table is CHATS and rows and isinstance(rows[0], dict):
            self._chat = rows[0].get("id")
        return Finding(what, "ok", "can be read" if rows else "can be read; it has no row")

    def _a_chat(self) -> str | None:
        """Return a chat of which threads and messages can be asked for."""
        if self._chat is None:
            try:
                rows = self._lists.look(CHATS.path, {})
            except Unreadable:
                return None
            self._chat = rows[0].get("id") if rows and isinstance(rows[0], dict) else None
        return self._chat


def _failed(what: str, error: ZaiaError) -> Finding:
    if isinstance(error, Refused) and error.is_lacking:
        return Finding(what, "denied", f"{error.message} A run leaves it out.")
    return Finding(what, "failed", error.message, remedy(error), exits.of(error))
