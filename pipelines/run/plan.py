"""``pylon run --dry-run``: what is due, how many requests that takes, and how long; nothing is asked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.api.pacing import Pacers
from pylon_elt.sources.pylon.api.windows import WIDEST
from pylon_elt.sources.pylon.catalog import (
    CHILDREN,
    COLLECTED,
    ENDPOINTS,
    HANGING,
    INCREMENTAL,
    TABLES,
    Table,
)

from ..base.probing import expected
from ..base.screens import wrapped
from ..base.wording import ago, count, duration
from ..copy.inspection import Place, pending_packages
from . import due as dues
from .due import unit
from .progress import seconds_for

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.settings import Settings

    from ..copy.inspection import Copy

THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Cost:
    """What one endpoint is asked, and how long that takes at its pace."""

    endpoint: str
    requests: int
    allowed_a_minute: float
    seconds: float


@dataclass
class Plan:
    """What the next run would do. ``exists`` tells whether there is a copy."""

    exists: bool
    due: dues.Due
    costs: list[Cost]
    seconds_for_a_thousand: float
    """How long the conversations of a thousand issues take."""
    open_ended: bool
    """Whether issues are to be read of which nobody knows the number."""
    place: Place | None = None
    max_minutes: float | None = None
    """How long the run may take; without it, there is no sweep."""

    @property
    def requests(self) -> int:
        """All requests that are known to be needed."""
        return sum(cost.requests for cost in self.costs)

    @property
    def seconds(self) -> float:
        """How long they take; the endpoints are asked side by side."""
        return max((cost.seconds for cost in self.costs), default=0.0)

    @property
    def sweep(self) -> dict[str, int]:
        """Conversations that may be read again with the time that is left, by child."""
        return self.due.sweep if self.max_minutes is not None else {}

    def as_facts(self) -> dict[str, Any]:
        """Return the same for JSON."""
        due = self.due
        return {
            "location": self.place.location if self.place else None,
            "dataset": self.place.dataset if self.place else None,
            "exists": self.exists,
            **due.issues.as_facts(),
            "conversations": due.conversations,
            "directory": due.directory_now,
            "reconcile": due.reconcile,
            "sweep": self.sweep,
            "requests": {cost.endpoint: cost.requests for cost in self.costs},
            "seconds": round(self.seconds, 1),
            "open_ended": self.open_ended,
        }


def make(
    copy: Copy | None, settings: Settings, tables: Sequence[str], now: datetime, *, full_refresh: bool = False
) -> Plan:
    """Plan a run from what the copy holds; nothing is asked."""
    rows = {name: count for name, (count, _) in copy.all_rows().items()} if copy else {}
    due = dues.take(copy, settings, tables, now, rows=rows, full_refresh=full_refresh)
    pacers = Pacers(
        settings.rate_limits, settings.rate_window_seconds, remembered=copy.state.pace if copy else None
    )
    counted = requests(due, settings, tables)
    if full_refresh:  # what is to be dropped is asked for first
        counted += expected(TABLES[name] for name in tables if rows.get(name) and name in TABLES)
    costs = [_cost(name, counted[name], pacers) for name in ENDPOINTS if counted[name]]
    children = [
        _cost(child.read.endpoint.name, THOUSAND, pacers).seconds
        for child in CHILDREN
        if child.name in tables
    ]
    open_ended = "issues" in tables and not due.issues.history_complete
    return Plan(copy is not None, due, costs, max(children, default=0.0), open_ended)


def requests(due: dues.Due, settings: Settings, tables: Sequence[str]) -> Counter[str]:
    """Count the requests that are known to be needed, by endpoint name."""
    counted = Counter({"me": 1})  # tells whose workspace it is, and the server's time
    if "issues" in tables:
        _count_issues(counted, due, settings)
    for child, number in due.conversations.items():
        counted[HANGING[child].read.endpoint.name] += number
    _count_directory(counted, due, settings)
    return counted


def _count_issues(counted: Counter[str], due: dues.Due, settings: Settings) -> None:
    issues = due.issues
    start = (issues.changed_until or due.now) - timedelta(seconds=settings.lookback_seconds)
    counted["search_issues"] += _windows(start, due.now)
    if not issues.history_complete:
        until = issues.history_until or due.now
        counted["list_issues"] += _windows(due.floor, until) if due.floor else 1
    if due.reconcile:
        counted["list_issues"] += _windows(due.floor or due.oldest_issue or due.now, due.now)


def _windows(start: datetime, end: datetime) -> int:
    return max(1, math.ceil((end - start).total_seconds() / WIDEST.total_seconds()))


def _count_directory(counted: Counter[str], due: dues.Due, settings: Settings) -> None:
    now = set(due.directory_now)
    for name in now:
        table = COLLECTED[name]
        if table.read.endpoint.name == "me":
            continue  # it was asked for when the run began
        size = settings.limit(table.read.endpoint)
        pages = max(1, math.ceil(due.rows.get(name, 0) / size)) if size else 1
        parents = dues.parents(table, due)
        counted[table.read.endpoint.name] += pages if parents == 1 else (parents or 0)
        _count_parents(counted, table, now)
    for feed in INCREMENTAL:
        if streams := due.searched.get(feed.name):
            counted[feed.read.search.name] += streams
            _count_parents(counted, feed, now)


def _count_parents(counted: Counter[str], table: Table, now: Collection[str]) -> None:
    """Count what tells the parents to ask for; it is read once for all that hang on it."""
    if table.parent_table and table.parent_table not in now:
        counted[COLLECTED[table.parent_table].read.endpoint.name] = 1


def _cost(name: str, number: int, pacers: Pacers) -> Cost:
    endpoint = ENDPOINTS[name]
    pacer = pacers.get(name, endpoint.tier)
    seconds = seconds_for(number, pacer.limit, pacer.window, pacer.limit - pacer.occupied())
    return Cost(endpoint.label, number, pacer.limit * 60 / pacer.window, seconds)


def render(plan: Plan) -> str:
    """Return the text of a plan."""
    return "\n".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[str]:
    due = plan.due
    where = f"{plan.place.location}, dataset {plan.place.dataset}" if plan.place else "the copy"
    yield f"What the next run would do in {where}. Pylon was not asked, and nothing was changed."
    if not plan.exists:
        yield "There is no copy yet: everything is due, and how much that is only Pylon knows."
    if plan.place and (packages := pending_packages(plan.place.folder)):
        yield f"A run that was killed left {count(packages, 'load package')}, to be loaded first."
    yield from _issue_lines(due)
    if due.reconcile:
        yield f"  {'reconciliation':<16} is due: the copy is compared with a complete listing"
    for child, number in due.conversations.items():
        if plan.exists:
            yield f"  {child:<16} {number:,} {unit(child)} are due"
    yield wrapped(f"  {'directory':<16} ", ", ".join(due.directory_now) or "nothing is due")
    yield f"  {'requests, at least':<52} {'number':>8}  {'a minute':>8}  time"
    for cost in plan.costs:
        figures = f"{cost.requests:>8,}  {cost.allowed_a_minute:>8,.0f}  {duration(cost.seconds)}"
        yield f"    {cost.endpoint:<50} {figures}"
    yield from _sweep_lines(plan)
    total = f"{count(plan.requests, 'request')}, about {duration(plan.seconds)} at the present pace"
    yield f"{total}, {_beyond(plan)}."


def _issue_lines(due: dues.Due) -> Iterator[str]:
    issues = due.issues
    if issues.changed_until is not None:
        since = f"{issues.changed_until:%Y-%m-%d %H:%M:%S} UTC, {ago(issues.changed_until, due.now)}"
        yield f"  {'changes':<16} since {since}"
    if issues.history_until is not None:
        end = f"{due.floor:%Y-%m-%d}" if due.floor else "the first issue"
        left = f"from {issues.history_until:%Y-%m-%d} back to {end} is left"
        yield f"  {'history':<16} {'complete' if issues.history_complete else left}"


def _sweep_lines(plan: Plan) -> Iterator[str]:
    if plan.sweep:
        text = ", ".join(f"{number:,} of {child}" for child, number in plan.sweep.items())
        yield wrapped(
            "  With the time that is left, conversations verified long ago are read again: ", f"{text}."
        )


def _beyond(plan: Plan) -> str:
    if plan.open_ended:
        thousand = f"about {duration(plan.seconds_for_a_thousand)} for each 1,000 of them"
        return f"and the issues that are not listed yet: {thousand}"
    return "and what has changed since"
