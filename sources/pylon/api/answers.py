"""What an answer of the API says: the envelope, its pagination, and failures by their codes.

Pure: bytes in, values or errors out. Facts: the OpenAPI document of July 2026 and, where marked (seen), reports of
several independent clients of the live service.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from ..errors import (
    CredentialsError,
    PermissionDenied,
    Rejected,
    Transient,
    Unavailable,
)
from ..settings import HOSTS, Settings

Row = dict[str, Any]

_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the API.

    ``sent_at`` is when the request left at the latest (UTC), by the earlier of the server's clock and this machine's:
    what the answer says holds for that instant or a later one. ``more`` is true where another page follows at
    ``cursor``.
    """

    data: Any
    sent_at: datetime
    paginated: bool = False
    more: bool = False
    cursor: str = ""

    @property
    def rows(self) -> list[Row]:
        """The rows of a page; ``data`` may be null (seen)."""
        return self.data or []


Check = Callable[[Answer], str | None]
"""Says what is wrong with an answer that should be asked for again, or ``None``."""


def read(content: bytes, sent_at: datetime) -> Answer:
    """Read the envelope of a success.

    Raises:
        Transient: It is cut short, or of another shape.
    """
    if rb"\u0000" in content:
        # no database stores NUL in text; U+FFFD stands for what cannot be shown
        content = _NUL.sub(rb"\1\\ufffd", content)
    try:
        envelope = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Transient("the answer is no complete JSON") from error
    if not isinstance(envelope, dict):
        raise Transient("the answer is JSON of another shape")
    pagination = envelope.get("pagination")
    if not isinstance(pagination, dict):
        return Answer(envelope.get("data"), sent_at)
    cursor = pagination.get("cursor")
    return Answer(
        envelope.get("data"),
        sent_at,
        paginated=True,
        more=bool(pagination.get("has_next_page")),
        cursor=cursor if isinstance(cursor, str) else "",
    )


def list_problem(answer: Answer, cursor: str, seen: set[str]) -> str | None:
    """Say why a page cannot be trusted; all of these glitches were seen on the live service."""
    if answer.data is None:
        return "a page without data announces another page" if answer.more else None
    if not isinstance(answer.data, list) or not all(isinstance(row, dict) for row in answer.data):
        return "data is no list of objects"
    if not answer.more:
        return None
    if not answer.cursor:
        return "a page announces another page but gives no cursor"
    if answer.cursor == cursor or answer.cursor in seen:
        return "the cursor does not advance"
    return None


def raise_for_status(status: int, content: bytes, label: str, settings: Settings) -> None:
    """Sort failures by what can be done about them; decided by status and ``code``, never by the message.

    Raises:
        Transient: Another attempt may succeed.
        CredentialsError: 401.
        PermissionDenied: 403.
        Rejected: Any other 4xx.
        Unavailable: A redirect.
    """
    if status < 300:
        return
    if status < 400:
        raise Unavailable(
            label,
            f"was answered with a redirect ({status}), which is not followed: it would carry the token away",
            "Check base_url.",
        )
    if status >= 500 or status in (408, 425):
        raise Transient(f"the server answered {status}")
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
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
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
