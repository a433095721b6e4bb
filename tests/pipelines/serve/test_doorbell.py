"""The doorbell over a real socket: what is let in, what is not, and that an answer of 202 is a promise."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from pylon_elt.emulator import webhooks
from pylon_elt.emulator.loopback import Loopback, listening
from pylon_elt.pipelines.copy.rung import Rung
from pylon_elt.pipelines.serve.doorbell import LONGEST_BODY, PATH, TEMPLATE, Doorbell

SECRET = "whsec_0123456789abcdef"
NOW = 1_790_000_000.0


class Door:
    """A doorbell that is served."""

    def __init__(self, folder: Path) -> None:
        self.rung = Rung(folder)
        self.rung.make(None)
        self.rang: list[list[str]] = []
        ring = lambda: self.rang.append(list(self.rung.waiting()))  # noqa: E731
        self.bell = Doorbell([SECRET], self.rung, ring, lambda: NOW)
        self.port = 0

    def post(
        self, body: bytes, headers: dict[str, str] | None = None, method: str = "POST"
    ) -> tuple[int, Any]:
        """Send a request, signed unless headers are given."""
        signed = webhooks.headers(SECRET, body, "newer", NOW) if headers is None else headers
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, PATH, body, signed)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text.startswith(b"{") else text
        finally:
            connection.close()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path / "pylon-1")
    app = Starlette(routes=[Route(PATH, made.bell.answer, methods=["POST"])])
    with listening(lambda sock: Loopback(app, asyncio.Event(), sock), 0) as served:
        made.port = served.port
        yield made


def body(issue: object) -> bytes:
    return json.dumps({"issue_id": issue}).encode()


@pytest.mark.parametrize("form", webhooks.FORMS)
def test_what_is_signed_is_on_disk_before_it_is_answered(door: Door, form: webhooks.Form) -> None:
    status, answer = door.post(body("a"), webhooks.headers(SECRET, body("a"), form, NOW))
    assert (status, answer) == (202, {"accepted": True})
    assert door.rang == [["a"]], "when it rang, it was there"
    assert list(Rung(door.rung.file.parent).waiting()) == ["a"]


def test_the_template_is_what_is_taken(door: Door) -> None:
    assert door.post(TEMPLATE.replace("{{issue.id}}", "b-1").encode())[0] == 202
    assert door.post(body(17))[0] == 202, "an issue may be told by its number"
    assert list(door.rung.waiting()) == ["b-1", "17"]


def test_what_is_forged_late_or_sent_with_two_signatures_is_refused(door: Door) -> None:
    for headers in (
        {},
        webhooks.headers(webhooks.ANOTHER, body("a"), "newer", NOW),
        webhooks.headers(webhooks.ANOTHER, body("a"), "older", NOW),
        webhooks.headers(SECRET, body("b"), "newer", NOW),
        webhooks.headers(SECRET, body("a"), "newer", NOW - 301),
    ):
        status, answer = door.post(body("a"), headers)
        assert status == 401
        assert "signature" in answer["error"]
        assert SECRET not in answer["error"]
    good = webhooks.headers(SECRET, body("a"), "older", NOW)["X-Pylon-Signature"]
    with socket.create_connection(("127.0.0.1", door.port), 30) as raw:
        lines = [f"POST {PATH} HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(body('a'))}"]
        lines += ["X-Pylon-Signature: 0", f"X-Pylon-Signature: {good}", "", ""]
        raw.sendall("\r\n".join(lines).encode() + body("a"))
        assert raw.recv(100).startswith(b"HTTP/1.1 401 ")
    assert door.rung.waiting() == {}
    assert door.rang == []
    assert door.bell.answers == {401: 6}


@pytest.mark.parametrize(
    "sent",
    [
        b"", b"issue", b"[]", b"{}", b'{"id": "a"}', b"\xff\xfe", b"[" * 50_000, body(None), body(True), body(1.5),
        body(""), body(" a"), body("a\n"), body("."), body(".."), body("x" * 201), body(["a"]),
    ],
)  # fmt: skip
def test_what_names_no_issue_is_answered_by_what_the_body_is_to_be(door: Door, sent: bytes) -> None:
    status, answer = door.post(sent)
    assert status == 400
    assert TEMPLATE in answer["error"]
    assert door.rung.waiting() == {}


def test_of_a_body_that_is_too_long_no_more_is_read_than_is_allowed(door: Door) -> None:
    longest = body("a").ljust(LONGEST_BODY)
    assert door.post(longest)[0] == 202
    assert door.post(longest + b" ")[0] == 413
    with socket.create_connection(("127.0.0.1", door.port), 30) as raw:
        raw.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
        for _ in range(LONGEST_BODY // 4096 + 1):
            raw.sendall(chunk)
        assert raw.recv(100).startswith(b"HTTP/1.1 413 "), "although its end has not been sent"


def test_nothing_is_taken_by_another_method(door: Door) -> None:
    assert {method: door.post(body("a"), method=method)[0] for method in ("GET", "PUT", "DELETE")} == {
        "GET": 405, "PUT": 405, "DELETE": 405,
    }  # fmt: skip
    assert door.rung.waiting() == {}


def test_what_cannot_be_kept_is_not_accepted(door: Door) -> None:
    with _in_the_way(door.rung.file):
        status, answer = door.post(body("a"))
    assert status == 503
    assert "send it again" in answer["error"]
    assert door.rang == []
    assert door.post(body("a"))[0] == 202


@contextmanager
def _in_the_way(file: Path) -> Iterator[None]:
    away = file.with_suffix(".away")
    file.replace(away)
    file.mkdir()
    try:
        yield
    finally:
        file.rmdir()
        away.replace(file)
