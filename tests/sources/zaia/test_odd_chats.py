"""Chats that do not tell plainly when they moved: their messages are read all the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.written import Query, paged
from support.zaia import Desk

pytestmark = pytest.mark.dear

Serve = Callable[..., Desk]
Json = dict[str, Any]
ONLY = ["chats", "chat_threads", "chat_messages"]
NOW = datetime.now(UTC)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Chats:
    """Some chats with their messages, of which a test says how they are shown."""

    def __init__(self, at: datetime = NOW - timedelta(days=1)) -> None:
        self.rows: dict[str, Json] = {}
        self.messages: list[Json] = []
        self.hidden: set[str] = set()
        self.show: Callable[[Json], Json] = lambda row: row
        self.filter: Callable[[str], Any] = lambda since: since
        self.most = 1000
        for chat in ("a", "b", "c"):
            self.write(chat, at)

    def write(self, chat: str, at: datetime) -> str:
        """Write a message, and return its id."""
        ident = f"{chat}-{len(self.messages)}"
        self.messages.append({"id": ident, "chatId": chat, "chatThreadId": chat, "createdAt": _iso(at)})
        self.rows[chat] = {"id": chat, "lastChatMessageCreatedAt": _iso(at), "updatedAt": _iso(at)}
        return ident

    def answer(self, path: str, query: Query) -> Any:
        """Return the answer to a request."""
        if path == "chat-messages":
            own = [row for row in self.messages if row["chatId"] == query["chatId"]]
            shown = [self.show(row) for row in own if row["id"] not in self.hidden]
            of_thread = [
                row for row in shown if query.get("chatThreadId", row["chatThreadId"]) == row["chatThreadId"]
            ]
            return of_thread[-min(self.most, int(query["pagination.limit"])) :]
        if path == "chat-threads":
            threads = {row["chatThreadId"] for row in self.messages if row["chatId"] == query["chatId"]}
            return paged([{"id": thread, "chatId": query["chatId"]} for thread in sorted(threads)], query)
        since = query.get("lastChatMessageCreatedAtStart", "")
        if since and not isinstance(since := self.filter(since), str):
            return since
        rows = [row for row in self.rows.values() if row["lastChatMessageCreatedAt"] >= since]
        return paged([self.show(row) for row in rows], query)

    def check(self, desk: Desk) -> None:
        """Expect the copy to have every message."""
        assert sorted(row["id"] for row in desk.rows("chat_messages")) == sorted(
            row["id"] for row in self.messages
        )


def _without(row: Json) -> Json:
    return {name: value for name, value in row.items() if not name.endswith("At")}


SHOWN: dict[str, Callable[[str], Any]] = {
    "no zone": lambda text: text.removesuffix("Z"),
    "seconds": lambda text: int(datetime.fromisoformat(text).timestamp()),
    "milliseconds": lambda text: int(datetime.fromisoformat(text).timestamp() * 1000),
    "text": str.lower,
}


@pytest.mark.parametrize("form", SHOWN)
def test_messages_are_read_of_chats_whose_times_cannot_be_read(serve: Serve, form: str) -> None:
    chats = Chats()
    chats.show = lambda row: {k: SHOWN[form](v) if k.endswith("At") else v for k, v in row.items()}
    desk = serve(chats.answer)
    desk.run(ONLY)
    chats.write("b", NOW - timedelta(hours=1))
    desk.run(ONLY)
    chats.check(desk)


def test_a_chat_without_a_time_that_could_not_be_read_stays_due(serve: Serve) -> None:
    chats, failing = Chats(), False
    chats.show = lambda row: {**row, "lastChatMessageCreatedAt": None}

    def answer(path: str, query: Query) -> Any:
        return (500, {}, {}) if failing and path == "chat-messages" else chats.answer(path, query)

    desk = serve(answer, attempts=1)
    desk.run(ONLY)
    chats.write("b", NOW - timedelta(hours=1))
    failing = True
    desk.run(ONLY)
    failing = False
    desk.run(ONLY)
    chats.check(desk)


def test_where_no_chat_tells_anything_messages_are_read_with_each_complete_listing(serve: Serve) -> None:
    chats = Chats()
    chats.show = _without
    desk = serve(chats.answer)
    desk.run(ONLY)
    chats.write("b", NOW - timedelta(hours=1))
    desk.run(ONLY, full_read_hours=0)
    chats.check(desk)


def test_a_message_that_its_list_shows_later_than_its_chat_is_read_by_the_next_run(serve: Serve) -> None:
    chats = Chats()
    desk = serve(chats.answer)
    desk.run(ONLY)
    chats.hidden = {chats.write("b", datetime.now(UTC) - timedelta(seconds=5))}
    desk.run(ONLY)
    chats.hidden = set()
    desk.run(ONLY)
    chats.check(desk)


@pytest.mark.parametrize(
    "filter_",
    [
        lambda _: (400, {}, {"message": "it must be a number"}),
        lambda since: _iso(datetime.fromisoformat(since) + timedelta(hours=3)),
    ],
    ids=["refused", "another zone"],
)
def test_a_filter_that_hides_what_it_must_show_is_not_used(
    serve: Serve, filter_: Callable[[str], Any]
) -> None:
    chats = Chats()
    desk = serve(chats.answer)
    desk.run(ONLY)
    chats.filter = filter_
    chats.write("b", NOW - timedelta(hours=23))
    chats.write("d", NOW - timedelta(hours=23))
    desk.run(ONLY)
    chats.check(desk)


def test_a_chat_in_the_future_hides_no_other(serve: Serve) -> None:
    chats = Chats()
    chats.write("a", NOW + timedelta(hours=20))
    desk = serve(chats.answer)
    desk.run(ONLY)
    chats.write("b", datetime.now(UTC))
    desk.run(ONLY)
    chats.check(desk)


def test_chats_before_all_time_are_read(serve: Serve) -> None:
    chats = Chats(datetime(1, 1, 1, tzinfo=UTC))
    desk = serve(chats.answer)
    desk.run(ONLY)
    chats.write("b", datetime(1, 1, 2, tzinfo=UTC))
    desk.run(ONLY)
    chats.check(desk)


def test_messages_that_the_server_caps_without_a_word_are_read_by_thread(serve: Serve) -> None:
    chats = Chats()
    for number in range(180):
        chats.write("b", NOW - timedelta(days=1))
        chats.messages[-1]["chatThreadId"] = f"b{number % 3}"
    chats.most = 100
    desk = serve(chats.answer)
    desk.run(ONLY)
    chats.check(desk)
