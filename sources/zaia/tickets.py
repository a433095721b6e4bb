"""Tickets: those that are open on each run; of the others, what is new; all of them at an interval."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from typing import Any

from .catalog import TICKETS
from .errors import Refused, Unanswered, Unreadable
from .missing import Missing, own_path
from .readings import Readings, both_ends
from .rows import reference
from .run import ListState, Run, present

ONE_BY_ONE = 100
"""So many tickets at most are asked for by their own id in a run; where more have left, all lists are read instead."""


class Tickets:
    """One run's reading of the tickets.

    Args:
        run: What the resources share.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._lists = run.lists
        self._changes = run.changes(TICKETS)
        self._state = ListState(TICKETS.name)
        self._closed = run.settings.closed_statuses
        self._open = [status for status in run.settings.statuses if status not in self._closed]
        self._failed: dict[str, Unreadable] = {}
        self._missing = Missing(run, self._changes, self._failed)

    def read(self) -> Iterator[Any]:
        """Read what a run must read, and yield what there is to load."""
        due = self._state.is_due(self._run.settings)
        if due or not self._changes.copy.count(TICKETS) or not (yield from self._read_news()):
            yield from self._read_all()
        for status, error in self._failed.items():
            self._run.notes.failed(f"The list of tickets in status {status!r}", error)

    def _read_news(self) -> Generator[Any, None, bool]:
        """Read open tickets, those that have left them, and both ends of the others; return whether that is all."""
        known = self._changes.copy.open_tickets(self._closed)
        self._changes.before |= known
        readings = Readings(self._lists, self._changes, _by_status(self._open))
        yield from readings.read()
        if self._changes.now or known.keys() - readings.last:  # a ticket may have changed lists meanwhile
            yield from readings.read(at_least=2)
        self._failed |= readings.failed
        left = {
            one
            for one in (known.keys() | readings.seen) - readings.last
            if self._status(one) not in self._failed
        }
        if len(left) > ONE_BY_ONE:
            return False
        missing = yield from self._look_for(left)
        agree = True
        for status in self._closed:
            agree = (yield from self._read_ends(status)) and agree
        if agree:  # else all lists are read, and what is missing is judged together
            yield from self._missing.give_up(missing, "not in two readings of the open tickets")
        return agree

    def _status(self, ticket: str) -> str | None:
        return self._changes.now.get(ticket, self._changes.before.get(ticket, ("", None)))[1]

    def _look_for(self, tickets: Collection[str]) -> Generator[Any, None, set[str]]:
        """Ask for tickets that open lists do not show any more; return those that are not there, or not to be seen."""
        missing = set()
        for ticket in sorted(tickets):
            try:
                found = self._lists.one(own_path(ticket))
            except Refused as error:
                if error.status in {404, 410}:
                    missing.add(ticket)
                    continue
                self._run.notes.failed(f"Ticket {ticket}", error)
            except Unanswered as error:
                self._run.notes.failed("Tickets by their ids", error)
                break
            else:
                if isinstance(found, dict) and reference(found.get("id")) == ticket:
                    _, items = self._changes.take([found])
                    yield from items
                    if found.get("status") in self._open:
                        missing.add(ticket)
                    self._missing.warn_of(found.get("status"))
        return missing

    def _read_ends(self, status: str) -> Generator[Any, None, bool]:
        """Read both ends of a list; return whether the copy has as many rows then."""
        try:
            params = {"status": status}
            extent = yield from both_ends(self._lists, self._changes, params, self._state.pages(status))
        except Unreadable as error:
            self._failed[status] = error
            return True
        self._state.keep(extent, status)
        return self._state.agrees(extent, self._changes.count(status), status)

    def _read_all(self) -> Iterator[Any]:
        stored = self._changes.know_all()
        readings = Readings(self._lists, self._changes, _by_status(self._run.settings.statuses))
        yield from readings.read(at_least=2)
        self._failed |= readings.failed
        missing = stored.keys() - readings.seen if self._changes.whole and readings.times > 1 else set()
        if not self._missing.unread:
            said = f"not in {readings.times} complete readings of all tickets"
            gone = yield from self._missing.give_up(missing, said)
            for status, extent in readings.extents.items():
                left = sum(stored[one][1] == status for one in gone)
                if status not in self._failed:
                    self._state.keep_whole(extent, self._changes.count(status) - left, status)


def _by_status(statuses: Collection[str]) -> dict[str, dict[str, Any]]:
    return {status: {"status": status} for status in statuses}


def tickets(run: Run) -> Iterator[Any]:
    """Read tickets, and yield what there is to load of them."""
    with run.copy():
        yield from present()
        yield from Tickets(run).read()
