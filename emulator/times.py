"""Instants as whole nanoseconds since 1970 (UTC), and their RFC 3339 form.

The service prints up to nine digits of a second, which `datetime` cannot hold, so the emulator orders and
compares integers and turns them into text only at its edge.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

SECOND = 1_000_000_000
DAY = 86_400 * SECOND

Clock = Callable[[], datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def to_ns(moment: datetime) -> int:
    """Return an aware datetime as nanoseconds since 1970 in UTC."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * 1000


def to_datetime(ns: int) -> datetime:
    """Return nanoseconds since 1970 as an aware UTC datetime, cut to whole microseconds."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def format_ns(ns: int) -> str:
    """Return an instant as RFC 3339 with `Z`; the fraction has no trailing zeros and is absent when zero."""
    whole, fraction = divmod(ns, SECOND)
    text = (_EPOCH + timedelta(seconds=whole)).isoformat()[:19]
    return f"{text}.{fraction:09d}".rstrip("0") + "Z" if fraction else text + "Z"


def parse_ns(text: str) -> int:
    """Read an RFC 3339 instant with any offset; raise ValueError for anything else."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    base = to_ns(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
    return base + int((match[7] or "0").ljust(9, "0")) - _offset_ns(match[8])


def read_ns(value: object) -> int | None:
    """Read an instant; None for what is none, such as a test may put into a row."""
    try:
        return parse_ns(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _offset_ns(text: str) -> int:
    if text in "Zz":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(f"not a time zone offset: {text!r}")
    size = (hours * 3600 + minutes * 60) * SECOND
    return -size if text[0] == "-" else size


class OffsetClock:
    """A clock that can be pushed forward: the base clock plus an offset."""

    def __init__(self, base: Clock | None = None, start: datetime | None = None) -> None:
        """Follow `base` (by default the real UTC time), shifted so that it now reads `start` if given."""
        self._base: Clock = base or (lambda: datetime.now(UTC))
        self._offset = timedelta() if start is None else start - self._base()

    def __call__(self) -> datetime:
        """Return the present moment of the emulated world, aware and in UTC."""
        return self._base() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the emulated present by `seconds`."""
        self._offset += timedelta(seconds=seconds)
