"""What can go wrong: each fault once, refusals by list, limits, and what the log keeps of it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson
import pytest

from pylon_elt.emulator import zaia
from pylon_elt.emulator.zaia.endpoints import ENDPOINTS
from pylon_elt.emulator.zaia.faults import KINDS
from pylon_elt.emulator.zaia.records import LISTS

from .conftest import Client


@pytest.mark.parametrize(
    ("given", "status"),
    [(500, 500), (503, 503), (401, 401), ("wrong_key", 401), (404, 404), (520, 520), (429, 429)],
)
def test_a_status_plays_once_and_says_so_in_json(serve: Any, connect: Any, given: Any, status: int) -> None:
    server = serve(faults=[given])
    client = connect(server)
    answer = client.get("/tags")
    assert (answer.status_code, answer.json()["statusCode"]) == (status, status)
    assert client.get("/tags").status_code == 200
    assert [(record.status, record.fault) for record in server.log] == [(status, "status"), (200, None)]


@pytest.mark.parametrize("given", ["cut", "reset"])
def test_a_connection_breaks(serve: Any, connect: Any, given: str) -> None:
    client = connect(serve(faults=[given]))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.get("/tags")
    assert client.get("/tags").status_code == 200


def test_an_answer_may_be_no_json_or_a_page_for_people(serve: Any, connect: Any) -> None:
    client = connect(serve(faults=["not_json", "html"]))
    broken, page = client.get("/tags"), client.get("/tags")
    assert broken.status_code == page.status_code == 200
    assert broken.headers["content-type"].startswith("application/json")
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(broken.content)
    assert page.headers["content-type"].startswith("text/html")


def test_a_list_may_be_empty_or_short_for_once(serve: Any, connect: Any) -> None:
    client = connect(serve(faults=["empty", "short", None]))
    empty, short, whole = (client.rows("/tags", pageSize=100) for _ in range(3))
    assert empty == []
    assert short == whole[:-1]


def test_a_redirect_leads_elsewhere(serve: Any, connect: Any) -> None:
    answer = connect(serve(faults=["redirect"])).get("/tags")
    assert (answer.status_code, answer.headers["location"]) == (302, "https://elsewhere.invalid/login")


def test_faults_come_one_for_each_request_that_is_let_in(serve: Any, connect: Any) -> None:
    server = serve(faults=(status for status in (500, None, 503)))
    client = connect(server)
    assert connect(server, "wrong").get("/tags").status_code == 401
    assert [client.get("/tags").status_code for _ in range(4)] == [500, 200, 503, 200]
    server.settings.faults = [502]
    assert [client.get("/tags").status_code for _ in range(2)] == [502, 200]


def test_a_fault_can_be_aimed(serve: Any, connect: Any, world: zaia.World) -> None:
    server = serve(world)
    client = connect(server)
    chat, other = world.ids("chats")[:2]
    fault = server.faults.add("status", "chat_messages", id=chat, status=500)
    assert client.get("/chat-messages", params={"chatId": chat}).status_code == 500
    assert client.get("/chat-messages", params={"chatId": other}).status_code == 200
    assert client.get("/chats").status_code == 200
    server.faults.remove(fault)
    server.faults.add("status", "tickets", page="later", status=503, count=1)
    numbers = (1, 2, 2)
    asked = [client.get("/tickets/details", params={"status": "completed", "pageNumber": n}) for n in numbers]
    assert [answer.status_code for answer in asked] == [200, 503, 200]
    assert fault.played == 1


@pytest.mark.parametrize("kind", ["hang", "trickle"])
def test_an_answer_may_take_its_time_and_is_then_the_proper_one(serve: Any, connect: Any, kind: str) -> None:
    client = connect(serve(faults=[zaia.Fault(kind, seconds=0.3)]))
    began = time.monotonic()
    slow = client.rows("/tags")
    assert time.monotonic() - began > 0.2
    assert slow == client.rows("/tags")


def test_a_hang_ends_with_the_server(world: zaia.World) -> None:
    with zaia.running(world, zaia.Settings(faults=["hang"])) as server:

        def ask() -> None:
            headers = {"Authorization": server.key}
            with suppress(httpx.HTTPError), httpx.Client(headers=headers, timeout=20) as client:
                client.get(server.url + "/api/v1/tags")

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        while not server.log:
            time.sleep(0.01)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    thread.join(5)


def test_there_are_no_other_faults(serve: Any, connect: Any) -> None:
    assert len(KINDS) == 10
    with pytest.raises(ValueError, match="no such fault"):
        zaia.Fault("stuck_cursor")
    answer = connect(serve(faults=["explosion"])).get("/tags")
    assert answer.status_code == 500


@pytest.mark.parametrize(("setting", "status"), [("lacking", 404), ("forbidden", 403)])
@pytest.mark.parametrize("name", LISTS)
def test_a_list_may_be_lacking_or_forbidden(
    serve: Any, connect: Any, world: zaia.World, setting: str, status: int, name: str
) -> None:
    client = connect(serve(world, **{setting: {name}}))
    query = {"status": "ongoing", "chatId": world.ids("chats")[0]}
    found = {
        endpoint.name: client.get(endpoint.path, params=query).status_code
        for endpoint in ENDPOINTS
        if not endpoint.single
    }
    assert found == dict.fromkeys(LISTS, 200) | {name: status}


def test_other_statuses_are_called_otherwise(serve: Any, connect: Any, world: zaia.World) -> None:
    names = ("unanswered", "in-progress", "finished")
    client = connect(serve(world, statuses=names))
    answer = client.get("/tickets/details", params={"status": "pending"})
    assert answer.status_code == 400
    assert all(name in answer.json()["message"] for name in names)
    rows = [row for name in names for row in client.tickets(name)]
    assert {row["status"] for row in rows} == set(names)
    assert sorted(row["id"] for row in rows) == sorted(row["id"] for row in world.rows("tickets"))
    assert {row["status"] for row in world.rows("tickets")} == set(names)


def test_a_status_that_nothing_has_is_an_empty_list(serve: Any, connect: Any) -> None:
    client = connect(serve(statuses=("pending", "ongoing", "completed", "snoozed")))
    assert client.tickets("snoozed") == []
    assert client.tickets("ongoing") != []


class Clock:
    """The server's time, which stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.25

    def __call__(self) -> float:
        return self.now


