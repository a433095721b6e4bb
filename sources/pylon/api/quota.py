"""What an answer's headers say of the allowance: how large it is, what remains, and how long to wait.

Pylon's page on rate limits documents headers that begin with ``X-Rate-Limit-`` (autumn 2026); clients found none of
them, and on a refusal ``X-Retry-After``, ``Retry-After`` or nothing (seen). So each may be missing, and all spellings
are read. Pure: times are in seconds, amounts in requests.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TypeVar

Read = TypeVar("Read")

_EPOCH_SECONDS = 1e9
_EPOCH_MILLISECONDS = 1e12
_PREFIXES = ("x-rate-limit-", "x-ratelimit-", "ratelimit-")
"""The documented one goes first."""


class Quota:
    """The headers of one answer, read once.

    Args:
        headers: Names in any case.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = {name.lower(): value for name, value in headers.items()}

    @property
    def limit(self) -> int | None:
        """Requests per window that the server states."""
        return _first(self._stated("limit"), _whole)

    @property
    def remaining(self) -> int | None:
        """Requests that are left of them."""
        return _first(self._stated("remaining"), _whole)

    @property
    def date(self) -> datetime | None:
        """The server's time."""
        return moment(self._headers.get("date", ""))

    def reset(self, now: datetime) -> float | None:
        """Seconds until the allowance is whole again; ``now`` is the server's time."""
        return _first(self._stated("reset"), lambda text: _seconds(text, now))

    def retry_after(self, now: datetime) -> float | None:
        """Seconds for which the server asks to wait, ``None`` if it does not say; ``now`` is the server's time."""
        asked = (self._headers.get(name, "") for name in ("retry-after", "x-retry-after"))
        return _first((*asked, *self._stated("reset")), lambda text: _seconds(text, now))

    def _stated(self, name: str) -> Iterator[str]:
        return (self._headers[known] for prefix in _PREFIXES if (known := prefix + name) in self._headers)


def _first(texts: Iterable[str], read: Callable[[str], Read | None]) -> Read | None:
    return next((found for text in texts if (found := read(text)) is not None), None)


def _whole(text: str) -> int | None:
    # "100, 100;w=60" is a limit with its policy.
    found = re.match(r"\s*(\d{1,9})\s*(?:[,;]|$)", text, re.ASCII)
    return int(found[1]) if found else None


def _seconds(text: str, now: datetime) -> float | None:
    """Read a delay in seconds, a moment as epoch seconds or milliseconds, or an HTTP date."""
    try:
        value = float(text)
    except ValueError:
        at = moment(text)
        return None if at is None else max(0.0, (at - now).total_seconds())
    if not math.isfinite(value):
        return None
    if value >= _EPOCH_SECONDS:
        value = (value / 1000 if value >= _EPOCH_MILLISECONDS else value) - now.timestamp()
    return max(0.0, value)


@lru_cache(maxsize=16)  # a second's answers all bear the same
def moment(text: str) -> datetime | None:
    """Read an HTTP date, in UTC; ``None`` for anything else."""
    try:
        found = parsedate_to_datetime(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
