"""Tickets in a status that nobody asks for: they are no less there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.written import Query, paged
from support.zaia import Desk

pytestmark = pytest.mark.dear

Serve = Callable[..., Desk]


class Inbox:
    """Some tickets, each in a chat of its own."""

    def __init__(self, count: int) -> None:
        states = ("pending", "ongoing", "completed")
        self.rows = {
            f"t{n:03}": {"id": f"t{n:03}", "chatId": f"c{n}", "status": states[n % 3]} for n in range(count)
        }

    def answer(self, path: str, query: Query) -> Any:
        """Return the answer to a request."""
        if path != "tickets/details":
            return self.rows.get(path.split("/")[1], (404, {}, {}))
        own = [row for row in self.rows.values() if row["status"] == query["status"]]
        return paged([row for row in own if query.get("chatIds", row["chatId"]) == row["chatId"]], query)


def _states(desk: Desk) -> dict[str, str]:
    return {row["id"]: row["status"] for row in desk.rows("tickets")}


@pytest.mark.parametrize("hours", [0, 24])
@pytest.mark.parametrize("moved", [("t000",), ("t001", "t002"), tuple(f"t{n:03}" for n in range(60))])
def test_tickets_in_a_status_that_nobody_asks_for_stay(
    serve: Serve, moved: tuple[str, ...], hours: float, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox(300)
    desk = serve(inbox.answer)
    desk.run(["tickets"])
    for ticket in moved:
        inbox.rows[ticket]["status"] = "archived"
    desk.run(["tickets"], full_read_hours=hours)
    desk.run(["tickets"], full_read_hours=0)
    assert _states(desk).keys() == inbox.rows.keys()
    assert "'archived'" in caplog.text
    desk.run(["tickets"], statuses=["pending", "ongoing", "completed", "archived"], full_read_hours=0)
    assert _states(desk) == {ticket: row["status"] for ticket, row in inbox.rows.items()}


def test_many_tickets_that_are_gone_leave(serve: Serve) -> None:
    inbox = Inbox(300)
    desk = serve(inbox.answer)
    desk.run(["tickets"])
    for ticket in list(inbox.rows)[:60]:
        del inbox.rows[ticket]
    desk.run(["tickets"], full_read_hours=0)
    assert _states(desk).keys() == inbox.rows.keys()
