"""What a run has to tell: what failed, what the workspace lacks, and warnings; each once, in dlt's log too."""

from __future__ import annotations

import logging
from collections import Counter

from .errors import Implausible, Refused, Unreadable, ZaiaError


class Notes:
    """What a run has found."""

    def __init__(self) -> None:
        self.told: list[str] = []
        """Every sentence, in order."""
        self.failures: list[tuple[str, ZaiaError]] = []
        """What could not be read or removed, and why."""
        self.lacking: dict[str, Refused] = {}
        """What the workspace lacks, or the key may not read."""
        self.warnings: list[str] = []
        """What else is to be known."""
        self.read: Counter[str] = Counter()
        """Rows that were new or had changed, by table."""
        self.removed: Counter[str] = Counter()
        """Rows that were taken out, by table."""

    def warn(self, text: str) -> None:
        """Tell something, unless it has been told."""
        if self._tell(text):
            self.warnings.append(text)

    def failed(self, what: str, error: Unreadable) -> None:
        """Tell that something could not be read, and what that means for the copy."""
        lacking = isinstance(error, Refused) and error.is_lacking
        why = "is not there for this key" if lacking else "could not be read"
        if not self._tell(f"{what} {why}: {error} What the copy has of it stays as it is."):
            return
        if isinstance(error, Refused) and lacking:
            self.lacking[what] = error
        else:
            self.failures.append((what, error))

    def implausible(self, what: str, error: Implausible) -> None:
        """Tell that more is missing than can be believed."""
        if self._tell(f"{what}: {error}"):
            self.failures.append((what, error))

    def odd(self, what: str, count: int) -> None:
        """Tell that a list held entries that are no objects with an id."""
        if count:
            self.warn(
                f"{what}: {count} entries are no objects with an id. They are left out, and nothing is removed."
            )

    def _tell(self, text: str) -> bool:
        """Write it to dlt's log, and say whether that is news."""
        if text in self.told:
            return False
        self.told.append(text)
        logging.getLogger("dlt").warning(text)
        return True
