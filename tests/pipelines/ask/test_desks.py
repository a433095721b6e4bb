"""Two desks in one copy: each question counts both, or one, and one desk alone answers as it does beside the other."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support import questions_docs, sample
from support.commands import Commands
from support.workplaces import CopyDesk

from pylon_elt.analytics.dashboard import data, page, sections
from pylon_elt.analytics.dashboard.headline import headline
from pylon_elt.analytics.dashboard.marts import Filters, Marts
from pylon_elt.analytics.dashboard.tiles import UNKNOWN, tiles
from pylon_elt.pipelines.ask.questions import all_questions
from pylon_elt.pipelines.ask.reader_duckdb import DuckDbReader
from pylon_elt.pipelines.base import exits

pytestmark = pytest.mark.dear

Rows = list[dict[str, Any]]
DESKS = ("pylon", "zaia")
CHOSEN = ("", *DESKS)
QUESTIONS = {name: question for name, question in all_questions().items() if "desk" in question.parameters}
DAYS = 30


@pytest.fixture(scope="module")
def alone(commands: Commands, built: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample with the tables of one desk only, built anew."""
    return {
        desk: _without(other, commands, built, tmp_path_factory)
        for desk, other in zip(DESKS, DESKS[::-1], strict=True)
    }


def _without(gone: str, commands: Commands, built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    database = Path(shutil.copyfile(built, folder / "support.duckdb"))
    with duckdb.connect(str(database)) as connection:
        for schema in (gone, "pylon_analytics", "pylon_analytics_staging"):
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
        connection.execute("CREATE SCHEMA IF NOT EXISTS pylon")  # where the verbs look for a copy
    sample.build(commands, database)
    return database


def _rows(database: Path, table: str) -> Rows:
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(f"FROM pylon_analytics.{table}")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def tables(built: Path) -> dict[str, Rows]:
    names = ("support__tickets", "support__messages", "support__backlog_daily")
    return {name: _rows(built, name) for name in names}


def _answers(database: Path, name: str, **given: str) -> Rows:
    question = all_questions()[name]
    if "top" in question.parameters:
        given = {"top": "1000"} | given
    given = {key: value for key, value in given.items() if value}
    with DuckDbReader.opened(database, database, questions_docs.SCHEMAS) as reader:
        found: Rows = reader.ask(question.statement, question.values(given, reader)).table().to_pylist()
        return found


@pytest.mark.parametrize("desk", DESKS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_one_desk_alone_answers_as_it_does_beside_the_other(
    name: str, desk: str, built: Path, alone: Mapping[str, Path]
) -> None:
    by = QUESTIONS[name].parameters.get("by")
    for word in by.words if by else ("",):
        both = _answers(built, name, by=word, desk=desk)
        assert _answers(alone[desk], name, by=word) == both
        assert _answers(alone[desk], name, by=word, desk=desk) == both
        assert both or (word, desk) == ("tag", "zaia")


def test_what_is_pylons_own_has_no_desk_and_says_so(alone: Mapping[str, Path]) -> None:
    own = set(all_questions()) - set(QUESTIONS)
    assert own == {"accounts", "articles", "at-risk", "csat", "differences", "freshness", "reopened", "sla"}
    for name in own:
        assert "Pylon" in all_questions()[name].explanation
        found = _answers(alone["zaia"], name)
        assert all(not row["row_count"] for row in found) if name == "freshness" else found == []


def _mine(rows: Rows, desk: str) -> Rows:
    return [row for row in rows if desk in ("", row["desk"])]


def _percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


def _by(rows: Rows, name: Callable[[dict[str, Any]], Any]) -> dict[str, Rows]:
    found: dict[str, Rows] = defaultdict(list)
    for row in rows:
        found[str(name(row) or "(none)")].append(row)
    return found


@pytest.mark.parametrize("desk", CHOSEN)
def test_open_issues_are_those_of_the_desk(desk: str, built: Path, tables: Mapping[str, Rows]) -> None:
    columns = {
        "team": "team_name",
        "account": "customer_label",
        "assignee": "assignee_name",
        "source": "channel",
    }
    still = [row for row in _mine(tables["support__tickets"], desk) if row["is_open"]]
    for by, column in columns.items():
        found = {row["name"]: row for row in _answers(built, "backlog", by=by, desk=desk)}
        expected = _by(still, lambda row, column=column: row[column])
        assert found.keys() == expected.keys()
        for name, rows in expected.items():
            row = found[name]
            assert row["open_issues"] == len(rows)
            unanswered = [one for one in rows if not one["first_response_at"] and not one["is_agent_first"]]
            assert row["without_answer"] == len(unanswered)
            assert row["customer_waits"] == sum(one["waiting_since"] is not None for one in rows)
            oldest = max((sample.NOW - one["created_at"]).total_seconds() for one in rows)
            assert float(row["oldest_days"]) == pytest.approx(oldest / 86400, abs=0.051)


@pytest.mark.parametrize("desk", CHOSEN)
def test_who_waits_is_told_with_a_key(desk: str, built: Path, tables: Mapping[str, Rows]) -> None:
    waiting = [row for row in _mine(tables["support__tickets"], desk) if row["waiting_since"]]
    found = _answers(built, "unanswered", desk=desk)
    assert {row["ticket"] for row in found} == {row["ticket_key"] for row in waiting} != set()
    hours = [float(row["waiting_hours"]) for row in found]
    assert hours == sorted(hours, reverse=True)
    first = {row["ticket"] for row in found if row["first_answer"] == "yes"}
    assert first == {row["ticket_key"] for row in waiting if not row["agent_replies"]}


@pytest.mark.parametrize(
    ("name", "day", "seconds"),
    [("response", "created_on", "first_response"), ("resolution", "closed_on", "resolution")],
)
@pytest.mark.parametrize("desk", CHOSEN)
def test_waits_are_those_of_the_desk(
    desk: str, name: str, day: str, seconds: str, built: Path, tables: Mapping[str, Rows]
) -> None:
    mine = _mine(tables["support__tickets"], desk)
    asked = (row for row in mine if name == "response" and not row["is_agent_first"])
    known = {row["ticket_key"]: row for row in mine if row[f"{seconds}_seconds"] is not None}
    counted = [*known.values(), *(row for row in asked if row["ticket_key"] not in known)]
    expected = _by(counted, lambda row: f"{row[day]:%Y-%m}")
    found = {row["name"]: row for row in _answers(built, name, by="month", months="120", desk=desk)}
    assert found.keys() == expected.keys() != set()
    for month, rows in expected.items():
        assert found[month]["issues"] == len(rows)
        ended = [row for row in rows if row["ticket_key"] in known]
        assert found[month].get("unanswered", 0) == len(rows) - len(ended)
        for column, kind, share in (
            ("median_hours", "seconds", 0.5),
            ("p90_hours", "seconds", 0.9),
            ("median_working_hours", "business_seconds", 0.5),
        ):
            wanted = _percentile([row[f"{seconds}_{kind}"] for row in ended], share) / 3600
            assert float(found[month][column]) == pytest.approx(wanted, abs=0.051)


@pytest.mark.parametrize("desk", CHOSEN)
def test_what_came_in_is_that_of_the_desk(desk: str, built: Path, tables: Mapping[str, Rows]) -> None:
    mine, today = _mine(tables["support__tickets"], desk), sample.NOW.date()
    lately = [row for row in mine if row["created_on"] > today - timedelta(days=DAYS)]
    before = [
        row for row in mine if timedelta(days=DAYS) <= today - row["created_on"] < timedelta(days=2 * DAYS)
    ]
    for by, column in {"source": "channel", "team": "team_name", "type": "ticket_type"}.items():
        found = _answers(built, "volume", by=by, days=str(DAYS), desk=desk)
        for rows, told in ((lately, "issues"), (before, "issues_before")):
            counted = Counter(row[column] or "(none)" for row in rows)
            assert {row["name"]: row[told] for row in found if row[told]} == counted
    found = _answers(built, "arrivals", by="hour", days=str(DAYS), desk=desk)
    hours = Counter(f"{row['created_at'].astimezone(UTC).hour:02}:00" for row in lately)
    assert {row["at"]: row["issues"] for row in found} == hours
    assert sum(float(row["percent"]) for row in found) == pytest.approx(100, abs=2)


@pytest.mark.parametrize("desk", CHOSEN)
def test_the_backlog_of_each_day_is_what_was_open_at_its_end(
    desk: str, built: Path, tables: Mapping[str, Rows]
) -> None:
    found = {row["at_the_end_of"]: row for row in _answers(built, "backlog-trend", by="day", desk=desk)}
    mine = _mine(tables["support__tickets"], desk)
    for back in range(60):
        day = sample.NOW.date() - timedelta(days=back)
        still = [
            row
            for row in mine
            if row["created_on"] <= day and (row["closed_on"] is None or row["closed_on"] > day)
        ]
        assert found[day]["open_issues"] == len(still) > 0
        assert found[day]["oldest_days"] == max((day - row["created_on"]).days for row in still)


@pytest.mark.parametrize("desk", CHOSEN)
def test_the_load_of_agents_is_that_of_the_desk(desk: str, built: Path, tables: Mapping[str, Rows]) -> None:
    mine, since = _mine(tables["support__tickets"], desk), sample.NOW.date() - timedelta(days=DAYS)
    expected: dict[str, Counter[str]] = defaultdict(Counter)
    for row in mine:
        if row["assignee_name"]:
            expected[row["assignee_name"]]["open_issues"] += row["is_open"]
            expected[row["assignee_name"]]["closed"] += (
                row["closed_on"] is not None and row["closed_on"] > since
            )
    for row in _mine(tables["support__messages"], desk):
        if row["is_reply"] and row["author_name"] and row["ticket_key"]:
            expected[row["author_name"]]["replies"] += row["sent_on"] > since
    for row in _mine(tables["support__backlog_daily"], desk):
        if (
            row["date_day"] == sample.NOW.date()
            and row["assignee_name"]
            and row["state"] != "waiting_on_customer"
        ):
            expected[row["assignee_name"]]["customer_waits"] += row["open_tickets"]
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in _answers(built, "load", days=str(DAYS), desk=desk):
        found[row.pop("agent") or ""] += Counter(row)
    found.pop("", None)
    assert {name: +count for name, count in expected.items() if +count} == found != {}


def test_a_desk_that_was_not_read_lately_does_not_lower_the_backlog(desk: CopyDesk) -> None:
    days = 3
    with duckdb.connect(str(desk.database)) as connection:
        connection.execute(f"""UPDATE pylon_analytics.support__desks SET as_of_day = as_of_day - {days} WHERE desk = 'zaia';
            DELETE FROM pylon_analytics.support__backlog_daily
            WHERE desk = 'zaia' AND date_day > DATE '{sample.NOW:%Y-%m-%d}' - {days}""")
    last = {
        chosen: max(
            row["at_the_end_of"] for row in _answers(desk.database, "backlog-trend", by="day", desk=chosen)
        )
        for chosen in CHOSEN
    }
    stale = sample.NOW.date() - timedelta(days=days)
    assert last == {"": stale, "pylon": sample.NOW.date(), "zaia": stale}
    marts = _marts(desk.database)
    for chosen, day in last.items():
        drawn: list[date] = data.backlog(marts, Filters(desk=chosen))["day"].to_pylist()
        assert max(drawn) == day


def _marts(database: Path) -> Marts:
    with DuckDbReader.opened(database, database, questions_docs.SCHEMAS) as reader:
        return Marts(lambda sql: reader.ask(sql).table())


@pytest.mark.parametrize("name", DESKS)
def test_the_dashboard_of_one_desk_is_the_same_alone(
    name: str, built: Path, alone: Mapping[str, Path]
) -> None:
    both, one = _marts(built), _marts(alone[name])
    for team in ("", "Support"):
        chosen, plain = Filters(0, team, desk=name), Filters(0, team)
        assert list(tiles(both, chosen)) == list(tiles(one, plain))
        for section in sections.SECTIONS:
            assert section.rows(both, chosen) == section.rows(one, plain), section.name
            assert section.told(both, chosen) == section.told(one, plain) == section.says
            assert section.lacks(both, chosen) == section.lacks(one, plain)


def test_what_only_pylon_has_is_told_and_not_counted_elsewhere(built: Path) -> None:
    marts = _marts(built)
    own = {section.name for section in sections.SECTIONS if section.lacks(marts, Filters(desk="zaia"))}
    assert own == {"states", "targets", "tags", "csat", "comments", "at_risk", "freshness"}
    for section in sections.SECTIONS:
        assert bool(section.rows(marts, Filters(0, desk="zaia")).num_rows) == (section.name not in own)
        assert ("Only Pylon" in section.told(marts, Filters())) == (section.name in own)
        assert section.lacks(marts, Filters()) == ""
    told = {tile.label: (tile.number, tile.about) for tile in tiles(marts, Filters(desk="zaia"))}
    for label in ("Targets met", "Satisfaction", "One touch", "Reopened", "Accounts at risk"):
        assert told[label] == (UNKNOWN, "only Pylon has this")
    assert told["First response"][0] != UNKNOWN


def test_a_customer_of_zaia_who_is_called_as_an_account_is_another(desk: CopyDesk) -> None:
    (account,) = data.at_risk(_marts(desk.database), Filters(), top=1)["account"].to_pylist()
    with duckdb.connect(str(desk.database)) as connection:
        connection.execute(
            "UPDATE pylon_analytics.support__tickets SET customer_label = ?, team_name = 'Elsewhere' WHERE desk = 'zaia'",
            [account],
        )
    marts = _marts(desk.database)
    assert headline(marts, Filters(team="Elsewhere"))["open"] > 0
    assert headline(marts, Filters(team="Elsewhere"))["at_risk"] == 0
    assert data.at_risk(marts, Filters(team="Elsewhere")).num_rows == 0


def test_the_page_says_where_it_was_read(built: Path, alone: Mapping[str, Path]) -> None:
    def told_of(database: Path, **given: Any) -> str:
        return page._subject(_marts(database), Filters(**given))

    moment = f"{sample.NOW:%Y-%m-%d %H:%M} UTC"
    made = page.render(_marts(built), Filters(), datetime(2026, 11, 20, tzinfo=UTC))
    header = made.partition("</header>")[0].rpartition("<p>")[2]
    assert f"{told_of(built)}<" in header
    assert f"read from Pylon {moment} and Zaia {moment}<" in header
    assert told_of(built, desk="zaia").endswith(f", desk Zaia; read from Zaia {moment}")
    for desk in DESKS:
        told = told_of(alone[desk])
        assert told.endswith(f"; read from {desk.title()} {moment}")
        assert "desk" not in told


def test_the_menu_of_desks_is_there_where_there_are_several(built: Path, alone: Mapping[str, Path]) -> None:
    from pylon_elt.analytics.dashboard import app, source

    def shown(database: Path) -> str:
        source.use(lambda: _marts(database))
        outputs, _ = app.app.run()
        return "".join(output.text for output in outputs if hasattr(output, "text"))

    assert "Desk" in shown(built)
    for desk in DESKS:
        text = shown(alone[desk])
        assert f"Read from {desk.title()} " in text
        assert "Team" in text
        assert "Desk" not in text


def test_the_report_can_be_of_one_desk(desk: CopyDesk) -> None:
    result = desk.pylon("report", "--html", "zaia.html", "--desk", "ZAIA", "--days", "0")
    assert result.code == exits.DONE, result.text
    text = (desk.folder / "zaia.html").read_text()
    ((count,),) = desk.sql("select count(*) from support__tickets where is_open and desk = 'zaia'")
    assert f'<dd class="number">{count:,}</dd>' in text
    assert "Only Pylon has this." in text
    wrong = desk.pylon("report", "--html", "other.html", "--desk", "zendesk")
    assert wrong.code == exits.USAGE
    assert "--desk" in wrong.text


def test_a_copy_of_zaia_alone_is_answered_and_drawn(
    commands: Commands, alone: Mapping[str, Path], tmp_path: Path
) -> None:
    shutil.copy2(alone["zaia"], tmp_path / "support.duckdb")
    desk = CopyDesk(commands, tmp_path)
    result = desk.pylon("ask", "backlog", "--by", "team", "--format", "json")
    assert result.code == exits.DONE, result.text
    assert sum(row["open_issues"] for row in json.loads(result.out)) > 0
    drawn = desk.pylon("report", "--html", "report.html")
    assert drawn.code == exits.DONE, drawn.text
