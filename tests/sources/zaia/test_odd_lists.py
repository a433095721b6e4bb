"""Lists whose pages are not as the reference lets expect: each is read to its end, and the end is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from support.written import Query, Written, paged
from support.zaia import Desk

from pylon_elt.sources.zaia import lists

pytestmark = pytest.mark.dear

TAGS = [{"id": f"tag-{number:02}", "name": str(number)} for number in range(25)]
Serve = Callable[..., Desk]


def _written(desk: Desk) -> Written:
    return desk.server  # type: ignore[return-value]


def _ids(desk: Desk, table: str = "tags") -> list[str]:
    return sorted(row["id"] for row in desk.rows(table))


def _pages_of_ten(query: Query) -> list[Any]:
    return paged(TAGS, query, most=10)


def test_a_list_that_begins_anew_behind_its_end_ends(serve: Serve) -> None:
    def answer(_: str, query: Query) -> Any:
        return _pages_of_ten({**query, "pageNumber": str((int(query["pageNumber"]) - 1) % 3 + 1)})

    desk = serve(answer)
    desk.run(["tags"])
    assert desk.run(["tags"], full_read_hours=0) <= 12
    assert _ids(desk) == [tag["id"] for tag in TAGS]


def test_a_list_that_does_not_know_pages_and_counts_each_look_ends(serve: Serve) -> None:
    desk = serve(lambda *_: [{**tag, "looks": len(_written(desk).log)} for tag in TAGS])
    assert desk.run(["tags"]) <= 8
    assert _ids(desk) == [tag["id"] for tag in TAGS]


@pytest.mark.parametrize(
    "refusal", [(400, {}, {}), (404, {}, {}), (416, {}, {}), (204, {}, b""), {"data": None}]
)
def test_a_page_that_is_refused_behind_the_last_one_ends_a_list(serve: Serve, refusal: Any) -> None:
    def answer(_: str, query: Query) -> Any:
        return _pages_of_ten(query) or refusal

    desk = serve(answer)
    desk.run(["tags"])
    assert _ids(desk) == [tag["id"] for tag in TAGS]


@pytest.mark.parametrize("status", [302, 400, 403, 404, 409])
def test_a_page_that_is_refused_amid_a_list_takes_nothing_out(serve: Serve, status: int) -> None:
    failing = False

    def answer(_: str, query: Query) -> Any:
        return (status, {}, {}) if failing and query["pageNumber"] == "3" else _pages_of_ten(query)

    desk = serve(answer, full_read_hours=0)
    desk.run(["tags"])
    failing = True
    desk.run(["tags"])
    desk.run(["tags"])
    assert _ids(desk) == [tag["id"] for tag in TAGS]


def test_a_page_without_ids_takes_nothing_out(serve: Serve) -> None:
    failing = False

    def answer(_: str, query: Query) -> Any:
        rows = _pages_of_ten(query)
        return [{"name": row["name"]} for row in rows] if failing and query["pageNumber"] == "3" else rows

    desk = serve(answer, full_read_hours=0)
    desk.run(["tags"])
    failing = True
    desk.run(["tags"])
    assert _ids(desk) == [tag["id"] for tag in TAGS]


def test_where_a_page_size_is_no_parameter_all_pages_are_read(serve: Serve) -> None:
    desk = serve(lambda _, query: (400, {}, {}) if "pageSize" in query else paged(TAGS, query))
    desk.run(["tags"])
    assert _ids(desk) == [tag["id"] for tag in TAGS]


def test_where_pages_are_no_parameter_the_list_is_taken_for_whole(serve: Serve) -> None:
    desk = serve(lambda _, query: (400, {}, {}) if query else TAGS)
    desk.run(["tags"])
    assert _ids(desk) == [tag["id"] for tag in TAGS]


def test_a_limit_that_the_server_lowers_later_is_kept_to(serve: Serve) -> None:
    most, rows = 100, list(TAGS)

    def answer(_: str, query: Query) -> Any:
        return (400, {}, {}) if int(query["pageSize"]) > most else paged(rows, query)

    desk = serve(answer)
    desk.run(["tags"])
    most = 20
    rows.append({"id": "tag-99"})
    desk.run(["tags"])
    assert len(_ids(desk)) == 26


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"id": "E1", "title": "down"}]},
        {"error": "down", "details": []},
        {"success": False, "data": []},
        {"statusCode": 503, "message": ["down"]},
        {"status": "error", "items": []},
        {"data": None, "errors": []},
    ],
)
def test_a_success_that_tells_of_an_error_says_nothing_of_rows(serve: Serve, body: Any) -> None:
    failing = False

    def answer(_: str, query: Query) -> Any:
        return body if failing and query["pageNumber"] == "3" else {"data": _pages_of_ten(query)}

    desk = serve(answer, full_read_hours=0)
    desk.run(["tags"])
    failing = True
    desk.run(["tags"])
    assert _ids(desk) == [tag["id"] for tag in TAGS]


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda rows: {"warnings": [], "tags": rows},
        lambda rows: {"errors": [], "result": {"list": rows}},
        lambda rows: {"data": {"page": {"rows": rows}}, "links": ["next"]},
    ],
)
def test_rows_are_found_beside_other_lists(serve: Serve, wrapped: Callable[[list[Any]], Any]) -> None:
    desk = serve(lambda _, query: wrapped(_pages_of_ten(query)))
    desk.run(["tags"])
    assert _ids(desk) == [tag["id"] for tag in TAGS]


def test_ids_that_no_address_and_no_database_takes_as_they_are(serve: Serve) -> None:
    chats = [{"id": given} for given in (7, "{x}", "{resources.a.b}", "ü&b=c d", "half \ud800")]

    def answer(path: str, query: Query) -> Any:
        if path == "chat-messages":
            return [{"id": f"of {query['chatId']}", "chatId": query["chatId"]}]
        return paged(chats, query) if path == "chats" else []

    desk = serve(answer)
    desk.run(["chats", "chat_messages"])
    desk.run(["chats", "chat_messages"], full_read_hours=0)
    wanted = ["7", "half \ufffd", "{resources.a.b}", "{x}", "ü&b=c d"]
    assert _ids(desk, "chats") == wanted
    assert _ids(desk, "chat_messages") == [f"of {one}" for one in wanted]
    assert desk.rows("deletions") == []


def test_what_came_of_threads_is_copied_though_their_end_fails(serve: Serve) -> None:
    failing = True

    def answer(path: str, query: Query) -> Any:
        if path == "chats":
            return paged([{"id": "chat"}], query)
        return (500, {}, {}) if failing and query["pageNumber"] != "1" else paged([{"id": "thread"}], query)

    desk = serve(answer, attempts=1)
    desk.run(["chats", "chat_threads"])
    assert (_ids(desk, "chat_threads"), desk.rows("chat_sync")) == (["thread"], [])
    failing = False
    desk.run(["chats", "chat_threads"])
    assert len(desk.rows("chat_sync")) == 1


def test_a_list_that_alone_refuses_the_key_costs_that_list(serve: Serve) -> None:
    desk = serve(lambda path, query: (401, {}, {}) if path == "agents" else paged(TAGS, query))
    desk.run(["tags", "agents", "channels"])
    assert (_ids(desk, "agents"), len(_ids(desk, "channels"))) == ([], 25)


def test_a_key_that_is_revoked_amid_a_run_ends_it(serve: Serve) -> None:
    def answer(path: str, query: Query) -> Any:
        return (401, {}, {}) if len(_written(desk).log) > 3 else paged(TAGS, query)

    desk = serve(answer)
    with pytest.raises(PipelineStepFailed, match="does not take the API key"):
        desk.run(["tags", "agents", "channels"])
    assert len(_written(desk).log) <= 5


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_fails_behind_the_last_page_is_read_to_its_end(serve: Serve, status: int) -> None:
    left = list(TAGS)

    def answer(_: str, query: Query) -> Any:
        return paged(left, query, most=10) or (status, {}, {})

    desk = serve(answer, attempts=2, full_read_hours=0)
    desk.run(["tags"])  # it may pass
    del left[3:5]
    assert desk.run(["tags"]) <= 3 * 5 + 3
    assert _ids(desk) == [tag["id"] for tag in left]


@pytest.mark.parametrize("behind", [[], (404, {}, {})])
def test_a_page_at_which_it_fails_is_not_the_end_where_those_behind_are_answered(
    serve: Serve, behind: Any
) -> None:
    failing = False

    def answer(_: str, query: Query) -> Any:
        if failing and query["pageNumber"] == "3":
            return (500, {}, {})
        # the second page is shorter than the first
        rows = paged(TAGS[:18], query, most=10) if query["pageNumber"] != "3" else TAGS[18:]
        return rows or behind

    desk = serve(answer, attempts=2, full_read_hours=0)
    desk.run(["tags"])
    failing = True
    desk.run(["tags"])
    assert _ids(desk) == [tag["id"] for tag in TAGS]


def test_an_outage_amid_a_list_is_not_its_end(serve: Serve) -> None:
    failing = False

    def answer(_: str, query: Query) -> Any:
        return (500, {}, {}) if failing and query["pageNumber"] != "1" else paged(TAGS, query, most=10)

    desk = serve(answer, attempts=2, full_read_hours=0)
    desk.run(["tags"])
    failing = True
    for _ in range(3):
        desk.run(["tags"], confirm_removals=True)
        assert _ids(desk) == [tag["id"] for tag in TAGS]


def test_a_list_without_end_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_PAGES", 30)

    def answer(_: str, query: Query) -> Any:
        number = int(query["pageNumber"])
        return [{"id": f"{len(_written(desk).log)}-{number}-{one}"} for one in range(10)]

    desk = serve(answer)
    assert desk.run(["tags"]) <= 31
    assert len(_ids(desk)) == 300
