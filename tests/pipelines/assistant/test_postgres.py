"""On Postgres: the same answers as on DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("psycopg2")

from support.assistant import call, talk
from support.commands import Commands
from support.postgres import running_postgres
from support.postgres_sample import fill
from support.workplaces import CopyDesk

from pylon_elt.pipelines.ask.questions import all_questions

pytestmark = pytest.mark.dear

RAW = ("issues", "issue_messages", "accounts", "contacts", "users", "teams", "tags")
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("conversation", {"issue": 1}),
    ("conversation", {"issue": "7", "from_message": 2}),
    ("find_conversations", {"words": "login password"}),
    ("find_conversations", {"words": "überprüfung error"}),
    ("find_conversations", {"state": "closed", "since": "2026-01-01", "until": "2026-10-01T00:00:00Z", "limit": 5}),
    ("find_conversations", {"team": "support", "words": "production", "limit": 50}),
    *(("ask", {"name": name, "options": {}}) for name in all_questions()),
)  # fmt: skip
NO_QUESTIONS = sum(tool != "ask" for tool, _ in ASKED)


@pytest.fixture(scope="module")
def credentials(built: Path) -> Iterator[str]:
    """A database with the sample's tables, and who may read them."""
    try:
        with running_postgres() as server:
            yield fill(server, built, RAW)
    except LookupError as error:
        pytest.skip(str(error))


def _ask(desk: CopyDesk, asked: Any, *options: str, env: dict[str, str] | None = None) -> list[Any]:
    async def talking(client: Any) -> list[Any]:
        return [await call(client, tool, **arguments) for tool, arguments in asked]

    return talk(desk, talking, *options, env=env)  # type: ignore[no-any-return]


def _reader(credentials: str) -> dict[str, str]:
    return {"DESTINATION__POSTGRES__CREDENTIALS": credentials.replace("postgres:pw@", "pylon_reader:pw@")}


def test_every_tool_answers_as_on_duckdb(credentials: str, desk: CopyDesk) -> None:
    # with the notes, which are in no answer to a question, a question is only one more
    for options, asked in (((), ASKED), (("--private-notes",), ASKED[: NO_QUESTIONS + 1])):
        expected = _ask(desk, asked, *options)
        found = _ask(desk, asked, *options, "--destination", "postgres", env=_reader(credentials))
        for (tool, arguments), one, other in zip(asked, found, expected, strict=True):
            assert one.error == other.error == "", (tool, arguments)
            if tool == "ask":
                assert sorted(map(str, _floats(one.data["rows"]))) == sorted(
                    map(str, _floats(other.data["rows"]))
                )
            else:
                assert _without_tags(one.data) == _without_tags(other.data), (tool, arguments)


def _floats(rows: list[list[Any]]) -> list[list[Any]]:
    return [[float(value) if isinstance(value, int | float) else value for value in row] for row in rows]


def _without_tags(answer: Any) -> Any:
    """JSON is text, which either writes with its own blanks."""
    if isinstance(answer, dict):
        return {name: _without_tags(value) for name, value in answer.items() if name not in ("tags", "note")}
    return [_without_tags(one) for one in answer] if isinstance(answer, list) else answer


SELECTS = (
    "select state, count(*) as n, min(created_at) as first from issues group by state order by all",
    "select is_private, count(*) as n, count(message_html) as bodies from issue_messages group by 1 order by 1",
    "select count(*) as n from pylon.issue_messages as m join issues on issues.id = m.issue_id where title like '%a%'",
    "with mine as (select * from support__messages where not is_public) select count(*) as n from mine",
    "select custom_fields ->> '$.priority.value' as priority, count(*) as n from issues group by 1 order by all",
)
BEYOND = (
    "select count(*) from issue_threads",
    "select email from contacts",
    "select * from pg_catalog.pg_roles",
    "select * from information_schema.tables",
    "select query_to_xml('select message_html from pylon.issue_messages', true, false, '')",
    "select * from lent.pylon.issue_messages",
    "select * from query('select 1')",
    "delete from issues",
    "select 1; delete from issues",
    "select customer_email from support__tickets",
    "select requester_email from pylon__issues",
)


def test_a_select_sees_what_it_would_in_duckdb_while_something_is_left_out(
    credentials: str, desk: CopyDesk
) -> None:
    asked = [("select", {"sql": sql}) for sql in (*SELECTS, *BEYOND)]
    options = ("--without", "contacts.email")
    expected = _ask(desk, asked, *options)
    found = _ask(desk, asked, *options, "--destination", "postgres", env=_reader(credentials))
    for sql, one, other in zip((*SELECTS, *BEYOND), found, expected, strict=True):
        assert bool(one.error) == bool(other.error) == (sql in BEYOND), (sql, one, other)
        assert one.error or one.data["rows"] == other.data["rows"], sql
    assert not any(row[0] for row in found[1].data["rows"])


def test_a_select_is_the_servers_where_nothing_is_left_out(
    credentials: str, commands: Commands, tmp_path: Path
) -> None:
    asked = (
        ("select", {"sql": "select count(*) as n from issue_messages where is_private"}),
        ("select", {"sql": "select n from generate_series(1, 100000) as n"}),
        ("select", {"sql": "delete from issues"}),
        ("select", {"sql": "select 1; delete from issues"}),
        ("select", {"sql": "select pg_sleep(60)"}),
        ("select", {"sql": "select set_config('statement_timeout', '0', false) from generate_series(1, 3) as n, pg_sleep(30)"}),
        ("select", {"sql": "select 2 as n"}),
    )  # fmt: skip
    there = ("--destination", "postgres", "--seconds", "3", "--rows", "10")
    counted, many, delete, two, slow, sly, after = _ask(
        CopyDesk(commands, tmp_path), asked, *there, "--private-notes", env=_reader(credentials)
    )
    assert counted.data["rows"][0][0] > 0
    assert len(many.data["rows"]) == 10
    assert "the first 10 rows of 100,000" in many.data["cut"]
    assert "DELETE does more than read" in delete.error
    assert two.error
    assert "no answer within 3 s" in slow.error
    assert "no answer within 3 s" in sly.error
    assert after.data["rows"] == [[2]]


def test_a_superuser_is_refused(credentials: str, commands: Commands, tmp_path: Path) -> None:
    (answer,) = _ask(
        CopyDesk(commands, tmp_path), [("select", {"sql": "select 1"})],
        "--destination", "postgres", "--private-notes",
        env={"DESTINATION__POSTGRES__CREDENTIALS": credentials},
    )  # fmt: skip
    assert "superuser" in answer.error
    assert "GRANT" in answer.error
