"""The dashboard in a browser: menus, downloads, its address, and beside a run."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.browser import brightness, browser, screenshot, watch
from support.commands import Command
from support.workplaces import CopyDesk

CHARTS = "[data-section] canvas, [data-section] svg.marks"


def test_a_browser_shows_filters_and_saves_what_the_marts_hold(
    served: tuple[CopyDesk, str, Command], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    desk, url, command = served
    with browser() as chromium:
        tab = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
        tab.set_default_timeout(60_000)
        outside = watch(tab)
        tab.goto(url)
        tab.get_by_text("Accounts at risk", exact=True).first.wait_for()
        ((everything,),) = desk.sql("select count(*) from support__tickets where is_open")
        _wait_for_number(tab, everything)
        _wait_for_count(tab, CHARTS, 13)
        _wait_for_count(tab, "[data-tile='Open issues']", 1)
        assert tab.get_by_text("Vega Editor").count() == 0, "it would send the data away"
        screenshot(tab, "dashboard.png", request)

        tab.get_by_label("Desk", exact=True).select_option("Zaia")
        ((of_desk,),) = desk.sql("select count(*) from support__tickets where is_open and desk = 'zaia'")
        _wait_for_number(tab, of_desk)
        assert of_desk != everything
        tab.locator("[data-section=csat]").get_by_text("Only Pylon has this.", exact=True).wait_for()
        tab.get_by_label("Desk", exact=True).select_option("All")
        _wait_for_number(tab, everything)

        ((of_team,),) = desk.sql(
            "select count(*) from support__tickets where is_open and team_name = 'Support'"
        )
        narrow = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark").new_page()
        narrow.set_default_timeout(60_000)
        outside_too = watch(narrow)
        narrow.goto(f"{url}&team=Support&days=30")
        _wait_for_count(narrow, CHARTS, 13)
        _wait_for_number(narrow, of_team)
        ((created,),) = desk.sql("""select count(*) from support__tickets where team_name = 'Support'
            and created_on > (select max(as_of_day) - 30 from support__desks)""")
        narrow.locator("[data-tile='Created']", has_text=re.compile(f"^{created:,}$")).wait_for()
        for heading in ("Support dashboard", "Longest waiting"):
            assert narrow.get_by_role("heading", name=heading).count() == 1
        ink, paper = (
            narrow.evaluate(f"getComputedStyle(document.body).{name}")
            for name in ("color", "backgroundColor")
        )
        assert brightness(ink) - brightness(paper) > 125, "light on dark, as the browser asks"
        assert narrow.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        screenshot(narrow, "dashboard-narrow-dark.png", request)

        # a run may write while somebody looks
        with duckdb.connect(str(desk.database)) as connection:
            connection.execute(
                "update pylon_analytics.support__tickets set is_open = true where team_name = 'Support'"
            )
        tab.get_by_label("Team", exact=True).select_option("Support")
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
        assert "team=Support" in tab.url, "so that the view can be kept and shown"
        assert outside == outside_too == []
    assert command.stderr.read_text() == ""


def _wait_for_count(tab: Any, selector: str, count: int) -> None:
    """Wait until so many are shown; charts are drawn one after the other."""
    from playwright.sync_api import expect

    expect(tab.locator(selector)).to_have_count(count, timeout=60_000)


def _wait_for_number(tab: Any, number: int) -> None:
    """Wait until so many open issues are shown."""
    tab.locator("[data-tile='Open issues']", has_text=re.compile(f"^{number:,}$")).wait_for()
