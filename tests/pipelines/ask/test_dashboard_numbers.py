"""The dashboard's numbers are those of the marts."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from support import questions_docs, sample

from pylon_elt.analytics.dashboard import address, data, page, sections, tables
from pylon_elt.analytics.dashboard.headline import before, headline
from pylon_elt.analytics.dashboard.marts import Filters, Marts
from pylon_elt.analytics.dashboard.tiles import FEW, UNKNOWN, _Was, hours, tiles
from pylon_elt.pipelines.ask.reader_duckdb import DuckDbReader

ALL = Filters(days=0)
STAGING = "pylon_analytics_staging"


FILTERS = {
    "": ALL,
    "team_name = 'Support'": Filters(0, "Support"),
    "customer_label = 'Falcon Labs SA'": Filters(0, "", "Falcon Labs SA"),
    "team_name = 'Support' and customer_label = 'Falcon Labs SA'": Filters(0, "Support", "Falcon Labs SA"),
    "desk = 'pylon'": Filters(0, desk="pylon"),
    "desk = 'zaia'": Filters(0, desk="zaia"),
    "desk = 'zaia' and team_name = 'Support'": Filters(0, "Support", desk="zaia"),
    "desk = 'pylon' and team_name = 'Support'": Filters(0, "Support", desk="pylon"),
}
NARROW = {
    "": ALL,
    "team_name = 'Support'": Filters(0, "Support"),
    "priority = 'High'": Filters(0, priority="High"),
    "assignee_name = 'Kofi Weiss'": Filters(0, agent="Kofi Weiss"),
    f"ticket_id in (select issue_id from {STAGING}.stg_pylon__issue_tags where tag = 'bug')": Filters(
        0, tag="bug"
    ),
    f"ticket_id in (select issue_id from {STAGING}.stg_pylon__issue_custom_fields"
    " where field_slug = 'products' and value_label = 'api')": Filters(0, field="Products: api"),
}
"""What else can be chosen, each with its condition on the tickets."""


@pytest.mark.parametrize("where", NARROW)
def test_rates_are_those_of_the_marts(where: str, marts: Marts, sql: Any) -> None:
    mine = f"ticket_key in (select ticket_key from support__tickets where {where or 'true'})"
    found = headline(marts, NARROW[where])
    ((answers, waited, worked),) = sql(f"""select count(*), median(response_seconds) / 3600,
        median(response_business_seconds) / 3600 from support__messages where response_number > 1 and {mine}""")
    assert (found["responses"], found["next_hours"]) == (answers, waited)
    assert headline(marts, replace(NARROW[where], hours="working"))["next_hours"] == worked
    outcomes = dict(
        sql(
            f"select outcome, count(*) from pylon__sla where 'pylon:' || {mine.replace('ticket_key', 'issue_id', 1)} group by 1"
        )
    )
    judged = outcomes.get("met", 0) + outcomes.get("breached", 0) + outcomes.get("overdue", 0)
    assert (found["targets"], found["met_percent"]) == (judged, pytest.approx(100 * outcomes["met"] / judged))
    ((issues, reopened, closed, once),) = sql(f"""select count(*), count(*) filter (is_reopened),
        count(*) filter (not is_open), count(*) filter (is_one_touch)
        from pylon__issue_metrics where 'pylon:' || {mine.replace("ticket_key", "issue_id", 1)}""")
    assert found["reopened_percent"] == pytest.approx(100 * reopened / issues)
    assert found["one_touch_percent"] == pytest.approx(100 * once / closed)
    assert 0 < once < closed
    assert answers > 0


@pytest.mark.parametrize("where", NARROW)
def test_what_is_chosen_holds_for_every_chart(where: str, marts: Marts, sql: Any) -> None:
    condition, filters = where or "true", NARROW[where]
    ((issues, is_open, closed, waiting),) = sql(f"""select count(*), count(*) filter (is_open),
        count(*) filter (not is_open), count(waiting_since) from support__tickets where {condition}""")
    assert _sum(data.volume(marts, filters), "issues") == issues
    flow = data.flow(marts, filters)
    by_kind = {kind: _sum(flow.filter(pc.field("kind") == kind), "issues") for kind in ("created", "closed")}
    assert by_kind == {"created": issues, "closed": closed}
    today = data.backlog(marts, filters).filter(pc.field("is_part"))
    assert _sum(today, "open_issues") == is_open
    assert data.waiting(marts, filters, top=1000).num_rows == waiting
    assert _sum(data.targets(marts, filters), "targets") == headline(marts, filters)["targets"]
    assert _sum(data.next_response(marts, filters), "answers") == headline(marts, filters)["responses"]
    comments = sql(f"""select count(comment) from pylon__csat where 'pylon:' || issue_id in
        (select ticket_key from support__tickets where {condition})""")
    assert data.comments(marts, filters, top=1000).num_rows == comments[0][0]


def test_times_in_working_hours_are_those_of_the_marts(marts: Marts, sql: Any) -> None:
    ((response, resolution),) = sql("""select median(first_response_business_seconds) / 3600,
        median(resolution_business_seconds) filter (not is_open) / 3600 from support__tickets""")
    working = replace(ALL, hours="working")
    found = headline(marts, working)
    assert (found["response_hours"], found["resolution_hours"]) == pytest.approx((response, resolution))
    told = {tile.label: tile.number for tile in tiles(marts, working)}
    assert told["Resolution"] == f"{resolution:.1f} h"
    assert found["resolution_hours"] < headline(marts, ALL)["resolution_hours"]


def test_who_waits_longest_stands_first_with_a_link(marts: Marts, sql: Any) -> None:
    expected = sql("""select title, link, round(waiting_seconds / 3600, 1) from support__tickets
        where waiting_since is not null and desk = 'pylon' order by waiting_seconds desc, ticket_number limit 5""")
    found = data.waiting(marts, replace(ALL, desk="pylon")).to_pylist()[:5]
    assert [(row["title"], row["link"], row["waiting_hours"]) for row in found] == expected
    assert all(link for _, link, _ in expected)


def test_a_month_that_is_not_over_is_told_as_such(marts: Marts) -> None:
    for table in (data.csat(marts, ALL), data.targets(marts, ALL)):
        parts = {row["month"] for row in table.to_pylist() if row["is_part"]}
        assert parts == {marts.today.replace(day=1)}


def test_teams_and_agents_of_one_name_are_not_one(built: Path, tmp_path: Path) -> None:
    """At one desk they are different ones, of whom an address or the id tells; at two desks they are the same."""
    file = Path(shutil.copyfile(built, tmp_path / "support.duckdb"))
    with duckdb.connect(str(file)) as connection:
        connection.execute("SET schema = 'pylon_analytics'")
        connection.execute("UPDATE support__tickets SET team_name = 'Support' WHERE team_name = 'Billing'")
        connection.execute(
            "UPDATE support__tickets SET assignee_name = 'Bo Kim' WHERE assignee_name = 'Kofi Weiss'"
        )
        connection.execute(
            "UPDATE support__messages SET author_name = 'Bo Kim' WHERE author_name = 'Kofi Weiss'"
        )
        teams = connection.execute("""SELECT team_id, count(*) FROM support__tickets
            WHERE team_name = 'Support' AND desk = 'pylon' GROUP BY 1""").fetchall()
        agents = connection.execute("""SELECT assignee_email, count(*) FROM support__tickets
            WHERE assignee_name = 'Bo Kim' GROUP BY 1""").fetchall()
    with DuckDbReader.opened(file, file, questions_docs.SCHEMAS) as reader:
        marts = Marts(lambda sql: reader.ask(sql).table())
    assert len(teams) == len(agents) == 2
    for kind, name, known in (("team", "Support", teams), ("agent", "Bo Kim", agents)):
        labels = {f"{name} ({ident})": count for ident, count in known}
        assert set(labels) < set(marts.names(kind))
        assert (name in marts.names(kind)) == (kind == "team"), "the other desk has a team of that name"
        for label, count in labels.items():
            assert headline(marts, replace(ALL, **{kind: label}))["created"] == count
    drawn = set(data.agents(marts, ALL, top=1000)["agent"].to_pylist())
    assert {f"Bo Kim ({address})" for address, _ in agents} <= drawn
    assert "Bo Kim" not in drawn, "who replies is who is in charge"


def test_channels_have_names_and_the_rarest_stand_together(marts: Marts, sql: Any) -> None:
    drawn = data.volume(marts, ALL)
    known = set(drawn["source"].to_pylist())
    assert {"Slack", "Chat widget", "Others"} <= known
    assert len(known) == data.SOURCES + 1 < sql("select count(distinct channel) from support__tickets")[0][0]


def test_an_address_stands_for_what_is_looked_at(marts: Marts) -> None:
    views = [
        Filters(),
        Filters(
            7, "Support", "Falcon Labs SA", "pylon", "High", "bug", "Kofi Weiss", "Products: api", "working"
        ),
        Filters(0, desk="zaia"),
    ]
    for view in views:
        assert address.read(address.written(view), marts) == view
    assert address.written(Filters()) == {}
    nonsense = {
        "days": "12",
        "team": "Nobody's",
        "desk": "zendesk",
        "hours": "all",
        "access_token": "x",
        "tag": "",
    }
    assert address.read(nonsense, marts) == Filters()
    assert address.read({"days": ["14", "7"], "team": []}, marts) == Filters(14)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", " https://x.example", "", None])
def test_only_addresses_of_the_web_become_links(link: str | None) -> None:
    shown = tables.html(pa.table({"title": ["<b>"], "link": [link]}), "x")
    assert "<a" not in shown
    assert "&lt;b&gt;" in shown
    linked = tables.html(pa.table({"title": ["<b>"], "link": ['https://x.example/"q']}), "x")
    assert 'href="https://x.example/&quot;q"' in linked


@pytest.mark.parametrize("where", FILTERS)
def test_the_numbers_at_the_top_are_those_of_the_marts(where: str, marts: Marts, sql: Any) -> None:
    condition = where or "true"
    found = headline(marts, FILTERS[where])
    ((issues, is_open, waiting, response),) = sql(f"""
        select count(*), count(*) filter (is_open), count(waiting_since), median(first_response_seconds) / 3600
        from support__tickets where {condition}""")
    assert (found["created"], found["open"], found["waiting"]) == (issues, is_open, waiting)
    assert found["response_hours"] == (pytest.approx(response) if response is not None else None)
    ((score, ratings),) = sql(f"select avg(score), count(*) from ratings where {condition}")
    assert found["csat"] == (pytest.approx(score) if score is not None else None)
    assert found["ratings"] == ratings
    assert issues > 0


@pytest.mark.parametrize("where", FILTERS)
def test_the_tiles_tell_of_how_many_a_number_is(where: str, marts: Marts, sql: Any) -> None:
    condition = where or "true"
    ((ours, unanswered, asked, answered, closed, rated, at_least),) = sql(f"""
        select count(*) filter (state = 'open'), count(waiting_since),
            count(*) filter (not is_agent_first or first_response_at is not null),
            count(first_response_seconds),
            count(*) filter (desk = 'pylon' and not is_open),
            count(*) filter (not is_open and ticket_id in (select issue_id from pylon__csat) and desk = 'pylon'),
            (select median(seconds) from (
                select first_response_seconds as seconds from support__tickets where {condition}
                union all select waiting_seconds from support__tickets
                where {condition} and first_response_at is null and is_open and not is_agent_first)) / 3600
        from support__tickets where {condition}""")
    told = {tile.label: tile.about for tile in tiles(marts, FILTERS[where])}
    assert told["Open issues"] == f"our turn in {ours:,}, unanswered {unanswered:,}"
    bound = f"with their waits so far at least {hours(at_least)}" if asked > answered else ""
    without = ", ".join(filter(None, (f"{asked - answered:,} of {asked:,} unanswered", bound)))
    assert told["First response"].endswith(without)
    if "zaia" not in where:
        assert f"{100 * rated / closed:.0f}\N{NO-BREAK SPACE}% of closed issues" in told["Satisfaction"]
    assert asked > answered > 0


@pytest.mark.parametrize("where", FILTERS)
def test_the_charts_add_up_to_the_marts(where: str, marts: Marts, sql: Any) -> None:
    condition, filters = where or "true", FILTERS[where]
    ((issues, is_open),) = sql(
        f"select count(*), count(*) filter (is_open) from support__tickets where {condition}"
    )
    assert _sum(data.volume(marts, filters), "issues") == issues
    assert _sum(data.arrivals(marts, filters), "issues") == issues
    assert data.arrivals(marts, filters).num_rows == 7 * 24
    assert _sum(data.teams(marts, filters), "open_issues") == is_open
    assert _sum(data.agents(marts, filters, top=1000), "open_issues") == is_open
    ((replies,),) = sql(f"select coalesce(sum(agent_replies), 0) from support__tickets where {condition}")
    assert _sum(data.agents(marts, filters, top=1000), "replies") == replies
    daily = sql(f"""select date_day, sum(open_tickets) from
        (select backlog.*, customer_label from support__backlog_daily as backlog
        left join support__customers as customers using (desk, customer_id)) where {condition} group by 1 order by 1""")
    drawn = data.backlog(marts, filters).group_by("day").aggregate([("open_issues", "sum")]).sort_by("day")
    counted = {row["day"]: row["open_issues_sum"] for row in drawn.to_pylist()}
    assert {day: count for day, count in counted.items() if count} == dict(daily)
    ratings = sql(f"select count(*) from ratings where {condition}")[0][0]
    assert _sum(data.csat(marts, filters), "ratings") == ratings


@pytest.mark.parametrize("where", FILTERS)
def test_each_tile_has_the_number_of_the_period_before(where: str, marts: Marts, sql: Any) -> None:
    condition, last = where or "true", marts.today
    chosen = replace(FILTERS[where], days=60)
    start, end = last - timedelta(days=119), last - timedelta(days=60)
    ((created, closed, response, resolution),) = sql(f"""
        select count(*) filter (created_on between '{start}' and '{end}'),
            count(*) filter (closed_on between '{start}' and '{end}' and not is_open),
            median(first_response_seconds) filter (created_on between '{start}' and '{end}') / 3600,
            median(resolution_seconds) filter (closed_on between '{start}' and '{end}' and not is_open) / 3600
        from support__tickets where {condition}""")
    was = before(marts, chosen)
    assert (was["created"], was["closed"]) == (created, closed)
    assert [was["response_hours"], was["resolution_hours"]] == [
        None if hours is None else pytest.approx(hours) for hours in (response, resolution)
    ]
    day = data.backlog(marts, replace(chosen, days=90)).filter(pc.field("day") == end)
    assert was["open"] == pc.sum(day["open_issues"]).as_py() if day.num_rows else was["open"] in (0, None)
    told = {tile.label: tile for tile in tiles(marts, chosen)}
    now = headline(marts, chosen)["created"]
    moved = (
        f"{100 * (now - created) / created:+.0f}\N{NO-BREAK SPACE}%"
        if created >= FEW
        else f"{now - created:+,}"
    )
    moved = f" ({moved})".replace("-", "\N{MINUS SIGN}") if now != created else ""
    assert told["Created"].change == f"before: {created:,}{moved}"
    assert not any(tile.change for tile in tiles(marts, ALL))
    assert not before(marts, ALL)
    assert created > 0


def test_a_period_is_so_many_days_up_to_the_last(marts: Marts, sql: Any) -> None:
    filters = Filters(30)
    expected = sql("""select count(*) from support__tickets
        where created_on > (select max(date_day) from support__backlog_daily) - 30""")
    assert (
        _sum(data.volume(marts, filters), "issues") == expected[0][0] == headline(marts, filters)["created"]
    )
    days = data.backlog(marts, filters)["day"].unique().to_pylist()
    assert len(days) == 30


def test_waits_are_medians_and_percentiles_of_each_week(marts: Marts, sql: Any) -> None:
    expected = sql("""select date_trunc('week', created_on)::date, median(first_response_seconds) / 3600,
        quantile_cont(first_response_seconds, 0.9) / 3600, count(*)
        from support__tickets where first_response_seconds is not null group by 1 order by 1""")
    found = {row.pop("week"): row for row in data.first_response(marts, ALL).to_pylist()}
    for week, *wanted in expected:
        assert [found[week][name] for name in ("median_hours", "p90_hours", "issues")] == pytest.approx(
            wanted
        )
    for week in found.keys() - {row[0] for row in expected}:
        assert (found[week]["median_hours"], found[week]["p90_hours"], found[week]["issues"]) == (
            None,
            None,
            0,
        )


def test_every_day_week_and_month_of_the_period_is_there(marts: Marts, sql: Any) -> None:
    """An account with little: what has no row would be drawn as a line from its neighbours."""
    ((account,),) = sql("""select customer_label from support__tickets where created_on > '2026-08-01'
        group by 1 having count(first_response_seconds) between 1 and 3 order by 1 limit 1""")
    filters = Filters(100, "", account)
    today, start = marts.today, marts.today - timedelta(days=99)
    days = [start + timedelta(days=number) for number in range(100)]
    weeks = sorted({day - timedelta(days=day.weekday()) for day in days})
    backlog = data.backlog(marts, filters).to_pylist()
    assert [(row["day"], row["state"]) for row in backlog] == [
        (day, state) for day in days for state in sorted(data.STATES.values())
    ]
    assert min(row["open_issues"] for row in backlog) == 0
    assert {row["day"] for row in backlog if row["is_part"]} == {today}
    for found in (data.first_response(marts, filters), data.resolution(marts, filters)):
        rows = found.to_pylist()
        assert [row["week"] for row in rows] == weeks
        assert all((row["median_hours"] is None) == (row["issues"] == 0) for row in rows)
    assert {row["week"] for row in data.volume(marts, filters).to_pylist()} == set(weeks)
    parts = {row["week"] for row in data.volume(marts, filters).to_pylist() if row["is_part"]}
    assert parts == {weeks[-1]} | ({weeks[0]} if weeks[0] < start else set())
    months = data.csat(marts, Filters(100))["month"].to_pylist()
    assert months == sorted({day.replace(day=1) for day in days})


def test_before_the_history_of_the_marts_the_backlog_is_not_known(built: Path) -> None:
    """No backlog is drawn as none; before the first issue, there was none."""
    with DuckDbReader.opened(built, built, questions_docs.SCHEMAS) as reader:
        cut = Marts(
            lambda sql: reader.ask(
                sql.replace(
                    "first_day, last_day\n", "greatest(first_day, date '2026-11-02') as first_day, last_day\n"
                ).replace("first_day <= last_day", "last_day > date '2026-11-01'")
            ).table()
        )
        known = data.backlog(cut, Filters(60)).to_pylist()
        assert {row["day"].isoformat() > "2026-11-01" for row in known if row["open_issues"] is not None} == {
            True
        }
        assert len(known) == 60 * 3
        early = data.backlog(Marts(lambda sql: reader.ask(sql).table()), Filters(500)).to_pylist()
        assert (len(early), early[0]["open_issues"]) == (500 * 3, 0)


def test_accounts_of_one_name_are_not_one(marts: Marts, sql: Any) -> None:
    (name,) = sample.NAMESAKES
    twins = [label for label in marts.names("account") if label.startswith(f"{name} (")]
    assert len(twins) == 2
    counts = [headline(marts, Filters(0, "", label))["created"] for label in twins]
    expected = sql(
        f"select count(*) from support__tickets where customer_name = '{name}' group by customer_id"
    )
    assert sorted(counts) == sorted(count for (count,) in expected)


def test_every_section_can_be_drawn_with_and_without_data(marts: Marts) -> None:
    nobody = Filters(1, "nobody's team")
    for section in sections.SECTIONS:
        for filters in (Filters(), nobody):
            table = section.rows(marts, filters)
            if section.chart and table.num_rows:
                assert page.svg(section.chart(table), 400, section.name).startswith("<svg")
    assert {tile.label: tile.number for tile in tiles(marts, nobody)}["First response"] == UNKNOWN


def _sum(table: pa.Table, column: str) -> int:
    return sum(table[column].to_pylist())


@pytest.mark.parametrize(
    ("now", "least", "verdict"),
    [(5.0, None, "better"), (5.0, 7.9, "better"), (5.0, 8.0, ""), (9.0, 9.5, "worse"), (8.0, 9.0, "")],
)
def test_a_lower_median_is_no_better_while_it_may_become_as_high(
    now: float, least: float | None, verdict: str
) -> None:
    was = _Was({"response_hours": 8.0}, {"response_hours": now})
    assert was.tile("First response", "response_hours", hours, "", good=-1, least=least).verdict == verdict
