"""What the dashboard tells of past days is what was so then."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support import questions_docs

from pylon_elt.analytics.dashboard import data, sections
from pylon_elt.analytics.dashboard.headline import before, headline
from pylon_elt.analytics.dashboard.marts import Filters, Marts
from pylon_elt.pipelines.ask.reader_duckdb import DuckDbReader

STAGING = "pylon_analytics_staging"
NOTHING = "(select * from stg_pylon__issue_snapshots where false) as nothing"


@pytest.mark.parametrize("days", [1, 7, 90])
def test_the_accounts_that_were_at_risk_are_those_beyond_the_limits(
    days: int, marts: Marts, sql: Any
) -> None:
    """With the limits that are the default: 14 days, 24 hours, a mean below 3.0, and twice as many issues, five at least."""
    day = marts.today - timedelta(days=days)
    issues = sql("""select ticket_key, customer_label, created_on, team_name from support__tickets
        where desk = 'pylon' and customer_label is not null""")
    spans = sql(f"""select 'pylon:' || issue_id, state, first_day from {STAGING}.int_pylon__open_spans
        where '{day}' between first_day and last_day""")
    scores = sql("select account_name, date_day, score from pylon__csat")
    labels = dict(sql("select customer_name, customer_label from support__customers where desk = 'pylon'"))
    known = {key: (label, created) for key, label, created, _ in issues}
    risky = set()
    for key, state, first in spans:
        label, created = known.get(key, ("", day))
        if (day - created).days > 14 or (state != "waiting_on_customer" and (day - first).days >= 1):
            risky.add(label)
    for label in {label for label, _ in known.values()}:
        ages = [(day - created).days for its, created in known.values() if its == label]
        new, old = sum(0 <= age < 30 for age in ages), sum(30 <= age < 60 for age in ages)
        rated = [
            score for name, on, score in scores if labels.get(name) == label and 0 <= (day - on).days < 90
        ]
        if (new >= 5 and new >= 2 * old) or (rated and sum(rated) / len(rated) < 3):
            risky.add(label)
    risky -= {""}
    assert before(marts, Filters(days))["at_risk"] == len(risky) > 0
    account = min(risky)
    assert before(marts, Filters(days, account=account))["at_risk"] == 1
    theirs = {
        known[key][0]
        for key, *_ in spans
        if key in known and (key, "Support") in {(i[0], i[3]) for i in issues}
    }
    assert before(marts, Filters(days, "Support"))["at_risk"] == len(risky & theirs)


def test_states_of_past_days_are_those_that_were_recorded(marts: Marts, sql: Any) -> None:
    """Each day is asked for by itself: the newest record up to its end, of the team that it had then."""
    for team in ("", "Support"):
        drawn = data.states(marts, Filters(30, team=team)).to_pylist()
        days = sorted({row["day"] for row in drawn})
        assert days == [marts.today - timedelta(days=back) for back in reversed(range(30))]
        for day in (days[0], days[9], days[10], days[-1]):
            expected = sql(f"""
                select coalesce(status_label, state), count(*) from (
                    select state, team_id, row_number() over (partition by issue_id order by recorded_at desc) as newest
                    from pylon_analytics_staging.stg_pylon__issue_snapshots where recorded_on <= '{day}')
                left join pylon_analytics_staging.stg_pylon__issue_statuses on state = status
                left join pylon_analytics_staging.stg_pylon__teams using (team_id)
                where newest = 1 and not coalesce(is_closed, state = 'closed') and '{team}' in ('', team_name)
                group by all""")
            if day < marts.today:
                found = {
                    row["state"]: row["open_issues"]
                    for row in drawn
                    if row["day"] == day and row["open_issues"]
                }
                assert found == dict(expected), (team, day)
        now = sum(row["open_issues"] for row in drawn if row["is_part"])
        assert now == headline(marts, Filters(30, team=team, desk="pylon"))["open"]


def test_where_nothing_was_recorded_it_says_how(built: Path) -> None:
    with DuckDbReader.opened(built, built, questions_docs.SCHEMAS) as reader:
        cut = Marts(lambda sql: reader.ask(sql.replace("stg_pylon__issue_snapshots", NOTHING)).table())
    section = next(one for one in sections.SECTIONS if one.name == "states")
    assert section.rows(cut, Filters()).num_rows == 0
    assert "issue_snapshots" in section.nothing(cut, Filters())
