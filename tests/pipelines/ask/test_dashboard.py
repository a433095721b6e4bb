"""The dashboard's numbers are those of the marts; in a browser, on a page, and beside a run."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from support import questions_docs, sample
from support.browser import browser, watch
from support.commands import Command, wait_until
from support.repository import ROOT
from support.workplaces import CopyDesk

from pylon_elt.analytics.dashboard import data, page, sections
from pylon_elt.pipelines.ask.reader_duckdb import DuckDbReader
from pylon_elt.pipelines.base import exits

IMAGES = ROOT / "docs" / "images"
ALL = data.Filters(days=0)


@pytest.fixture(scope="module")
def marts(built: Path) -> data.Marts:
    """The sample's marts."""
    with DuckDbReader.opened(built, built, questions_docs.SCHEMAS) as reader:
        return data.Marts(lambda sql: reader.ask(sql).table())


@pytest.fixture(scope="module")
def sql(built: Path) -> Iterator[Any]:
    """Ask the file itself; the ratings and the backlog have the columns of the tickets."""
    with duckdb.connect(str(built), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'; SET schema = 'pylon_analytics'")
        connection.execute("""CREATE TEMP VIEW ratings AS
            SELECT *, account_name AS customer_label, 'pylon' AS desk FROM pylon__csat""")
        yield lambda query: connection.execute(query).fetchall()


FILTERS = {
    "": ALL,
    "team_name = 'Support'": data.Filters(0, "Support"),
    "customer_label = 'Falcon Labs SA'": data.Filters(0, "", "Falcon Labs SA"),
    "team_name = 'Support' and customer_label = 'Falcon Labs SA'": data.Filters(
        0, "Support", "Falcon Labs SA"
    ),
    "desk = 'pylon'": data.Filters(0, desk="pylon"),
    "desk = 'zaia'": data.Filters(0, desk="zaia"),
    "desk = 'zaia' and team_name = 'Support'": data.Filters(0, "Support", desk="zaia"),
    "desk = 'pylon' and team_name = 'Support'": data.Filters(0, "Support", desk="pylon"),
}


@pytest.mark.parametrize("where", FILTERS)
def test_the_numbers_at_the_top_are_those_of_the_marts(where: str, marts: data.Marts, sql: Any) -> None:
    condition = where or "true"
    found = data.headline(marts, FILTERS[where])
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
def test_the_tiles_tell_of_how_many_a_number_is(where: str, marts: data.Marts, sql: Any) -> None:
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
    told = {label: about for label, _, about in sections.tiles(marts, FILTERS[where])}
    assert told["Open issues"] == f"our turn in {ours:,}, unanswered {unanswered:,}"
    bound = f"with their waits so far at least {sections.hours(at_least)}" if asked > answered else ""
    without = ", ".join(filter(None, (f"{asked - answered:,} of {asked:,} unanswered", bound)))
    assert told["First response"].endswith(without)
    if "zaia" not in where:
        assert f"{100 * rated / closed:.0f} % of closed issues" in told["Satisfaction"]
    assert asked > answered > 0


@pytest.mark.parametrize("where", FILTERS)
def test_the_charts_add_up_to_the_marts(where: str, marts: data.Marts, sql: Any) -> None:
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
def test_each_tile_has_the_number_of_the_period_before(where: str, marts: data.Marts, sql: Any) -> None:
    condition, last = where or "true", marts.today
    chosen = replace(FILTERS[where], days=60)
    start, end = last - timedelta(days=119), last - timedelta(days=60)
    ((created, closed, response, resolution),) = sql(f"""
        select count(*) filter (created_on between '{start}' and '{end}'),
            count(*) filter (closed_on between '{start}' and '{end}' and not is_open),
            median(first_response_seconds) filter (created_on between '{start}' and '{end}') / 3600,
            median(resolution_seconds) filter (closed_on between '{start}' and '{end}' and not is_open) / 3600
        from support__tickets where {condition}""")
    was = data.before(marts, chosen)
    assert (was["created"], was["closed"]) == (created, closed)
    assert [was["response_hours"], was["resolution_hours"]] == [
        None if hours is None else pytest.approx(hours) for hours in (response, resolution)
    ]
    day = data.backlog(marts, replace(chosen, days=90)).filter(pc.field("day") == end)
    assert was["open"] == pc.sum(day["open_issues"]).as_py() if day.num_rows else was["open"] in (0, None)
    told = {label: about for label, _, about in sections.tiles(marts, chosen)}
    assert told["Created"] == f"in 60 days; before: {created:,}"
    assert not data.before(marts, ALL)
    assert created > 0


def test_a_period_is_so_many_days_up_to_the_last(marts: data.Marts, sql: Any) -> None:
    filters = data.Filters(30)
    expected = sql("""select count(*) from support__tickets
        where created_on > (select max(date_day) from support__backlog_daily) - 30""")
    assert (
        _sum(data.volume(marts, filters), "issues")
        == expected[0][0]
        == data.headline(marts, filters)["created"]
    )
    days = data.backlog(marts, filters)["day"].unique().to_pylist()
    assert len(days) == 30


def test_waits_are_medians_and_percentiles_of_each_week(marts: data.Marts, sql: Any) -> None:
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


def test_every_day_week_and_month_of_the_period_is_there(marts: data.Marts, sql: Any) -> None:
    """An account with little: what has no row would be drawn as a line from its neighbours."""
    ((account,),) = sql("""select customer_label from support__tickets where created_on > '2026-08-01'
        group by 1 having count(first_response_seconds) between 1 and 3 order by 1 limit 1""")
    filters = data.Filters(100, "", account)
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
    months = data.csat(marts, data.Filters(100))["month"].to_pylist()
    assert months == sorted({day.replace(day=1) for day in days})


def test_before_the_history_of_the_marts_the_backlog_is_not_known(built: Path) -> None:
    """No backlog is drawn as none; before the first issue, there was none."""
    with DuckDbReader.opened(built, built, questions_docs.SCHEMAS) as reader:
        cut = data.Marts(
            lambda sql: reader.ask(
                sql.replace("group by 1, 2, 3, 4, 5", "where date_day > '2026-11-01' group by 1, 2, 3, 4, 5")
            ).table()
        )
        known = data.backlog(cut, data.Filters(60)).to_pylist()
        assert {row["day"].isoformat() > "2026-11-01" for row in known if row["open_issues"] is not None} == {
            True
        }
        assert len(known) == 60 * 3
        early = data.backlog(data.Marts(lambda sql: reader.ask(sql).table()), data.Filters(500)).to_pylist()
        assert (len(early), early[0]["open_issues"]) == (500 * 3, 0)


def test_accounts_of_one_name_are_not_one(marts: data.Marts, sql: Any) -> None:
    (name,) = sample.NAMESAKES
    twins = [label for label in marts.names("account_name") if label.startswith(f"{name} (")]
    assert len(twins) == 2
    counts = [data.headline(marts, data.Filters(0, "", label))["created"] for label in twins]
    expected = sql(
        f"select count(*) from support__tickets where customer_name = '{name}' group by customer_id"
    )
    assert sorted(counts) == sorted(count for (count,) in expected)


def test_every_section_can_be_drawn_with_and_without_data(marts: data.Marts) -> None:
    nobody = data.Filters(1, "nobody's team")
    for section in sections.SECTIONS:
        for filters in (data.Filters(), nobody):
            table = section.rows(marts, filters)
            if section.chart and table.num_rows:
                assert page.svg(section.chart(table), 400, section.name).startswith("<svg")
    assert [tile[1] for tile in sections.tiles(marts, nobody)][3] == sections.UNKNOWN


class _Strict(HTMLParser):
    """Collects what a page refers to, and fails where tags do not match."""

    VOID = ("meta", "link", "br", "img")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action", "data", "poster"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            assert not name.startswith("on")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _parsed(text: str) -> _Strict:
    parser = _Strict()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser


def test_the_page_needs_nothing_else(marts: data.Marts) -> None:
    text = page.render(marts, data.Filters(), datetime(2026, 11, 20, tzinfo=UTC))
    found = _parsed(text)
    assert found.links == []
    assert "script" not in found.tags
    assert not re.findall(r"url\((?!#)|@import|(?<!xmlns=\")(?<!xmlns:xlink=\")https?://", text)
    assert len(found.ids) == len(set(found.ids)) >= len(sections.SECTIONS)
    assert text.count('role="img"') == sum(section.chart is not None for section in sections.SECTIONS)
    for section in sections.SECTIONS:
        assert section.title.replace("'", "&#x27;") in text
    headline = data.headline(marts, data.Filters())
    assert f'<dd class="number">{headline["open"]:,}</dd>' in text


def test_names_in_the_page_are_text_whatever_they_hold(marts: data.Marts) -> None:
    hostile = "<script>alert(1)</script> & \"Söhne\" 'x'"
    table = pa.table({"tag": [hostile], "issues": [1]})
    section = next(section for section in sections.SECTIONS if section.name == "tags")
    found = _parsed(page._section(section, table, section.says, ""))
    assert "script" not in found.tags
    assert any(hostile in text for text in found.text)


def test_the_report_is_written_whole_and_for_one_team(desk: CopyDesk) -> None:
    result = desk.pylon("report", "--html", "report.html", "--team", "support", "--days", "0")
    assert result.code == exits.DONE, result.text
    text = (desk.folder / "report.html").read_text()
    ((count,),) = desk.sql("select count(*) from support__tickets where is_open and team_name = 'Support'")
    assert f'<dd class="number">{count:,}</dd>' in text
    assert "team Support" in text
    assert "report.html" in result.out
    wrong = desk.pylon("report", "--html", "other.html", "--team", "Suport")
    assert (wrong.code, "Did you mean Support?" in wrong.text) == (exits.USAGE, True)
    assert desk.pylon("report", "--html", "nowhere/report.html").code == exits.USAGE
    assert sorted(path.name for path in desk.folder.glob("*.html*")) == ["report.html"]


@pytest.mark.parametrize("arguments", [("report", "--html", "report.html"), ("dashboard", "--no-browser")])
def test_without_the_tables_they_say_how_to_build_them(
    raw_desk: CopyDesk, arguments: tuple[str, ...]
) -> None:
    result = raw_desk.pylon(*arguments)
    assert result.code == exits.FAILED
    assert "pylon transform" in result.text


@pytest.fixture
def served(desk: CopyDesk) -> Iterator[tuple[CopyDesk, str, Command]]:
    """The dashboard, served; its address."""
    command = desk.start("dashboard", "--port", "0", "--no-browser")
    wait_until(
        lambda: command.ended.is_set() or (command.stdout.exists() and "Ctrl-C" in command.stdout.read_text())
    )
    found = re.search(r"http://\S+", command.stdout.read_text())
    assert found, command.stderr.read_text()
    yield desk, found[0], command
    if not command.ended.is_set():
        command.signal(signal.SIGINT)
        assert command.wait(30).code == exits.DONE


def test_only_who_knows_the_token_is_let_in(served: tuple[CopyDesk, str, Command]) -> None:
    _, url, _ = served
    assert url.startswith("http://127.0.0.1:")
    plain = url.partition("?")[0]
    for path in ("", "api/status/connections"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            opener = urllib.request.build_opener(_NoRedirect)
            opener.open(plain + path, timeout=30)
        assert refused.value.code in (303, 307, 401, 403)
        assert b"data-tile" not in refused.value.read()


def test_the_numbers_are_in_the_page_before_its_code_runs(served: tuple[CopyDesk, str, Command]) -> None:
    desk, url, _ = served
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with opener.open(url, timeout=60) as answer:
        text = answer.read().decode()
    ((count,),) = desk.sql("select count(*) from support__tickets where is_open")
    assert re.search(rf'data-tile="Open issues"[^>]*>{count:,}<', text)
    with opener.open(f"{url.partition('?')[0]}manifest.json", timeout=60) as answer:
        assert "data-tile" not in answer.read().decode()


NONSENSE = (
    "GET /?access_token=%ff HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\r\n\r\n",
    "POST /?{token} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    (
        "POST /api/kernel/set_ui_element_value?{token} HTTP/1.1\r\nHost: x\r\nMarimo-Session-Id: q\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    ),
    "garbage\r\n\r\n",
    "\x16\x03\x01\x02",
    "GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: [\r\nHost: y\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
    "GET /ws?{token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
)


def test_requests_that_are_none_leave_a_line_each_at_most(served: tuple[CopyDesk, str, Command]) -> None:
    _, url, command = served
    address, _, token = url.removeprefix("http://").partition("/?")
    host, _, port = address.partition(":")
    for text in NONSENSE:
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(text.format(token=token).encode("latin-1"))
            assert connection.recv(12).startswith(b"HTTP/1.1 ")
    with urllib.request.urlopen(url, timeout=60) as answer:
        assert answer.status == 200
    lines = command.stderr.read_text().splitlines()
    assert 0 < len(lines) <= len(NONSENSE)
    assert all("A request could not be answered: " in line for line in lines), lines


def test_a_browser_that_breaks_off_does_not_keep_it_from_ending(desk: CopyDesk) -> None:
    # a process of its own: Python's last steps are what waits for threads
    out, environment = (
        desk.folder / "out",
        {**os.environ, "DLT_DATA_DIR": str(desk.folder / "dlt"), "PYTHONPATH": str(ROOT)},
    )
    with out.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "pylon_elt.pipelines.cli", "dashboard", "--port", "0", "--no-browser"],
            cwd=desk.folder, env=environment, stdout=stream, stderr=stream,
        )  # fmt: skip
    try:
        wait_until(lambda: process.poll() is not None or "Ctrl-C" in out.read_text())
        found = re.search(r"http://([^:]+):(\d+)/\?(\S+)", out.read_text())
        assert found, out.read_text()
        with socket.create_connection((found[1], int(found[2])), timeout=60) as connection:
            connection.sendall(
                f"GET /ws?session_id=a&{found[3]} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
                + b"\x81\xff\xff"  # the beginning of a frame
            )
            answer = b""
            while b"kernel-ready" not in answer:
                answer += connection.recv(4096)
            time.sleep(2)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == exits.DONE, out.read_text()
    finally:
        process.kill()
        process.wait()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def test_a_browser_shows_filters_and_saves_what_the_marts_hold(
    served: tuple[CopyDesk, str, Command], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    desk, url, command = served
    with browser() as chromium:
        tab = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
        tab.set_default_timeout(60_000)
        outside = watch(tab)
        tab.goto(url)
        tab.get_by_text("Accounts at risk", exact=True).first.wait_for()
        ((everything,),) = desk.sql("select count(*) from support__tickets where is_open")
        _wait_for_number(tab, everything)
        _wait_for_count(tab, "[data-section] canvas, [data-section] svg.marks", 9)
        _wait_for_count(tab, "[data-tile='Open issues']", 1)
        assert tab.get_by_text("Vega Editor").count() == 0, "it would send the data away"
        _screenshot(tab, "dashboard.png", request)

        tab.get_by_label("Desk").select_option("Zaia")
        ((of_desk,),) = desk.sql("select count(*) from support__tickets where is_open and desk = 'zaia'")
        _wait_for_number(tab, of_desk)
        assert of_desk != everything
        tab.locator("[data-section=csat]").get_by_text("Only Pylon has this.", exact=True).wait_for()
        tab.get_by_label("Desk").select_option("All")
        _wait_for_number(tab, everything)

        # a run may write while somebody looks
        shutil.copy2(desk.database, desk.folder / "original.duckdb")
        with duckdb.connect(str(desk.database)) as connection:
            connection.execute(
                "update pylon_analytics.support__tickets set is_open = true where team_name = 'Support'"
            )
        tab.get_by_label("Team").select_option("Support")
        ((of_team,),) = duckdb_before(
            desk, "select count(*) from support__tickets where is_open and team_name = 'Support'"
        )
        _wait_for_number(tab, of_team)
        assert of_team != everything

        with tab.expect_download() as saving:
            tab.locator("[data-section=teams]").get_by_text("CSV").click()
        saving.value.save_as(tmp_path / "teams.csv")
        with (tmp_path / "teams.csv").open(newline="") as file:
            (row,) = csv.DictReader(file)
        assert (row["team"], row["open_issues"]) == ("Support", str(of_team))

        tab.get_by_text("Read again").click()
        ((later,),) = desk.sql("select count(*) from support__tickets where team_name = 'Support'")
        _wait_for_number(tab, later)
        assert outside == []
    assert command.stderr.read_text() == ""


def duckdb_before(desk: CopyDesk, query: str) -> list[tuple[Any, ...]]:
    """Ask the sample as it was before this test changed its copy."""
    original = desk.folder / "original.duckdb"
    with duckdb.connect(str(original), read_only=True) as connection:
        connection.execute("SET schema = 'pylon_analytics'")
        return connection.execute(query).fetchall()


def _wait_for_count(tab: Any, selector: str, count: int) -> None:
    """Wait until so many are shown; charts are drawn one after the other."""
    from playwright.sync_api import expect

    expect(tab.locator(selector)).to_have_count(count, timeout=60_000)


def _wait_for_number(tab: Any, number: int) -> None:
    """Wait until so many open issues are shown."""
    tab.locator("[data-tile='Open issues']", has_text=re.compile(f"^{number:,}$")).wait_for()


def test_the_page_can_be_read_in_a_browser(
    marts: data.Marts, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    file = tmp_path / "report.html"
    file.write_text(page.render(marts, data.Filters(), datetime(2026, 11, 20, 9, 31, tzinfo=UTC)))
    with browser() as chromium:
        for scheme, width in (("light", 1180), ("dark", 1180), ("light", 390)):
            tab = chromium.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            ).new_page()
            outside = watch(tab)
            tab.goto(file.as_uri())
            ink, paper = (
                tab.evaluate(f"getComputedStyle(document.body).{name}")
                for name in ("color", "backgroundColor")
            )
            assert abs(_brightness(ink) - _brightness(paper)) > 125
            label = tab.locator("#backlog .role-axis-label text").first
            assert label.evaluate("node => getComputedStyle(node).fill") == ink
            assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            assert outside == []
            if (scheme, width) == ("light", 1180):
                _screenshot(tab, "report.png", request)


def _brightness(colour: str) -> float:
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _screenshot(tab: Any, name: str, request: pytest.FixtureRequest) -> None:
    """Take a picture; with --screenshots, the one that the README shows."""
    tab.wait_for_timeout(1500)
    taken = tab.screenshot()
    assert len(taken) > 20_000, "the page is empty"
    if request.config.getoption("--screenshots"):
        IMAGES.mkdir(parents=True, exist_ok=True)
        (IMAGES / name).write_bytes(taken)


def _sum(table: pa.Table, column: str) -> int:
    return sum(table[column].to_pylist())
