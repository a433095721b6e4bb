"""Draws the dashboard's tables. Colours are told apart by people who are colour-blind, on light and on dark."""

from __future__ import annotations

from typing import Any

import altair as alt
import pyarrow as pa

from . import data

STATES = dict(zip(data.STATES.values(), ("#d55e00", "#e69f00", "#56b4e9"), strict=True))
COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a800", "#8c8c8c"]
ACCENT, SECOND = "#0072b2", "#e69f00"
WEEKDAYS = "['Mon','Tue','Wed','Thu','Fri','Sat','Sun'][datum.value - 1]"
HEIGHT = 230
PALER = alt.Scale(domain=[False, True], range=[1, 0.45])
HOLLOW = alt.Scale(domain=[False, True], range=[1, 0])
"""For what holds only a part of its week or month."""
_OFFLINE = {
    "embedOptions": {"actions": {"export": True, "source": False, "compiled": False, "editor": False}}
}
"""The chart's own menu saves pictures; it must not offer to open the data in an editor on the web."""
Drawing = Any
"""A chart of altair, whose ``encode`` has no types."""


def backlog(table: pa.Table) -> Drawing:
    """Draw the open issues at the end of each day, stacked by what their conversations show."""
    return _open_issues(table, alt.Scale(domain=list(STATES), range=list(STATES.values())), 3)


def states(table: pa.Table) -> Drawing:
    """Draw the open issues at the end of each day, stacked by the states that were recorded."""
    return _open_issues(table, alt.Scale(range=COLOURS), 4)


def _open_issues(table: pa.Table, scale: alt.Scale, legend_columns: int) -> Drawing:
    colour = alt.Color("state:N", title=None, scale=scale, legend=_legend(legend_columns))
    area = (
        alt.Chart(table)
        .mark_area()
        .encode(
            alt.X("day:T", title=None, axis=alt.Axis(format="%b %d", labelOverlap=True)),
            alt.Y("open_issues:Q", title="open issues", stack="zero"),
            colour,
            tooltip=["day:T", "state:N", "open_issues:Q"],
        )
    )
    today = alt.Chart(table).transform_filter("datum.is_part").mark_rule(strokeDash=[3, 3], color="#888")
    return _sized(area + today.encode(alt.X("day:T")))


def waits(table: pa.Table) -> Drawing:
    """Draw a week's median and the range up to its 90th percentile; a hollow point has a part of a week."""
    base = alt.Chart(table).encode(alt.X("week:T", title=None))
    counted = next(name for name in table.column_names if name in ("issues", "answers"))
    tooltip: list[Any] = ["week:T", f"{counted}:Q"]
    tooltip += [alt.Tooltip(f"{name}:Q", format=".1f") for name in ("median_hours", "p90_hours")]
    band = base.mark_area(opacity=0.35, color=ACCENT).encode(
        alt.Y(
            "median_hours:Q",
            title="hours, median to p90",
            scale=alt.Scale(type="symlog"),
            axis=alt.Axis(values=[0, 1, 4, 12, 24, 72, 168, 720, 2160]),
        ),
        alt.Y2("p90_hours:Q"),
    )
    line = base.mark_line(color=ACCENT).encode(alt.Y("median_hours:Q"))
    point = base.transform_filter("isValid(datum.median_hours)").mark_point(
        stroke=ACCENT, fill=ACCENT, size=18, opacity=1
    )
    fill = alt.FillOpacity("is_part:N", scale=HOLLOW, legend=None)
    points = point.encode(alt.Y("median_hours:Q"), fill, tooltip=tooltip)
    return _sized(band + line + points)


def volume(table: pa.Table) -> Drawing:
    """Draw the issues of each week, stacked by source; paler where the week is there in part."""
    return _sized(
        alt.Chart(table)
        .mark_bar()
        .encode(
            alt.X("yearweek(week):T", title=None, axis=alt.Axis(format="%d %b")),
            alt.Y("issues:Q", title="issues a week"),
            alt.Color("source:N", title=None, scale=alt.Scale(range=COLOURS), legend=_legend(4)),
            alt.Opacity("is_part:N", scale=PALER, legend=None),
            tooltip=["week:T", "source:N", "issues:Q"],
        )
    )


