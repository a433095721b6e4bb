"""What a verification found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from ..base.desk import command
from .untold import Untold


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which the copy is not what Pylon holds: names and ids, never values."""

    table: str
    id: str
    what: str


@dataclass
class Month:
    """The issues that were created in one month (UTC)."""

    listed: int = 0
    copied: int = 0
    missing: int = 0
    """Listed, not in the copy, and not to be found by the next run."""
    surplus: int = 0
    """In the copy, and not listed."""


@dataclass
class Verification:
    """What a verification found."""

    seed: int
    announced: dict[str, int]
    """Requests that were announced, by endpoint."""
    asked: dict[str, int] = field(default_factory=dict)
    months: dict[str, Month] = field(default_factory=dict)
    sampled: dict[str, int] = field(default_factory=dict)
    """Rows that were compared value by value, by table."""
    new_since: int = 0
    changed_since: int = 0
    before_start: int = 0
    """Issues of the copy that were created before the start date; they are not compared."""
    hidden: int = 0
    """Issues of the copy that are not listed, and were found to be there by their ids."""
    unread: int = 0
    """Issues that the first load has yet to read."""
    unread_children: int = 0
    """Conversations of the sample that the next run reads."""
    volatile: dict[str, list[str]] = field(default_factory=dict)
    """What differs at each reading, by table: it is not compared."""
    untold: list[Untold] = field(default_factory=list)
    """What could not be compared, since Pylon does not tell."""
    differences: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> bool | None:
        """Whether the copy is what Pylon holds; ``None``: all that could be compared is."""
        return False if self.differences else None if self.untold else True

    def add_sampled(self, table: str, rows: int) -> None:
        """Count rows that were compared value by value."""
        self.sampled[table] = self.sampled.get(table, 0) + rows

    def note(self, differs: bool, table: str, id_: str, what: str) -> None:
        """Note what differs, if it does."""
        if differs:
            self.differences.append(Difference(table, id_, what))

    def as_facts(self) -> dict[str, Any]:
        """Return the same for JSON."""
        return {"equal": self.equal, **asdict(self)}


def remedies(report: Verification) -> Iterator[str]:
    """Say what mends the differences."""
    tables = {one.table for one in report.differences}
    if "issues" in tables:
        yield f"{command('reconcile')} removes issues that are gone, and mends those that are missing or different."
    if tables - {"issues"}:
        run = f"{command('run')} --max-minutes 60"
        yield f"A sweep mends conversations: {run}, with sweep_days below the copy's age in days."
