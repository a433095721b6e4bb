"""``pylon emulator``, and the emulator for the demo: a process of its own, that knows nothing of us, nor we of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn
from urllib.request import ProxyHandler, Request, build_opener

from ..base import exits

COMMAND = (sys.executable, "-P", "-m", "pylon_elt.emulator")
"""The emulator; it imports nothing from the folder where it is started."""


def serve(options: Sequence[str]) -> NoReturn:
    """Become the emulator."""
    os.execv(sys.executable, [*COMMAND, *options])  # noqa: S606 - our own module


@dataclass(frozen=True)
class Emulator:
    """An emulator that is serving.

    Args:
        base_url: Where.
        token: Whom it lets in.
    """

    base_url: str
    token: str

    def advance(self, seconds: float) -> None:
        """Move the workspace's present."""
        self._control("POST", "advance", {"seconds": seconds})

    def clear_log(self) -> None:
        """Forget which requests there were."""
        self._control("POST", "clear", {})

    def served(self) -> int:
        """Return how many requests were answered since the log was cleared."""
        counts = self._control("GET", "counts", None)
        return sum(int(count["served"]) for count in counts.values())

    def _control(self, method: str, action: str, body: object) -> dict[str, dict[str, int]]:
        request = Request(f"{self.base_url}/_emulator/{action}", method=method)  # noqa: S310 - we started it
        if body is not None:
            request.data = json.dumps(body).encode()
        direct = build_opener(ProxyHandler({}))  # no proxy stands between us and this machine
        with direct.open(request, timeout=60) as answer:
            return json.load(answer) or {}


@contextmanager
def serving(*options: str) -> Iterator[Emulator]:
    """Serve a sample workspace on a free port of this machine while the block runs; `--api` in `options` says whose.

    Raises:
        Problem: It does not start.
    """
    with subprocess.Popen([*COMMAND, "--port", "0", *options], stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            line = process.stdout.readline().strip() if process.stdout else ""
            base_url, _, credential = line.partition(" ")
            token = credential.partition("=")[2]
            if not token:
                raise exits.Problem("The emulator did not start.", "It has said why above.", exits.FAILED)
            yield Emulator(base_url, token)
        finally:
            process.terminate()
