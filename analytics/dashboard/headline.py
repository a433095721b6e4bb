"""The numbers at the top of the dashboard, of a period and of the one before."""

from __future__ import annotations

from typing import Any

from .clauses import ASKED, CLOSED, CREATED, DUE, MINE, OF_MINE, RATED, RISKY, RISKY_THEN, SENT, seconds
from .marts import Filters, Marts

_RATABLE = f"desk = 'pylon' AND {CLOSED}"
"""Whether an issue was closed in the period at a desk that asks for ratings."""

_COMPARED = f"""
            count(*) FILTER ({CREATED}) AS created,
            count(*) FILTER ({CLOSED}) AS closed,
            median({seconds("first_response")}) FILTER ({CREATED}) / 3600 AS response_hours,
            median({seconds("resolution")}) FILTER ({CLOSED}) / 3600 AS resolution_hours,
            (SELECT median({seconds("response")}) / 3600 FROM responses WHERE {SENT} AND {OF_MINE}) AS next_hours,
            (SELECT 100.0 * count(*) FILTER (outcome = 'met') / nullif(count(*), 0) FROM targets
                WHERE {DUE} AND {OF_MINE}) AS met_percent,
            100.0 * count(*) FILTER ({_RATABLE} AND is_one_touch) / nullif(count(*) FILTER ({_RATABLE}), 0)
                AS one_touch_percent,
            100.0 * count(*) FILTER ({CREATED} AND is_reopened)
                / nullif(count(*) FILTER (desk = 'pylon' AND {CREATED}), 0) AS reopened_percent,
            (SELECT avg(score) FROM ratings WHERE {RATED} AND {OF_MINE}) AS csat"""
"""What is told of one period and of the one before."""


def headline(marts: Marts, filters: Filters) -> dict[str, Any]:
    """Return the numbers at the top.

    Of all that is open: ``open``, ``ours`` (by the desk's own state, it is our turn) and ``waiting`` (a customer's
    message is unanswered). Of the period: ``created``, ``closed``; ``asked`` (created by a customer, or answered) and
    ``answered`` of these, with the median ``response_hours``, and with ``at_least_hours``, what it would be round the
    clock if all who still wait were answered now; ``responses`` after the first with the median ``next_hours``;
    ``resolution_hours``; of the ``targets`` with a deadline in it, the share that was met, ``met_percent``; ``csat``,
    the mean of ``ratings``; of the closed issues that could be rated (``ratable``), how many are: ``rated``, and the
    share that took one answer, ``one_touch_percent``; of those created at such a desk, the share that came back,
    ``reopened_percent``. ``at_risk`` counts accounts.
    """
    sql = f"""
        SELECT
            count(*) FILTER (is_open) AS open,
            count(*) FILTER (state = 'open') AS ours,
            count(*) FILTER (is_open AND is_waiting) AS waiting,
            count(*) FILTER ({CREATED} AND {ASKED}) AS asked,
            count(first_response_seconds) FILTER ({CREATED}) AS answered,
            median(coalesce(first_response_seconds, CASE WHEN is_open THEN waiting_seconds END))
                FILTER ({CREATED} AND {ASKED}) / 3600 AS at_least_hours,
            count(*) FILTER ({_RATABLE}) AS ratable,
            count(*) FILTER ({_RATABLE} AND ticket_key IN (SELECT ticket_key FROM ratings)) AS rated,
            (SELECT count(*) FROM ratings WHERE {RATED} AND {OF_MINE}) AS ratings,
            (SELECT count(*) FROM responses WHERE {SENT} AND {OF_MINE}) AS responses,
            (SELECT count(*) FROM targets WHERE {DUE} AND {OF_MINE}) AS targets,
            (SELECT count(*) FROM accounts WHERE {RISKY}) AS at_risk,
            {_COMPARED}
        FROM issues WHERE {MINE}"""
    (row,) = marts.ask(sql, filters).to_pylist()
    return dict(row)


def before(marts: Marts, filters: Filters) -> dict[str, Any]:
    """Return some of these numbers for the period of the same length before; empty where all is looked at.

    ``open`` and ``at_risk`` are what was so when it ended, null where the marts do not know; the latter by whole days,
    with the teams, agents and accounts that the issues have now. The others are ``created``, ``closed``,
    ``response_hours``, ``next_hours``, ``resolution_hours``, ``met_percent``, ``csat``, ``one_touch_percent`` and
    ``reopened_percent``.
    """
    if not filters.days:
        return {}
    known = "(SELECT min(first_day) FROM backlog WHERE $desk = '' OR desk = $desk) <= $end"
    sql = f"""
        SELECT
            CASE WHEN {known} THEN (SELECT count(*) FROM backlog
                WHERE $end BETWEEN first_day AND last_day AND {OF_MINE}) END AS open,
            CASE WHEN {known} THEN (SELECT count(*) FROM {RISKY_THEN}) END AS at_risk,
            {_COMPARED}
        FROM issues WHERE {MINE}"""
    (row,) = marts.ask(sql, filters, before=True).to_pylist()
    return dict(row)
