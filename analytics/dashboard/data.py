"""What the dashboard's charts and tables show, as Arrow tables of what :class:`Filters` leaves of the marts."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from .clauses import (
    ABOUT,
    CLOSED,
    CREATED,
    DUE,
    MINE,
    OF_MINE,
    RATED,
    RISKY,
    SENT,
    THEIRS,
    every,
    is_part,
    seconds,
)
from .marts import Filters, Marts

SOURCES = 7
"""So many channels have a colour of their own; the others share one."""

STATES = {
    "new": "unanswered so far",
    "waiting_on_you": "waits for us",
    "waiting_on_customer": "waits for the customer",
}
"""What a conversation shows on a day, and what that is called: the marts' names are a desk's own for something else."""

_CHANGES = """begin AS (SELECT min(day) AS day FROM days),
            seen AS (SELECT * FROM mine WHERE last_day >= (SELECT day FROM begin)),
            changes AS (
                SELECT state, greatest(first_day, (SELECT day FROM begin)) AS day, count(*) AS change
                FROM seen GROUP BY ALL
                UNION ALL SELECT state, last_day + 1, -count(*) FROM seen GROUP BY ALL),
            counted AS (SELECT state, day, sum(change) AS change FROM changes GROUP BY ALL)"""
"""By how much the spans of each state in ``mine`` grow on each of the ``days``: a span counts twice, not daily."""
_OPEN = "(sum(coalesce(change, 0)) OVER (PARTITION BY state ORDER BY day))::BIGINT"
"""How many spans of a state there are on a day, by what has been counted."""


def _labels() -> str:
    """Return a relation of the states of a conversation, and of what they are called."""
    pairs = ", ".join(f"('{state}', '{label}')" for state, label in STATES.items())
    return f"(VALUES {pairs}) AS names (state, label)"


def _any(table: pa.Table, column: str) -> pa.Table:
    """Return the rows; none where nothing is counted in any."""
    return table if pc.sum(table[column]).as_py() else table.slice(0, 0)


def backlog(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``day``, ``state``, ``open_issues``, ``is_part``: what was open at the end of each day, by state.

    Every day of the period has a row for each state. Where the marts keep no history, ``open_issues`` is null. It ends
    with the last day that is known of all desks, which is not over: without one of them, the sum would fall.
    """
    found = marts.ask(
        f"""WITH bounds AS (
                SELECT min(as_of_day) AS last_day,
                    (SELECT min(first_day) FROM backlog WHERE $desk = '' OR desk = $desk) AS known_day,
                    (SELECT min(created_on) FROM issues WHERE $desk = '' OR desk = $desk) AS begun
                FROM desks WHERE $desk = '' OR desk = $desk),
            days AS (
                SELECT unnest(generate_series(CASE WHEN $days = 0 THEN known_day ELSE $first END, last_day,
                    INTERVAL 1 DAY))::date AS day, * FROM bounds),
            mine AS (SELECT state, first_day, last_day FROM backlog WHERE {OF_MINE}),
            {_CHANGES}
            SELECT day, names.label AS state,
                CASE WHEN day >= known_day OR day < begun THEN {_OPEN} END AS open_issues,
                day = last_day AS is_part
            FROM days CROSS JOIN {_labels()} LEFT JOIN counted USING (day, state)
            ORDER BY ALL""",
        filters,
    )
    return _any(found, "open_issues")


