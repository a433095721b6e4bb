"""The marts in memory, and what of them is looked at.

The marts are read once, so that neither a file stays open nor a transaction, and no run has to wait for somebody who
looks at a chart. All times are as the marts have them: days in ``pylon_timezone``, seconds round the clock or in
working hours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa

from . import names
from .reading import READ

Ask = Callable[[str], pa.Table]
"""Answers a SELECT over the marts."""
WORKING = "working"
"""Of :attr:`Filters.hours`."""
COLUMNS = {
    "desk": ("issues", "desk"),
    "team": ("issues", "team_name"),
    "account": ("issues", "account_name"),
    "agent": ("issues", "agent"),
    "priority": ("issues", "priority"),
    "tag": ("tags", "tag"),
    "field": ("fields", "field"),
}
"""By each filter, the table and the column whose values it can have."""


@dataclass(frozen=True)
class Filters:
    """What is looked at.

    Args:
        days: The last so many days; all of them if 0.
        team: The team that has an issue; this and those below are empty for all.
        account: Whose it is.
        desk: Where it is.
        priority: Its priority.
        tag: One of its tags.
        agent: Who is in charge of it.
        field: A custom field and its value, as ``Plan: Pro``.
        hours: ``working`` for times in working hours; round the clock if empty.
    """

    days: int = 180
    team: str = ""
    account: str = ""
    desk: str = ""
    priority: str = ""
    tag: str = ""
    agent: str = ""
    field: str = ""
    hours: str = ""


class Marts:
    """The marts in memory."""

    def __init__(self, ask: Ask) -> None:
        self._connection = duckdb.connect(":memory:", config={"python_enable_replacements": False})
        self._lock = Lock()
        self._connection.execute("SET TimeZone = 'UTC'")
        for name, sql in READ.items():
            self._hold(name, ask(sql))
        self._name()
        found = self._connection.execute("SELECT desk, read_at FROM desks ORDER BY desk").fetchall()
        self.read_at: dict[str, datetime] = dict(found)
        """The desks that there are, and when each was read, aware."""
        (self.today,) = self._one(
            "SELECT coalesce((SELECT max(as_of_day) FROM desks), (SELECT max(created_on) FROM issues), current_date)"
        )

    def ask(self, sql: str, filters: Filters, *, before: bool = False) -> pa.Table:
        """Return what a SELECT gives.

        It has the names of :class:`Filters`, ``$start`` and ``$end`` (a day, included) to filter by; ``$first`` and
        ``$today`` say what is drawn.

        Args:
            sql: What is asked.
            filters: What is looked at.
            before: Let ``$start`` and ``$end`` be those of the period of the same length before.
        """
        start = self.start(filters)
        first = start if filters.days else self._begun(filters)
        end = start - timedelta(days=1) if before else self.today
        since = start - timedelta(days=filters.days) if before else start
        known = {"start": since, "end": end, "first": first, "today": self.today, **asdict(filters)}
        values = {name: value for name, value in known.items() if f"${name}" in sql}
        with self._lock:
            found: pa.Table = self._connection.sql(sql, params=values).to_arrow_table()
            return found

    def start(self, filters: Filters) -> date:
        """Return the first day of the period."""
        return self.today - timedelta(days=filters.days - 1) if filters.days else date(1970, 1, 1)

    def desks(self, filters: Filters) -> list[str]:
        """Return the desks whose issues are shown."""
        return [desk for desk in self.read_at if filters.desk in ("", desk)]

    def names(self, kind: str) -> list[str]:
        """Return what a filter, one of :data:`COLUMNS`, can be: the teams that have issues, say."""
        table, column = COLUMNS[kind]
        found = self.ask(
            f"SELECT DISTINCT {column} AS name FROM {table} WHERE {column} IS NOT NULL ORDER BY 1", Filters()
        )
        return [str(name) for name in found["name"].to_pylist()]

    def _hold(self, name: str, rows: pa.Table) -> None:
        self._connection.register("incoming", rows)
        self._connection.execute(f"CREATE TABLE {name} AS FROM incoming")
        self._connection.unregister("incoming")

    def _name(self) -> None:
        """Give teams, agents, channels and custom fields the names that people see."""
        self._connection.execute(_LABELS)
        for table in ("issues", "recorded"):
            self._connection.execute(_IN_CHARGE.format(table=table))
        sources = self._connection.execute("SELECT DISTINCT source FROM issues WHERE source IS NOT NULL")
        pairs = [(source, names.channel(source)) for (source,) in sources.fetchall()]
        if pairs:
            self._connection.executemany("UPDATE issues SET source = $2 WHERE source = $1", pairs)

    def _begun(self, filters: Filters) -> date:
        """Return the day of the first issue of the desks that are shown."""
        where = f"WHERE desk = '{filters.desk}'" if filters.desk in self.read_at else ""
        with self._lock:
            (day,) = self._one(f"SELECT min(created_on) FROM issues {where}")
        first: date = day or self.today
        return first

    def _one(self, sql: str) -> tuple[Any, ...]:
        return self._connection.execute(sql).fetchall()[0]


_LABELS = """
CREATE MACRO told(name, detail, id, of_the_name, of_the_detail) AS CASE
    WHEN of_the_name = 1 THEN name
    WHEN detail IS NOT NULL AND of_the_detail = 1 THEN name || ' (' || detail || ')'
    ELSE name || ' (' || id || ')' END;
CREATE TABLE labels AS
    WITH known AS (
        SELECT 'agent' AS kind, desk, id, max(name) AS name, max(detail) AS detail FROM people GROUP BY ALL
        UNION ALL
        SELECT 'team', desk, team_id, max(team_name), NULL FROM issues
        WHERE team_id IS NOT NULL AND team_name IS NOT NULL GROUP BY ALL),
    counted AS (
        SELECT *, count(*) OVER (PARTITION BY kind, desk, lower(name)) AS of_the_name,
            count(*) OVER (PARTITION BY kind, desk, lower(name), lower(detail)) AS of_the_detail
        FROM known)
    SELECT kind, desk, id, told(name, detail, id, of_the_name, of_the_detail) AS label FROM counted;
CREATE OR REPLACE TABLE replies AS
    SELECT replies.*, coalesce(label, author_name, '(unknown)') AS agent
    FROM replies
    LEFT JOIN labels ON kind = 'agent' AND labels.desk = replies.desk AND id = author_id;
CREATE OR REPLACE TABLE fields AS
    WITH known AS (SELECT DISTINCT field_slug, label FROM fields),
    counted AS (SELECT *, count(*) OVER (PARTITION BY label) AS of_the_label FROM known)
    SELECT ticket_key, CASE WHEN of_the_label = 1 THEN label ELSE field_slug END || ': ' || value AS field
    FROM fields JOIN counted USING (field_slug, label);
"""
"""What teams, agents and custom fields are called. Those of one name at one desk are different ones, and an address or
the id stands behind the name; the same name at two desks is taken for the same team or person."""
_IN_CHARGE = """
CREATE OR REPLACE TABLE {table} AS
    SELECT {table}.* REPLACE (coalesce(team.label, team_name) AS team_name),
        coalesce(agent.label, assignee_name) AS agent
    FROM {table}
    LEFT JOIN labels AS team ON team.kind = 'team' AND team.desk = {table}.desk AND team.id = team_id
    LEFT JOIN labels AS agent ON agent.kind = 'agent' AND agent.desk = {table}.desk AND agent.id = assignee_id;
"""
"""The same for who is in charge of what a table has."""
