"""``pylon ask``: each ready question is right, documented, and takes no value that means nothing."""

from __future__ import annotations

import json
import re
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from support import questions_docs, sample
from support.commands import Commands
from support.workplaces import CopyDesk

from pylon_elt.pipelines.ask.questions import FOLDER, all_questions
from pylon_elt.pipelines.ask.reader_duckdb import DuckDbReader
from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.transform import package

QUESTIONS = all_questions()


def _answer(desk: CopyDesk, *arguments: str) -> list[dict]:
    result = desk.pylon("ask", *arguments, "--format", "json")
    assert result.code == exits.DONE, result.text
    return json.loads(result.out)


def test_the_page_of_questions_is_what_they_answer(built: Path) -> None:
    assert questions_docs.PAGE.read_text(encoding="utf-8") == questions_docs.of(built), "run: make docs"


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_declares_what_it_uses(name: str) -> None:
    question = QUESTIONS[name]
    assert set(re.findall(r"\$([a-z_]+)", question.statement)) == set(question.parameters)
    assert question.title
    assert question.explanation.endswith(".")
    assert "%" not in question.statement, "psycopg2 would take it for a value's place"


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_value_of_every_option_is_answered(name: str, built: Path) -> None:
    question = QUESTIONS[name]
    with DuckDbReader.opened(built, built, questions_docs.SCHEMAS) as reader:
        for parameter in question.parameters.values():
            words = parameter.words or [str(bound) for bound in parameter.bounds or ()]
            for word in words or list(parameter._values(reader))[:2]:
                values = question.values({parameter.name: word}, reader)
                rows = reader.ask(question.statement, values).table()
                assert rows.num_columns > 1
                assert (
                    rows.num_rows
                    or name in ("articles", "at-risk", "differences", "sla")
                    or parameter.column
                    or word in ("1", "7")
                )


def test_backlog_counts_what_is_open(desk: CopyDesk) -> None:
    for by, column in {"team": "team_name", "account": "customer_label", "source": "channel"}.items():
        rows = _answer(desk, "backlog", "--by", by, "--top", "1000")
        expected = desk.sql(
            f"select coalesce({column}, '(none)'), count(*) from support__tickets where is_open group by 1"
        )
        assert {row["name"]: row["open_issues"] for row in rows} == dict(expected)
        assert [row["open_issues"] for row in rows] == sorted(
            (row["open_issues"] for row in rows), reverse=True
        )
    of_pylon = _answer(desk, "backlog", "--by", "source", "--top", "1000", "--desk", "pylon")
    states = desk.sql("select count(*) from issues where state = 'closed'")[0][0]
    still = desk.sql("select count(*) from issues")[0][0] - states
    assert sum(row["open_issues"] for row in of_pylon) <= still


ASKED = "(not is_agent_first or first_response_seconds is not null)"


@pytest.mark.parametrize(
    ("question", "condition"),
    [("backlog", "is_open"), ("response", ASKED), ("desks", "true")],
)
def test_accounts_of_one_name_are_not_one(question: str, condition: str, desk: CopyDesk) -> None:
    by = "customer" if question == "desks" else "account"
    more = ("--months", "120") if question == "response" else ()
    (name,) = sample.NAMESAKES
    rows = _answer(desk, question, "--by", by, "--top", "1000", *more)
    found = [list(row.values())[1] for row in rows if row["name"].startswith(name)]
    expected = desk.sql(
        f"select count(*) from support__tickets where customer_name = '{name}' and {condition} group by customer_id"
    )
    assert sorted(found) == sorted(count for (count,) in expected)
    assert len(found) == 2


@pytest.fixture(scope="module")
def twins(commands: Commands, built: Path, tmp_path_factory: pytest.TempPathFactory) -> CopyDesk:
    """The sample in which the two agents and the two teams with most issues have one name each."""
    folder = tmp_path_factory.mktemp("twins")
    database = Path(shutil.copyfile(built, folder / "support.duckdb"))
    with duckdb.connect(str(database)) as connection:
        for table, column, name in (("users", "assignee_id", "Kim Doe"), ("teams", "team_id", "Frontline")):
            connection.execute(
                f"UPDATE pylon.{table} SET name = ? WHERE id IN (SELECT {column} FROM pylon.issues"
                f" WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 2)",
                [name],
            )
    sample.build(commands, database)
    return CopyDesk(commands, folder)


