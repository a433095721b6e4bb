"""What an answer of the API says: the envelope, its pagination, and failures by their codes.

Pure: bytes in, values or errors out. Facts: the OpenAPI document of July 2026 and, where marked (seen), reports of
several independent clients of the live service.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from ..errors import (
    NOT_THERE,
    CredentialsError,
    NoJson,
    PermissionDenied,
    Redirected,
    Rejected,
    Transient,
)
from ..settings import HOSTS, Settings
from . import lenient
from .parsing import TOO_DEEP, Parsed, mark, parse

Row = dict[str, Any]

SHOWN = 5
"""How many ids a complaint names."""
SHOWN_OF_FAILURE = 100
"""How many characters of what a server says of its failure are shown."""
LOOKED_AT = 1000
"""How many bytes tell a web page from an answer that was cut short."""

_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the API.

    ``sent_at`` is when the request left at the latest (UTC), by the earlier of the server's clock and this machine's:
    what the answer says holds for that instant or a later one. ``more`` is true where another page follows at
    ``cursor``. ``mended`` tells that it was no proper JSON, so that some character of it may stand as U+FFFD. ``bare``
    tells that it leaves its data out, as some servers say that there is none.
    """

    data: Any
    sent_at: datetime
    paginated: bool = False
    more: bool = False
    cursor: str = ""
    mended: bool = False
    bare: bool = False

    @property
    def rows(self) -> list[Row]:
        """The rows of a page; ``data`` may be null (seen), and an entry that is no object is no row."""
        if not isinstance(self.data, list):
            return []
        return self.data if all(map(_is_row, self.data)) else list(filter(_is_row, self.data))

    @property
    def names(self) -> set[str]:
        """What tells the rows of a page from others: some of their values may differ at each reading."""
        return {str(row.get("id") or row) for row in self.rows}

    def more_at(self, *used: str) -> bool:
        """Whether another page is announced, at a cursor that is none of some that were used."""
        return self.more and self.cursor not in {"", *used}

    @property
    def listed(self) -> bool:
        """Whether there is a list, be it an empty one."""
        return isinstance(self.data, list)

    @property
    def whole(self) -> bool:
        """Whether what a page does not show may count as missing: it has a list, and every entry of it is a row."""
        return isinstance(self.data, list) and all(map(_is_row, self.data))


_FAILURES = frozenset({"errors", "error", "code", "errorcode", "errormessage", "exception", "fault"})
_FAILED = frozenset({"error", "failed", "failure", "fail"})
_BAD_STATUS = 400
"""From here on a status tells of a failure."""

Check = Callable[[Answer], str | None]
"""Says what is wrong with an answer that should be asked for again, or ``None``."""


def read(content: bytes, sent_at: datetime) -> Answer:
    """Read the envelope of a success.

    Raises:
        Transient: It is cut short, of another shape, or tells of a failure although its status does not.
        NoJson: It is no JSON at all.
    """
    if rb"\u0000" in content:
        # no database stores NUL in text; U+FFFD stands for what cannot be shown
        content = _NUL.sub(rb"\1\\ufffd", content)
    parsed = _parsed(content)
    envelope = parsed.value
    if not isinstance(envelope, dict):
        raise Transient("the answer is JSON of another shape")
    if complaint := _complaint(envelope):
        raise Transient(f"a success that tells of a failure ({str(complaint)[:SHOWN_OF_FAILURE]})")
    data, bare = envelope.get("data"), "data" not in envelope
    if parsed.cut:
        _mark(data)
    pagination = envelope.get("pagination")
    if not isinstance(pagination, dict):
        return Answer(data, sent_at, mended=parsed.mended, bare=bare)
    return Answer(
        data,
        sent_at,
        paginated=True,
        more=bool(pagination.get("has_next_page")),
        cursor=_cursor(pagination.get("cursor")),
        mended=parsed.mended,
        bare=bare,
    )


def _complaint(envelope: Mapping[str, Any]) -> object:
    """Return what an envelope says of a failure, however its server, or a proxy before it, calls that."""
    for key, value in envelope.items():
        name = key.casefold().replace("_", "")
        if name in _FAILURES and value:
            return value
        if name in ("success", "ok") and value is False:
            return f"{key}: false"
        bad = isinstance(value, int) and value >= _BAD_STATUS
        if name in ("status", "statuscode") and (bad or str(value).casefold() in _FAILED):
            return f"{key}: {value}"
    return None


