"""The report: one page that needs nothing else, and can be read on any screen."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from fontTools.ttLib import TTFont
from support.browser import brightness, browser, screenshot, watch
from support.workplaces import CopyDesk

from pylon_elt.analytics.dashboard import page, sections, typeface
from pylon_elt.analytics.dashboard.headline import headline
from pylon_elt.analytics.dashboard.marts import Filters, Marts
from pylon_elt.pipelines.base import exits


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


def test_the_page_needs_nothing_else(marts: Marts, sql: Any) -> None:
    text = page.render(marts, Filters(), datetime(2026, 11, 20, tzinfo=UTC))
    found = _parsed(text)
    ((issues,),) = sql(
        "select list(link) from support__tickets where waiting_since is not null or ticket_key in"
        " (select 'pylon:' || issue_id from pylon__csat where comment is not null)"
    )
    assert set(found.links) < set(issues), (
        "there are links to issues, for who follows them, and to nothing else"
    )
    assert "script" not in found.tags
    assert not re.findall(
        r"url\((?!#|data:font/)|@import|(?<!xmlns=\")(?<!xmlns:xlink=\")(?<!<a href=\")https?://", text
    )
    assert len(found.ids) == len(set(found.ids)) >= len(sections.SECTIONS)
    assert text.count('role="img"') == sum(section.chart is not None for section in sections.SECTIONS)
    folded = re.findall(r'<section id="(\w+)"[^>]*>\n<details class="folded">', text)
    assert folded == ["freshness"], "it is there for who opens it"
    for told in ("Waiting (h)", "Chat widget", "Monday</td>"):
        assert told in text
    for section in sections.SECTIONS:
        assert section.title.replace("'", "&#x27;") in text
    known = headline(marts, Filters())
    assert f'<dd class="number">{known["open"]:,}</dd>' in text


def test_the_page_brings_the_letters_that_it_shows() -> None:
    text = "Söhne &amp; Отдел 東京"
    fonts = [
        TTFont(BytesIO(base64.b64decode(found)))
        for found in re.findall(r"base64,([^)]+)", typeface.css(text))
    ]
    assert [font["OS/2"].usWeightClass for font in fonts] == [400, 700]
    for font in fonts:
        assert {chr(code) for code in font.getBestCmap()} == set(text) - set("東京"), "which it does not have"


def test_names_in_the_page_are_text_whatever_they_hold(marts: Marts) -> None:
    hostile = "<script>alert(1)</script> & \"Söhne\" 'x'"
    table = pa.table({"tag": [hostile], "issues": [1]})
    section = next(section for section in sections.SECTIONS if section.name == "tags")
    found = _parsed(page._section(section, table, section.says, ""))
    assert "script" not in found.tags
    assert any(hostile in text for text in found.text)


def test_a_period_of_many_years_is_drawn(desk: CopyDesk) -> None:
    result = desk.pylon("report", "--html", "years.html", "--days", "2000")
    assert result.code == exits.DONE, result.text
    assert (desk.folder / "years.html").read_text().count("<svg") > 5
    assert desk.pylon("report", "--html", "years.html", "--days", "99999").code == exits.USAGE


def test_the_report_is_written_whole_and_for_one_team(desk: CopyDesk) -> None:
    result = desk.pylon("report", "--html", "report.html", "--team", "support", "--days", "0")
    assert result.code == exits.DONE, result.text
    text = (desk.folder / "report.html").read_text()
    ((count,),) = desk.sql("select count(*) from support__tickets where is_open and team_name = 'Support'")
    assert f'<dd class="number">{count:,}</dd>' in text
    assert "team Support" in text
    assert "report.html" in result.out
    more = desk.pylon(
        *("report", "--html", "report.html", "--days", "0", "--field", "products: API", "--working-hours")
    )
    assert more.code == exits.DONE, more.text
    text = (desk.folder / "report.html").read_text()
    ((count,),) = desk.sql(
        "select count(distinct issue_id) from pylon__issues"
        " join pylon_analytics_staging.stg_pylon__issue_custom_fields using (issue_id)"
        " where is_open and field_slug = 'products' and value_label = 'api'"
    )
    assert f'<dd class="number">{count:,}</dd>' in text
    assert "Products: api, times in working hours" in text
    more = desk.pylon(
        "report", "--html", "report.html", "--agent", "bo kim", "--tag", "bug", "--working-hours"
    )
    assert more.code == exits.DONE, more.text
    text = (desk.folder / "report.html").read_text()
    assert "agent Bo Kim, tag bug, times in working hours" in text
    wrong = desk.pylon("report", "--html", "other.html", "--team", "Suport")
    assert (wrong.code, "Did you mean Support?" in wrong.text) == (exits.USAGE, True)
    wrong = desk.pylon("report", "--html", "other.html", "--field", "Products: apo")
    assert (wrong.code, "Did you mean Products: api?" in wrong.text) == (exits.USAGE, True)
    assert desk.pylon("report", "--html", "nowhere/report.html").code == exits.USAGE
    assert sorted(path.name for path in desk.folder.glob("*.html*")) == ["report.html"]


@pytest.mark.parametrize("arguments", [("report", "--html", "report.html"), ("dashboard", "--no-browser")])
def test_without_the_tables_they_say_how_to_build_them(
    raw_desk: CopyDesk, arguments: tuple[str, ...]
) -> None:
    result = raw_desk.pylon(*arguments)
    assert result.code == exits.FAILED
    assert "pylon transform" in result.text


def test_tables_of_an_earlier_version_are_to_be_built_anew(desk: CopyDesk) -> None:
    with duckdb.connect(str(desk.database)) as connection:
        connection.execute("ALTER TABLE pylon_analytics.pylon__sla DROP COLUMN due_on")
    result = desk.pylon("report", "--html", "report.html")
    assert result.code == exits.FAILED
    assert "pylon transform" in result.text
    assert "due_on" not in result.text


def test_the_page_can_be_read_in_a_browser(
    marts: Marts, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    file = tmp_path / "report.html"
    file.write_text(page.render(marts, Filters(), datetime(2026, 11, 20, 9, 31, tzinfo=UTC)))
    with browser() as chromium:
        for scheme, width in product(("light", "dark"), (1440, 390)):
            tab = chromium.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            ).new_page()
            outside = watch(tab)
            tab.goto(file.as_uri())
            ink, paper = (
                tab.evaluate(f"getComputedStyle(document.body).{name}")
                for name in ("color", "backgroundColor")
            )
            assert abs(brightness(ink) - brightness(paper)) > 125
            label = tab.locator("#backlog .role-axis-label text").first
            assert label.evaluate("node => getComputedStyle(node).fill") == ink
            tab.evaluate("document.fonts.ready.then(() => true)")
            assert tab.evaluate("[...document.fonts].map(face => face.status)") == ["loaded", "loaded"]
            assert "PT Sans" in label.evaluate("node => getComputedStyle(node).fontFamily")
            assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            assert outside == []
            if (scheme, width) == ("light", 1440):
                screenshot(tab, "report.png", request)
