"""One request: when it goes, when again, and what its failure is called. Against a real server; the waiting is taken over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
from support.written import trickling

from pylon_elt.sources.zaia.errors import CredentialsError, Refused, Unanswered
from pylon_elt.sources.zaia.session import PATIENCE, Session

Answer = tuple[int, dict[str, str], str]
LIST: Answer = (200, {"Content-Type": "application/json"}, "[]")


class Time:
    """A clock that goes on only by waiting."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@contextmanager
def _server(*answers: Answer) -> Iterator[tuple[str, list[str]]]:
    """Serve some answers in turn, the last one for ever; give the address, and what was asked."""
    left, asked = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body.encode())), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v1/tags", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _session(time: Time, *, pace: float = 0, attempts: int = 3) -> Session:
    return Session(5.0, pace, attempts, 1.0, sleep=time.sleep, clock=lambda: time.now)


def test_requests_keep_the_pace() -> None:
    time = Time()
    session = _session(time, pace=120)
    with _server(LIST) as (url, _):
        for _ in range(3):
            session.get(url)
    assert time.waits == [0.5, 0.5]


def test_a_failure_that_may_pass_is_tried_again_with_growing_waits() -> None:
    time = Time()
    with _server((500, {}, "no"), (503, {}, "no"), LIST) as (url, asked):
        _session(time).get(url)
    assert len(asked) == 3
    assert 0.5 <= time.waits[0] <= 1.0 <= time.waits[1] <= 2.0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((500, {}, "no"), "500"),
        ((200, {}, "<!DOCTYPE html><html></html>"), "web page"),
        ((200, {"Content-Type": "application/json"}, '[{"id": '), "no JSON"),
    ],
)
def test_after_the_last_attempt_it_says_what_came(answer: Answer, reason: str) -> None:
    with _server(answer) as (url, asked), pytest.raises(Unanswered, match=reason):
        _session(Time()).get(url)
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ({"Retry-After": "7"}, 7, 7),
        ({"Retry-After": "in ten minutes"}, 540, 601),
        ({"Retry-After": "soon"}, 15, 15),
        ({}, 15, 15),
    ],
)
def test_429_is_waited_for_as_long_as_it_says(header: dict[str, str], least: float, most: float) -> None:
    time = Time()
    if "in ten minutes" in header.values():  # a date, as of now
        header = {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)}
    with _server((429, header, "slow"), LIST) as (url, _):
        _session(time).get(url)
    assert least <= sum(time.waits) <= most


def test_429_slows_down_what_follows() -> None:
    time = Time()
    session = _session(time, pace=60)
    with _server((429, {"Retry-After": "0"}, "slow"), LIST) as (url, _):
        session.get(url)
        session.get(url)
    assert time.waits[-1] == 1.5


def test_a_wait_that_nobody_would_wait_is_an_error() -> None:
    with (
        _server((429, {"Retry-After": str(PATIENCE + 1)}, "")) as (url, _),
        pytest.raises(Unanswered, match="15 min"),
    ):
        _session(Time()).get(url)


def test_429_for_ever_ends() -> None:
    with _server((429, {}, "")) as (url, _), pytest.raises(Unanswered, match="429"):
        _session(Time()).get(url)


def test_401_is_the_keys_fault_and_asked_once() -> None:
    answer = (401, {}, '{"message": "zaia_secret is unknown"}')
    with _server(answer) as (url, asked), pytest.raises(CredentialsError) as failed:
        _session(Time()).get(url, headers={"Authorization": "zaia_secret"})
    assert len(asked) == 1
    assert "zaia_secret" not in str(failed.value)


@pytest.mark.parametrize(
    ("status", "lacking"), [(400, False), (403, True), (404, True), (409, False), (501, True)]
)
def test_a_refusal_says_what_the_server_said_without_the_key(status: int, lacking: bool) -> None:
    said = '{"message": "zaia_secret may not: pending is no status"}'
    with (
        _server((status, {}, said)) as (url, asked),
        pytest.raises(Refused, match="may not: pending") as failed,
    ):
        _session(Time()).get(f"{url}?search=private", headers={"Authorization": "zaia_secret"})
    assert failed.value.is_lacking == lacking
    assert len(asked) == 1
    assert "zaia_secret" not in str(failed.value)
    assert "private" not in str(failed.value)


def test_a_redirection_is_not_followed_with_the_key() -> None:
    with _server(LIST) as (elsewhere, asked):
        moved = (302, {"Location": elsewhere}, "")
        with _server(moved) as (url, _), pytest.raises(Refused, match="302"):
            _session(Time()).get(url)
    assert asked == []


def test_nobody_at_the_address_is_an_error_without_the_key() -> None:
    with pytest.raises(Unanswered, match="ConnectionError") as failed:
        _session(Time()).get("http://127.0.0.1:9/api/v1/tags", headers={"Authorization": "zaia_secret"})
    assert "zaia_secret" not in str(failed.value)


@pytest.mark.parametrize("status", [408, 425])
def test_a_refusal_that_may_pass_is_tried_again(status: int) -> None:
    with _server((status, {}, "no"), LIST) as (url, asked):
        _session(Time()).get(url)
    assert len(asked) == 2


def test_a_server_that_is_busy_is_waited_for_as_long_as_it_says() -> None:
    time = Time()
    with _server((503, {"Retry-After": "30"}, "no"), LIST) as (url, _):
        _session(time).get(url)
    assert time.waits == [30]


@pytest.mark.parametrize("said", ["Mon, 01 Jan 0001 00:00:00 GMT", "nan", "-5", "Mon, 99 Foo", "1e400"])
def test_whatever_retry_after_says_a_run_goes_on_or_the_list_fails(said: str) -> None:
    time = Time()
    with _server((429, {"Retry-After": said}, ""), LIST) as (url, _), suppress(Unanswered):
        _session(time).get(url)
    assert sum(time.waits) <= PATIENCE


def test_a_list_that_only_asks_to_come_again_is_waited_for_once() -> None:
    time = Time()
    session = _session(time)
    with _server((429, {"Retry-After": "600"}, "")) as (url, _):
        for _ in range(3):
            with pytest.raises(Unanswered, match="429"):
                session.get(url)
    assert sum(time.waits) <= 2 * PATIENCE + 3 * 2 * 60


@pytest.mark.parametrize("said", ['{"message": "%s"}', "%s"])
def test_a_message_that_is_cut_shows_no_part_of_the_key(said: str) -> None:
    for length in range(280, 500, 5):
        text = said % ("x" * length + "zaia_secret")
        with _server((400, {}, text)) as (url, _), pytest.raises(Refused) as failed:
            _session(Time()).get(url, headers={"Authorization": "zaia_secret"})
        assert "zaia" not in str(failed.value)


def test_an_answer_that_does_not_come_to_its_end_is_given_up() -> None:
    stop = Event()

    def drip(written: Any) -> None:
        while not stop.wait(0.02):
            written(b" ")

    with trickling(drip) as url, pytest.raises(Unanswered, match="does not come to its end"):
        Session(0.2, 0, 1, 0.0).get(url)
    stop.set()
