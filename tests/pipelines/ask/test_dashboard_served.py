"""The dashboard's server: who is let in, what it answers at once, and what it bears."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from support.commands import Command, wait_until
from support.repository import ROOT
from support.workplaces import CopyDesk

from pylon_elt.pipelines.base import exits


def test_only_who_knows_the_token_is_let_in(served: tuple[CopyDesk, str, Command]) -> None:
    _, url, _ = served
    assert url.startswith("http://127.0.0.1:")
    plain = url.partition("?")[0]
    for path in ("", "api/status/connections"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            opener = urllib.request.build_opener(_NoRedirect)
            opener.open(plain + path, timeout=30)
        assert refused.value.code in (303, 307, 401, 403)
        assert b"data-tile" not in refused.value.read()


def test_the_numbers_are_in_the_page_before_its_code_runs(served: tuple[CopyDesk, str, Command]) -> None:
    desk, url, _ = served
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with opener.open(url, timeout=60) as answer:
        text = answer.read().decode()
    ((count,),) = desk.sql("select count(*) from support__tickets where is_open")
    assert re.search(rf'data-tile="Open issues"[^>]*>{count:,}<', text)
    with opener.open(f"{url}&team=Support&days=0", timeout=60) as answer:
        text = answer.read().decode()
    ((count,),) = desk.sql("select count(*) from support__tickets where team_name = 'Support'")
    assert re.search(rf'data-tile="Created"[^>]*>{count:,}<', text)
    with opener.open(f"{url.partition('?')[0]}manifest.json", timeout=60) as answer:
        assert "data-tile" not in answer.read().decode()


NONSENSE = (
    "GET /?access_token=%ff HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\r\n\r\n",
    "POST /?{token} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    (
        "POST /api/kernel/set_ui_element_value?{token} HTTP/1.1\r\nHost: x\r\nMarimo-Session-Id: q\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    ),
    "garbage\r\n\r\n",
    "\x16\x03\x01\x02",
    "GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: [\r\nHost: y\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
    "GET /ws?{token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
)


@pytest.mark.dear
def test_requests_that_are_none_leave_a_line_each_at_most(served: tuple[CopyDesk, str, Command]) -> None:
    _, url, command = served
    address, _, token = url.removeprefix("http://").partition("/?")
    host, _, port = address.partition(":")
    for text in NONSENSE:
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(text.format(token=token).encode("latin-1"))
            assert connection.recv(12).startswith(b"HTTP/1.1 ")
    with urllib.request.urlopen(url, timeout=60) as answer:
        assert answer.status == 200
    lines = command.stderr.read_text().splitlines()
    assert 0 < len(lines) <= len(NONSENSE)
    assert all("A request could not be answered: " in line for line in lines), lines


@pytest.mark.dear
def test_a_browser_that_breaks_off_does_not_keep_it_from_ending(desk: CopyDesk) -> None:
    # a process of its own: Python's last steps are what waits for threads
    out, environment = (
        desk.folder / "out",
        {**os.environ, "DLT_DATA_DIR": str(desk.folder / "dlt"), "PYTHONPATH": str(ROOT)},
    )
    with out.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "pylon_elt.pipelines.cli", "dashboard", "--port", "0", "--no-browser"],
            cwd=desk.folder, env=environment, stdout=stream, stderr=stream,
        )  # fmt: skip
    try:
        wait_until(lambda: process.poll() is not None or "Ctrl-C" in out.read_text())
        found = re.search(r"http://([^:]+):(\d+)/\?(\S+)", out.read_text())
        assert found, out.read_text()
        with socket.create_connection((found[1], int(found[2])), timeout=60) as connection:
            connection.sendall(
                f"GET /ws?session_id=a&{found[3]} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
                + b"\x81\xff\xff"  # the beginning of a frame
            )
            answer = b""
            while b"kernel-ready" not in answer:
                answer += connection.recv(4096)
            time.sleep(2)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == exits.DONE, out.read_text()
    finally:
        process.kill()
        process.wait()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
