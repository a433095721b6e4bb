"""``pylon status``: what the copy holds, how fresh it is, what is due, the pace learnt and the last runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.api.pacing import Pacers
from pylon_elt.sources.pylon.catalog import ENDPOINTS, TABLES
from pylon_elt.sources.pylon.copy.intervals import TRIED_AGAIN
from pylon_elt.sources.pylon.copy.state import Lack, Late, SourceState, suggested_lookback
from pylon_elt.sources.pylon.rows.extras import Extra

from ..base import configuration, exits, screens
from ..base.desk import command
from ..base.wording import ago, count, duration
from ..copy import inspection, runs
from ..run import due as dues
from ..run.due import unit

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.settings import Settings

RUNS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class TableStatus:
    """One table: how many rows, when the newest was read (UTC), and what is due."""

    rows: int
    read_at: datetime | None
    due: int | None = None
    """Parents to be asked, for a child."""
    verified_since: datetime | None = None
    """When the conversation that was verified longest ago was read (UTC), for a child."""
    next_read: datetime | None = None
    """When it is to be read whole, for a collection (UTC)."""
    lack: Lack | None = None
    """Why it is not available here."""


@dataclass
class Status:
    """What ``pylon status`` shows."""

    place: inspection.Place
    now: datetime
    runs: list[runs.Run]
    pending_packages: int
    exists: bool = False
    due: dues.Due | None = None
    tables: dict[str, TableStatus] | None = None
    pace: dict[str, tuple[float, float]] | None = None
    """Requests a minute that were learnt, and those that learning starts at, by endpoint."""

    extras: dict[str, dict[str, Extra]] = field(default_factory=dict)
    """What stands in ``_extra``, by table and name."""
    late: Late = field(default_factory=Late)
    """Issues that the search showed late."""
    lookback: tuple[float, int | None] = (0.0, None)
    """``lookback_seconds`` as it is, and as it should be where that is more."""

    def as_facts(self) -> dict[str, Any]:
        """Return the same for JSON."""
        due = self.due
        return {
            "location": self.place.location,
            "dataset": self.place.dataset,
            "snapshot_at": self.place.snapshot_at,
            "exists": self.exists,
            **asdict(due.issues if due else dues.IssuesRead()),
            "tables": {name: asdict(table) for name, table in (self.tables or {}).items()},
            "pace": {
                name: {"requests_a_minute": learnt, "start": start}
                for name, (learnt, start) in (self.pace or {}).items()
            },
            "extra_fields": {
                table: {name: asdict(extra) for name, extra in names.items()}
                for table, names in self.extras.items()
            },
            "late": {
                **asdict(self.late),
                "lookback_seconds": self.lookback[0],
                "suggested_lookback_seconds": self.lookback[1],
            },
            "pending_packages": self.pending_packages,
            "runs": [asdict(run) for run in self.runs],
        }


def run(destination: str, dataset: str, *, as_json: bool) -> int:
    """Print the status of a copy.

    Raises:
        Problem: The copy cannot be read, or a run has locked it and there is no snapshot (exit code 75).
    """
    status = look(destination, dataset, datetime.now(UTC))
    if as_json:
        screens.event("status", **status.as_facts())
    else:
        screens.tell(render(status))
    return exits.DONE


def look(destination: str, dataset: str, now: datetime) -> Status:
    """Take everything together."""
    settings = configuration.read_settings(token=False)
    with inspection.seen(destination, dataset, beside_a_run=True) as (place, copy):
        waiting = inspection.pending_packages(place.folder)
        status = Status(place, now, runs.recall(place.folder), waiting)
        if copy is not None:
            _fill(status, copy, settings)
    return status


def _fill(status: Status, copy: inspection.Copy, settings: Settings) -> None:
    rows, state = copy.all_rows(), copy.state
    tables = [name for name in TABLES if name in rows or name in settings.usual]
    due = dues.take(
        copy, settings, tables, status.now, rows={name: number for name, (number, _) in rows.items()}
    )
    paces = Pacers(settings.rate_limits, settings.rate_window_seconds, remembered=state.pace)
    verified = copy.verified()
    per_minute = 60 / settings.rate_window_seconds
    status.exists, status.due = True, due
    status.tables = {
        name: TableStatus(
            number,
            _read_at(state, name, stamp),
            due.conversations.get(name),
            verified.get(name),
            due.directory.get(name),
            due.lacking.get(name),
        )
        for name, (number, stamp) in {**dict.fromkeys(due.lacking, (0, None)), **rows}.items()
    }
    status.late, status.extras = state.late, copy.extras
    status.lookback = (
        settings.lookback_seconds,
        suggested_lookback(state.late, settings.lookback_seconds),
    )
    status.pace = {
        endpoint.label: (
            paces.get(name, endpoint.tier).limit * per_minute,
            settings.rate_limits[endpoint.tier] * per_minute,
        )
        for name, endpoint in ENDPOINTS.items()
        if name in state.pace
    }


def _read_at(state: SourceState, table: str, newest: datetime | None) -> datetime | None:
    """Return when a table was read; of a collection that shrank or is empty, its lane remembers."""
    stamps = [newest, state.collection(table).refreshed_at]
    return max((stamp for stamp in stamps if stamp), default=None)


def render(status: Status) -> str:
    """Return the text of a status."""
    return "\n".join(_lines(status))


def _lines(status: Status) -> Iterator[str]:
    yield screens.flowing(f"{status.place.location}, dataset {status.place.dataset}")
    if note := status.place.note(status.now):
        yield screens.flowing(note)
    if status.due is None:
        yield no_copy_text(status.place)
    else:
        yield screens.flowing(_progress(status.due))
    if status.pending_packages:
        left = count(status.pending_packages, "load package")
        yield screens.flowing(f"A run that was killed left {left} for the next run.")
    if status.tables:
        yield ""
        yield from columns(
            ("table", "rows", "newest read", "due"),
            [
                (name, f"{table.rows:,}", ago(table.read_at, status.now), _due(name, table, status.now))
                for name, table in status.tables.items()
            ],
        )
        yield from _verified(status.tables, status.now)
    yield from _late(status)
    yield from _extras(status.extras)
    yield from _pace(status.pace or {})
    if status.runs:
        yield "\n  last runs"
        yield from (run_line(run) for run in reversed(status.runs[-RUNS_SHOWN:]))


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Write a table of names, two numbers and a text, which goes on below where the screen is narrow."""
    lines = [head, *rows]
    roomy = screens.room() >= screens.WIDTH
    first, second, third = (
        max(usual if roomy else 0, *(len(line[place]) for line in lines))
        for place, usual in enumerate((24, 12, 14))
    )
    for name, number, age, text in lines:
        yield screens.beside(f"  {name:<{first}} {number:>{second}}  {age:>{third}}", text)


