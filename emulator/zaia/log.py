"""What was asked of the server."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Record:
    """One request. `at` is the server's time (UTC); `status` is 0 until it is answered, or if it never was."""

    n: int
    at: datetime
    name: str
    """The list that was asked; empty for a path that is none."""
    method: str
    path: str
    query: dict[str, list[str]]
    status: int = 0
    fault: str | None = None
    """The kind of the fault that was played on it."""

    def as_json(self) -> dict[str, Any]:
        """Return the record as plain data."""
        return asdict(self) | {"at": self.at.isoformat()}