@pytest.mark.dear
@pytest.mark.parametrize(
    ("question", "ways"),
    [
        ("backlog", {"assignee": "Kim Doe", "team": "Frontline"}),
        ("response", {"assignee": "Kim Doe", "team": "Frontline"}),
        ("resolution", {"assignee": "Kim Doe", "team": "Frontline"}),
        ("csat", {"assignee": "Kim Doe", "team": "Frontline"}),
        ("reopened", {"assignee": "Kim Doe", "team": "Frontline"}),
        ("desks", {"assignee": "Kim Doe", "team": "Frontline"}),
        ("volume", {"team": "Frontline"}),
        ("sla", {"team": "Frontline"}),
        ("load", {"": "Kim Doe"}),
    ],
)
def test_agents_and_teams_of_one_name_are_not_one(
    question: str, ways: dict[str, str], twins: CopyDesk
) -> None:
    more = (
        ()
        if question in ("backlog", "sla", "load")
        else ("--days", "3000")
        if question in ("desks", "volume")
        else ("--months", "120")
    )
    for by, name in ways.items():
        rows = _answer(twins, question, *(("--by", by) if by else ()), "--top", "1000", *more)
        found = [first for first in (next(iter(row.values())) for row in rows) if name in first]
        assert len(found) == 2, (by, rows)
        assert all(re.fullmatch(rf"{name} \(.+\)", one) for one in found)
        assert len(set(found)) == 2


@pytest.mark.dear
def test_one_of_two_teams_of_one_name_can_be_asked_for(twins: CopyDesk) -> None:
    open_by_team = dict(
        twins.sql(
            "select team_label, count(*) from support__tickets where is_open and team_name = 'Frontline' group by 1"
        )
    )
    assert len(open_by_team) == 2
    for label, count in open_by_team.items():
        rows = _answer(twins, "backlog", "--by", "source", "--team", label, "--top", "1000")
        assert sum(row["open_issues"] for row in rows) == count
        (last,) = _answer(twins, "backlog-trend", "--by", "day", "--team", label, "--top", "1")
        assert last["open_issues"] == count
    refused = twins.pylon("ask", "backlog", "--team", "Frontline")
    assert refused.code == exits.USAGE
    assert all(label in " ".join(refused.err.split()) for label in open_by_team)


def test_every_day_has_its_backlog(desk: CopyDesk) -> None:
    """A day with nothing open is told as such, and the last one as not over."""
    (team,) = desk.sql("""select team_name from support__backlog_daily where team_name is not null
        group by 1 order by count(distinct date_day) limit 1""")[0]
    rows = _answer(desk, "backlog-trend", "--by", "day", "--team", team, "--top", "1000")
    ((first, last),) = desk.sql("select min(date_day), max(date_day) from support__backlog_daily")
    assert [row["at_the_end_of"] for row in rows] == [
        (last - timedelta(days=number)).isoformat() for number in range((last - first).days + 1)
    ]
    assert any(row["open_issues"] == 0 and row["oldest_days"] is None for row in rows)
    assert [row["so_far"] for row in rows[:2]] == ["so far", ""]


def test_backlog_of_a_team_is_what_the_daily_table_ends_with(desk: CopyDesk) -> None:
    (row,) = _answer(desk, "backlog-trend", "--team", "support", "--top", "1", "--by", "day")
    (team,) = (one for one in _answer(desk, "backlog", "--by", "team") if one["name"] == "Support")
    assert row["open_issues"] == team["open_issues"]


def test_response_times_are_those_of_the_issues(desk: CopyDesk) -> None:
    rows = _answer(desk, "response", "--by", "team", "--months", "120", "--top", "1000")
    expected = desk.sql("""
        select coalesce(team_name, '(none)'), count(*), count(*) filter (first_response_at is null),
            round(median(first_response_seconds) / 3600, 1), round(quantile_cont(first_response_seconds, 0.9) / 3600, 1),
            round(median(case when first_response_at is not null then first_response_seconds
                when is_open then waiting_seconds end) / 3600, 1)
        from support__tickets where not is_agent_first or first_response_seconds is not null group by 1""")
    told = ("issues", "unanswered", "median_hours", "p90_hours", "at_least_hours")
    found = {row["name"]: [row[column] for column in told] for row in rows}
    assert found.keys() == {name for name, *_ in expected}
    assert any(unanswered for _, _, unanswered, *_ in expected)
    for name, *values in expected:
        assert found[name] == pytest.approx(values, abs=0.11)


def test_the_lower_bound_is_of_those_who_wait_too(desk: CopyDesk) -> None:
    rows = _answer(desk, "response", "--months", "120", "--top", "1000")
    told = [(row["median_hours"], row["at_least_hours"]) for row in rows if row["unanswered"]]
    assert any(median != bound for median, bound in told)
    assert all(row["at_least_hours"] == row["median_hours"] for row in rows if not row["unanswered"])


def test_differences_are_all_first_answers_that_pylon_counts_otherwise(desk: CopyDesk) -> None:
    rows = _answer(desk, "differences", "--top", "1000")
    expected = desk.sql("""
        select issue_id, round(first_response_seconds / 3600, 1), round(pylon_first_response_seconds / 3600, 1)
        from pylon__issue_metrics
        where coalesce(abs(first_response_seconds - pylon_first_response_seconds) > 60,
            first_response_seconds is not null or pylon_first_response_seconds is not null)""")
    found = {row["issue"]: (row["our_hours"], row["pylon_hours"]) for row in rows}
    assert found.keys() == {issue for issue, *_ in expected} > set()
    for issue, *hours in expected:
        assert found[issue] == pytest.approx(tuple(hours), abs=0.11)
    for reason in {row["reason"] for row in rows}:
        same = _answer(desk, "differences", "--top", "1000", "--reason", reason)
        assert same == [row for row in rows if row["reason"] == reason]


