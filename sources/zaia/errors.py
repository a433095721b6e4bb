"""What can go wrong while reading Zaia, each in one sentence, with what to do about it."""

from __future__ import annotations


class ZaiaError(Exception):
    """Something went wrong that a user should hear of.

    Args:
        message: What happened, and where; never a secret.
        remedy: What to do next.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy


class ConfigurationError(ZaiaError):
    """A setting is missing or cannot be used."""


class Hopeless(ZaiaError):
    """Nothing else need be asked: the run ends."""


class CredentialsError(Hopeless):
    """The API does not take the key (401)."""


class NothingAnswers(Hopeless):
    """List after list was asked for, and nothing has answered as Zaia does."""


class Unreadable(ZaiaError):
    """One list, or one object, could not be read: it costs no more than that."""


class Refused(Unreadable):
    """The API will not answer this request otherwise (4xx, or a redirection).

    Args:
        request: The request, such as ``GET /api/v1/tags``.
        status: The HTTP status.
        said: What the API said of it.
    """

    def __init__(self, request: str, status: int, said: str) -> None:
        super().__init__(f"{request} was answered with {status}{f': {said}' if said else ''}.")
        self.status = status

    @property
    def is_lacking(self) -> bool:
        """Whether it is how a list is refused that a workspace has not, or a key may not read."""
        return self.status in {403, 404, 405, 410, 501}


class Unanswered(Unreadable):
    """No proper answer came after all attempts.

    Args:
        request: The request.
        reason: What came instead.
    """

    def __init__(self, request: str, reason: str) -> None:
        super().__init__(f"{request} could not be read: {reason}.")
