"""Rate limits over HTTP: what a refused client is told, and what the counts say."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from pylon_elt import emulator

ENDPOINTS = {"/issue-statuses": (10, 30), "/knowledge-bases/x/articles": (20, 120), "/me": (60, 300)}


@pytest.mark.parametrize(("tier", "column"), [("july", 0), ("autumn", 1)])
def test_each_class_of_endpoint_has_its_allowance(
    serve: Any, connect: Any, world: emulator.World, tier: str, column: int
) -> None:
    server = serve(world, tier=tier)
    client = connect(server)
    for path, allowances in ENDPOINTS.items():
        answers = [client.get(path) for _ in range(allowances[column] + 2)]
        assert [answer.status_code == 429 for answer in answers[-3:]] == [False, True, True]
        assert answers[-1].json()["code"] == "rate_limited"


def test_the_world_clock_opens_the_next_window(serve: Any, connect: Any, world: emulator.World) -> None:
    client = connect(serve(world, tier={"GET /me": 1}))
    assert [client.get("/me").status_code for _ in range(2)] == [200, 429]
    world.advance(60)
    assert client.get("/me").status_code == 200


def test_windows_can_be_short_in_real_time(serve: Any, connect: Any) -> None:
    client = connect(serve(emulator.World.empty(), tier={"*": 1}, window_seconds=1.0, window_kind="sliding"))
    assert [client.get("/me").status_code for _ in range(2)] == [200, 429]
    time.sleep(1.05)
    assert client.get("/me").status_code == 200


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("retry-after", {"retry-after": "31"}),
        ("retry-after-fraction", {"retry-after": "30.500"}),
        ("retry-after-date", {"retry-after": "Wed, 01 Jul 2026 12:01:01 GMT"}),
        ("x-retry-after", {"x-retry-after": "31"}),
        ("ratelimit", {"x-ratelimit-limit": "1", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "31"}),
        ("none", {}),
    ],
)
def test_what_a_refusal_says_about_coming_back(
    serve: Any, connect: Any, world: emulator.World, style: str, expected: dict[str, str]
) -> None:
    world.advance(29.5)
    client = connect(serve(world, tier={"GET /me": 1}, rate_headers=style))
    client.get("/me")
    refused = client.get("/me")
    assert refused.status_code == 429
    told = {name: value for name, value in refused.headers.items() if "retry" in name or "ratelimit" in name}
    assert told == expected


def test_a_date_is_never_too_early(serve: Any, connect: Any, world: emulator.World) -> None:
    client = connect(serve(world, tier={"GET /me": 1}, rate_headers="retry-after-date"))
    world.advance(29.999)
    client.get("/me")
    back = parsedate_to_datetime(client.get("/me").headers["retry-after"])
    world.advance((back - world.now()).total_seconds())
    assert client.get("/me").status_code == 200


def test_remaining_is_on_every_answer_if_set(serve: Any, connect: Any, world: emulator.World) -> None:
    client = connect(serve(world, tier={"GET /me": 3}, rate_headers="ratelimit"))
    assert [client.get("/me").headers["x-ratelimit-remaining"] for _ in range(4)] == ["2", "1", "0", "0"]
    assert "x-ratelimit-limit" not in client.get("/users").headers


def test_another_client_may_begin_and_end_at_any_time(
    serve: Any, connect: Any, world: emulator.World
) -> None:
    server = serve(world, tier={"*": 4}, other_client_share={"GET /me": 3})
    client = connect(server)

    def served(path: str) -> int:
        world.advance(60)
        return [client.get(path).status_code for _ in range(6)].count(200)

    assert (served("/me"), served("/users")) == (1, 4)
    server.settings.other_client_share = 2
    assert (served("/me"), served("/users")) == (2, 2)
    server.settings.other_client_share = 0
    assert served("/me") == 4


def test_counts_of_served_refused_and_allowed(serve: Any, connect: Any, world: emulator.World) -> None:
    server = serve(world, tier={"GET /me": 2}, log="counts", other_client_share=1)
    client = connect(server)
    for _ in range(3):
        client.get("/me")
    world.advance(180)
    client.get("/me")
    client.get("/users")
    assert server.log == []
    assert server.counts()["GET /me"] == {"served": 2, "refused": 2, "allowance": 4, "windows": 4, "peak": 1}
    assert server.counts()["GET /users"]["allowance"] is None
    server.clear_log()
    assert server.counts() == {}


def test_the_log_tells_what_reached_the_wire(serve: Any, connect: Any, world: emulator.World) -> None:
    server = serve(world, tier={"GET /me": 1})
    client = connect(server)
    client.get("/me")
    mark = server.log[-1].n
    client.get("/me")
    client.search({"field": "state", "operator": "equals", "value": "new"}, limit=3)
    client.get("/accounts", params={"limit": 2, "cursor": ""})
    client.get("/issues/17/followers")
    refused, search, accounts, followers = server.log[-4:]
    assert (refused.endpoint, refused.status, refused.refused) == ("GET /me", 429, True)
    assert search.body == {"filter": {"field": "state", "operator": "equals", "value": "new"}, "limit": 3}
    assert (accounts.query, accounts.path, accounts.status) == (
        {"limit": "2", "cursor": ""},
        "/accounts",
        200,
    )
    assert (followers.endpoint, followers.path) == ("GET /issues/{id}/followers", "/issues/17/followers")
    assert (server.count(), server.count("GET /me"), server.count(since=mark)) == (5, 2, 4)
    assert (server.count(refused=True), server.count("GET /me", refused=False)) == (1, 1)


def test_of_a_repeated_name_in_the_query_the_first_value_counts(
    serve: Any, connect: Any, world: emulator.World
) -> None:
    server = serve(world)
    assert len(connect(server).get("/accounts?limit=2&limit=3").json()["data"]) == 2
    assert server.log[-1].query == {"limit": "2"}


def test_a_body_that_is_not_json_is_logged_as_text(serve: Any, connect: Any) -> None:
    server = serve()
    assert connect(server).post("/issues/search", content=b'{"limit": \xff').status_code == 400
    assert server.log[-1].body == '{"limit": \N{REPLACEMENT CHARACTER}'


def test_the_date_header_follows_the_world_clock(serve: Any, connect: Any, world: emulator.World) -> None:
    client = connect(serve(world))
    answer = client.get("/me")
    assert answer.headers.get_list("date") == ["Wed, 01 Jul 2026 12:00:00 GMT"]
    world.advance(3600)
    assert client.get("/nowhere").headers["date"] == "Wed, 01 Jul 2026 13:00:00 GMT"


def test_the_default_clock_is_the_present(serve: Any, connect: Any) -> None:
    date = parsedate_to_datetime(connect(serve(emulator.World.empty())).get("/me").headers["date"])
    assert abs((date - datetime.now(UTC)).total_seconds()) < 10


def test_latency_delays_each_answer_but_not_the_others(serve: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    import httpx

    server = serve(latency_seconds=0.5)
    headers = {"Authorization": f"Bearer {server.token}"}
    begin = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: httpx.get(server.base_url + "/me", headers=headers), range(8)))
    spent = time.monotonic() - begin
    assert all(answer.is_success for answer in answers)
    assert 0.5 <= spent < 8 * 0.5