def tags(table: pa.Table) -> Drawing:
    """Draw the most frequent tags."""
    return _bars(table, "tag", "issues")


def arrivals(table: pa.Table) -> Drawing:
    """Draw the hours of the week, darker where more issues came in."""
    return _sized(
        alt.Chart(table)
        .mark_rect()
        .encode(
            alt.X("hour:O", title="hour", axis=alt.Axis(labelAngle=0, values=list(range(0, 24, 3)))),
            alt.Y("weekday:O", title=None, axis=alt.Axis(labelExpr=WEEKDAYS)),
            alt.Color("issues:Q", title="issues", scale=alt.Scale(scheme="blues")),
            tooltip=["weekday:O", "hour:O", "issues:Q"],
        )
    )


def load(table: pa.Table, name: str) -> Drawing:
    """Draw the open issues of each agent or team, and in how many of those a customer waits."""
    y = alt.Y(f"{name}:N", sort=None, title=None)
    base = alt.Chart(table).encode(y, tooltip=list(table.column_names))
    everything = base.mark_bar(color=ACCENT, opacity=0.45).encode(alt.X("open_issues:Q", title="open issues"))
    return _sized(everything + base.mark_bar(color=ACCENT).encode(alt.X("waiting:Q")))


def flow(table: pa.Table) -> Drawing:
    """Draw the issues of each week that were created, and those that were closed; a hollow point has a part of it."""
    kinds = alt.Scale(domain=["created", "closed"], range=[SECOND, ACCENT])
    base = alt.Chart(table).encode(
        alt.X("week:T", title=None),
        alt.Y("issues:Q", title="issues a week"),
        alt.Color("kind:N", title=None, scale=kinds, legend=_legend(2)),
    )
    fill = alt.FillOpacity("is_part:N", scale=HOLLOW, legend=None)
    points = base.mark_point(filled=False, size=24, opacity=1).encode(
        fill, alt.Fill("kind:N", scale=kinds, legend=None), tooltip=["week:T", "kind:N", "issues:Q"]
    )
    return _sized(base.mark_line() + points)


def targets(table: pa.Table) -> Drawing:
    """Draw the share of targets met by the month of the deadline; paler where the month is there in part."""
    return _sized(
        alt.Chart(table)
        .mark_bar(color=ACCENT)
        .encode(
            alt.X("yearmonth(month):T", title=None),
            alt.Y("met_percent:Q", title="% met", scale=alt.Scale(domain=[0, 100])),
            alt.Opacity("is_part:N", scale=PALER, legend=None),
            tooltip=["month:T", alt.Tooltip("met_percent:Q", format=".0f"), "met:Q", "targets:Q"],
        )
    )


def csat(table: pa.Table) -> Drawing:
    """Draw the mean rating of each month; a larger point has more ratings, a hollow one a part of its month."""
    base = alt.Chart(table).encode(
        alt.X("month:T", title=None),
        alt.Y("score:Q", title="mean rating", scale=alt.Scale(domain=[1, 5])),
    )
    points = (
        base.transform_filter("isValid(datum.score)")
        .mark_point(stroke=ACCENT, fill=ACCENT, opacity=1)
        .encode(
            alt.FillOpacity("is_part:N", scale=HOLLOW, legend=None),
            alt.Size("ratings:Q", legend=None),
            tooltip=["month:T", alt.Tooltip("score:Q", format=".2f"), "ratings:Q"],
        )
    )
    return _sized(base.mark_line(color=ACCENT) + points)


def _bars(table: pa.Table, name: str, value: str) -> Drawing:
    return _sized(
        alt.Chart(table)
        .mark_bar(color=ACCENT)
        .encode(alt.X(f"{value}:Q"), alt.Y(f"{name}:N", sort=None, title=None), tooltip=[name, value])
    )


def _legend(columns: int) -> alt.Legend:
    """Return a legend above the chart, in two columns where there is no room for more."""
    wide = alt.ExprRef(f"width < 380 ? 2 : {columns}")
    return alt.Legend(orient="top", columns=wide, columnPadding=24, labelLimit=140)


def _sized(chart: Drawing) -> Drawing:
    return chart.properties(width="container", height=HEIGHT, usermeta=_OFFLINE)
