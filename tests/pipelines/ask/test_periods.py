"""Ready questions and the dashboard count by the days of the build's time zone, up to the last load."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support import questions_docs

from pylon_elt.analytics.dashboard.headline import headline
from pylon_elt.analytics.dashboard.marts import Filters, Marts
from pylon_elt.pipelines.ask.questions import Parameter, all_questions
from pylon_elt.pipelines.ask.reader_duckdb import DuckDbReader
from pylon_elt.pipelines.base import exits

Change = Callable[[str], Path]
LONG_AGO = "timestamptz '2020-01-01 00:00:00+00'"


@pytest.fixture
def changed(built: Path, tmp_path: Path) -> Change:
    """A copy of the sample in which the tables for analysis are changed by a statement."""
    file = Path(shutil.copyfile(built, tmp_path / "support.duckdb"))

    def change(sql: str) -> Path:
        with duckdb.connect(str(file)) as connection:
            connection.execute("SET TimeZone = 'UTC'; SET schema = 'pylon_analytics'")
            connection.execute(sql)
        return file

    return change


def _asked(file: Path, sql: str, **values: Any) -> list[dict[str, Any]]:
    with DuckDbReader.opened(file, file, questions_docs.SCHEMAS) as reader:
        rows: list[dict[str, Any]] = reader.ask(sql, values).table().to_pylist()
        return rows


def _answers(file: Path, name: str, **given: str) -> list[dict[str, Any]]:
    question = all_questions()[name]
    with DuckDbReader.opened(file, file, questions_docs.SCHEMAS) as reader:
        values = question.values(given, reader)
        rows: list[dict[str, Any]] = reader.ask(question.statement, values).table().to_pylist()
        return rows


def _marts(file: Path) -> Marts:
    with DuckDbReader.opened(file, file, questions_docs.SCHEMAS) as reader:
        return Marts(lambda sql: reader.ask(sql).table())


# where the zone is ahead of UTC, its day has begun; as with a load late in the evening of UTC
AHEAD = "UPDATE support__desks SET as_of_day = as_of_day + 1"


@pytest.mark.parametrize("days", [7, 30, 90])
def test_so_many_days_end_with_the_day_of_the_last_load_where_the_desk_is(changed: Change, days: int) -> None:
    file = changed(AHEAD)
    ((expected,),) = [
        tuple(row.values())
        for row in _asked(
            file,
            "SELECT count(*) AS n FROM support__tickets"
            " WHERE created_on > (SELECT max(as_of_day) FROM support__desks) - CAST($days AS INTEGER)",
            days=days,
        )
    ]
    for name, counted in (("arrivals", "issues"), ("volume", "issues"), ("desks", "created_lately")):
        more = {} if name == "arrivals" else {"top": "1000"}
        assert sum(row[counted] for row in _answers(file, name, days=str(days), **more)) == expected, name


@pytest.mark.parametrize("name", ["response", "resolution", "csat", "reopened"])
def test_so_many_months_begin_with_the_month_of_that_day(changed: Change, name: str) -> None:
    file = changed("UPDATE support__desks SET as_of_day = CAST(date_trunc('month', as_of_day) AS DATE) + 45")
    ((day,),) = [
        tuple(row.values()) for row in _asked(file, "SELECT max(as_of_day) AS d FROM support__desks")
    ]
    first = (day.replace(day=1) - timedelta(days=1)).isoformat()[:7]
    months = [row["name"] for row in _answers(file, name, by="month", months="1", top="1000")]
    assert min(months, default=first) >= first


def test_what_was_closed_counts_where_the_desk_tells_no_time(changed: Change) -> None:
    before = _answers(changed("SELECT 1"), "desks", days="3650")
    file = changed("UPDATE support__tickets SET resolved_at = NULL, resolution_seconds = NULL")
    after = _answers(file, "desks", days="3650")
    assert [row["closed_lately"] for row in after] == [row["closed_lately"] for row in before]
    assert sum(row["closed_lately"] for row in after) > 0


def test_who_asked_in_an_issue_that_we_opened_waits_for_a_first_answer(changed: Change) -> None:
    """The opening message is no answer, and whoever writes after it asks."""
    sql = """UPDATE support__tickets SET is_agent_first = true, agent_replies = 1, first_response_at = NULL,
        first_response_seconds = NULL, is_open = true, closed_on = NULL, state = 'open', waiting_seconds = 60,
        {asked} WHERE ticket_key = (SELECT min(ticket_key) FROM support__tickets WHERE desk = 'pylon')"""
    file = changed(sql.format(asked="requested_at = NULL, waiting_since = NULL"))
    silent = _told(file)
    file = changed(sql.format(asked=f"requested_at = {LONG_AGO}, waiting_since = {LONG_AGO}"))
    assert _told(file) == tuple(number + 1 for number in silent)


def _told(file: Path) -> tuple[int, ...]:
    known = headline(_marts(file), Filters(days=0))
    return (
        sum(row["unanswered"] for row in _answers(file, "response", months="120", top="1000")),
        sum(row["without_answer"] for row in _answers(file, "backlog", top="1000")),
        len(_answers(file, "unanswered", first="yes", top="1000")),
        known["asked"] - known["answered"],
    )


def test_the_dashboard_ends_with_the_last_load_where_nothing_is_open(changed: Change) -> None:
    file = changed("DELETE FROM pylon_analytics_staging.int_pylon__open_spans; UPDATE support__desks"
                   " SET as_of_day = as_of_day + 100")  # fmt: skip
    changed("DELETE FROM pylon_analytics_staging.int_zaia__open_spans")
    marts = _marts(file)
    ((day,),) = [
        tuple(row.values()) for row in _asked(file, "SELECT max(as_of_day) AS d FROM support__desks")
    ]
    assert marts.today == day
    assert headline(marts, Filters(days=30))["created"] == 0


def test_of_names_that_differ_in_their_case_the_one_that_is_written_is_meant() -> None:
    parameter = Parameter("team", "only this team's", words=("Support", "SUPPORT", "Sales"))
    for given in ("Support", "SUPPORT", "Sales"):
        assert parameter.value(given, None) == given  # type: ignore[arg-type] - words need no copy
    assert parameter.value("sales", None) == "Sales"  # type: ignore[arg-type]


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(exits.Problem, match="cannot be"):
        Parameter("top", "how many", bounds=(1, 1000), default=1).value("1" * 5000, None)  # type: ignore[arg-type]
