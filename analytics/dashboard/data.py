"""What the dashboard shows, as Arrow tables: SQL over a copy of the marts in memory, filtered by :class:`Filters`.

The marts are read once, so that neither a file stays open nor a transaction, and no run has to wait for somebody who
looks at a chart. All times are as the marts have them: days in ``pylon_timezone``, seconds round the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

Ask = Callable[[str], pa.Table]
"""Answers a SELECT over the marts."""

_READ = {
    "issues": """
        select
            ticket_key, desk, created_on, created_weekday, created_hour, channel as source, team_name,
            customer_label as account_name, assignee_name, is_open, closed_on, first_response_seconds,
            resolution_seconds, waiting_since is not null as is_waiting, waiting_seconds, state, is_agent_first
        from support__tickets""",
    "tags": """
        select tickets.ticket_key, tags.tag
        from stg_pylon__issue_tags as tags
        inner join support__tickets as tickets on tickets.desk = 'pylon' and tags.issue_id = tickets.ticket_id""",
    "backlog": """
        select
            backlog.desk, backlog.date_day, backlog.state, backlog.team_name,
            coalesce(customers.customer_label, backlog.customer_id) as account_name,
            cast(sum(backlog.open_tickets) as bigint) as open_issues
        from support__backlog_daily as backlog
        left join support__customers as customers
            on backlog.desk = customers.desk and backlog.customer_id = customers.customer_id
        group by 1, 2, 3, 4, 5""",
    "replies": """
        select
            messages.desk, messages.sent_on, coalesce(messages.author_name, '(unknown)') as agent,
            tickets.team_name, tickets.customer_label as account_name, count(*) as replies
        from support__messages as messages
        inner join support__tickets as tickets on messages.ticket_key = tickets.ticket_key
        where messages.is_reply
        group by messages.desk, messages.sent_on, messages.author_name, tickets.team_name, tickets.customer_label""",
    "desks": "select desk, read_at, as_of_day from support__desks",
    "accounts": """
        select health.*, customers.desk, customers.customer_label
        from pylon__account_health as health
        inner join support__customers as customers
            on customers.desk = 'pylon' and health.account_id = customers.customer_id""",
    "ratings": """
        select
            tickets.desk, tickets.ticket_key, ratings.date_day, ratings.score, ratings.is_satisfied, ratings.team_name,
            tickets.customer_label as account_name
        from pylon__csat as ratings
        inner join support__tickets as tickets on tickets.desk = 'pylon' and ratings.issue_id = tickets.ticket_id""",
    "tables": "select table_name, row_count, newest_row_at, last_load_at, issues_never_read from pylon__sync_freshness",
}
"""What is read of the marts, in SQL that DuckDB and Postgres share."""


@dataclass(frozen=True)
class Filters:
    """What is looked at: the last ``days`` days, all of them if 0; one desk, team or account, or all if empty."""

    days: int = 180
    team: str = ""
    account: str = ""
    desk: str = ""


class Marts:
    """The marts in memory."""

    def __init__(self, ask: Ask) -> None:
        self._connection = duckdb.connect(":memory:", config={"python_enable_replacements": False})
        self._lock = Lock()
        self._connection.execute("SET TimeZone = 'UTC'")
        for name, sql in _READ.items():
            self._connection.register("incoming", ask(sql))
            self._connection.execute(f"CREATE TABLE {name} AS FROM incoming")
            self._connection.unregister("incoming")
        found = self._connection.execute("SELECT desk, read_at FROM desks ORDER BY desk").fetchall()
        self.read_at: dict[str, datetime] = dict(found)
        """The desks that there are, and when each was read, aware."""
        (self.today,) = self._one(
            "SELECT coalesce(greatest((SELECT max(date_day) FROM backlog), (SELECT max(created_on) FROM issues)),"
            " (SELECT max(read_at)::date FROM desks), current_date)"
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

    def names(self, column: str) -> list[str]:
        """Return the desks (``desk``), teams (``team_name``) or accounts (``account_name``) that have issues."""
        found = self.ask(
            f"SELECT DISTINCT {column} AS name FROM issues WHERE {column} IS NOT NULL ORDER BY 1", Filters()
        )
        return [str(name) for name in found["name"].to_pylist()]

    def _begun(self, filters: Filters) -> date:
        """Return the day of the first issue of the desks that are shown."""
        where = f"WHERE desk = '{filters.desk}'" if filters.desk in self.read_at else ""
        with self._lock:
            (day,) = self._one(f"SELECT min(created_on) FROM issues {where}")
        first: date = day or self.today
        return first

    def _one(self, sql: str) -> tuple[Any, ...]:
        return self._connection.execute(sql).fetchall()[0]


_MINE = """($desk = '' OR desk = $desk) AND ($team = '' OR team_name = $team)
    AND ($account = '' OR account_name = $account)"""

_RISKY = """is_at_risk AND ($desk = '' OR accounts.desk = $desk) AND ($account = '' OR customer_label = $account)
    AND ($team = '' OR EXISTS (FROM issues WHERE issues.is_open AND issues.team_name = $team
        AND issues.desk = accounts.desk AND issues.account_name = accounts.customer_label))"""


_CREATED, _CLOSED, _RATED = (
    f"{day} BETWEEN $start AND $end{more}"
    for day, more in (("created_on", ""), ("closed_on", " AND NOT is_open"), ("date_day", ""))
)
"""Whether what is counted belongs to the period."""

_RATABLE = f"desk = 'pylon' AND {_CLOSED}"
"""Whether an issue was closed in the period at a desk that asks for ratings."""

_ASKED = "(NOT is_agent_first OR first_response_seconds IS NOT NULL)"
"""Whether a customer asked for something: an answer is given, or due."""

_IS_PART = "week < $start OR week + 6 >= $today"
"""Whether the period, which ends within a day, holds only a part of a week."""

STATES = {
    "new": "unanswered so far",
    "waiting_on_you": "waits for us",
    "waiting_on_customer": "waits for the customer",
}
"""What a conversation shows on a day, and what that is called: the marts' names are a desk's own for something else."""


def _every(unit: str) -> str:
    """Return a relation of every week or month of the period."""
    first, last = (f"date_trunc('{unit}', ${bound})" for bound in ("first", "today"))
    return f"(SELECT unnest(generate_series({first}, {last}, INTERVAL 1 {unit}))::date AS {unit})"


_COMPARED = f"""
            count(*) FILTER ({_CREATED}) AS created,
            count(*) FILTER ({_CLOSED}) AS closed,
            median(first_response_seconds) FILTER ({_CREATED}) / 3600 AS response_hours,
            median(resolution_seconds) FILTER ({_CLOSED}) / 3600 AS resolution_hours,
            (SELECT avg(score) FROM ratings WHERE {_RATED} AND {_MINE}) AS csat"""
"""What is told of one period and of the one before."""


def _labels() -> str:
    """Return a relation of the states of a conversation, and of what they are called."""
    pairs = ", ".join(f"('{state}', '{label}')" for state, label in STATES.items())
    return f"(VALUES {pairs}) AS names (state, label)"


def _any(table: pa.Table, column: str) -> pa.Table:
    """Return the rows; none where nothing is counted in any."""
    return table if pc.sum(table[column]).as_py() else table.slice(0, 0)


def headline(marts: Marts, filters: Filters) -> dict[str, Any]:
    """Return the numbers at the top.

    Of all that is open: ``open``, ``ours`` (by the desk's own state, it is our turn) and ``waiting`` (a customer's
    message is unanswered). Of the period: ``created``, ``closed``; ``asked`` (created by a customer, or answered) and
    ``answered`` of these, with the median ``response_hours``, and with ``at_least_hours``, what it would be if all
    who still wait were answered now; ``resolution_hours``; ``csat``, the mean of ``ratings``; of the closed issues
    that could be rated (``ratable``), how many are: ``rated``. ``at_risk`` counts accounts.
    """
    sql = f"""
        SELECT
            count(*) FILTER (is_open) AS open,
            count(*) FILTER (state = 'open') AS ours,
            count(*) FILTER (is_open AND is_waiting) AS waiting,
            count(*) FILTER ({_CREATED} AND {_ASKED}) AS asked,
            count(first_response_seconds) FILTER ({_CREATED}) AS answered,
            median(coalesce(first_response_seconds, CASE WHEN is_open THEN waiting_seconds END))
                FILTER ({_CREATED} AND {_ASKED}) / 3600 AS at_least_hours,
            count(*) FILTER ({_RATABLE}) AS ratable,
            count(*) FILTER ({_RATABLE} AND ticket_key IN (SELECT ticket_key FROM ratings)) AS rated,
            (SELECT count(*) FROM ratings WHERE {_RATED} AND {_MINE}) AS ratings,
            (SELECT count(*) FROM accounts WHERE {_RISKY}) AS at_risk,
            {_COMPARED}
        FROM issues WHERE {_MINE}"""
    (row,) = marts.ask(sql, filters).to_pylist()
    return dict(row)


def before(marts: Marts, filters: Filters) -> dict[str, Any]:
    """Return some of these numbers for the period of the same length before; empty where all is looked at.

    ``open`` is what was open when it ended, null where the marts do not know. The others are ``created``, ``closed``,
    ``response_hours``, ``resolution_hours`` and ``csat``.
    """
    if not filters.days:
        return {}
    known = "(SELECT min(date_day) FROM backlog WHERE $desk = '' OR desk = $desk) <= $end"
    sql = f"""
        SELECT
            CASE WHEN {known} THEN (SELECT coalesce(sum(open_issues), 0)::BIGINT FROM backlog
                WHERE date_day = $end AND {_MINE}) END AS open,
            {_COMPARED}
        FROM issues WHERE {_MINE}"""
    (row,) = marts.ask(sql, filters, before=True).to_pylist()
    return dict(row)


def backlog(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``day``, ``state``, ``open_issues``, ``is_part``: what was open at the end of each day, by state.

    Every day of the period has a row for each state. Where the marts keep no history, ``open_issues`` is null. It ends
    with the last day that is known of all desks, which is not over: without one of them, the sum would fall.
    """
    found = marts.ask(
        f"""WITH bounds AS (
                SELECT min(as_of_day) AS last_day,
                    (SELECT min(date_day) FROM backlog WHERE $desk = '' OR desk = $desk) AS known_day,
                    (SELECT min(created_on) FROM issues WHERE $desk = '' OR desk = $desk) AS begun
                FROM desks WHERE $desk = '' OR desk = $desk),
            days AS (
                SELECT unnest(generate_series(CASE WHEN $days = 0 THEN known_day ELSE $first END, last_day,
                    INTERVAL 1 DAY))::date AS day, * FROM bounds),
            counted AS (
                SELECT date_day AS day, state, sum(open_issues)::BIGINT AS open_issues FROM backlog
                WHERE {_MINE} GROUP BY ALL)
            SELECT day, names.label AS state,
                CASE WHEN day >= known_day OR day < begun THEN coalesce(open_issues, 0) END AS open_issues,
                day = last_day AS is_part
            FROM days CROSS JOIN {_labels()} LEFT JOIN counted USING (day, state)
            ORDER BY ALL""",
        filters,
    )
    return _any(found, "open_issues")


