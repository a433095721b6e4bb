"""What a database refuses is on no screen and in no log, whatever the database quotes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.destinations import copy_in
from support.workplaces import Desk

from pylon_elt.pipelines.base import refusals

pytestmark = pytest.mark.dear

WORDS = "my card is 4929013355716204 'and' \"so\" on"
"""Stands in what the database refuses."""
ADDRESS = "somebody@private.example"
TABLES = ("--select", "issues")
TOLD = (
    "no_cards",
    "no cards here",
    "duplicate key",
    "Duplicate entry",
    "UNIQUE constraint",
    "column 'title'",
)
"""What may be told of a refusal."""
Refuse = Callable[[str], None]


@contextmanager
def refusing(
    kind: str, folder: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[dict[str, str], Refuse]]:
    """Give the environment of a destination, and what has it run a statement."""
    if kind == "duckdb":
        file = folder / "refusing.duckdb"

        def run(sql: str) -> None:
            with duckdb.connect(str(file)) as connection:
                connection.execute(sql)

        yield {"DESTINATION__DUCKDB__CREDENTIALS": str(file)}, run
    elif kind == "postgres":
        server = request.getfixturevalue("postgres")
        name = folder.name
        server.create(name)
        yield {"DESTINATION__POSTGRES__CREDENTIALS": server.url(name)}, lambda sql: server.execute(sql, name)
    else:
        copy: Any = copy_in(kind, folder / kind)
        try:
            yield copy.machine().environment(), copy.execute
        finally:
            copy.discard()


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
    (
        "mariadb",
        "check",
    ): "ALTER TABLE pylon.issues ADD CONSTRAINT no_cards CHECK (title NOT LIKE '%%card%%')",
    ("mariadb", "too long"): "ALTER TABLE pylon.issues MODIFY title VARCHAR(20)",
}
"""By destination and kind of refusal, what makes the database refuse."""
LOUD = {"RUNTIME__LOG_LEVEL": "WARNING", "LOAD__RAISE_ON_MAX_RETRIES": "1"}
"""Whatever dlt has to say; and once only, since each of its five attempts takes a second."""


@pytest.mark.parametrize(("kind", "how"), CASES)
def test_rows_that_a_database_refuses_are_never_shown(
    desk: Desk, tmp_path: Path, request: pytest.FixtureRequest, kind: str, how: str
) -> None:
    name = kind if kind in ("duckdb", "postgres") else "sqlalchemy"
    with refusing(kind, tmp_path, request) as (environment, refuse):
        run = ("run", *TABLES, "--destination", name)
        first = desk.pylon(*run, env=environment)
        assert first.code == 0, first.err
        if how in ("unique", "too long"):  # some titles are there twice, or are too long
            refuse("DELETE FROM pylon.issues")
        refuse(CASES[kind, how])
        for issue in desk.server.world.issue_ids()[:2]:
            desk.server.world.edit_issue(issue, title=WORDS, body_html=f"<p>{WORDS} {ADDRESS}</p>")
        for more in ([], ["--debug"], ["--debug", "--log-format", "json"]):
            result = desk.pylon(*run, *more, env={**environment, **LOUD})
            assert result.code == 1, result.text
            assert any(told in result.text for told in TOLD), result.text
            for secret in ("4929013355716204", ADDRESS, "my card"):
                assert secret not in result.text
                assert json.dumps(secret)[1:-1] not in result.text


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (
            "(pymysql.err.OperationalError) (2003, \"Can't connect to MySQL server on 'db.example' ([Errno 111])\")",
            "(pymysql.err.OperationalError) (2003, \"Can't connect to MySQL server on 'db.example' ([Errno 111])\")",
        ),
        (
            "(1406, \"Data too long for column 'body' at row 1\")",
            "(1406, \"Data too long for column 'body' at row 1\")",
        ),
        ("(1062, \"Duplicate entry 'column 'x'' for key 'k'\")", '(1062, "Duplicate entry …'),
        (
            'new row for relation "issues" violates check "my"',
            'new row for relation "issues" violates check …',
        ),
        ('invalid input syntax for type timestamp: "my', "invalid input syntax for type timestamp: …"),
        ('database "x" does not exist', 'database "x" does not exist'),
        (
            "Conversion Error: Could not convert string 'my' to INT32",
            "Conversion Error: Could not convert string …",
        ),
        ('Constraint Error: duplicate key "column "x""', "Constraint Error: duplicate key …"),
        ("UNIQUE constraint failed: issues.title", "UNIQUE constraint failed: issues.title"),
        ("refused [SQL: INSERT INTO t VALUES (?)] [parameters: ('my',)]", "refused"),
    ],
)
def test_names_are_kept_and_values_are_not(line: str, kept: str) -> None:
    assert refusals.without_values(line) == kept


def test_a_text_with_a_database_s_words_in_it_ends_with_them() -> None:
    text = "Job failed with message Traceback:\n  File x\npsycopg2.errors.CheckViolation: no\nDETAIL:  my row\nand more"
    assert refusals.embedded(text) == (
        "Job failed with message Traceback:\n  File x\npsycopg2.errors.CheckViolation: no"
    )
    assert refusals.embedded("refused\nDETAIL:  Failing row contains (my\nrow).") == "refused …"
    assert refusals.embedded("nothing of a database") == "nothing of a database"


def test_a_server_that_is_not_there_or_refuses_the_login_is_told_so(desk: Desk, tmp_path: Path) -> None:
    run = ("run", *TABLES, "--destination", "sqlalchemy")
    copy: Any = copy_in("mariadb", tmp_path / "site")
    try:
        credentials = copy.machine().credentials
        away = desk.pylon(*run, env={"DESTINATION__SQLALCHEMY__CREDENTIALS": credentials})
        assert away.code == 3
        assert "The database cannot be reached" in away.text
        copy.server.start()
        for wrong, told in {
            credentials.replace("root@", "root:wrong@"): "refuses the login",
            credentials.replace("/mysql?", "/nowhere?"): "is not there",
        }.items():
            refused = desk.pylon(*run, env={"DESTINATION__SQLALCHEMY__CREDENTIALS": wrong})
            assert refused.code == 3, refused.text
            assert told in refused.text
    finally:
        copy.discard()
