"""Writes analytics/lineage.json, of which columns those of the tables for analysis and of the ready questions are made: ``make docs``.

The package is compiled on DuckDB with all that can be set in it, over empty raw tables.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Container, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import yaml

from pylon_elt.pipelines.ask.questions import Question, all_questions
from pylon_elt.pipelines.transform import lineage, package

from .flows import Columns, columns, parsed, tables

FIELDS = ("text", "number", "boolean", "date", "datetime", "select", "multiselect", "user")
"""Types of custom fields, each with a column of its own."""
TYPES = {"text": "varchar", "double": "double", "bool": "boolean", "timestamp": "timestamptz"}
EVENTS = ("first_response", "next_response", "resolution")
SETTINGS: Mapping[str, Any] = {
    "timezone": "Europe/Berlin",
    "schedules": {"east": {"teams": ["East"], "timezone": "Asia/Tokyo", "holidays": ["2026-01-01"]}},
    "automation_users": ["bot@example.com"],
    "closed_statuses": ["gone"],
    "issue_day_custom_fields": list(FIELDS),
    "targets": [
        {"event": event, "minutes": 60, "teams": ["East"], "priorities": ["high"]} for event in EVENTS
    ],
}
"""What is set, so that no part of the package is left out."""
BY = "by"
"""The parameter that says what a question's lines are named by."""


def compiled(folder: Path) -> dict[str, str]:
    """Return the SELECT of each model, compiled in a process of its own."""
    database = folder / "support.duckdb"
    with duckdb.connect(str(database)) as connection:
        for source, raw in sources().items():
            connection.execute(f"CREATE SCHEMA {source}")
            for table, types in raw.items():
                told = ", ".join(f'"{name}" {TYPES.get(kind, kind)}' for name, kind in types.items())
                connection.execute(f"CREATE TABLE {source}.{table} ({told})")
        for kind in FIELDS:
            row = [kind, "issue", kind, kind]
            connection.execute(
                "INSERT INTO pylon.custom_fields (id, object_type, slug, type) VALUES (?, ?, ?, ?)", row
            )
    target = {"type": "duckdb", "path": str(database), "schema": "marts", "threads": 1}
    (folder / "profiles.yml").write_text(json.dumps({"pylon": {"target": "it", "outputs": {"it": target}}}))
    variables = {f"{package.PREFIX}{name}": value for name, value in SETTINGS.items()}
    options = [
        *("--quiet", "--no-write-json", "--log-level-file", "none", "--no-send-anonymous-usage-stats"),
        *(
            "--log-path",
            str(folder),
            "compile",
            "--select",
            "resource_type:model",
            "--indirect-selection",
            "empty",
        ),
        *(
            "--project-dir",
            str(package.FOLDER),
            "--profiles-dir",
            str(folder),
            "--target-path",
            str(folder / "target"),
        ),
        *("--vars", json.dumps(variables)),
    ]
    dbt = "import sys; from dbt.cli.main import dbtRunner; sys.exit(not dbtRunner().invoke(sys.argv[1:]).success)"
    subprocess.run([sys.executable, "-c", dbt, *options], check=True, cwd=folder)
    return {path.stem: path.read_text() for path in (folder / "target" / "compiled").rglob("*.sql")}


def sources() -> dict[str, dict[str, dict[str, str]]]:
    """Return the types of the raw tables' columns, by source, table and column."""
    files = [package.FOLDER / "models" / "staging" / name for name in ("_sources.yml", "_zaia_sources.yml")]
    told = [
        source for file in files for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]
    ]
    return {
        source["name"]: {
            table["name"]: {one["name"]: one["data_type"] for one in table["columns"]}
            for table in source["tables"]
        }
        for source in told
    }


def of_models(texts: Mapping[str, str], dialect: str) -> dict[str, dict[str, Columns]]:
    """Return what each column of each model is made of: of raw columns of Pylon's, and of those of tables for analysis."""
    found: dict[str, dict[str, Columns]] = {
        f"{source}.{table}": {
            name: frozenset([f"{table}.{name}"] if source == "pylon" else []) for name in types
        }
        for source, raw in sources().items()
        for table, types in raw.items()
    }  # Zaia's tables are not shown to assistants, so nothing of them can be left out
    trees = {name: parsed(text, dialect) for name, text in texts.items()}
    of: dict[str, dict[str, Columns]] = {}

    def read(name: str) -> None:
        for other in sorted(tables(trees[name]) & set(trees) - set(of) - {name}):
            read(other)
        of[name] = columns(trees[name].copy(), found, dialect)
        found[name] = _named(name, of[name])

    for name in sorted(trees):
        if name not in of:
            read(name)
    return of


@cache
def _marts() -> frozenset[str]:
    return frozenset(package.marts())


def _named(name: str, told: Mapping[str, Columns]) -> Mapping[str, Columns]:
    """Return what those are made of who read a model: of its columns, if it is a table for analysis."""
    return {column: frozenset([f"{name}.{column}"]) for column in told} if name in _marts() else told


def of_question(
    question: Question, models: Mapping[str, Mapping[str, Columns]]
) -> dict[str, dict[str, Columns]]:
    """Return what each column of a question's answer is made of, by the word that its lines are named by."""
    known = {name: _named(name, told) for name, told in models.items()}
    words = question.parameters[BY].words if BY in question.parameters else ("",)
    return {
        word: columns(parsed(question.statement, "duckdb", {BY: word}), known, "duckdb") for word in words
    }


def written() -> str:
    """Return the text of the file."""
    with TemporaryDirectory() as name:
        models = of_models(compiled(Path(name)), "duckdb")
    documented = package.mart_columns()
    marts = {name: _plain(models[name], documented[name]) for name in sorted(_marts())}
    answers = {
        f"{name} {word}".strip(): _plain(told, told)
        for name, question in all_questions().items()
        for word, told in of_question(question, models).items()
    }
    return _json({"tables": marts, "questions": answers})


def _plain(told: Mapping[str, Columns], documented: Container[str]) -> dict[str, list[str]]:
    """Return what is written of a table: its columns for custom fields, of which no document tells, as one."""
    plain: dict[str, set[str]] = {}
    for column, made in told.items():
        plain.setdefault(column if column in documented else lineage.CUSTOM, set()).update(made)
    return {column: sorted(made) for column, made in plain.items()}


def _json(parts: Mapping[str, Mapping[str, Mapping[str, list[str]]]]) -> str:
    """Return JSON with a line for each column."""
    told = []
    for part, each in parts.items():
        things = []
        for name, made in each.items():
            lines = [f"   {json.dumps(column)}: {json.dumps(sources)}" for column, sources in made.items()]
            things.append(f"  {json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n  }")
        told.append(f" {json.dumps(part)}: {{\n" + ",\n".join(things) + "\n }")
    return "{\n" + ",\n".join(told) + "\n}\n"


if __name__ == "__main__":
    lineage.FILE.write_text(written(), encoding="utf-8")
