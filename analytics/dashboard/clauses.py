"""Conditions and relations that the dashboard's statements share; their ``$names`` are those of :meth:`Marts.ask`."""

from __future__ import annotations

from .marts import WORKING

THEIRS = """($team = '' OR team_name = $team) AND ($agent = '' OR agent = $agent)"""
"""Whether a team and an agent are in charge that are looked at."""

ABOUT = """($desk = '' OR desk = $desk) AND ($account = '' OR account_name = $account)
    AND ($priority = '' OR priority = $priority)
    AND ($tag = '' OR ticket_key IN (SELECT ticket_key FROM tags WHERE tag = $tag))
    AND ($field = '' OR ticket_key IN (SELECT ticket_key FROM fields WHERE field = $field))"""
"""Whether an issue is about what is looked at, whoever is in charge of it."""

MINE = f"{THEIRS} AND {ABOUT}"
"""Whether an issue is looked at."""

OF_MINE = f"ticket_key IN (SELECT ticket_key FROM issues WHERE {MINE})"
"""Whether what belongs to an issue is."""

RISKY = f"""is_at_risk AND ($desk = '' OR accounts.desk = $desk) AND ($account = '' OR customer_label = $account)
    AND ($team || $agent || $priority || $tag || $field = '' OR (accounts.desk, customer_label) IN (
        SELECT (desk, account_name) FROM issues WHERE is_open AND {MINE}))"""
"""Whether an account is at risk; of a team, say, those it has open issues of."""

RISKY_THEN = f"""(
    WITH theirs AS (SELECT * FROM issues WHERE issues.desk = 'pylon' AND account_name IS NOT NULL),
    open AS (
        SELECT theirs.*, backlog.state AS shows, first_day
        FROM backlog JOIN theirs USING (ticket_key) WHERE $end BETWEEN first_day AND last_day),
    risky AS (
        SELECT account_name FROM open CROSS JOIN limits
        WHERE $end - created_on > open_days
            OR (shows <> 'waiting_on_customer' AND ($end - first_day + 0.5) * 24 > unanswered_hours)
        UNION
        SELECT account_name FROM ratings JOIN theirs USING (ticket_key)
        WHERE date_day > $end - 90 AND date_day <= $end
        GROUP BY account_name HAVING avg(score) < (SELECT csat_below FROM limits)
        UNION
        SELECT account_name FROM theirs WHERE created_on > $end - 60 AND created_on <= $end
        GROUP BY account_name
        HAVING count(*) FILTER (created_on > $end - 30) >= greatest(5, (SELECT volume_growth FROM limits)
            * count(*) FILTER (created_on <= $end - 30)))
    SELECT account_name FROM risky
    WHERE $desk IN ('', 'pylon') AND ($account = '' OR account_name = $account)
        AND ($team || $agent || $priority || $tag || $field = ''
            OR account_name IN (SELECT account_name FROM open WHERE {MINE}))) AS risky_then"""
"""A relation of the accounts that were at risk at the end of a day, by whole days: a wait begins at noon."""

CREATED, CLOSED, RATED, SENT, DUE = (
    f"{day} BETWEEN $start AND $end{more}"
    for day, more in (
        ("created_on", ""),
        ("closed_on", " AND NOT is_open"),
        ("date_day", ""),
        ("sent_on", ""),
        ("due_on", ""),
    )
)
"""Whether what is counted belongs to the period."""

ASKED = "requested_at IS NOT NULL"
"""Whether a customer asked for something."""


def seconds(of: str) -> str:
    """Return the time to a ``first_response``, a ``resolution`` or a ``response``, by the hours that are chosen."""
    return f"(CASE WHEN $hours = '{WORKING}' THEN {of}_business_seconds ELSE {of}_seconds END)"


def is_part(unit: str) -> str:
    """Return whether the period, which ends within a day, holds only a part of a week or month."""
    return f"({unit} < $start OR {unit} + INTERVAL 1 {unit} > $today)"


def every(unit: str) -> str:
    """Return a relation of every week or month of the period."""
    first, last = (f"date_trunc('{unit}', ${bound})" for bound in ("first", "today"))
    return f"(SELECT unnest(generate_series({first}, {last}, INTERVAL 1 {unit}))::date AS {unit})"