def _cursor(value: object) -> str:
    """Return a cursor as text; a server that counts may give a number."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _parsed(content: bytes) -> Parsed:
    """Return what an answer says, and whether it had to be mended.

    Raises:
        NoJson: It cannot be mended.
    """
    try:
        return parse(content)
    except ValueError as error:
        page = content[:LOOKED_AT].lstrip().lower().startswith((b"<!doctype", b"<html", b"<head", b"<body"))
        raise NoJson(
            "the answer is a web page" if page else "the answer is no complete JSON", page=page
        ) from error


def _mark(data: object) -> None:
    """Let objects say which of their fields were nested too deep."""
    if isinstance(data, dict):
        mark(data, above=2)
    elif isinstance(data, list):
        for row in filter(_is_row, data):
            mark(row, above=3)


def _is_row(entry: object) -> bool:
    return isinstance(entry, dict)


def list_problem(answer: Answer) -> str | None:
    """Say why a page of a list cannot be read at all."""
    if answer.data is None and answer.more:
        return "a page without data announces another page"
    return first_page_problem(answer)


def first_page_problem(answer: Answer) -> str | None:
    """Say the same of a first page: without data it may be an empty list, of a server that always announces more."""
    if answer.data is None:
        return None
    if not isinstance(answer.data, list):
        return "data is no list of objects"
    if not answer.rows and any(entry is not None for entry in answer.data):
        return "data is no list of objects"
    return None


def object_problem(answer: Answer) -> str | None:
    """Say why an answer that should be one object cannot be read."""
    return None if isinstance(answer.data, dict) else "data is no object"


def complaints(answer: Answer) -> Iterator[str]:
    """Say what could not be read of an answer that was read otherwise; each begins with what was given."""
    if answer.mended:
        ids = [str(row.get("id")) for row in answer.rows if lenient.marred(row)]
        where = f" in {', '.join(ids[:SHOWN])}" if ids else ""
        yield f"text that is no proper JSON{where}; what cannot be shown stands as U+FFFD."
    objects = [answer.data] if _is_row(answer.data) else answer.rows
    if deep := [str(row.get("id")) for row in objects if TOO_DEEP in row]:
        yield f"JSON nested too deep in {', '.join(deep[:SHOWN])}; what lies deeper is kept as text."
    if isinstance(answer.data, list) and (lost := len(answer.data) - len(answer.rows)):
        yield f"{lost:,} entries that are no objects; they are left out."


def raise_for_status(status: int, content: bytes, label: str, settings: Settings) -> None:
    """Sort failures by what can be done about them; decided by status and ``code``, never by the message.

    Raises:
        Transient: Another attempt may succeed.
        CredentialsError: 401.
        PermissionDenied: 403.
        Rejected: Any other 4xx, and 501.
        Redirected: A redirect.
    """
    if status < 300:
        return
    if status < 400:
        raise Redirected(f"was answered with a redirect ({status})", status)
    if (status >= 500 and status not in NOT_THERE) or status in (408, 425):
        raise Transient(f"the server answered {status}", status)
    code, reason = _failure(content)
    if status == 401:
        raise _unauthorized(code, settings)
    if status == 403:
        raise PermissionDenied(label, code or reason)
    raise Rejected(label, status, code, reason)


def _failure(content: bytes) -> tuple[str, str]:
    """Return the machine-readable code and the first message of a failure."""
    try:
        envelope = orjson.loads(content)
        errors = envelope.get("errors") or [""]
        return str(envelope.get("code") or ""), str(errors[0])[:200]
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, RecursionError):
        return "", ""


def _unauthorized(code: str, settings: Settings) -> CredentialsError:
    host = settings.base_url
    if code == "wrong_region_token":
        other = HOSTS["eu" if settings.region == "us" else "us"]
        return CredentialsError(
            f"The token belongs to another region than {host}.",
            f"Set region to {'eu' if settings.region == 'us' else 'us'} (host {other}): in .dlt/config.toml, or as"
            " SOURCES__PYLON__REGION.",
        )
    if code == "organization_suspended":
        return CredentialsError("The Pylon organisation of this token is suspended.", "Ask Pylon's support.")
    return CredentialsError(
        f"{host} does not accept the token ({' '.join(filter(None, ['401', code]))}).",
        "Check PYLON_API_KEY, or make a new token in Pylon under Settings, API tokens.",
    )
