"""What a verification could not compare, since Pylon does not tell of it what it tells of all else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from pylon_elt.sources.pylon.errors import Rejected, Unavailable
from pylon_elt.sources.pylon.lanes.whole import FAILURES

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Untold:
    """Something of a table that was not compared: an issue's id, or when issues were created; and why."""

    table: str
    what: str
    why: str


class Asking:
    """Asks for what belongs to one issue after the other; what is not given is noted, and costs nothing else.

    A table that fails for so many issues in a row that the endpoint must be at fault is asked for no other one.

    Args:
        untold: Where it is noted.
    """

    def __init__(self, untold: list[Untold]) -> None:
        self._untold = untold
        self._in_a_row = Counter[str]()
        self._why: dict[str, str] = {}

    async def given(self, table: str, issue_id: str, ask: Callable[[], Awaitable[T]]) -> T | Untold:
        """Return what is given of a table for an issue, or what is noted in its place.

        Raises:
            ConfigurationError: The token is not let in.
        """
        if self._in_a_row[table] < FAILURES:
            try:
                found = await ask()
            except (Unavailable, Rejected) as error:
                self._in_a_row[table] += 1
                self._why[table] = error.message
            else:
                self._in_a_row[table] = 0
                return found
        untold = Untold(table, issue_id, self._why[table])
        self._untold.append(untold)
        return untold
