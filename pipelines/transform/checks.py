"""What the settings of the dbt package must be like, beyond the kind of their defaults. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import available_timezones

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHORTEST = 1000
"""Characters of which a conversation's beginning and end can still be told."""
OWN = ("timezone", "business_hours", "holidays")
"""The settings that a schedule may have of its own."""
FIELDS = ("state", "assignee", "team", "tags")
"""What can be told of an issue's days."""
EVENTS = ("first_response", "next_response", "resolution")
LISTS = ("teams", "priorities")
TARGET = ("event", "minutes", "name", "desk", *LISTS, "round_the_clock")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


def fault(name: str, value: Any) -> str | None:
    """Say what a setting must be like, if this value is not; its kind is right already."""
    if name == "conversation_characters":
        return f"It must be at least {SHORTEST}." if value < SHORTEST else None
    if name == "issue_day_fields":
        return (
            None if _are_texts(value) and set(value) <= set(FIELDS) else f"It may have {', '.join(FIELDS)}."
        )
    if name == "issue_day_custom_fields":
        return None if _are_texts(value) else 'It must be a list of slugs, such as ["priority"].'
    if name == "schedules":
        return _of_schedules(value)
    if name == "targets":
        return next((told for number, one in enumerate(value, 1) if (told := _of_target(number, one))), None)
    return _of_hours(name, value)


def _of_hours(name: str, value: Any) -> str | None:
    if name == "timezone" and (not isinstance(value, str) or value not in available_timezones()):
        return "It must be a time zone, such as Europe/Berlin."
    if name == "business_hours" and not (
        isinstance(value, Mapping) and all(_is_working_day(*item) for item in value.items())
    ):
        return (
            'It must have hours for each working day, such as monday = ["09:00", "17:00"]; a day ends with "24:00", and'
            " hours past midnight are the next day's."
        )
    if name == "holidays" and not (isinstance(value, list) and all(_is_date(day) for day in value)):
        return 'It must be a list of days, such as ["2026-12-25"].'
    return None


def _of_schedules(schedules: Mapping[str, Any]) -> str | None:
    taken: set[str] = set()
    for name, schedule in schedules.items():
        if name == "default" or not isinstance(schedule, Mapping) or not set(schedule) <= {"teams", *OWN}:
            return f"Each has a name other than default, teams, and what differs of {', '.join(OWN)}."
        teams = schedule.get("teams")
        if not teams or not _are_texts(teams):
            return f'{name} must have teams, by id or name, such as ["Support"].'
        if twice := taken & set(teams):
            return f"{min(twice)} can be in one schedule only."
        taken |= set(teams)
        for setting in OWN:
            if setting in schedule and (told := _of_hours(setting, schedule[setting])):
                return f"{setting} of {name}: {told}"
    return None


def _of_target(number: int, target: Any) -> str | None:
    if not isinstance(target, Mapping) or not set(target) <= set(TARGET) or target.get("event") not in EVENTS:
        return f"Target {number} must have an event, of {', '.join(EVENTS)}, and may have {', '.join(TARGET[1:])}."
    minutes = target.get("minutes")
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or minutes <= 0:
        return f"Target {number} must have minutes, more than 0."
    if any(name in target and not (target[name] and _are_texts(target[name])) for name in LISTS):
        return f"{' and '.join(LISTS)} of target {number} must be lists of names."
    if target.get("desk", "pylon") not in ("pylon", "zaia"):
        return f"desk of target {number} must be pylon or zaia."
    if not isinstance(target.get("name", ""), str) or not isinstance(
        target.get("round_the_clock", False), bool
    ):
        return f"name of target {number} must be a text, round_the_clock true or false."
    return None


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_working_day(day: str, hours: Any) -> bool:
    if day not in WEEKDAYS or not isinstance(hours, list) or len(hours) != 2:
        return False
    return all(isinstance(text, str) and _CLOCK.fullmatch(text) for text in hours) and hours[0] < hours[1]


def _is_date(day: Any) -> bool:
    try:
        return len(day) == 10 and bool(date.fromisoformat(day))
    except (TypeError, ValueError):
        return False
