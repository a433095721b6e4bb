"""The charts of the dashboard in their order: what each is called, what it says, and how its data is got and drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from . import charts, data
from .marts import Filters, Marts


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
        folded: Whether only its heading is shown until somebody opens it.
        without: What is said where there is nothing.
    """

    name: str
    title: str
    says: str
    table: Callable[[Marts, Filters], pa.Table]
    chart: Callable[[pa.Table], Any] | None = None
    wide: bool = False
    desk: str = ""
    folded: bool = False
    without: str = "Nothing in this period."

    def rows(self, marts: Marts, filters: Filters) -> pa.Table:
        """Return its data; none where the desks that are shown do not have it."""
        table = self.table(marts, filters)
        return table.slice(0, 0) if self.lacks(marts, filters) else table

    def lacks(self, marts: Marts, filters: Filters) -> str:
        """Return why there is nothing to show of the desks that are shown; empty where there may be something."""
        shown = marts.desks(filters)
        return f"Only {self.desk.title()} has this." if self.desk and shown and self.desk not in shown else ""

    def nothing(self, marts: Marts, filters: Filters) -> str:
        """Return what is said in place of data."""
        return self.lacks(marts, filters) or self.without

    def told(self, marts: Marts, filters: Filters) -> str:
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
        "states", "Open issues by state",
        "Open issues at the end of each day in the desk's own states, with the team and the agent of that day,"
        " as runs recorded them (issue_snapshots).",
        data.states, charts.states, wide=True, desk="pylon",
        without='Nothing is recorded: include = ["issue_snapshots"] under [sources.pylon] keeps it from then on.',
    ),
    Section(
        "waiting", "Longest waiting",
        "Open issues in which a customer waits for an answer, as of the last load; round the clock.",
        data.waiting, wide=True,
    ),
    Section(
        "flow", "Created and closed",
        "Issues created and closed in each week; weeks that are there in part are hollow.", data.flow, charts.flow,
    ),
    Section(
        "targets", "Targets met",
        "Share of the targets met, by the month of the deadline; months that are there in part are paler.",
        data.targets, charts.targets, desk="pylon",
    ),
    Section(
        "first_response", "First response",
        "Hours from request to first answer, by the week of the request; weeks that are there in part are hollow.",
        data.first_response, charts.waits,
    ),
    Section(
        "next_response", "Next response",
        "Hours that customers waited for later answers, by the week of the answer;"
        " weeks that are there in part are hollow.",
        data.next_response, charts.waits,
    ),
    Section(
        "resolution", "Resolution",
        "Hours from creation to solution, by the week of the solution; weeks that are there in part are hollow.",
        data.resolution, charts.waits,
    ),
    Section(
        "csat", "Satisfaction",
        "Mean rating of each month; larger points stand for more ratings, hollow ones for a part of a month.",
        data.csat, charts.csat, desk="pylon",
    ),
    Section(
        "comments", "What customers said", "Comments with ratings in the period, the newest first.",
        data.comments, wide=True, desk="pylon",
    ),
    Section(
        "volume", "Volume by source",
        "Issues created each week, by channel; weeks that are there in part are paler.",
        data.volume, charts.volume, wide=True,
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
        "teams", "Teams' load", "Issues open now; in full colour where the customer waits.",
        data.teams, lambda table: charts.load(table, "team"),
    ),
    Section(
        "agents", "Agents' load", "Issues open now, by the agent in charge; in full colour where the customer waits.",
        data.agents, lambda table: charts.load(table, "agent"),
    ),
    Section(
        "at_risk", "Accounts at risk", "Who may need a call, the most reasons first; as of the last load.",
        data.at_risk, wide=True, desk="pylon",
    ),
    Section(
        "freshness", "Freshness of the copy", "Tables as they were when the marts were built; times in UTC.",
        data.freshness, wide=True, desk="pylon", folded=True,
    ),
)  # fmt: skip


def read_from(marts: Marts, filters: Filters) -> str:
    """Return which desks were read and when; empty where none was."""
    return " and ".join(
        f"{desk.title()} {marts.read_at[desk]:%Y-%m-%d %H:%M} UTC" for desk in marts.desks(filters)
    )
