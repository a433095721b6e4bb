"""The charts of the dashboard in their order: what each is called, what it says, and how its data is got and drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from . import charts, data


@dataclass(frozen=True)
class Section:
    """One chart or table.

    Args:
        name: For files: the name of the data when it is downloaded.
        title: What it is about.
        says: How to read it.
        table: Gets its data.
        chart: Draws it; ``None`` for a table.
        wide: Whether it takes the whole width.
        desk: The only desk that has it; empty where all have.
    """

    name: str
    title: str
    says: str
    table: Callable[[data.Marts, data.Filters], pa.Table]
    chart: Callable[[pa.Table], Any] | None = None
    wide: bool = False
    desk: str = ""

    def rows(self, marts: data.Marts, filters: data.Filters) -> pa.Table:
        """Return its data; none where the desks that are shown do not have it."""
        table = self.table(marts, filters)
        return table.slice(0, 0) if self.lacks(marts, filters) else table

    def lacks(self, marts: data.Marts, filters: data.Filters) -> str:
        """Return why there is nothing to show of the desks that are shown; empty where there may be something."""
        shown = marts.desks(filters)
        return f"Only {self.desk.title()} has this." if self.desk and shown and self.desk not in shown else ""

    def told(self, marts: data.Marts, filters: data.Filters) -> str:
        """Return how to read it, and of which desk it is where several are shown."""
        several = self.desk and len(marts.desks(filters)) > 1
        return f"{self.says} Only {self.desk.title()} has this." if several else self.says


SECTIONS = (
    Section(
        "backlog", "Open backlog",
        "Open issues at the end of each day, by who spoke last: no desk tells its states of the past."
        " At the dashed line, as of the last load.",
        data.backlog, charts.backlog, wide=True,
    ),
    Section(
        "first_response", "First response",
        "Hours from request to first answer, by the week of the request; weeks that are there in part are hollow.",
        data.first_response, charts.waits,
    ),
    Section(
        "resolution", "Resolution",
        "Hours from creation to solution, by the week of the solution; weeks that are there in part are hollow.",
        data.resolution, charts.waits,
    ),
    Section(
        "volume", "Volume by source",
        "Issues created each week, by channel; weeks that are there in part are paler.",
        data.volume, charts.volume,
    ),
    Section(
        "tags", "Volume by tag", "Issues created in the period, by tag; an issue can have several.",
        data.tags, charts.tags, desk="pylon",
    ),
    Section(
        "arrivals", "When issues come in", "Issues created in the period, by hour of the week.",
        data.arrivals, charts.arrivals,
    ),
    Section(
        "csat", "Satisfaction", "Mean rating of each month; larger points stand for more ratings.",
        data.csat, charts.csat, desk="pylon",
    ),
    Section(
        "teams", "Teams' load", "Issues open now.", data.teams, lambda table: charts.load(table, "team"),
    ),
    Section(
        "agents", "Agents' load", "Issues open now, by the agent in charge.",
        data.agents, lambda table: charts.load(table, "agent"),
    ),
    Section(
        "at_risk", "Accounts at risk", "Who may need a call, the most reasons first; as of the last load.",
        data.at_risk, wide=True, desk="pylon",
    ),
    Section(
        "freshness", "Freshness of the copy", "Tables as they were when the marts were built; times in UTC.",
        data.freshness, wide=True, desk="pylon",
    ),
)  # fmt: skip


UNKNOWN = "n/a"


def tiles(marts: data.Marts, filters: data.Filters) -> Iterator[tuple[str, str, str]]:
    """Yield a label, a number and what it is about, for the numbers at the top."""
    known, was = data.headline(marts, filters), data.before(marts, filters)
    period = f"in {filters.days} days" if filters.days else "ever"

    def then(name: str, write: Callable[[Any], str]) -> str:
        return f"; before: {UNKNOWN if was[name] is None else write(was[name])}" if was else ""

    turn = f"our turn in {known['ours']:,}, unanswered {known['waiting']:,}"
    yield "Open issues", f"{known['open']:,}", turn + then("open", _count)
    yield "Created", f"{known['created']:,}", f"{period}{then('created', _count)}"
    yield "Closed", f"{known['closed']:,}", f"{period}{then('closed', _count)}"
    without = f"{known['asked'] - known['answered']:,} of {known['asked']:,} unanswered"
    if known["asked"] > known["answered"]:
        without += f", with their waits so far at least {hours(known['at_least_hours'])}"
    median = f"median {period}{then('response_hours', hours)}; {without}"
    yield "First response", hours(known["response_hours"]), median
    yield "Resolution", hours(known["resolution_hours"]), f"median {period}{then('resolution_hours', hours)}"
    if marts.desks(filters) and "pylon" not in marts.desks(filters):
        yield "Satisfaction", UNKNOWN, "only Pylon has this"
        yield "Accounts at risk", UNKNOWN, "only Pylon has this"
        return
    score, rests_on = _satisfaction(known, period)
    yield "Satisfaction", score, rests_on + then("csat", "{:.1f}".format)
    yield "Accounts at risk", f"{known['at_risk']:,}", "as of the last load"


def _count(number: int) -> str:
    return f"{number:,}"


def _satisfaction(known: Mapping[str, Any], period: str) -> tuple[str, str]:
    """Return the mean rating, and how many ratings it rests on."""
    if known["csat"] is None:
        return UNKNOWN, f"no ratings {period}"
    share = f", {100 * known['rated'] / known['ratable']:.0f} % of closed issues" if known["ratable"] else ""
    return f"{known['csat']:.1f} of 5", f"{known['ratings']:,} ratings {period}{share}"


def read_from(marts: data.Marts, filters: data.Filters) -> str:
    """Return which desks were read and when; empty where none was."""
    return " and ".join(
        f"{desk.title()} {marts.read_at[desk]:%Y-%m-%d %H:%M} UTC" for desk in marts.desks(filters)
    )


def hours(value: float | None) -> str:
    """Write hours for people."""
    if value is None:
        return UNKNOWN
    if value < 1:
        return f"{value * 60:.0f} min"
    return f"{value:.1f} h" if value < 48 else f"{value / 24:.1f} days"
