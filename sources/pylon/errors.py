"""What can go wrong while reading Pylon, each with what the user can do about it."""

from __future__ import annotations

GONE = frozenset({404, 410})
"""What the API answers for what is not there, or not any more."""
GONE_ISSUE = GONE | {400}
"""What it answers for an issue that was deleted or scrubbed, and for a child of one (seen)."""


class PylonError(Exception):
    """Something went wrong that a user should hear of in one sentence.

    Args:
        message: What happened, and where.
        remedy: What to do next.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class ConfigurationError(PylonError):
    """A setting is missing or cannot be used."""


class CredentialsError(ConfigurationError):
    """The token is missing, wrong, of another region, or its organisation is suspended (401)."""


class PermissionDenied(ConfigurationError):
    """The token may not read this endpoint (403)."""


class Unavailable(PylonError):
    """An endpoint could not be read after all retries; what was read elsewhere is kept."""


class Rejected(PylonError):
    """The API answered 4xx to one request: it will not answer this request otherwise.

    Args:
        status: The HTTP status.
        code: The ``code`` of the answer, "" if it has none.
    """

    def __init__(self, message: str, *, status: int, code: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.status = status
        self.code = code


class Implausible(PylonError):
    """More rows would be removed than can be believed; none was."""


class Transient(PylonError):
    """One attempt failed in a way that another may not; never leaves the client."""


class TurnOver(Exception):
    """The turn ends while a lane waits: what is not read yet stays due."""
