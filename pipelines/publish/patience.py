"""Lets no request to a catalogue wait for ever: pyiceberg sets no time, so a server that hangs would hold a publish."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from requests import adapters

CONNECT, READ = 15.0, 300.0
"""Seconds until there must be a connection, and between two parts of an answer; a large commit may take a minute."""


@contextmanager
def bounded() -> Iterator[None]:
    """Bound the requests that are made meanwhile: those to a catalogue, and to what gives it tokens."""
    adapter: Any = adapters.HTTPAdapter
    send = adapter.send

    def sending(self: object, request: object, **given: Any) -> Any:
        return send(self, request, **given | {"timeout": given.get("timeout") or (CONNECT, READ)})

    adapter.send = sending
    try:
        yield
    finally:
        adapter.send = send
