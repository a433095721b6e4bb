"""Webhooks that the emulator sends: when, how they are signed, and how badly."""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from support.commands import wait_until

from pylon_elt import emulator

pytestmark = pytest.mark.dear

SECRET = "whsec_of_the_workspace"


class Receiver:
    """Takes webhooks, and says who signed them."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bool]] = []
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stamp = self.headers.get("Pylon-Webhook-Timestamp", "")
                given = self.headers.get("Pylon-Webhook-Signature") or self.headers["X-Pylon-Signature"]
                signed = f"{stamp}.".encode() + body if stamp else body
                genuine = given == hmac.new(SECRET.encode(), signed, sha256).hexdigest()
                fresh = not stamp or abs(int(stamp) - time.time()) < 60
                taken.append((json.loads(body)["issue_id"], genuine and fresh))
                self.send_response(202 if genuine else 401)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/pylon"
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def trigger(
    serve: Callable[..., emulator.Server], world: emulator.World, receiver: Receiver
) -> Iterator[Any]:
    """Let the emulator send from now on, as its control route is told; returns the control routes."""
    server = serve(world)
    with httpx.Client(base_url=server.base_url + "/_emulator/") as control:

        def start(**how: Any) -> httpx.Client:
            answer = control.post("webhooks", json={"url": receiver.url, "secret": SECRET, **how})
            assert answer.status_code == 200, answer.text
            return control

        yield start


@pytest.mark.parametrize("form", ["older", "newer"])
def test_each_thing_that_happens_to_an_issue_is_told(
    trigger: Any, world: emulator.World, receiver: Receiver, form: str
) -> None:
    control = trigger(form=form)
    edited, silent, gone = world.issue_ids()[:3]
    world.edit_issue(edited, title="New")
    new = world.create_issue()["id"]
    assert not world.bumps["follow"]
    world.follow(silent, world.rows("users")[0]["id"])
    world.delete_issue(gone)
    wait_until(lambda: len(receiver.taken) == 3)
    assert set(receiver.taken) == {(edited, True), (new, True), (silent, True)}, (
        "there is none for a deletion"
    )
    wait_until(lambda: control.get("webhooks").json()["answers"] == {"202": 3})


def test_some_are_lost_some_come_twice_and_some_are_forged(
    trigger: Any, world: emulator.World, receiver: Receiver
) -> None:
    control = trigger(lost=0.2, doubled=0.3, forged=0.1, shuffled=True, gathered_seconds=0.2, seed=7)
    ids = world.issue_ids()[:100]
    world.bulk_edit(ids)
    wait_until(lambda: control.get("webhooks").json()["idle"])
    genuine = Counter(issue for issue, is_genuine in receiver.taken if is_genuine)
    forged = [issue for issue, is_genuine in receiver.taken if not is_genuine]
    told = control.get("webhooks").json()
    lost = told["lost"]
    assert told["answers"] == {"202": genuine.total()}
    assert told["forged"] == {"401": len(forged)}
    assert lost + len(genuine) == 100
    assert 5 < lost < 40
    assert set(genuine.values()) == {1, 2}
    assert 0 < len(forged) < 30
    order = [ids.index(issue) for issue, _ in receiver.taken]
    assert order != sorted(order)


def test_a_receiver_that_is_not_there_is_no_answer(trigger: Any, world: emulator.World) -> None:
    control = trigger(url="http://127.0.0.1:9/hooks/pylon")
    world.edit_issue(world.issue_ids()[0], title="New")
    wait_until(lambda: control.get("webhooks").json()["answers"] == {"0": 1})


@pytest.mark.parametrize(
    "how", [{"form": "latest"}, {"url": "https://a.example"}, {"url": "here"}, {"loss": 1}]
)
def test_a_mistake_is_told(trigger: Any, how: dict[str, Any]) -> None:
    control = trigger()
    given = {"url": "http://127.0.0.1:9/", "secret": SECRET, **how}
    assert control.post("webhooks", json=given).status_code == 400