def first_response(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``week`` (of the request), ``median_hours``, ``p90_hours``, ``issues``, ``is_part``, for every week."""
    return _waits(marts, filters, "created_on", "first_response_seconds")


def resolution(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``week`` (of the solution), ``median_hours``, ``p90_hours``, ``issues``, ``is_part``, for every week."""
    return _waits(marts, filters, "closed_on", "resolution_seconds")


def _waits(marts: Marts, filters: Filters, day: str, seconds: str) -> pa.Table:
    found = marts.ask(
        f"""SELECT week, median({seconds}) / 3600 AS median_hours, quantile_cont({seconds}, 0.9) / 3600 AS p90_hours,
                count({seconds}) AS issues, {_IS_PART} AS is_part
            FROM {_every("week")} LEFT JOIN (
                SELECT date_trunc('week', {day})::date AS week, {seconds}
                FROM issues WHERE {day} >= $start AND {_MINE}) USING (week)
            GROUP BY week ORDER BY week""",
        filters,
    )
    return _any(found, "issues")


def volume(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``week``, ``source``, ``issues``, ``is_part``: what came in, by channel, for every week."""
    return marts.ask(
        f"""WITH mine AS (
                SELECT date_trunc('week', created_on)::date AS week, coalesce(source, '(none)') AS source
                FROM issues WHERE created_on >= $start AND {_MINE}),
            counted AS (SELECT week, source, count(*) AS issues FROM mine GROUP BY ALL)
            SELECT week, source, coalesce(issues, 0) AS issues, {_IS_PART} AS is_part
            FROM {_every("week")} CROSS JOIN (SELECT DISTINCT source FROM mine) LEFT JOIN counted USING (week, source)
            ORDER BY week, source""",
        filters,
    )


def tags(marts: Marts, filters: Filters, top: int = 12) -> pa.Table:
    """Return ``tag``, ``issues`` for the tags that most of the issues have."""
    return marts.ask(
        f"""SELECT tag, count(*) AS issues FROM tags JOIN issues USING (ticket_key)
            WHERE created_on >= $start AND {_MINE} GROUP BY ALL ORDER BY issues DESC, tag LIMIT {top}""",
        filters,
    )


def arrivals(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``weekday`` (1 for Monday), ``hour``, ``issues``, one row for each hour of the week."""
    return marts.ask(
        f"""SELECT weekday, hour, count(ticket_key) AS issues
            FROM range(1, 8) AS w(weekday) CROSS JOIN range(24) AS h(hour)
            LEFT JOIN (FROM issues WHERE created_on >= $start AND {_MINE}) AS i
                ON i.created_weekday = weekday AND i.created_hour = hour
            GROUP BY ALL ORDER BY ALL""",
        filters,
    )


def agents(marts: Marts, filters: Filters, top: int = 15) -> pa.Table:
    """Return ``agent``, ``open_issues``, ``waiting``, ``replies``: load now, and replies in the period."""
    return marts.ask(
        f"""SELECT agent, coalesce(open_issues, 0) AS open_issues, coalesce(waiting, 0) AS waiting,
                coalesce(replies, 0)::BIGINT AS replies
            FROM (SELECT coalesce(assignee_name, '(nobody)') AS agent, count(*) AS open_issues,
                    count(*) FILTER (is_waiting) AS waiting
                FROM issues WHERE is_open AND {_MINE} GROUP BY ALL)
            FULL JOIN (SELECT agent, sum(replies) AS replies FROM replies
                WHERE sent_on >= $start AND {_MINE} GROUP BY ALL) USING (agent)
            ORDER BY open_issues DESC, replies DESC, agent LIMIT {top}""",
        filters,
    )


def teams(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``team``, ``open_issues``, ``waiting``, ``created``, ``closed``: load now, and flow in the period."""
    return marts.ask(
        f"""SELECT coalesce(team_name, '(no team)') AS team, count(*) FILTER (is_open) AS open_issues,
            count(*) FILTER (is_open AND is_waiting) AS waiting,
                count(*) FILTER (created_on >= $start) AS created,
                count(*) FILTER (closed_on >= $start AND NOT is_open) AS closed
            FROM issues WHERE {_MINE} GROUP BY ALL ORDER BY open_issues DESC, team""",
        filters,
    )


def at_risk(marts: Marts, filters: Filters, top: int = 15) -> pa.Table:
    """Return the accounts at risk, the most reasons first, with ``why``; of a team, those it has open issues of."""
    return marts.ask(
        f"""SELECT customer_label AS account, owner_name AS owner, risks, open_issues, waiting_issues AS waiting,
                oldest_open_days AS oldest_days,
                round(first_response_seconds_median_90d / 3600, 1) AS response_hours_90d,
                round(csat_score_90d, 1) AS csat_90d,
                array_to_string([reason FOR reason IN [
                    CASE WHEN is_backlog_old THEN 'old backlog' END,
                    CASE WHEN is_unanswered_long THEN 'long without answer' END,
                    CASE WHEN is_csat_low THEN 'low ratings' END,
                    CASE WHEN is_volume_rising THEN 'rising volume' END] IF reason IS NOT NULL], ', ') AS why
            FROM accounts
            WHERE {_RISKY}
            ORDER BY risks DESC, open_issues DESC, account LIMIT {top}""",
        filters,
    )


def csat(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``month``, ``score`` (mean), ``ratings``, ``satisfied_percent``, for every month."""
    found = marts.ask(
        f"""SELECT month, avg(score) AS score, count(date_day) AS ratings,
                100.0 * count(*) FILTER (is_satisfied) / nullif(count(date_day), 0) AS satisfied_percent
            FROM {_every("month")} LEFT JOIN (
                SELECT date_trunc('month', date_day)::date AS month, date_day, score, is_satisfied
                FROM ratings WHERE date_day >= $start AND {_MINE}) USING (month)
            GROUP BY month ORDER BY month""",
        filters,
    )
    return _any(found, "ratings")


def freshness(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``table``, ``rows``, ``newest_row`` (UTC), ``never_read``: the copy's tables as they were built from."""
    return marts.ask(
        """SELECT table_name AS "table", row_count AS rows, strftime(newest_row_at, '%Y-%m-%d %H:%M') AS newest_row,
                issues_never_read AS never_read
            FROM tables ORDER BY rows DESC, "table\"""",
        filters,
    )
