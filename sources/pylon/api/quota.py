"""What an answer's headers say of the allowance: how large it is, what remains, and how long to wait.

None of these headers is documented, so each may be missing, and each comes in several spellings (seen). Pure: times are
in seconds, amounts in requests.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_EPOCH_SECONDS = 1e9
_EPOCH_MILLISECONDS = 1e12
_PREFIXES = ("x-ratelimit-", "ratelimit-", "x-rate-limit-")


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
        return _whole(self._stated("limit"))

    @property
    def remaining(self) -> int | None:
        """Requests that are left of them."""
        return _whole(self._stated("remaining"))

    @property
    def date(self) -> datetime | None:
        """The server's time."""
        return _date(self._headers.get("date"))

    def reset(self, now: datetime) -> float | None:
        """Seconds until the allowance is whole again; ``now`` is the server's time."""
        return _seconds(self._stated("reset"), now)

    def retry_after(self, now: datetime) -> float | None:
        """Seconds for which the server asks to wait, ``None`` if it does not say; ``now`` is the server's time."""
        stated = (
            self._headers.get("retry-after"),
            self._headers.get("x-retry-after"),
            self._stated("reset"),
        )
        return next((delay for text in stated if (delay := _seconds(text, now)) is not None), None)

    def _stated(self, name: str) -> str | None:
        return next(
            (self._headers[key] for prefix in _PREFIXES if (key := prefix + name) in self._headers), None
        )


def _whole(text: str | None) -> int | None:
    # "100, 100;w=60" is a limit with its policy.
    found = re.match(r"\s*(\d{1,9})\s*(?:[,;]|$)", text or "", re.ASCII)
    return int(found[1]) if found else None


def _seconds(text: str | None, now: datetime) -> float | None:
    """Read a delay in seconds, a moment as epoch seconds or milliseconds, or an HTTP date."""
    try:
        value = float(text or "")
    except ValueError:
        moment = _date(text)
        return None if moment is None else max(0.0, (moment - now).total_seconds())
    if not math.isfinite(value):
        return None
    if value >= _EPOCH_SECONDS:
        value = (value / 1000 if value >= _EPOCH_MILLISECONDS else value) - now.timestamp()
    return max(0.0, value)


def _date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
