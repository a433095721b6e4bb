"""`GET /issues`, one issue, and its children."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from pylon_elt import emulator
from pylon_elt.emulator.times import parse_ns

START, END = "2026-06-02T00:00:00Z", "2026-07-01T12:00:00Z"


def created_within(world: emulator.World, low: str, high: str) -> list[str]:
    rows = [i for i in world.issues() if parse_ns(low) <= parse_ns(i["created_at"]) <= parse_ns(high)]
    rows.sort(key=lambda issue: (parse_ns(issue["created_at"]), issue["number"]), reverse=True)
    return [issue["id"] for issue in rows]


def ids(answer: Any) -> list[str]:
    return [row["id"] for row in answer.json()["data"]]


def test_the_range_is_over_creation_and_newest_come_first(
    serve: Any, connect: Any, world: emulator.World
) -> None:
    client = connect(serve(world))
    expected = created_within(world, START, END)
    assert len(expected) > 10
    assert ids(client.issues(START, END)) == expected


@pytest.mark.parametrize(
    "query",
    [
        {}, {"start_time": START}, {"end_time": END}, {"start_time": "", "end_time": END}, {"start_time": "june", "end_time": END},
        {"start_time": START, "end_time": "2026-07-01"}, {"start_time": START, "end_time": "2026-07-02T00:00:00.000000001Z"},
        {"start_time": START, "end_time": END, "limit": "-1"}, {"start_time": START, "end_time": END, "limit": "20001"},
        {"start_time": START, "end_time": END, "limit": "ten"}, {"start_time": START, "end_time": END, "limit": "9" * 40},
        {"start_time": START, "end_time": END, "cursor": "x"}, {"start_time": START, "end_time": END, "cursor": "é"},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_request_is_400(serve: Any, connect: Any, query: dict[str, str]) -> None:
    answer = connect(serve()).get("/issues", params=query)
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_limit_zero_means_the_default(serve: Any, connect: Any, world: emulator.World) -> None:
    client = connect(serve(world))
    assert ids(client.issues(START, END, limit=0)) == created_within(world, START, END)
    assert len(ids(client.issues(START, END, limit=20_000))) == len(created_within(world, START, END))


@pytest.mark.parametrize(
    ("cap", "days", "status"), [(30, 30, 200), (30, 31, 400), (365, 365, 200), (365, 366, 400)]
)
def test_the_longest_range(
    serve: Any, connect: Any, now: datetime, cap: float, days: float, status: int
) -> None:
    client = connect(serve(window_cap_days=cap))
    start = now - timedelta(days=days)
    assert client.issues(start.isoformat(), now.isoformat()).status_code == status


@pytest.mark.parametrize("bounds", ["[]", "[)", "(]", "()"])
def test_whether_a_bound_belongs_to_the_range(
    serve: Any, connect: Any, world: emulator.World, bounds: str
) -> None:
    client = connect(serve(world, bounds=bounds))
    high, low = (world.issue(ident)["created_at"] for ident in created_within(world, START, END)[4:9:4])
    found = [issue["created_at"] for issue in client.issues(low, high).json()["data"]]
    assert (low in found, high in found) == (bounds[0] == "[", bounds[1] == "]")


def test_an_older_server_ignores_cursor_and_limit_and_does_not_page(
    serve: Any, connect: Any, world: emulator.World
) -> None:
    answer = connect(serve(world, issues_paged=False)).issues(START, END, limit=2, cursor="x")
    assert ids(answer) == created_within(world, START, END)
    assert "pagination" not in answer.json()


def test_one_issue_by_id_and_by_number(serve: Any, connect: Any, world: emulator.World) -> None:
    client = connect(serve(world))
    ident = world.issue_ids()[16]
    assert ids_of(client.get(f"/issues/{ident}")) == ids_of(client.get("/issues/17")) == ident
    for unknown in ("0", "121", "17x", "9" * 30, "\N{SUPERSCRIPT TWO}"):
        assert client.get(f"/issues/{unknown}").status_code == 404


def ids_of(answer: Any) -> str:
    found: str = answer.json()["data"]["id"]
    return found


def test_messages_come_oldest_first_and_bear_no_issue_id(
    serve: Any, connect: Any, world: emulator.World
) -> None:
    client = connect(serve(world))
    ident = max(world.issue_ids(), key=lambda i: len(world.messages(i)))
    rows = client.get(f"/issues/{ident}/messages").json()["data"]
    times = [parse_ns(row["timestamp"]) for row in rows]
    assert len(rows) > 5
    assert times == sorted(times)
    assert not any("issue_id" in row or "updated_at" in row for row in rows)


def test_without_limit_and_cursor_all_messages_come_without_pagination(
    serve: Any, connect: Any, world: emulator.World
) -> None:
    server = serve(world)
    client = connect(server)
    ident = world.issue_ids()[0]
    for _ in range(150):
        world.add_message(ident)
    everything = client.get(f"/issues/{ident}/messages").json()
    assert len(everything["data"]) >= 150
    assert "pagination" not in everything
    first = client.get(f"/issues/{ident}/messages", params={"limit": 3}).json()
    assert len(first["data"]) == 3
    cursor = first["pagination"]["cursor"]
    rest = client.get(f"/issues/{ident}/messages", params={"cursor": cursor}).json()
    assert len(rest["data"]) == 100
    server.settings.messages_paged = False
    assert client.get(f"/issues/{ident}/messages", params={"limit": 3}).json()["data"] == everything["data"]


@pytest.mark.parametrize(
    ("limit", "status"), [(0, 400), (1, 200), (1000, 200), (1001, 400), (-1, 400), ("x", 400)]
)
def test_limits_of_messages(serve: Any, connect: Any, world: emulator.World, limit: Any, status: int) -> None:
    answer = connect(serve(world)).get(f"/issues/{world.issue_ids()[0]}/messages", params={"limit": limit})
    assert answer.status_code == status


def test_children_of_unknown_deleted_and_scrubbed_issues(
    serve: Any, connect: Any, world: emulator.World
) -> None:
    client = connect(serve(world))
    gone, scrubbed = world.issue_ids()[:2]
    world.delete_issue(gone)
    world.scrub_issue(scrubbed)
    for child in ("messages", "threads", "followers"):
        assert client.get(f"/issues/{gone}/{child}").status_code == 404
        assert client.get(f"/issues/{scrubbed}/{child}").status_code == 400
    assert client.get(f"/issues/{scrubbed}").json()["data"]["title"] == "SCRUBBED"


def test_threads_are_null_for_some_issues_and_empty_for_others(
    serve: Any, connect: Any, world: emulator.World
) -> None:
    client = connect(serve(world))
    found = [client.get(f"/issues/{ident}/threads").json()["data"] for ident in world.issue_ids()[:40]]
    assert None in found
    assert [] in found
    assert any(found)


def test_signed_urls_differ_at_every_read_in_their_query_only(
    serve: Any, connect: Any, world: emulator.World
) -> None:
    client = connect(serve(world))
    ident = next(issue["id"] for issue in world.issues() if issue.get("attachment_urls"))
    reads = [client.get(f"/issues/{ident}").json()["data"]["attachment_urls"] for _ in range(2)]
    assert reads[0] != reads[1]
    paths = [[url.partition("?")[0] for url in read] for read in reads]
    assert paths[0] == paths[1] == world.issue(ident)["attachment_urls"]
    message = next(m for m in world.snapshot()["issue_messages"] if m.get("file_urls"))
    rows = [client.get(f"/issues/{message['issue_id']}/messages").json()["data"] for _ in range(2)]
    assert rows[0] != rows[1]
