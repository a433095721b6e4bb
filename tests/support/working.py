"""Days and working hours of the copy in tests/analytics, in plain Python."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .marts import Built

ZONE = ZoneInfo("America/New_York")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SECOND = timedelta(seconds=1)


@cache
def settings(built_folder: str) -> dict[str, Any]:
    return tomllib.loads((Path(built_folder) / ".dlt" / "config.toml").read_text())["transform"]


def local_day(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


def working_seconds(built: Built, start: datetime, end: datetime, team: str | None = None) -> int:
    """Add up the overlap with each day's working hours, those of a team where it has its own."""
    known, total = settings(str(built.folder)), timedelta()
    known = known | next((own for own in known["schedules"].values() if team in own["teams"]), {})
    zone = ZoneInfo(known["timezone"])
    day = start.astimezone(zone).date()
    while day <= end.astimezone(zone).date():
        hours = known["business_hours"].get(WEEKDAYS[day.weekday()])
        if hours and day.isoformat() not in known["holidays"]:
            opens, closes = (clock(day, text, zone) for text in hours)
            total += max(timedelta(), min(end, closes) - max(start, opens))
        day += timedelta(days=1)
    return total // SECOND


def clock(day: date, text: str, zone: ZoneInfo) -> datetime:
    if text == "24:00":
        return clock(day + timedelta(days=1), "00:00", zone)
    return datetime.combine(day, time.fromisoformat(text), zone).astimezone(UTC)
