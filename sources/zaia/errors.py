"""What can go wrong while reading Zaia, each in one sentence, with what to do about it."""

from __future__ import annotations

from typing import Literal

Kind = Literal["configuration", "implausible", "unavailable"]
"""What is to be done about an error: set something right, look whether it can be, or try again."""


class ZaiaError(Exception):
    """Something went wrong that a user should hear of.

    Args:
        message: What happened, and where; never a secret.
        remedy: What to do next.
    """

    kind: Kind = "unavailable"

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy


class ConfigurationError(ZaiaError):
    """A setting is missing or cannot be used."""

    kind = "configuration"


class UntestedDestination(ConfigurationError):
    """A copy would go where none was ever compared with its workspace, or where none can be.

    Args:
        message: What is known of the destination.
        tested: Which others there are.
        may: Whether it can be tried all the same.
    """

    def __init__(self, message: str, tested: tuple[str, ...], *, may: bool = False) -> None:
        self.choose = f"Choose {' or '.join(tested)}."
        self.may = may
        anyway = (
            " To load there all the same, and compare it yourself: untested_destination=True." if may else ""
        )
        super().__init__(message, self.choose + anyway)


class Hopeless(ZaiaError):
    """Nothing else need be asked: the run ends."""


class CredentialsError(Hopeless):
    """The API does not take the key (401)."""

    kind = "configuration"


class NothingAnswers(Hopeless):
    """List after list was asked for, and nothing has answered as Zaia does."""


class NotZaia(NothingAnswers):
    """What answers at the host has none of the lists."""

    kind = "configuration"


class Implausible(ZaiaError):
    """More would be removed than can be believed; nothing was.

    Args:
        message: What is missing, and of how much.
    """

    kind = "implausible"

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            "Check that the key belongs to the same workspace; if they are really gone, run once with"
            " confirm_removals.",
        )


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
        if status in {400, 422}:  # such as a status of tickets that it does not know
            self.kind = "configuration"

    @property
    def is_lacking(self) -> bool:
        """Whether it is how a list is refused that a workspace has not, or a key may not read."""
        return self.status in {401, 403, 404, 405, 410, 501}


class Unanswered(Unreadable):
    """No proper answer came after all attempts.

    Args:
        request: The request.
        reason: What came instead.
        status: The HTTP status of the last answer; 0, where there was none.
    """

    def __init__(self, request: str, reason: str, status: int = 0) -> None:
        super().__init__(f"{request} could not be read: {reason}.")
        self.status = status


class NoList(Unanswered):
    """What came where a list was asked for is none."""
