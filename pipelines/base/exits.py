"""Exit codes, and the errors that carry one. A rule for the whole command line: one failure, one code."""

from __future__ import annotations

DONE = 0
FAILED = 1
USAGE = 2
CONFIGURATION = 3
UNAVAILABLE = 4
DATA_CHECK = 5
LOCKED = 75

MEANINGS: dict[int, str] = {
    DONE: "Done.",
    FAILED: "Failed for another reason; the message says which.",
    USAGE: "The command line is wrong.",
    CONFIGURATION: "Credentials, permissions or configuration.",
    UNAVAILABLE: "The API stayed unavailable; what was read is saved, run again.",
    DATA_CHECK: "A data check found a difference.",
    LOCKED: "Another run, or another program, holds the lock.",
}
"""What each exit code means, for the help and the README."""


class Problem(Exception):
    """Something that ends the command with one screen of text.

    Args:
        what: What is wrong, and where.
        remedy: What to do next.
        code: The exit code.
        told: Whether it has been shown already.
    """

    def __init__(self, what: str, remedy: str = "", code: int = FAILED, *, told: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.code = code
        self.told = told
