"""The dbt package in ``analytics/``: where it is, what it can be told, and what its models are called."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

FOLDER = Path(__file__).resolve().parents[2] / "analytics"
PREFIX = "pylon_"
"""Begins the name of every variable, as dbt's variables are shared by all packages of a project."""
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
SHORTEST = 1000
"""Characters of which a conversation's beginning and end can still be told."""
_OURS = ("database", "schema", "check_tables")
"""What the command sets itself."""


def defaults() -> dict[str, Any]:
    """Return the settings of the package without the prefix, each with its default."""
    import yaml

    project = yaml.safe_load((FOLDER / "dbt_project.yml").read_text(encoding="utf-8"))
    names = {name.removeprefix(PREFIX): value for name, value in project["vars"]["pylon"].items()}
    return {name: value for name, value in names.items() if name not in _OURS}


def fault(name: str, value: Any) -> str | None:
    """Say what a setting must be like, if this value is not; its kind is right already."""
    if name == "timezone" and value not in available_timezones():
        return "It must be a time zone, such as Europe/Berlin."
    if name == "business_hours" and not all(_is_working_day(*item) for item in value.items()):
        return 'It must have hours for each working day, such as monday = ["09:00", "17:00"].'
    if name == "conversation_characters" and value < SHORTEST:
        return f"It must be at least {SHORTEST}."
    if name == "issue_day_fields" and not set(map(str, value)) <= set(defaults()[name]):
        return f"It may have {', '.join(defaults()[name])}."
    if name == "holidays" and not all(_is_date(day) for day in value):
        return 'It must be a list of days, such as ["2026-12-25"].'
    return None


def _is_working_day(day: str, hours: Any) -> bool:
    if day not in WEEKDAYS or not isinstance(hours, list) or len(hours) != 2:
        return False
    return all(isinstance(text, str) and _CLOCK.fullmatch(text) for text in hours) and hours[0] < hours[1]


def _is_date(day: Any) -> bool:
    try:
        return len(day) == 10 and bool(date.fromisoformat(day))
    except (TypeError, ValueError):
        return False


def models() -> list[str]:
    """Return the names of all models."""
    return sorted(path.stem for path in (FOLDER / "models").rglob("*.sql"))


def marts() -> dict[str, str]:
    """Return the tables meant for users, each with its description, in the order of the documentation."""
    import yaml

    told = yaml.safe_load((FOLDER / "models" / "marts" / "_marts.yml").read_text(encoding="utf-8"))
    return {model["name"]: model["description"] for model in told["models"]}


@cache
def mart_columns() -> dict[str, dict[str, str]]:
    """Return the columns of these tables by table, each with its description; ``custom_…`` are yours, and not there."""
    import yaml

    told = yaml.safe_load((FOLDER / "models" / "marts" / "_marts.yml").read_text(encoding="utf-8"))
    return {
        model["name"]: {column["name"]: column["description"] for column in model.get("columns", ())}
        for model in told["models"]
    }