def no_copy_text(place: inspection.Place) -> str:
    """Return what is said of a place where there is no copy, and of the copies that are beside it."""
    others = " and ".join(place.others)
    where = f"There is no copy in the dataset {place.dataset}; there is one in {others}." if others else ""
    what = where or "There is no copy yet."
    return screens.flowing(f"{what} Make it with: {command('run')}")


def _progress(due: dues.Due) -> str:
    issues = due.issues
    if issues.changed_until is None or issues.history_until is None:
        return "The issues have not been read yet."
    age = ago(issues.changed_until, due.now)
    if issues.changed_until > due.now:
        age = "in the future, since a clock was wrong; the next run goes back"
    changes = f"{issues.changed_until:%Y-%m-%d %H:%M:%S} UTC ({age})"
    history = f"is read back to {issues.history_until:%Y-%m-%d}, the rest is due"
    if issues.history_complete:
        history = "is complete"
    return f"Changes are read up to {changes}; the history {history}."


def _late(status: Status) -> Iterator[str]:
    """Say how far behind the search was, and whether the lookback allows for it."""
    late, (lookback, suggested) = status.late, status.lookback
    if not late.count:
        return
    text = (
        f"the search showed {count(late.count, 'issue')} after the watermark had passed, by up to"
        f" {duration(late.largest_seconds)}; the last was found {ago(late.last_at, status.now)}."
    )
    if late.beyond:
        text += f" Of them, {late.beyond:,} came later than the lookback, and only a complete listing showed them."
    if suggested:
        text += f" lookback_seconds is {lookback:g}: set it to {suggested}."
    yield screens.wrapped("  late arrivals: ", text)


def _extras(extras: dict[str, dict[str, Extra]]) -> Iterator[str]:
    """Say what is kept in ``_extra``: fields that could become columns, and values that no column could hold."""
    for misfit, label in (
        (False, "not documented"),
        (True, "not of their column's type"),
    ):
        parts = [
            f"{table}.{name} (since {extra.since:%Y-%m-%d})"
            for table, names in extras.items()
            for name, extra in names.items()
            if extra.misfit is misfit
        ]
        if parts:
            yield screens.wrapped(f"  kept in _extra, {label}: ", f"{', '.join(parts)}.")


def _pace(pace: dict[str, tuple[float, float]]) -> Iterator[str]:
    """Show what was learnt, and the endpoints that matter; the rest is as it began."""
    shown = {
        endpoint: (learnt, start)
        for endpoint, (learnt, start) in pace.items()
        if learnt != start or "/issues" in endpoint
    }
    if shown:
        room = max(map(len, shown)) if screens.room() < screens.WIDTH else 50
        yield f"\n  {'pace':<{room}}  requests a minute"
    for endpoint, (learnt, start) in shown.items():
        note = "" if learnt == start else f"(learnt; began at {start:,.0f})"
        yield screens.beside(f"  {endpoint:<{room}}  {learnt:>8,.0f}", note)


def _verified(tables: dict[str, TableStatus], now: datetime) -> Iterator[str]:
    """Say how long ago each child was verified, at the longest."""
    ages = {name: table.verified_since for name, table in tables.items() if table.verified_since}
    if ages:
        text = ", ".join(f"{name} {ago(stamp, now)}" for name, stamp in ages.items())
        yield screens.wrapped("  oldest verification: ", f"{text}.")


def _due(name: str, table: TableStatus, now: datetime) -> str:
    if table.lack:
        again = duration(max(0.0, (table.lack.tried_at + TRIED_AGAIN - now).total_seconds()))
        return f"not available here: {table.lack.why} Tried again in {again}."
    if table.due:
        return f"{table.due:,} {unit(name)}"
    if table.next_read is not None:
        return "now" if table.next_read <= now else f"in {duration((table.next_read - now).total_seconds())}"
    return ""


def run_line(run: runs.Run) -> str:
    """Write one of the last runs."""
    begun = f"{run.started[:16].replace('T', ' ')} UTC"
    done = f"{count(sum(run.rows.values()), 'row')}, {count(run.requests, 'request')}"
    outcome = exits.MEANINGS.get(run.exit, "")
    if run.ended_early:
        outcome = f"Ended early: {run.ended_early}."
    fixed = f"  {begun}  {duration(run.seconds):>12}  exit {run.exit:<2}"
    text = screens.beside(fixed, f"{done}. {outcome}")
    return f"{text}\n{screens.wrapped('      ', run.problem)}" if run.problem else text
