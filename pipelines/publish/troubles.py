"""What a catalogue, or where its files are, says when something fails: one screen, and an exit code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pyiceberg.exceptions import (
    AuthorizationExpiredError,
    CommitStateUnknownException,
    ForbiddenError,
    OAuthError,
    ServerError,
    ServiceUnavailableError,
    TooManyRequestsError,
    UnauthorizedError,
)

from ..base import exits
from ..base.refusals import said

CONFIGURED = "what .pyiceberg.yaml, or PYICEBERG_CATALOG__… in the environment, says of it"
LONGEST = 300
"""What an answer says may be a whole page, of something that stands before the catalogue."""
_ON_THE_WAY = ("requests", "sqlalchemy", "pydantic_core")
"""Whose exceptions are about the way to the catalogue: pydantic's say that an answer is none of the specification."""
_THEIRS = ("pyiceberg", *_ON_THE_WAY)
_REFUSED = (AuthorizationExpiredError, ForbiddenError, OAuthError, UnauthorizedError)
_UNKNOWN = (CommitStateUnknownException, ServerError, ServiceUnavailableError)
_BUSY = (*_UNKNOWN, TooManyRequestsError)
_NETWORK = re.compile(
    r"\[Errno -?\d+\] ([\w -]+)|\[SSL: \w+\] ([\w -]+)|(Remote end closed connection without response|Read timed out"
    r"|Connection to \S+ timed out)"
)
"""What is meant in the exceptions that requests wraps around each other."""


@contextmanager
def telling(table: str) -> Iterator[None]:
    """Tell what a catalogue, or where its files are, says of a table on one screen.

    Raises:
        Problem: It failed. What was committed before stays.
    """
    try:
        yield
    except exits.Problem:
        raise
    except Exception as error:
        if not _is(error, *_THEIRS) and "AWS Error" not in str(error):
            raise
        what = f"The table {table} could not be published: {words(error)}"
        if _is_refused(error):
            raise exits.Problem(what, f"Look at {CONFIGURED}.", exits.CONFIGURATION) from error
        remedy = "Publish again: what was committed stays, and all is compared anew."
        raise exits.Problem(what, remedy, exits.FAILED) from error


def of_opening(name: str, error: Exception) -> exits.Problem:
    """Return why a catalogue cannot be used: those who look after it have to act, or it can be asked again later.

    Args:
        name: What the configuration calls it.
        error: What it, or the way to it, said.
    """
    what = f"The catalogue {name} cannot be used: {words(error)}"
    if isinstance(error, _BUSY):
        return exits.Problem(what, "It answers, but not as it should. Publish again, later.", exits.FAILED)
    return exits.Problem(what, f"Look at {CONFIGURED}.", exits.CONFIGURATION)


def of_unknown(table: str, error: Exception) -> exits.Problem | None:
    """Return the problem of a commit that may have been made, or may be yet; ``None``: it was not made.

    Args:
        table: The table.
        error: What was raised while it was being committed.
    """
    if not isinstance(error, _UNKNOWN) and not _is(error, *_ON_THE_WAY):
        return None
    return exits.Problem(
        f"Whether the table {table} was published is not known: {words(error)}",
        "Publish again: it looks at what is there, and compares anew. No file was removed that the table may need.",
        exits.FAILED,
    )


def words(error: Exception) -> str:
    """Return what an exception says, in one line."""
    found = _NETWORK.search(str(error)) if _is(error, "requests") else None
    text = next(part for part in found.groups() if part) if found else said(error)
    return f"{type(error).__name__}: {text if len(text) <= LONGEST else text[:LONGEST] + '…'}"


def _is(error: Exception, *packages: str) -> bool:
    return type(error).__module__.partition(".")[0] in packages


def _is_refused(error: Exception) -> bool:
    status = getattr(getattr(error, "response", None), "status_code", 0)  # of a server that gives tokens
    return isinstance(error, _REFUSED) or status in {400, 401, 403}
