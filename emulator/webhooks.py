"""Sending webhooks when something happens to an issue: signed, and as unreliable as one likes."""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPConnection, HTTPException
from random import Random
from typing import Any, Literal
from urllib.parse import urlsplit

from .store import Store

Form = Literal["older", "newer"]
FORMS: tuple[Form, ...] = ("older", "newer")
ANOTHER = "whsec_of_somebody_else"
"""With what forged ones are signed."""
_GATHERED = 0.02
_PATIENCE = 10.0


@dataclass(frozen=True)
class Webhook:
    """A trigger of the workspace: where it sends to, and how badly."""

    url: str
    secret: str
    form: Form = "newer"
    """"older": X-Pylon-Signature over the body; "newer": over timestamp and body, with headers for both."""
    lost: float = 0.0
    """The part of them that is never sent."""
    doubled: float = 0.0
    """The part that is sent twice."""
    forged: float = 0.0
    """For how many, of 1, another one comes that does not know the secret."""
    shuffled: bool = False
    """Send what has gathered in no order."""
    gathered_seconds: float = _GATHERED
    """For how long they gather before they are sent."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the form and the address."""
        if self.form not in FORMS:
            raise ValueError(f"form must be one of {', '.join(FORMS)}")
        if urlsplit(self.url).scheme != "http" or not urlsplit(self.url).hostname:
            raise ValueError("url must be an http address")


@dataclass(frozen=True)
class Sent:
    """A webhook that was sent: about which issue, when (seconds since 1970), and the answer; 0: there was none."""

    issue_id: str
    at: float
    status: int
    forged: bool = False


def headers(secret: str, body: bytes, form: Form, now: float) -> dict[str, str]:
    """Return the headers that sign a body in one of the forms that Pylon is reported to have."""

    def signature(signed: bytes) -> str:
        return hmac.new(secret.encode(), signed, sha256).hexdigest()

    if form == "older":
        return {"X-Pylon-Signature": signature(body)}
    stamp = str(int(now))
    return {
        "Pylon-Webhook-Timestamp": stamp,
        "Pylon-Webhook-Signature": signature(stamp.encode() + b"." + body),
    }


def send(webhook: Webhook, issue_id: str, *, forged: bool = False) -> Sent:
    """Send one webhook now."""
    target = urlsplit(webhook.url)
    body = json.dumps({"issue_id": issue_id}).encode()
    secret, now = ANOTHER if forged else webhook.secret, time.time()
    connection = HTTPConnection(target.hostname or "", target.port, timeout=_PATIENCE)
    try:
        signed = {"Content-Type": "application/json", **headers(secret, body, webhook.form, now)}
        connection.request("POST", target.path or "/", body, signed)
        status = connection.getresponse().status
    except (OSError, HTTPException):
        status = 0
    finally:
        connection.close()
    return Sent(issue_id, now, status, forged)


class Webhooks:
    """The webhooks of one workspace."""

    def __init__(self, world: Store) -> None:
        """Send nothing until `start`."""
        self._world = world
        self._waiting: list[str] = []
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._busy = False
        self.sent: list[Sent] = []
        """Those that were sent."""
        self.lost = 0
        """How many were not."""

    def start(self, webhook: Webhook) -> dict[str, Any]:
        """Send from now on what `webhook` says, in place of what was sent before."""
        self.stop()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._work, args=(webhook,), name="webhooks", daemon=True)
        self._thread.start()
        self._world.listeners.append(self._waiting.append)
        return self.counts()

    def stop(self) -> None:
        """Send nothing more."""
        if self._thread is None:
            return
        self._world.listeners.remove(self._waiting.append)
        self._stopping.set()
        self._thread.join()
        self._thread = None

    @property
    def idle(self) -> bool:
        """Whether all that happened was told."""
        return not self._waiting and not self._busy

    def counts(self) -> dict[str, Any]:
        """Return whether all was told, how many were lost, and how many each status answered, forged ones apart."""

        def answers(found: Iterable[Sent]) -> dict[str, int]:
            return {str(status): count for status, count in Counter(one.status for one in found).items()}

        sent = list(self.sent)
        return {
            "idle": self.idle,
            "lost": self.lost,
            "answers": answers(one for one in sent if not one.forged),
            "forged": answers(one for one in sent if one.forged),
        }

    def _work(self, webhook: Webhook) -> None:
        rng = Random(webhook.seed)
        while not self._stopping.wait(webhook.gathered_seconds):
            self._busy = True
            with self._world.lock:
                gathered, self._waiting[:] = list(self._waiting), []
            for issue_id, forged in self._drawn(webhook, gathered, rng):
                if self._stopping.is_set():
                    break
                self.sent.append(send(webhook, issue_id, forged=forged))
            self._busy = False

    def _drawn(self, webhook: Webhook, gathered: list[str], rng: Random) -> list[tuple[str, bool]]:
        drawn = []
        for issue_id in gathered:
            if rng.random() < webhook.lost:
                self.lost += 1
            else:
                drawn += [(issue_id, False)] * (1 + (rng.random() < webhook.doubled))
            drawn += [(issue_id, True)] * (rng.random() < webhook.forged)
        if webhook.shuffled:
            rng.shuffle(drawn)
        return drawn
