"""What a database refuses is on no screen and in no log, whatever the database quotes of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.destinations import MariaDbCopy, copy_in
from support.workplaces import Desk

from pylon_elt.pipelines.base import refusals

WORDS = "my card is 4929 'and' \"so\" on"
"""Stands in what the database refuses."""
ADDRESS = "somebody@private.example"
TABLES = ("--select", "issues")
Refuse = Callable[[str], None]


@contextmanager
def refusing(kind: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[tuple[dict[str, str], Refuse]]:
    """Give the environment of a destination, and what has it run a statement."""
    if kind == "duckdb":
        file = folder / "refusing.duckdb"

        def run(sql: str) -> None:
            with duckdb.connect(str(file)) as connection:
                connection.execute(sql)

        yield {"DESTINATION__DUCKDB__CREDENTIALS": str(file)}, run
    elif kind == "postgres":
        server = request.getfixturevalue("postgres")
        server.create("refusing")
        yield (
            {"DESTINATION__POSTGRES__CREDENTIALS": server.url("refusing")},
            lambda sql: server.execute(sql, "refusing"),
        )
    else:
        copy = copy_in(kind, folder / kind)
        try:
            environment = {"DESTINATION__SQLALCHEMY__CREDENTIALS": copy.machine().credentials}
            yield environment, copy.server.execute if isinstance(copy, MariaDbCopy) else _in_sqlite(copy)
        finally:
            copy.discard()


def _in_sqlite(copy: Any) -> Refuse:
    def run(sql: str) -> None:
        with closing(sqlite3.connect(copy.folder / "copy__pylon.db")) as connection:
            connection.execute(sql)

    return run


UNIQUE = "CREATE UNIQUE INDEX one_of_each ON pylon.issues (title)"
CASES = {
    ("duckdb", "unique"): UNIQUE,
    ("postgres", "unique"): UNIQUE,
    ("postgres", "check"): "ALTER TABLE pylon.issues ADD CONSTRAINT no_cards CHECK (title NOT LIKE '%card%')",
    ("sqlite", "unique"): "CREATE UNIQUE INDEX one_of_each ON issues (title)",
    ("sqlite", "trigger"): (
        "CREATE TRIGGER no_cards BEFORE INSERT ON issues WHEN NEW.title LIKE '%card%'"
        " BEGIN SELECT RAISE(ABORT, 'no cards here'); END"
    ),
    ("mariadb", "unique"): "CREATE UNIQUE INDEX one_of_each ON pylon.issues (title(200))",
    ("mariadb", "check"): "ALTER TABLE pylon.issues ADD CONSTRAINT no_cards CHECK (title NOT LIKE '%%card%%')",
    ("mariadb", "short"): "ALTER TABLE pylon_dlt_staging.issues MODIFY title VARCHAR(20)",
}
"""By destination and kind of refusal, what makes the database refuse."""


@pytest.mark.parametrize(("kind", "how"), CASES)
def test_rows_that_a_database_refuses_are_never_shown(
    desk: Desk, tmp_path: Path, request: pytest.FixtureRequest, kind: str, how: str
) -> None:
    name = kind if kind in ("duckdb", "postgres") else "sqlalchemy"
    with refusing(kind, tmp_path, request) as (environment, refuse):
        run = ("run", *TABLES, "--destination", name)
        first = desk.pylon(*run, env=environment)
        assert first.code == 0, first.err
        refuse("DELETE FROM pylon.issues" if kind != "sqlite" else "DELETE FROM issues WHERE 1 = 1") if how == "unique" else None
        refuse(CASES[kind, how])
        for issue in desk.server.world.issue_ids()[:2]:
            desk.server.world.edit_issue(issue, title=WORDS, body_html=f"<p>{WORDS} {ADDRESS}</p>")
        for more in ([], ["--debug"], ["--debug", "--log-format", "json"]):
            result = desk.pylon(*run, *more, env={**environment, "RUNTIME__LOG_LEVEL": "WARNING"})
            assert result.code == 1, result.text
            assert "…" in result.text or "no_cards" in result.text or "UNIQUE" in result.text
            for secret in ("4929", ADDRESS, "my card"):
                assert secret not in result.text
                assert json.dumps(secret)[1:-1] not in result.text
