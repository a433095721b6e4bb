"""Every fault, as an HTTP client meets it over a socket."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from pylon_elt import emulator
from pylon_elt.emulator.faults import KINDS
from pylon_elt.emulator.log import Record

SEEN: set[str] = set()


@pytest.fixture
def server(serve: Any, world: emulator.World) -> emulator.Server:
    started: emulator.Server = serve(world)
    return started


@pytest.fixture
def client(connect: Any, server: emulator.Server) -> Any:
    return connect(server)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 400, 404, 410])
def test_an_error_status_as_json(server: emulator.Server, client: Any, status: int) -> None:
    fault = server.faults.add("status", "GET /me", status=status, count=1)
    answer = client.get("/me")
    assert answer.status_code == status
    assert answer.json()["errors"] == [f"fault: {status}"]
    assert client.get("/me").is_success
    assert (fault.played, server.log[-2].fault, server.log[-2].status) == (1, "status", status)


def test_an_error_status_as_html(server: emulator.Server, client: Any) -> None:
    server.faults.add("status", status=502, html=True, count=1)
    answer = client.get("/me")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert answer.text.startswith("<!doctype html>")


@pytest.mark.parametrize("style", ["retry-after", "x-retry-after", "ratelimit", "none"])
def test_a_429_bears_the_headers_that_are_set(server: emulator.Server, client: Any, style: Any) -> None:
    server.settings.rate_headers = style
    server.faults.add("status", status=429, seconds=7, count=1)
    headers = client.get("/me").headers
    expected = {"ratelimit": ("x-ratelimit-reset", "7"), "none": (None, None)}.get(style, (style, "7"))
    found = [(name, value) for name, value in headers.items() if value == "7"]
    assert found == ([expected] if expected[0] else [])


def test_a_reset_connection(server: emulator.Server, client: Any) -> None:
    server.faults.add("reset", count=1)
    with pytest.raises(httpx.ReadError):
        client.get("/me")
    assert server.log[-1].status == 0
    assert client.get("/me").is_success


def test_a_reset_after_the_client_has_left_harms_nobody(
    server: emulator.Server, client: Any, connect: Any
) -> None:
    server.faults.add("hang", seconds=0.3, count=1)
    server.faults.add("reset", count=1)
    with pytest.raises(httpx.ReadTimeout):
        connect(server, timeout=0.1).get("/me")
    time.sleep(0.4)
    assert client.get("/me").is_success


def test_a_hang_outlasts_the_clients_timeout_and_then_answers(server: emulator.Server, connect: Any) -> None:
    server.faults.add("hang", seconds=0.5, count=2)
    with pytest.raises(httpx.ReadTimeout):
        connect(server, timeout=0.1).get("/me")
    begin = time.monotonic()
    assert connect(server).get("/me").is_success
    assert time.monotonic() - begin >= 0.5


def test_the_server_stops_while_a_request_hangs(world: emulator.World) -> None:
    with emulator.running(world) as server:
        server.faults.add("hang", seconds=60)
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(server.base_url + "/me", headers={"Authorization": "Bearer pyl_test"}, timeout=0.1)
        begin = time.monotonic()
    assert time.monotonic() - begin < 5


def test_json_that_ends_too_early_with_a_matching_length(server: emulator.Server, client: Any) -> None:
    server.faults.add("truncate", cut="length", count=1)
    answer = client.get("/users")
    assert int(answer.headers["content-length"]) == len(answer.content)
    with pytest.raises(ValueError):
        answer.json()
    assert client.get("/users").json()


@pytest.mark.parametrize("cut", ["chunked", "short"])
def test_a_connection_that_closes_within_the_body(server: emulator.Server, client: Any, cut: str) -> None:
    server.faults.add("truncate", cut=cut, count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/users")
    assert client.get("/users").json()


def test_a_body_that_trickles(server: emulator.Server, client: Any) -> None:
    server.faults.add("trickle", seconds=0.4, count=1)
    begin = time.monotonic()
    assert len(client.get("/users").json()["data"]) == 12
    assert time.monotonic() - begin >= 0.4


def test_success_that_is_not_json(server: emulator.Server, client: Any) -> None:
    server.faults.add("not_json", count=1)
    answer = client.get("/me")
    assert answer.status_code == 200
    assert "<h1>" in answer.text


def test_a_redirect_to_another_host(server: emulator.Server, client: Any) -> None:
    server.faults.add("redirect", location="https://other.invalid/x", count=1)
    answer = client.get("/me")
    assert (answer.status_code, answer.headers["location"]) == (302, "https://other.invalid/x")


@pytest.mark.parametrize("kind", ["null_page", "absent_data"])
def test_a_page_without_data_comes_right_with_the_same_cursor(
    server: emulator.Server, client: Any, kind: str
) -> None:
    cursor = client.search(limit=10).json()["pagination"]["cursor"]
    proper = client.search(limit=10, cursor=cursor).json()
    server.faults.add(kind, page="later", count=1)
    faulty = client.search(limit=10, cursor=cursor).json()
    assert faulty.get("data") is None
    assert ("data" in faulty) == (kind == "null_page")
    assert faulty["pagination"]["has_next_page"] is True
    assert [i["id"] for i in client.search(limit=10, cursor=cursor).json()["data"]] == [
        i["id"] for i in proper["data"]
    ]


@pytest.mark.parametrize("path", ["/accounts?limit=2", "/accounts?limit=999", "/contacts"])
@pytest.mark.parametrize("kind", ["offset", "keyset"])
def test_a_cursor_that_stands_still(server: emulator.Server, client: Any, path: str, kind: Any) -> None:
    server.settings.cursor_kind = kind
    server.faults.add("stuck_cursor")
    cursor = client.get(path).json()["pagination"]["cursor"]
    for _ in range(3):
        answer = client.get(path, params=httpx.URL(path).params.merge({"cursor": cursor})).json()
        assert answer["pagination"] == {"cursor": cursor, "has_next_page": True}


def test_a_next_page_with_an_empty_cursor(server: emulator.Server, client: Any) -> None:
    server.faults.add("empty_cursor", "POST /issues/search", count=1)
    assert client.search(limit=2).json()["pagination"] == {"cursor": "", "has_next_page": True}


def test_pagination_is_missing(server: emulator.Server, client: Any) -> None:
    server.faults.add("no_pagination", count=1)
    assert "pagination" not in client.search(limit=2).json()


@pytest.mark.parametrize("kind", ["offset", "keyset"])
def test_a_row_comes_on_two_pages(server: emulator.Server, client: Any, kind: Any) -> None:
    server.settings.cursor_kind = kind
    server.faults.add("overlap", count=3)
    window = {"start_time": "2026-06-02T00:00:00Z", "end_time": "2026-07-02T00:00:00Z"}
    for ask in (
        lambda cursor: client.search(limit=100, **cursor),
        lambda cursor: client.get("/accounts", params={"limit": 4, **cursor}),
        lambda cursor: client.get("/issues", params={**window, "limit": 20, **cursor}),
    ):
        pages = client.walk(ask)
        assert pages[0][-1]["id"] == pages[1][0]["id"]
        found = [row["id"] for page in pages for row in page]
        assert len(found) == len(set(found)) + 1


@pytest.mark.parametrize("status", [400, 404, 410])
def test_the_child_of_one_issue_fails(
    server: emulator.Server, client: Any, world: emulator.World, status: int
) -> None:
    bad, good = world.issue_ids()[:2]
    server.faults.add("status", "GET /issues/{id}/messages", id=bad, status=status)
    assert client.get(f"/issues/{bad}/messages").status_code == status
    assert client.get(f"/issues/{good}/messages").is_success
    assert client.get(f"/issues/{bad}/threads").is_success


def test_every_nth_request_after_some_fails(server: emulator.Server, client: Any) -> None:
    server.faults.add("status", "GET /me", status=503, every=3, after=2, count=2)
    answers = [client.get("/me").status_code for _ in range(14)]
    assert [index for index, status in enumerate(answers) if status == 503] == [4, 7]


def test_a_request_gets_through_after_a_streak(server: emulator.Server, client: Any) -> None:
    server.faults.add("status", status=503, every=2, streak=2)
    bad, other = ("/me", "/users")
    answers = [client.get(path).status_code for path in (other, bad) * 4]
    assert answers == [200, 503, 200, 503, 200, 200, 200, 503]


def test_faults_by_chance_repeat_with_their_seed(server: emulator.Server, client: Any) -> None:
    runs = []
    for _ in range(2):
        fault = server.faults.add("status", status=500, probability=0.4, seed=5)
        runs.append([client.get("/me").status_code for _ in range(30)])
        server.faults.remove(fault)
    assert runs[0] == runs[1]
    assert 4 < runs[0].count(500) < 22


def test_faults_do_not_play_on_refused_requests(server: emulator.Server, client: Any) -> None:
    server.settings.tier = {"GET /me": 1}
    fault = server.faults.add("status", status=500)
    assert [client.get("/me").status_code for _ in range(2)] == [500, 429]
    assert fault.played == 1
    server.faults.clear()
    assert list(server.faults) == []


def test_an_unknown_kind_is_refused_at_once(server: emulator.Server) -> None:
    with pytest.raises(ValueError, match="no such fault"):
        server.faults.add("gremlins")
    assert len(KINDS) == 13


def test_a_hook_can_change_the_world_between_two_pages(
    server: emulator.Server, client: Any, world: emulator.World
) -> None:
    titles = []
    undo = server.on_request(
        lambda record: titles.append(world.edit_issue(1, title=f"at {record.n}")["title"])
    )
    assert client.get("/issues/1").json()["data"]["title"] == titles[-1]
    assert client.get("/issues/1").json()["data"]["title"] == titles[-1]
    undo()
    client.get("/issues/1")
    assert len(titles) == 2


def test_a_failing_hook_is_told_to_the_client(server: emulator.Server, client: Any) -> None:
    def fail(record: Record) -> None:
        raise ZeroDivisionError(record.path)

    server.on_request(fail)
    answer = client.get("/me")
    assert (answer.status_code, answer.json()["code"]) == (500, "emulator_failed")
    assert "ZeroDivisionError" in answer.text
