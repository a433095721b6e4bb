"""The dbt package in ``analytics/``: where it is, what it can be told, and what its models are called."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "analytics"
PREFIX = "pylon_"
"""Begins the name of every variable, as dbt's variables are shared by all packages of a project."""
_OURS = ("database", "schema", "check_tables")
"""What the command sets itself."""


def defaults() -> dict[str, Any]:
    """Return the settings of the package without the prefix, each with its default."""
    import yaml

    project = yaml.safe_load((FOLDER / "dbt_project.yml").read_text(encoding="utf-8"))
    names = {name.removeprefix(PREFIX): value for name, value in project["vars"]["pylon"].items()}
    return {name: value for name, value in names.items() if name not in _OURS}


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
