"""One verb of ``pylon`` about one workspace, in a process of its own, and what it said."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..many.children import Child

Event = dict[str, Any]
Hear = Callable[[str, Event | None], None]
"""Called with each line, and the event that it is, from threads of their own."""


@dataclass
class Done:
    """How an errand ended."""

    code: int
    """Its exit code; below 0 that of the signal that ended it."""
    seconds: float
    last: dict[str, Event] = field(default_factory=dict)
    """The last event of each name."""


class Errand:
    """A verb under way.

    Args:
        arguments: The command line, without the program.
        hear: Told what it says.
    """

    def __init__(self, arguments: Sequence[str], hear: Hear) -> None:
        self._hear = hear
        self._last: dict[str, Event] = {}
        self._began = time.monotonic()
        self._child = Child(arguments, self._told)

    def signal(self, number: int) -> None:
        """Pass a signal on."""
        self._child.signal(number)

    async def done(self) -> Done:
        """Wait for its end."""
        code = await asyncio.to_thread(self._child.wait)
        return Done(code, time.monotonic() - self._began, self._last)

    def _told(self, stream: str, line: str) -> None:
        event = _event(line) if stream == "out" else None
        if event is not None:
            self._last[event["event"]] = event
        self._hear(line, event)


def _event(line: str) -> Event | None:
    with suppress(ValueError):
        found = json.loads(line)
        if isinstance(found, dict) and isinstance(found.get("event"), str):
            return found
    return None
