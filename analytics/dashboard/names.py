"""What columns, channels and weekdays are called for people."""

from __future__ import annotations

from typing import Any

_COLUMNS = {
    "at": "Hour",
    "csat_90d": "Rating, 90 days",
    "is_part": "In part",
    "median_hours": "Median (h)",
    "met_percent": "Met (%)",
    "never_read": "Issues never read",
    "newest_row": "Newest row (UTC)",
    "oldest_days": "Oldest (days)",
    "open_issues": "Open",
    "p90_hours": "90th percentile (h)",
    "response_hours_90d": "First response, 90 days (h)",
    "satisfied_percent": "Satisfied (%)",
    "score": "Rating",
    "waiting": "Customer waits",
    "waiting_hours": "Waiting (h)",
}
_CHANNELS = {
    "api": "API",
    "chat_widget": "Chat widget",
    "microsoft_teams": "Microsoft Teams",
    "sms": "SMS",
    "waha": "WhatsApp (WAHA)",
    "whatsapp": "WhatsApp",
}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def column(name: str) -> str:
    """Return what a column is called: ``Open`` for ``open_issues``, ``Team`` for ``team``."""
    return _COLUMNS.get(name) or _sentence(name)


def channel(name: str) -> str:
    """Return what a channel is called: ``Chat widget`` for ``chat_widget``."""
    return _CHANNELS.get(name) or _sentence(name)


def value(name: str, given: Any) -> Any:
    """Return what a column's value is called: weekdays are numbers from 1, for Monday."""
    if name == "weekday" and given is not None:
        return _WEEKDAYS[given - 1]
    if name == "is_part":
        return "yes" if given else ""
    return given


def _sentence(name: str) -> str:
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]
