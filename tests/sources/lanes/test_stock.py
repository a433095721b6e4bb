"""What is due in a turn, and whether any of it was left for another."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pylon_elt.sources.pylon.catalog import Table
from pylon_elt.sources.pylon.copy.work import Synced, Times
from pylon_elt.sources.pylon.lanes.report import Report
from pylon_elt.sources.pylon.lanes.stock import Stock
from pylon_elt.sources.pylon.settings import settings

NOW = datetime(2026, 7, 1, tzinfo=UTC)


class Known:
    """A ledger of which the content is given."""

    def __init__(self, due: int = 0, synced: dict[str, Synced] | None = None) -> None:
        self._due = due
        self._synced = synced or {}

    def due(self, child: str, most: int | None, _cutoff: Any) -> list[tuple[Times, None]]:
        some = [Times(f"{child}{number}", NOW, NOW, None) for number in range(self._due)]
        return [(times, None) for times in some[:most]]

    def synced(self, children: list[Table], _ids: list[str]) -> dict[str, dict[str, Synced]]:
        return {child.name: self._synced for child in children}


def stock(ledger: Known | None = None, *children: str) -> tuple[Stock, Report]:
    report = Report()
    known: Any = ledger or Known()
    return Stock(settings("pyl_x"), known, report, children or ("issue_messages",)), report


def issue(name: str, *, updated: datetime = NOW) -> dict[str, Any]:
    return {"id": name, "created_at": NOW.isoformat(), "updated_at": updated.isoformat()}


@pytest.mark.parametrize(
    ("most", "taken", "left"), [(None, 3, False), (4, 3, False), (3, 3, True), (2, 2, True)]
)
def test_what_is_due_beyond_the_limit_is_left(most: int | None, taken: int, left: bool) -> None:
    stocked, report = stock(Known(due=3))
    stocked.take(NOW, most, NOW)
    assert report.lanes["issue_messages"].due == taken
    assert stocked.left
    while stocked.of("issue_messages").pop():
        pass
    assert stocked.left is left


def test_what_finds_no_room_among_those_that_wait_is_left_to_another_turn() -> None:
    stocked, report = stock(Known(due=2))
    stocked.take(NOW, 3, NOW)
    work = stocked.of("issue_messages")
    asyncio.run(stocked.offer("issues", [issue("a"), issue("b")], NOW))
    assert len(work) == report.lanes["issue_messages"].due == 3
    assert stocked.left
    assert work.pop()
    asyncio.run(stocked.offer("issues", [issue("c"), issue("a", updated=NOW + timedelta(1))], NOW))
    assert len(work) == 3
    assert {found.parent_id for found in iter(work.pop, None)} == {"issue_messages1", "a", "c"}
    assert stocked.left


def test_nothing_is_left_of_what_cannot_be_read() -> None:
    stocked, report = stock(Known(due=3), "issue_messages", "issue_threads")
    stocked.take(NOW, 3, NOW)
    stocked.give_up("issue_messages")
    assert stocked.left
    stocked.give_up("issue_threads")
    stocked.give_up("issues")
    assert not stocked.left
    assert report.lanes["issue_messages"].due == 0
    asyncio.run(stocked.offer("issues", [issue("1")], NOW))
    assert not stocked.left


def test_what_the_turn_finds_is_queued_as_far_as_it_is_due() -> None:
    known = Known(synced={"read": Synced(NOW, None), "moved": Synced(NOW - timedelta(days=1), None)})
    stocked, _ = stock(known)
    asyncio.run(stocked.offer("issues", [issue("read"), issue("moved"), issue("new")], NOW))
    asyncio.run(stocked.offer("accounts", [issue("account")], NOW))
    work = stocked.of("issue_messages")
    assert [parent.parent_id for parent in iter(work.pop, None)] == ["new", "moved"]
    assert not stocked.left


def test_what_moves_after_it_was_handed_out_is_left() -> None:
    stocked, _ = stock()
    asyncio.run(stocked.offer("issues", [issue("1")], NOW))
    assert stocked.of("issue_messages").pop()
    assert not stocked.left
    asyncio.run(stocked.offer("issues", [issue("1", updated=NOW + timedelta(hours=1))], NOW))
    assert stocked.left
    stocked.clear()
    assert not stocked.left
