"""A ``pylon serve`` under way, as its users meet it: what it answers over HTTP, and how it ends."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from .commands import Command, Result, wait_until
from .workplaces import Desk

SECRET = "whsec_0123456789abcdef"
_SAMPLE = re.compile(r'(\w+)\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\} (-?[0-9.e+-]+)')
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass
class Daemon:
    """One that answers at a URL."""

    command: Command
    url: str

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of an answer."""
        target = urlsplit(self.url)
        connection = HTTPConnection(target.hostname or "", target.port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def ready(self) -> tuple[int, dict[str, Any]]:
        """Return what it says of its readiness."""
        status, body = self.get("/readyz")
        return status, json.loads(body)

    def metrics(self) -> Samples:
        """Return its metrics: each line must be one, with its type before it."""
        return parsed(self.get("/metrics")[1])

    def figure(self, name: str, **labels: str) -> float:
        """Return the sum of a metric over the labels that are not given."""
        return sum(
            value
            for (its, pairs), value in self.metrics().items()
            if its == f"pylon_{name}" and labels.items() <= dict(pairs).items()
        )

    def wait_until_idle(self) -> None:
        """Wait until a run has ended well and nothing that rang is yet to be read."""
        wait_until(lambda: self.figure("runs_total", exit="0") > 0 and self.figure("rings_waiting") == 0)

    def end(self, number: signal.Signals = signal.SIGTERM) -> Result:
        """End it, and return how."""
        self.command.signal(number)
        return self.command.wait()


def parsed(text: str) -> Samples:
    """Return the samples of the text format of Prometheus, by name and labels; what is none of it is a mistake."""
    found: Samples = {}
    typed = ""
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, typed, kind = line.split(" ")
            assert kind in ("counter", "gauge"), line
            assert kind != "counter" or typed.endswith("_total"), line
        elif not line.startswith("# HELP "):
            match = _SAMPLE.fullmatch(line)
            assert match, line
            assert match[1] == typed, f"{line} stands below {typed}"
            key = (match[1], frozenset(_LABEL.findall(match[2])))
            assert key not in found, f"{line} comes twice"
            found[key] = float(match[3])
    return found


@contextmanager
def serving(desk: Desk, *arguments: str, env: dict[str, str | None] | None = None) -> Iterator[Daemon]:
    """Serve at a free port while the block runs; whatever is left of it then is ended."""
    given: dict[str, str | None] = {"PYLON_WEBHOOK_SECRET": SECRET, **(env or {})}
    command = desk.start("serve", "--port", "0", "--log-format", "json", *arguments, env=given)
    try:
        wait_until(lambda: command.ended.is_set() or '"serving"' in _said(command))
        assert '"serving"' in _said(command), command.wait().text
        yield Daemon(command, json.loads(_said(command).splitlines()[0])["url"])
    finally:
        if not command.ended.is_set():
            command.signal(signal.SIGTERM)
            command.wait()


def _said(command: Command) -> str:
    text = command.stdout.read_text() if command.stdout.exists() else ""
    return text[: text.rfind("\n") + 1]
