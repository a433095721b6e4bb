"""A workspace as files: the API's answers, to be read without HTTP, and the same rows for DuckDB's reader."""

from __future__ import annotations

import bisect
import os
from array import array
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from .stopwatch import Stopwatch

ISSUES, CONVERSATIONS, MESSAGES = "issues.ndjson", "conversations.ndjson", "messages.ndjson"


def record(
    watch: Stopwatch, _folder: Path, *, into: str, issues: int, messages_mean: float
) -> dict[str, Any]:
    """Write the sample workspace: issues, conversations (a list each) and messages, newest issue first."""
    from pylon_elt.emulator import World

    from .server import NOW, SEED, YEARS

    target = Path(into)
    count = 0
    with (
        watch,
        (target / ISSUES).open("wb") as rows,
        (target / CONVERSATIONS).open("wb") as conversations,
        (target / MESSAGES).open("wb") as messages,
    ):
        world = World.seeded(SEED, issues, YEARS, messages_mean, datetime.fromisoformat(NOW))
        newest_first = sorted(world.issues(), key=lambda issue: str(issue["created_at"]), reverse=True)
        for issue in newest_first:
            rows.write(orjson.dumps(issue) + b"\n")
            # what is said in a scrubbed issue is refused by the API
            said = [] if issue.get("title") == "SCRUBBED" else world.messages(issue["id"])
            conversations.write(orjson.dumps([_bare(message) for message in said]) + b"\n")
            for message in said:
                messages.write(orjson.dumps({**message, "issue_id": issue["id"]}) + b"\n")
            count += len(said)
    return {"issues": len(newest_first), "messages": count}


def _bare(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "issue_id"}


class Lines:
    """The lines of a file by number, read when they are asked for, so that they are not held in memory."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._starts = array("q", [0])
        for line in self._file:
            self._starts.append(self._starts[-1] + len(line))

    def __len__(self) -> int:
        return len(self._starts) - 1

    def read(self, first: int, last: int) -> bytes:
        """Return the lines from ``first`` up to, but not including, ``last``."""
        start, end = self._starts[first], self._starts[last]
        return os.pread(self._file.fileno(), end - start, start)

    def page(self, first: int, last: int) -> list[dict[str, Any]]:
        """Return some lines as a page: parsed in one piece, as an answer of the API is."""
        text = self.read(first, last).rstrip(b"\n").replace(b"\n", b",")
        return list(orjson.loads(b"[" + text + b"]"))


class Recording:
    """A recorded workspace."""

    def __init__(self, folder: str) -> None:
        self.issues = Lines(Path(folder) / ISSUES)
        self.conversations = Lines(Path(folder) / CONVERSATIONS)
        self._age, self._places = array("d"), dict[str, int]()
        for place in range(len(self.issues)):
            row = orjson.loads(self.issues.read(place, place + 1))
            self._age.append(-datetime.fromisoformat(row["created_at"]).timestamp())
            self._places[row["id"]] = place

    def created(self, start: datetime, end: datetime, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """Return the newest issues that were created in a time range, and whether there are more."""
        first = bisect.bisect_left(self._age, -end.timestamp())
        last = bisect.bisect_right(self._age, -start.timestamp())
        stop = min(last, first + limit)
        return self.issues.page(first, stop), stop < last

    def conversation(self, issue_id: str) -> list[dict[str, Any]]:
        """Return what is said in an issue."""
        place = self._places[issue_id]
        return list(orjson.loads(self.conversations.read(place, place + 1)))

    def pages(self, size: int) -> Iterator[list[dict[str, Any]]]:
        """Return all issues in pages."""
        for first in range(0, len(self.issues), size):
            yield self.issues.page(first, min(first + size, len(self.issues)))