def states(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``day``, ``state``, ``open_issues``, ``is_part``: what was open at the end of each day, as recorded.

    A team and an agent are those of the day. The first day is that on which recording began.
    """
    found = marts.ask(
        f"""WITH mine AS (
                SELECT * FROM recorded
                WHERE {THEIRS} AND ticket_key IN (SELECT ticket_key FROM issues WHERE {ABOUT})),
            days AS (
                SELECT unnest(generate_series(greatest($first, (SELECT min(first_day) FROM recorded)), as_of_day,
                    INTERVAL 1 DAY))::date AS day, as_of_day
                FROM desks WHERE desk = 'pylon'),
            {_CHANGES}
            SELECT day, state, {_OPEN} AS open_issues, day = as_of_day AS is_part
            FROM days CROSS JOIN (SELECT DISTINCT state FROM mine) AS names LEFT JOIN counted USING (day, state)
            ORDER BY ALL""",
        filters,
    )
    return _any(found, "open_issues")


def flow(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``week``, ``kind`` (created or closed), ``issues``, ``is_part``, for every week."""
    found = marts.ask(
        f"""WITH counted AS (
                SELECT date_trunc('week', created_on)::date AS week, 'created' AS kind, count(*) AS issues
                FROM issues WHERE {CREATED} AND {MINE} GROUP BY ALL
                UNION ALL
                SELECT date_trunc('week', closed_on)::date, 'closed', count(*)
                FROM issues WHERE {CLOSED} AND {MINE} GROUP BY ALL)
            SELECT week, kind, coalesce(issues, 0) AS issues, {is_part("week")} AS is_part
            FROM {every("week")} CROSS JOIN (VALUES ('created'), ('closed')) AS kinds (kind)
            LEFT JOIN counted USING (week, kind)
            ORDER BY week, kind DESC""",
        filters,
    )
    return _any(found, "issues")


def first_response(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``week`` (of the request), ``median_hours``, ``p90_hours``, ``issues``, ``is_part``, for every week."""
    return _waits(marts, filters, "created_on", "first_response", f"issues WHERE {CREATED} AND {MINE}")


def next_response(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``week`` (of the answer), ``median_hours``, ``p90_hours``, ``issues`` (answers), ``is_part``."""
    found = _waits(marts, filters, "sent_on", "response", f"responses WHERE {SENT} AND {OF_MINE}")
    return found.rename_columns([{"issues": "answers"}.get(name, name) for name in found.column_names])


def resolution(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``week`` (of the solution), ``median_hours``, ``p90_hours``, ``issues``, ``is_part``, for every week."""
    return _waits(marts, filters, "closed_on", "resolution", f"issues WHERE {CLOSED} AND {MINE}")


def _waits(marts: Marts, filters: Filters, day: str, of: str, rows: str) -> pa.Table:
    found = marts.ask(
        f"""SELECT week, median(took) / 3600 AS median_hours, quantile_cont(took, 0.9) / 3600 AS p90_hours,
                count(took) AS issues, {is_part("week")} AS is_part
            FROM {every("week")} LEFT JOIN (
                SELECT date_trunc('week', {day})::date AS week, {seconds(of)} AS took FROM {rows}) USING (week)
            GROUP BY week ORDER BY week""",
        filters,
    )
    return _any(found, "issues")


def targets(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``month`` (of the deadline), ``targets``, ``met``, ``met_percent``, ``is_part``, for every month."""
    found = marts.ask(
        f"""SELECT month, count(outcome) AS targets, count(*) FILTER (outcome = 'met') AS met,
                100.0 * count(*) FILTER (outcome = 'met') / nullif(count(outcome), 0) AS met_percent,
                {is_part("month")} AS is_part
            FROM {every("month")} LEFT JOIN (
                SELECT date_trunc('month', due_on)::date AS month, outcome
                FROM targets WHERE {DUE} AND {OF_MINE}) USING (month)
            GROUP BY month ORDER BY month""",
        filters,
    )
    return _any(found, "targets")


def volume(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``week``, ``source``, ``issues``, ``is_part``: what came in, by channel, for every week.

    The channels with the most are told, :data:`SOURCES` at most, the others together.
    """
    return marts.ask(
        f"""WITH mine AS (
                SELECT date_trunc('week', created_on)::date AS week, coalesce(source, '(none)') AS source
                FROM issues WHERE {CREATED} AND {MINE}),
            ranked AS (
                SELECT source, row_number() OVER (ORDER BY count(*) DESC, source) AS place FROM mine GROUP BY source),
            named AS (SELECT source, CASE WHEN place <= {SOURCES} THEN source ELSE 'Others' END AS name FROM ranked),
            counted AS (SELECT week, name, count(*) AS issues FROM mine JOIN named USING (source) GROUP BY ALL)
            SELECT week, name AS source, coalesce(issues, 0) AS issues, {is_part("week")} AS is_part
            FROM {every("week")} CROSS JOIN (SELECT DISTINCT name FROM named) LEFT JOIN counted USING (week, name)
            ORDER BY week, source""",
        filters,
    )


def tags(marts: Marts, filters: Filters, top: int = 12) -> pa.Table:
    """Return ``tag``, ``issues`` for the tags that most of the issues have."""
    return marts.ask(
        f"""SELECT tag, count(*) AS issues FROM tags JOIN issues USING (ticket_key)
            WHERE {CREATED} AND {MINE} GROUP BY ALL ORDER BY issues DESC, tag LIMIT {top}""",
        filters,
    )


def arrivals(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``weekday`` (1 for Monday), ``hour``, ``issues``, one row for each hour of the week."""
    return marts.ask(
        f"""SELECT weekday, hour, count(ticket_key) AS issues
            FROM range(1, 8) AS w(weekday) CROSS JOIN range(24) AS h(hour)
            LEFT JOIN (FROM issues WHERE {CREATED} AND {MINE}) AS i
                ON i.created_weekday = weekday AND i.created_hour = hour
            GROUP BY ALL ORDER BY ALL""",
        filters,
    )


def agents(marts: Marts, filters: Filters, top: int = 15) -> pa.Table:
    """Return ``agent``, ``open_issues``, ``waiting``, ``replies``: load now, and replies in the period."""
    return marts.ask(
        f"""SELECT agent, coalesce(open_issues, 0) AS open_issues, coalesce(waiting, 0) AS waiting,
                coalesce(replies, 0)::BIGINT AS replies
            FROM (SELECT coalesce(agent, '(nobody)') AS agent, count(*) AS open_issues,
                    count(*) FILTER (is_waiting) AS waiting
                FROM issues WHERE is_open AND {MINE} GROUP BY ALL)
            FULL JOIN (SELECT agent, sum(replies) AS replies FROM replies
                WHERE {SENT} AND {OF_MINE} GROUP BY ALL) USING (agent)
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
            FROM issues WHERE {MINE} GROUP BY ALL ORDER BY open_issues DESC, team""",
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
            WHERE {RISKY}
            ORDER BY risks DESC, open_issues DESC, account LIMIT {top}""",
        filters,
    )


def waiting(marts: Marts, filters: Filters, top: int = 15) -> pa.Table:
    """Return the open issues in which a customer waits, the longest wait first; ``link`` leads to each in its desk."""
    return marts.ask(
        f"""SELECT round(waiting_seconds / 3600, 1) AS waiting_hours, title, link, account_name AS account,
                coalesce(agent, '(nobody)') AS agent, team_name AS team, priority
            FROM issues WHERE is_open AND is_waiting AND {MINE}
            ORDER BY waiting_seconds DESC, ticket_number NULLS LAST, ticket_key LIMIT {top}""",
        filters,
    )


def comments(marts: Marts, filters: Filters, top: int = 10) -> pa.Table:
    """Return what customers said with their ratings, the newest first; ``link`` leads to each issue in its desk."""
    return marts.ask(
        f"""SELECT date_day AS day, score, comment, ratings.title, ratings.link, account_name AS account,
                coalesce(agent, '(nobody)') AS agent
            FROM ratings JOIN issues USING (ticket_key)
            WHERE comment IS NOT NULL AND {RATED} AND {MINE}
            ORDER BY day DESC, score, ratings.ticket_number DESC, comment LIMIT {top}""",
        filters,
    )


def csat(marts: Marts, filters: Filters) -> pa.Table:
    """Return ``month``, ``score`` (mean), ``ratings``, ``satisfied_percent``, ``is_part``, for every month."""
    found = marts.ask(
        f"""SELECT month, avg(score) AS score, count(date_day) AS ratings,
                100.0 * count(*) FILTER (is_satisfied) / nullif(count(date_day), 0) AS satisfied_percent,
                {is_part("month")} AS is_part
            FROM {every("month")} LEFT JOIN (
                SELECT date_trunc('month', date_day)::date AS month, date_day, score, is_satisfied
                FROM ratings WHERE {RATED} AND {OF_MINE}) USING (month)
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