def test_a_limit_holds_for_any_minute_and_over_all_lists(serve: Any, connect: Any) -> None:
    clock = Clock()
    client = connect(serve(requests_per_minute=3, clock=clock))
    paths = ("/tags", "/chats", "/agents", "/tags")
    assert [client.get(path).status_code for path in paths] == [200, 200, 200, 429]
    clock.now += 20
    refused = client.get("/tags")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "40")
    clock.now += 40
    assert [client.get("/tags").status_code for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize("style", ["seconds", "date", None])
def test_a_429_says_when_to_come_back_and_then_it_goes_on(serve: Any, connect: Any, style: Any) -> None:
    clock = Clock()
    client = connect(serve(requests_per_minute=1, retry_after=style, clock=clock))
    assert client.get("/tags").status_code == 200
    clock.now += 2.5
    refused = client.get("/tags")
    assert refused.status_code == 429
    given = refused.headers.get("retry-after")
    if style is None:
        assert given is None
        return
    if style == "seconds":
        clock.now += int(given)
    else:
        sent = parsedate_to_datetime(refused.headers["date"])
        assert 57 <= (parsedate_to_datetime(given) - sent).total_seconds() <= 59
        clock.now = parsedate_to_datetime(given).timestamp()
    assert client.get("/tags").status_code == 200


def test_the_log_keeps_what_was_asked(serve: Any, connect: Any, world: zaia.World) -> None:
    server = serve(world)
    client = connect(server)
    chats = world.ids("chats")[:2]
    client.tickets("ongoing", chatIds=chats)
    client.get("/none")
    client.post("/tags")
    first = server.log[0]
    assert (first.method, first.path, first.name) == ("GET", "/api/v1/tickets/details", "tickets")
    assert first.query == {"status": ["ongoing"], "pageSize": ["100"], "chatIds": chats}
    assert [record.status for record in server.log] == [200, 404, 405]
    assert [record.n for record in server.log] == [1, 2, 3]
    assert server.log[2].as_json()["method"] == "POST"


def test_a_hook_that_fails_is_told(serve: Any, connect: Any) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the test is wrong")

    answer = connect(serve(before_request=[fail])).get("/tags")
    assert answer.status_code == 500
    assert "the test is wrong" in answer.json()["message"]


def test_a_chat_that_is_not_there_may_be_missing(serve: Any, connect: Any, world: zaia.World) -> None:
    server = serve(world)
    client: Client = connect(server)
    chat = world.remove_chat(world.ids("chats")[0])
    assert client.rows("/chat-messages", chatId=chat) == []
    server.settings.unknown_chat = "missing"
    for path in ("/chat-messages", "/chat-threads"):
        assert client.get(path, params={"chatId": chat}).status_code == 404
        assert client.get(path, params={"chatId": world.ids("chats")[0]}).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"shap": "items"}, {"shape": "xml"}, {"order": "random"}, {"retry_after": "soon"}, {"unknown_chat": "gone"},
        {"most": 0}, {"most": "20"}, {"most": None}, {"requests_per_minute": 1.5}, {"latency_seconds": -1},
        {"statuses": ("pending", "completed")}, {"statuses": "pending"},
    ],
)  # fmt: skip
def test_settings_know_their_names_and_values(wrong: dict[str, Any]) -> None:
    settings = zaia.Settings()
    with pytest.raises(ValueError, match=r"no such setting|must be"):
        settings.update({"order": "id"} | wrong)
    assert settings == zaia.Settings()
    with pytest.raises((ValueError, TypeError)):
        zaia.Settings(**wrong)


def test_settings_can_be_changed_together() -> None:
    settings = zaia.Settings()
    settings.update({"shape": "items", "most": 50, "retry_after": None, "requests_per_minute": 30})
    assert settings == zaia.Settings(shape="items", most=50, retry_after=None, requests_per_minute=30)
