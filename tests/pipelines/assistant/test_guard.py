"""What an assistant cannot do by a SELECT: write, read elsewhere, or see what is left out, whatever it asks."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.hostile import ELSEWHERE, WRITES

from pylon_elt.pipelines.assistant import hidden as hiding
from pylon_elt.pipelines.assistant.access import Access, Place
from pylon_elt.pipelines.assistant.limits import Limits
from pylon_elt.pipelines.assistant.tools import Tools
from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.transform import package
from pylon_elt.sources.pylon.catalog import ALL_TABLES

pytestmark = pytest.mark.dear

SECRET = "nobody outside may read this"
SLY = (
    "select * from {0}",
    "select message_html from issue_messages where message_html like '%{1}%'",
    "select * from pylon.issue_messages where is_private",
    "select * from support.pylon.issue_messages",
    'select * from "support"."pylon"."issue_messages"',
    "from support.pylon.issue_messages select message_html",
    "with a as (from support.pylon.issue_messages) from a",
    "with a as materialized (select * from support.pylon.issue_messages) select (select max(message_html) from a)",
    "select (select string_agg(message_html) from support.pylon.issue_messages)",
    "select 1 where exists (from support.pylon.issue_messages)",
    "select * from query('from support.pylon.issue_messages')",
    "select * from query_table('support.pylon.issue_messages')",
    "select * from query_table(['issue_messages'])",
    "select * from query('select * from pylon.issue_messages')",
    "select * from pragma_storage_info('support.pylon.issue_messages')",
    "select * from pragma_table_info('support.pylon.issue_messages')",
    "select * from pylon_analytics_staging.stg_pylon__issue_messages",
    "select * from support.pylon_analytics.pylon__issue_messages",
    "select message_text from pylon__issue_messages where not is_public",
    "select message_text from support__messages where message_text like '%nobody%'",
    "select notes_text from support__conversations",
    "select * from pylon_analytics.support__conversations",
    "summarize support.pylon.issue_messages",
    "select * from (summarize support.pylon.issue_messages)",
    "describe support.pylon.issue_messages",
    "show all tables",
    "explain analyze from support.pylon.issue_messages",
    "pivot support.pylon.issue_messages on is_private using max(message_html)",
    "select * from (pivot support.pylon.issue_messages on is_private using max(message_html))",
    "unpivot support.pylon.issue_messages on message_html into name n value v",
    "select count(*) from issue_messages where message_html::int > 0 and message_html like '%nobody%'",
    "select count(*) from issue_messages where error(message_html) is null and message_html like '%nobody%'",
    "select error(message_html) from issue_messages where message_html like '%nobody%'",
    "select error(message_text) from pylon__issue_messages where contains(message_text, 'nobody')",
    "select 1 from issue_messages order by case when message_html like '%nobody%' then error(message_html) end",
    "select case when message_html like '%nobody%' then error(message_html) end from issue_messages",
    "select cast(message_html as date) from issue_messages where is_private",
    "select max(case when is_private then message_html end) from issue_messages",
    "select body_html from task_comments where is_internal",
    "from issue_threads",
    "from pylon.issue_threads",
    "from main.issue_messages",
    "from memory.pylon.issue_messages",
    "from duckdb_views",
    "from duckdb_tables()",
    "select sql from sqlite_master",
    "with duckdb_views as (select 1) select (select 1), sql from (from main.duckdb_views)",
    "with sqlite_master as (select 1) from sqlite_master",
    "from information_schema.tables",
    "from pg_catalog.pg_class",
    "from 'support.duckdb'",
    "from issue_messages at (version => 1)",
    "from issue_messages tablesample 100% where is_private",
    "from pylon._dlt_loads",
    "select * from issues, lateral (from support.pylon.issue_messages as m where m.issue_id = issues.id)",
    "select * from issues positional join support.pylon.issue_messages",
    "select * from issues asof join support.pylon.issue_messages as m on m.timestamp >= issues.created_at",
    "select 1 union all by name from support.pylon.issue_messages",
    "with recursive r as (select '' as t union all select message_html from support.pylon.issue_messages) from r",
    "select list_transform([1], lambda x: (select max(message_html) from support.pylon.issue_messages))",
    "values ((select max(message_html) from support.pylon.issue_messages))",
    "select 1 limit (select count(*) from support.pylon.issue_messages where is_private)",
    "select 1; from support.pylon.issue_messages",
)  # fmt: skip


@pytest.fixture
def file(file: Path) -> Path:
    """A copy in which every internal note has a secret, in our folder."""
    with duckdb.connect(str(file)) as connection:
        for statement in (
            f"UPDATE pylon.issue_messages SET message_html = '<p>{SECRET}</p>' WHERE is_private",
            f"UPDATE pylon.task_comments SET body_html = '{SECRET}' WHERE is_internal",
            f"UPDATE pylon_analytics.pylon__issue_messages SET message_text = '{SECRET}' WHERE NOT is_public",
            f"UPDATE pylon_analytics.support__conversations SET notes_text = '{SECRET}' WHERE notes > 0",
            f"UPDATE pylon.issue_threads SET name = '{SECRET}'",
        ):
            connection.execute(statement)
    return file


def tools(*, notes: bool = False, without: tuple[str, ...] = (), limits: Limits | None = None) -> Tools:
    """Return the tools over the copy in this folder."""
    given = limits or Limits()
    return Tools(Access(Place("duckdb", "pylon", ""), given), hiding.of(not notes, without), given)


def _contents(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.slow
@pytest.mark.parametrize("notes", [False, True])
def test_what_the_command_line_refuses_is_refused_here(file: Path, notes: bool) -> None:
    (file.parent / "secret.csv").write_text("column\nhidden\n")
    before, asked = _contents(file.parent), tools(notes=notes)
    for statement in (*WRITES, *ELSEWHERE):
        with pytest.raises(exits.Problem) as refused:
            asked.select(statement)
        assert refused.value.code == exits.USAGE, statement
        assert "hidden" not in refused.value.what, statement
    assert _contents(file.parent) == before


@pytest.mark.slow
def test_no_statement_shows_an_internal_note(file: Path) -> None:
    """The secret is in each note: were one shown, or told in an error, it would be seen."""
    asked = tools()
    for statement in SLY:
        text = statement.format("issue_messages", "nobody")
        try:
            shown = str(asked.select(text)["rows"])
        except exits.Problem as refused:
            shown = f"{refused.what} {refused.remedy}"
        assert SECRET not in shown, text


@pytest.mark.slow
def test_the_same_statements_show_it_where_notes_are_given(file: Path) -> None:
    """What shows that the test before can fail."""
    asked, seen = tools(notes=True), 0
    for statement in SLY:
        try:
            seen += SECRET in str(asked.select(statement.format("issue_messages", "nobody"))["rows"])
        except exits.Problem as refused:
            seen += SECRET in refused.what
    assert seen > 20


def test_without_notes_the_counts_are_those_of_what_customers_see(file: Path) -> None:
    with duckdb.connect(str(file), read_only=True) as connection:
        expected = connection.execute(
            "SELECT count(*) FROM pylon.issue_messages WHERE NOT coalesce(is_private, false)"
        ).fetchone()
    for table in ("issue_messages", "pylon.issue_messages", "pylon__issue_messages"):
        assert tuple(tools().select(f"select count(*) from {table}")["rows"][0]) == expected


@pytest.mark.parametrize(
    "statement",
    [
        "select state, count(*) from issues group by all order by 1",
        "with recursive n as (select 1 as a union all select a + 1 from n where a < 5) select * from n",
        "select * from range(3) as r(n) join (values (1), (2)) as v(n) using (n)",
        "from issues select id, unnest(tags::json::varchar[]) order by 1, 2",
        "select a.name, count(*) from pylon.issues as i join accounts as a on a.id = i.account_id group by 1 order by 1",
        "select team_name, median(first_response_seconds) from support__tickets group by 1 order by 1",
        "select id from issues where id in (select issue_id from issue_followers) order by 1",
        "select row_number() over (order by id) as n, id from issues qualify n < 5 order by n",
    ],
)  # fmt: skip
def test_what_only_reads_is_answered_as_on_the_command_line(file: Path, statement: str) -> None:
    guarded, plain = tools().select(statement), tools(notes=True).select(statement)
    assert guarded["rows"]
    assert sorted(map(str, guarded["rows"])) == sorted(map(str, plain["rows"]))


def test_columns_are_left_out_with_all_that_hold_the_same_value(file: Path) -> None:
    asked = tools(without=("issues.requester_email", "email"))
    for column in ("requester_email", "requester", "_extra"):
        with pytest.raises(exits.Problem):
            asked.select(f"select {column} from issues")
    for table in ("contacts", "users"):
        with pytest.raises(exits.Problem):
            asked.select(f"select email from {table}")
    assert asked.select("select requester_id from issues limit 1")["rows"]
    (described,) = asked.describe(["issues"])["tables"]
    assert "requester_email" not in {column["name"] for column in described["columns"]}


def test_left_out_columns_are_no_part_of_the_other_tools(file: Path) -> None:
    asked = tools(without=("title", "issue_messages.author_name", "support__tickets.team_name"))
    told = asked.conversation("1", 1, 1)
    assert told["issue"]["title"] is None
    assert all(message["author"] is None for message in told["messages"])
    with pytest.raises(exits.Problem, match="leaves out"):
        asked.ask("backlog", {"by": "team"})


@pytest.mark.parametrize(
    ("name", "hint"), [("issues.titel", "issues.title"), ("emial", "email"), ("isues.title", "issues.title")]
)
def test_a_column_that_is_none_is_refused(name: str, hint: str) -> None:
    with pytest.raises(exits.Problem) as refused:
        hiding.of(True, (name,))
    assert refused.value.code == exits.USAGE
    assert hint in refused.value.remedy


def test_every_table_with_internal_rows_is_known() -> None:
    raw = {
        name for name, table in ALL_TABLES.items() if {"is_private", "is_internal"} & set(table.column_names)
    }
    marts = {
        name for name, columns in package.mart_columns().items() if {"is_private", "is_public"} & set(columns)
    }
    assert raw | marts == set(hiding.NOTES)
    columns = {
        (name, column)
        for name, known in package.mart_columns().items()
        for column in known
        if column in ("notes_text", "notes_hash")
    }
    assert columns == hiding.NOTE_COLUMNS
    assert not any(hiding.of(False, ()).column(*column) for column in columns)


def test_what_a_mask_covers_can_be_left_out() -> None:
    found = hiding.of(True, (), {"contacts": {"email": "hash"}})
    assert found.column("contacts", "email")
    assert not found.column("contacts", "name")


def _plain(answer: Any) -> str:
    return str(answer)


def test_no_tool_for_texts_shows_an_internal_note(file: Path) -> None:
    asked = tools()
    with duckdb.connect(str(file), read_only=True) as connection:
        issues = connection.execute(
            "SELECT DISTINCT issue_id FROM pylon.issue_messages WHERE is_private LIMIT 5"
        ).fetchall()
    assert issues
    from pylon_elt.pipelines.assistant import find

    nothing = find.filters("", "", "", "", "")
    for (issue,) in issues:
        assert SECRET not in _plain(asked.conversation(issue, 1, 1))
        assert SECRET in _plain(tools(notes=True).conversation(issue, 1, 1))
    assert asked.found("nobody outside", nothing, 10, 0)["matches"] == 0
    assert tools(notes=True).found("nobody outside", nothing, 10, 0)["matches"] > 0
