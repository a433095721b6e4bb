"""What can go wrong while reading Pylon, each with what the user can do about it."""

from __future__ import annotations

from typing import Literal

Kind = Literal["configuration", "implausible", "unavailable"]
"""What is to be done about an error: set something right, look whether it can be, or try again."""

GONE = frozenset({404, 410})
"""What the API answers for what is not there, or not any more."""
NOT_THERE = GONE | {405, 501}
"""What it answers for an endpoint that a plan, an older server or a role lacks; so is 403."""
TOO_LARGE = 413
"""What servers answer to what is too large, be it the answer."""
GONE_ISSUE = GONE | {400}
"""What it answers for an issue that was deleted or scrubbed, and for a child of one (seen)."""


class PylonError(Exception):
    """Something went wrong that a user should hear of in one sentence.

    Args:
        message: What happened, and where.
        remedy: What to do next.
    """

    kind: Kind = "unavailable"

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class ConfigurationError(PylonError):
    """A setting is missing or cannot be used."""

    kind = "configuration"


class UntestedDestination(ConfigurationError):
    """A copy would go where none was ever compared with its workspace.

    Args:
        message: What is known of the destination.
        choose: Which others there are.
    """

    def __init__(self, message: str, choose: str) -> None:
        super().__init__(
            message,
            f"{choose} To load there all the same, and compare it yourself: untested_destination=True.",
        )
        self.choose = choose


class CredentialsError(ConfigurationError):
    """The token is missing, wrong, of another region, or its organisation is suspended (401)."""


class PermissionDenied(ConfigurationError):
    """The token may not read an endpoint (403).

    Args:
        endpoint: The request, such as ``GET /tags``.
        reason: What the API gave for it: a code, or a sentence.
    """

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(
            f"The token may not read {endpoint} (403 {reason}).",
            "Give the token's owner the permission, or leave the table out of with_resources().",
        )
        self.endpoint = endpoint


class Unavailable(PylonError):
    """An endpoint cannot be read, or not to the end; what was read elsewhere is kept.

    Args:
        endpoint: The endpoint or the request, such as ``GET /tags``.
        why: What is wrong with it, so that the two make a sentence.
        remedy: What to do next.
    """

    def __init__(self, endpoint: str, why: str, remedy: str) -> None:
        super().__init__(f"{endpoint} {why}.", remedy)
        self.endpoint = endpoint
        self.why = why


class Unanswered(Unavailable):
    """An endpoint gave no proper answer after all retries.

    Args:
        endpoint: The request, such as ``GET /tags``.
        reason: What came instead of an answer.
        status: The HTTP status that tells of it, 0 where none does.
    """

    def __init__(self, endpoint: str, reason: str, status: int = 0) -> None:
        super().__init__(endpoint, f"could not be read: {reason}", "What was read is saved. Run again later.")
        self.reason = reason
        self.status = status


class WebPage(Unanswered):
    """An endpoint answers with a web page each time, as what stands before a server does for what it does not know."""


class NoSecondPage(Unavailable):
    """A list ends at as many rows as the endpoint gives at most: whether there are more cannot be told.

    Args:
        endpoint: The endpoint.
        most: How many rows it gives.
        table: What it fills.
    """

    def __init__(self, endpoint: str, most: int, table: str) -> None:
        super().__init__(
            endpoint,
            f"gives {most:,} rows at most and has no second page, so that {table} cannot be read to the end",
            "What the copy has stays as it is. Leave the table out of with_resources().",
        )


class Rejected(PylonError):
    """The API answered 4xx to one request: it will not answer this request otherwise.

    Args:
        endpoint: The request, such as ``GET /issues/17``.
        status: The HTTP status.
        code: The ``code`` of the answer, "" if it has none.
        reason: The answer's own sentence, where it has no code.
    """

    def __init__(self, endpoint: str, status: int, code: str = "", reason: str = "") -> None:
        self.endpoint = endpoint
        self.status = status
        self.code = code
        self.why = " ".join(filter(None, ["was answered with", str(status), code or reason]))
        super().__init__(f"{endpoint} {self.why}.")


class LeftOut(Unavailable):
    """A moment cannot be read while all others can: something in it makes the server fail.

    Args:
        error: What was answered.
        since: When it begins, as users read it.
        until: When it ends.
    """

    def __init__(self, error: Unavailable | Rejected, since: str, until: str) -> None:
        reason = error.reason if isinstance(error, Unanswered) else f"it {error.why}"
        super().__init__(
            error.endpoint,
            f"could not be read from {since} to {until}: {reason}",
            "All else is read. What lies there is asked for again by each run; report it to Pylon.",
        )


class NotPylon(ConfigurationError):
    """Nothing at the host answers as Pylon's API does.

    Args:
        host: The host, as configured.
        why: What ``GET /me`` gave.
    """

    def __init__(self, host: str, why: str) -> None:
        super().__init__(
            f"{host} does not answer as Pylon's API does: GET /me {why}.",
            "Check base_url and region. Nothing was changed.",
        )


class Implausible(PylonError):
    """More would be removed than can be believed.

    Args:
        table: Which table holds the rows.
        missing: How many rows Pylon shows no more.
        stored: How many rows the table holds.
        whose: The table on which they hang, where whole parents of them have none any more: then these are counted.
    """

    kind = "implausible"

    def __init__(self, table: str, missing: int, stored: int, whose: str = "") -> None:
        what = f"{missing:,} of {stored:,} rows of {table} are not shown by Pylon any more. None was removed."
        if whose:
            what = (
                f"{missing:,} of the {stored:,} {whose} that have {table} have none any more, by what Pylon shows. What"
                " the copy has of the others stays."
            )
        super().__init__(
            what,
            "Check that the token belongs to the same workspace. If that many were really deleted, drop the table and"
            " read it anew.",
        )
        self.table = table
        self.missing = missing
        self.stored = stored


class Transient(PylonError):
    """One attempt failed in a way that another may not; never leaves the client.

    Args:
        message: How.
        status: The HTTP status that tells of it, 0 where none does.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Redirected(Transient):
    """An answer is a redirect: a login may stand before the host for a while, or it is not Pylon's."""


class NoJson(Transient):
    """An answer is no JSON.

    Args:
        message: What it is.
        page: Whether it is a web page.
    """

    def __init__(self, message: str, *, page: bool) -> None:
        super().__init__(message)
        self.page = page


class TooLong(PylonError):
    """An answer is longer than what is read; never leaves the client.

    Args:
        most: How many bytes are read.
    """

    def __init__(self, most: int) -> None:
        super().__init__(f"the answer is longer than {most:,} bytes")


class TurnOver(Exception):
    """The turn ends while a lane waits: what is not read yet stays due."""


def is_lacking(error: PylonError) -> bool:
    """Say whether an error is how an endpoint, or an object's part of it, is refused that a workspace lacks.

    A plan, an older server or a token's role may lack any endpoint (seen). It says nothing about rows: what the copy
    has stays as it is.
    """
    if isinstance(error, Rejected):
        return error.status in NOT_THERE
    return isinstance(error, PermissionDenied | WebPage)
