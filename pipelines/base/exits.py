"""Exit codes: what they mean, and which one an error ends a command with. Nobody else maps an error to a code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

DONE = 0
FAILED = 1
USAGE = 2
CONFIGURATION = 3
UNAVAILABLE = 4
DATA_CHECK = 5
LOCKED = 75
INTERRUPTED = 130
"""By the convention of shells."""

MEANINGS: dict[int, str] = {
    DONE: "Done.",
    FAILED: "Failed for another reason; the message says which.",
    USAGE: "The command line is wrong.",
    CONFIGURATION: "Credentials, permissions or configuration.",
    UNAVAILABLE: "The API stayed unavailable; what was read is saved, run again.",
    DATA_CHECK: "A data check found a difference.",
    LOCKED: "Another run, or another program, holds the lock.",
    INTERRUPTED: "Ctrl-C ended it; what was read is saved.",
}
"""What each exit code means, for the help and the README."""


KINDS = {"configuration": CONFIGURATION, "implausible": DATA_CHECK, "unavailable": UNAVAILABLE}
"""The exit code of each kind of error of a source."""


@runtime_checkable
class Told(Protocol):
    """An error of a source: what is wrong, what to do next, and of which kind it is."""

    @property
    def message(self) -> str:
        """What is wrong, and where."""

    @property
    def remedy(self) -> str:
        """What to do next."""

    @property
    def kind(self) -> str:
        """One of :data:`KINDS`."""


class Problem(Exception):
    """Something that ends the command with one screen of text.

    Args:
        what: What is wrong, and where.
        remedy: What to do next.
        code: The exit code.
        told: Whether it has been shown already.
        passing: Whether it may pass by itself, as where a server is not up yet.
    """

    def __init__(
        self, what: str, remedy: str = "", code: int = FAILED, *, told: bool = False, passing: bool = False
    ) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.code = code
        self.told = told
        self.passing = passing


WORST_LAST = (DONE, LOCKED, INTERRUPTED, UNAVAILABLE, DATA_CHECK, FAILED, USAGE, CONFIGURATION)
"""The exit codes of several commands by what they ask of people: nothing, to wait, to run again, to look, to act."""


def worst(codes: Iterable[int]) -> int:
    """Return the exit code of several commands: the worst of theirs, :data:`DONE` where there are none.

    Args:
        codes: Their exit codes; one that means nothing, such as that of a process that was killed, is a failure.
    """
    known = (code if code in WORST_LAST else FAILED for code in codes)
    return max(known, key=WORST_LAST.index, default=DONE)


def of(error: Exception) -> int:
    """Return the exit code that an error of the source, or a problem, ends a command with."""
    if isinstance(error, Problem):
        return error.code
    return KINDS[error.kind] if isinstance(error, Told) else UNAVAILABLE


def of_all(errors: Iterable[Exception]) -> int:
    """Return the exit code of a run: that of its errors where they agree, else the one that says to run again."""
    codes = {of(error) for error in errors}
    if not codes:
        return DONE
    return codes.pop() if len(codes) == 1 else UNAVAILABLE