REASONS = {
    "ours_only": "null, null, false, 'agent', true",
    "beginning": "'2026-03-02 10:00:00', 7200, false, 'agent', true",
    "answer": "'2026-03-02 09:00:00', 3600, false, 'agent', true",
    "opening": "'2026-03-02 09:00:00', 3600, true, 'agent', true",
    "automation": "'2026-03-02 09:00:00', 3600, false, 'automation', true",
    "note": "'2026-03-02 09:00:00', 3600, false, 'agent', false",
}
"""Pylon's answer and its seconds, whether we opened the issue, and who wrote at nine, in public or not."""


@pytest.mark.parametrize("reason", REASONS)
def test_the_reason_of_a_difference_is_what_stood_there(reason: str) -> None:
    question = QUESTIONS["differences"]
    connection = duckdb.connect()
    connection.execute(f"""
        create table given as select cast(a as timestamp) as pylon_at, b as seconds, c as opened, d as side, e as public
            from (values ({REASONS[reason]})) as rows (a, b, c, d, e);
        create table pylon__issues as select 1 as issue_number, 'i' as issue_id, 'Help' as title,
            60 as first_response_seconds, timestamp '2026-03-02 10:00:00' as first_response_at;
        create table pylon__issue_metrics as select 'i' as issue_id, pylon_at as pylon_first_response_at,
            seconds as pylon_first_response_seconds, opened as is_agent_first from given;
        create table pylon__issue_messages as
            select 'i' as issue_id, timestamp '2026-03-02 09:00:00' as sent_at, side, public as is_public from given""")
    sql = question.statement.replace("$reason", "'any'").replace("$top", "9")
    ((*_, found, why, issue),) = connection.sql(sql).fetchall()
    assert (found, issue) == (reason, "i")
    assert why


def test_volume_by_tag_counts_an_issue_once_for_each_of_its_tags(desk: CopyDesk) -> None:
    rows = _answer(desk, "volume", "--by", "tag", "--days", "3650", "--top", "1000")
    expected = desk.sql("select unnest(tags::json::varchar[]) as tag, count(*) from issues group by 1")
    assert {row["name"]: row["issues"] for row in rows} == dict(expected)


def test_unanswered_are_those_that_wait(desk: CopyDesk) -> None:
    everything = _answer(desk, "unanswered", "--top", "1000")
    first = _answer(desk, "unanswered", "--top", "1000", "--first", "yes")
    later = _answer(desk, "unanswered", "--top", "1000", "--first", "no")
    assert len(everything) == desk.sql("select count(waiting_since) from support__tickets")[0][0] > 0
    assert sorted(row["ticket"] for row in first + later) == sorted(row["ticket"] for row in everything)
    waits = [row["waiting_hours"] for row in everything]
    assert waits == sorted(waits, reverse=True)


def test_values_are_never_part_of_the_statement(desk: CopyDesk) -> None:
    for value in ("x' or '1'='1", "team; drop table issues", "$top"):
        result = desk.pylon("ask", "backlog", "--team", value)
        assert result.code == exits.USAGE
        assert result.out == ""
    assert desk.pylon("ask", "backlog", "--top", "1; select 1").code == exits.USAGE


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["backlgo"], "Did you mean backlog?"),
        (["backlog", "--by", "tema"], "Did you mean team?"),
        (["backlog", "--bye", "team"], "Did you mean --by?"),
        (["backlog", "--team", "Suport"], "Did you mean Support?"),
        (["backlog", "--top", "0"], "from 1 to 1000"),
        (["backlog", "team"], "pylon ask backlog --by team"),
        (["freshness", "--by", "team"], "It has no options."),
    ],
)
def test_what_means_nothing_is_answered_with_what_was_meant(
    desk: CopyDesk, arguments: list[str], hint: str
) -> None:
    result = desk.pylon("ask", *arguments)
    assert result.code == exits.USAGE
    assert hint in result.text


def test_the_list_and_the_explanations_need_no_copy(commands, tmp_path: Path) -> None:
    desk = CopyDesk(commands, tmp_path)
    listed = desk.pylon("ask").out
    assert all(f"pylon ask {name}" in listed for name in QUESTIONS)
    assert len(QUESTIONS) >= 10
    explained = desk.pylon("ask", "backlog", "--explain").out
    assert "--by team|account" in explained
    assert "from support__tickets" in explained


def test_without_the_tables_it_says_how_to_build_them(raw_desk: CopyDesk) -> None:
    result = raw_desk.pylon("ask", "backlog")
    assert result.code == exits.FAILED
    assert "pylon transform" in result.text


def test_questions_are_part_of_the_package() -> None:
    assert FOLDER.is_relative_to(package.FOLDER)
    assert len(list(FOLDER.glob("*.sql"))) == len(QUESTIONS)
