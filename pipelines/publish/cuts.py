"""Into which parts a published table is cut. Only the parts that changed are written anew, so that a day's edits cost
what the issues of some months weigh, and not the whole table. What is not named here is small, and is one part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Part = int | str | None
"""The value of a partition as Iceberg keeps it: months since January 1970, or how a text begins; ``None`` where there
is no value, and of a table that is not cut."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How a table is cut: by the month of a time, or by the character with which an id begins."""

    column: str
    by: Literal["month", "start"] = "month"

    def of(self, name: str) -> str:
        """Return the part that a row belongs to as SQL of DuckDB, in UTC, for a column of this (quoted) name."""
        if self.by == "start":
            return f"left({name}, 1)"
        return f"(year({name}) - 1970) * 12 + month({name}) - 1"

    def where(self, name: str, part: Part) -> str:
        """Return a condition for the rows of a part, in SQL that DuckDB and Postgres understand alike in UTC."""
        if part is None:
            return f"{name} IS NULL"
        if isinstance(part, str):
            literal = part.replace("'", "''")
            return f"left({name}, 1) = '{literal}'"
        first, following = _month(part), _month(part + 1)
        until = f" AND {name} < '{following}'" if following else ""
        return f"{name} >= '{first}'{until}"


def _month(number: int) -> str:
    """Return the day on which a month begins, as text; "" beyond the year 9999."""
    year = 1970 + number // 12
    return f"{year:04d}-{number % 12 + 1:02d}-01" if year <= 9999 else ""


_ISSUE = Cut("issue_id", "start")
CUTS: dict[str, Cut] = {
    **dict.fromkeys(
        ("issues", "issue_voice_calls", "tasks", "task_comments", "call_recordings"), Cut("created_at")
    ),
    **dict.fromkeys(("tickets", "chats", "chat_threads", "chat_messages"), Cut("created_at")),
    **dict.fromkeys(("issue_threads", "issue_followers"), _ISSUE),
    **dict.fromkeys(("issue_snapshots", "custom_field_versions"), Cut("recorded_at")),
    "issue_messages": Cut("timestamp"),
    "issue_sync": Cut("issue_updated_at"),  # not when it was read: a first load reads all within a few days
    "survey_responses": Cut("submitted_at"),
    "audit_logs": Cut("created_at"),
    "pylon__issues": Cut("created_at"),
    "pylon__issue_metrics": Cut("created_at"),
    "pylon__issue_messages": Cut("sent_at"),
    "pylon__issue_status_times": _ISSUE,
    "pylon__sla": _ISSUE,
    **dict.fromkeys(
        (
            *("pylon__agent_daily", "pylon__backlog_daily", "pylon__tag_daily", "pylon__team_daily"),
            *("support__agent_daily", "support__backlog_daily"),
        ),
        Cut("date_day"),
    ),
    "support__tickets": Cut("created_at"),
    "support__messages": Cut("sent_at"),
}
"""How the tables that grow with the number of issues are cut. A part should hold what is edited together: of issues and
messages, what is from one month."""
