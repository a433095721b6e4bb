"""What a run has to tell: warnings in dlt's log, each once."""

from __future__ import annotations

import logging

from .errors import Refused, ZaiaError


class Notes:
    """The warnings of a run."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def warn(self, text: str) -> None:
        """Tell something, unless it has been told."""
        if text not in self.told:
            self.told.append(text)
            logging.getLogger("dlt").warning(text)

    def failed(self, what: str, error: ZaiaError) -> None:
        """Tell that something could not be read, and what that means for the copy."""
        lacking = isinstance(error, Refused) and error.is_lacking
        why = "is not there for this key" if lacking else "could not be read"
        self.warn(f"{what} {why}: {error} What the copy has of it stays as it is.")

    def odd(self, what: str, count: int) -> None:
        """Tell that a list held entries that are no objects with an id."""
        if count:
            self.warn(
                f"{what}: {count} entries are no objects with an id. They are left out, and nothing is removed."
            )
