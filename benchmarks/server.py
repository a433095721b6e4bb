"""The emulator in a process of its own, so that what it costs is on nobody's bill."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .process import ROOT

SEED = 1
NOW = "2026-07-01T00:00:00+00:00"
"""When the sample workspace was made; with the seed, it fixes every row."""
YEARS = 2.0
UNLIMITED = {"low": 100_000, "medium": 100_000, "high": 100_000}
"""Where learning the pace starts against an emulator without limits: nothing is left to learn."""


@dataclass(frozen=True)
class Server:
    """Where the emulator listens, and what it was asked."""

    url: str
    token: str

    @property
    def address(self) -> dict[str, Any]:
        """The options that tell a contestant where to read."""
        return {"url": self.url, "token": self.token}

    def counts(self) -> dict[str, Any]:
        """Return the requests served and refused, and the allowance, by endpoint."""
        return dict(self._control("counts"))

    def log(self) -> list[dict[str, Any]]:
        """Return a record for each request; empty where the setting ``log`` is ``counts``."""
        return list(self._control("log"))

    def clear(self) -> None:
        """Forget the requests so far."""
        self._control("clear", {})

    def change(self, **settings: Any) -> None:
        """Change how the emulator behaves."""
        self._control("settings", settings)

    def _control(self, route: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/_emulator/{route}", data) as answer:
            return json.load(answer)


@contextmanager
def serving(issues: int, messages_mean: float = 4.0, *, now: str = NOW, **settings: Any) -> Iterator[Server]:
    """Serve a sample workspace that was made at ``now`` while the block runs."""
    options = [f"--{name}={value}" for name, value in world(issues, messages_mean, now).items()]
    given = [f"--set={name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "pylon_elt.emulator", "--port=0", *options, *given]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url, token = process.stdout.readline().split()
            yield Server(url, token.partition("=")[2])
        finally:
            process.terminate()


def world(issues: int, messages_mean: float, now: str = NOW) -> dict[str, Any]:
    """Return the options that make the sample workspace, as the emulator's command line names them."""
    return {"seed": SEED, "issues": issues, "years": YEARS, "messages-mean": messages_mean, "now": now}
