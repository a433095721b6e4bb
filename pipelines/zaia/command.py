"""``zaia run``: from the options to an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from pylon_elt.sources.zaia.catalog import TABLES

from ..base import exits, screens
from ..base.causes import chain, explain
from ..base.desk import Run
from ..base.redaction import remember
from ..base.wording import count, duration
from ..copy import destinations, runs
from ..run.summary import Summary
from ..run.views import choose
from ..run.watcher import Watcher
from .advice import remedy, require_tested
from .job import Job, Watched
from .selection import selection
from .settings import NAME, read_settings

SHOWN = 5
"""More problems than these are counted, not told: the screen has an end."""


def run(asked: Run) -> int:
    """Copy, and show it.

    Raises:
        Problem: The run could not begin, or ended in the middle; what was saved before stays.
        KeyboardInterrupt: It was interrupted; the same holds.
    """
    tables = selection(asked.select, asked.exclude)
    settings = read_settings({**asked.settings, "confirm_removals": asked.confirm or None})
    remember(settings.api_key)
    pipeline = destinations.open_own_pipeline(asked.destination, asked.dataset, name=NAME)
    require_tested(pipeline, allowed=settings.untested_destination)  # before anything is asked
    place = destinations.location(pipeline)
    if asked.full_refresh and not asked.yes:
        screens.confirm(tables, f"{place}, dataset {pipeline.dataset_name}")
    job = Job(pipeline, settings, tables, max_minutes=asked.max_minutes, full_refresh=asked.full_refresh)
    watcher = Watcher(Watched(job), choose(asked.progress, as_json=asked.as_json))
    watcher.event("run_started", location=place, dataset=pipeline.dataset_name, tables=tables)
    started = datetime.now(UTC)
    try:
        with watcher.watching():
            code = job.run()
    except Exception as error:
        if any(isinstance(cause, KeyboardInterrupt) for cause in chain(error)):
            raise KeyboardInterrupt from None  # which dlt tells as a step that failed
        raise _failed(job, watcher, started, explain(error), as_json=asked.as_json) from error
    summary = summarize(job, place, watcher.seconds, code)
    told = problems(job)
    runs.remember(pipeline.pipelines_dir, summary.remembered(started, told), NAME)
    if asked.as_json:
        watcher.event("run_finished", **summary.as_facts())
        return code
    screens.tell("\n".join(lines(job, summary)))
    for problem in told:
        screens.show(problem)
    return code


def summarize(job: Job, place: str, seconds: float, code: int) -> Summary:
    """Take a run's counters together."""
    notes, session = job.reading.notes, job.reading.lists.session
    return Summary(
        location=place,
        dataset=job.pipeline.dataset_name,
        seconds=seconds,
        turns=job.turns,
        code=code,
        rows={name: notes.read[name] for name in TABLES if notes.read[name]},
        requests={name: (number, session.refused[name]) for name, number in session.asked.items()},
        warnings=list(notes.warnings),
        not_available=[((name,), error.message) for name, error in notes.lacking.items()],
        failures=[(name, error.message, remedy(error)) for name, error in notes.failures],
        removed=sum(notes.removed.values()),
        ended_early=f"the time of --max-minutes {job.max_minutes:g} is over"
        if job.max_minutes is not None and job.reading.left
        else "",
    )


def problems(job: Job) -> list[exits.Problem]:
    """Return what failed, at most so much as fits the screen."""
    failures = job.reading.notes.failures
    told = [
        exits.Problem(f"{name}: {error.message}", remedy(error), exits.of(error)) for name, error in failures
    ]
    if (more := len(told) - SHOWN) > 0:
        told[SHOWN:] = [exits.Problem(f"{more} more problems like these.", "", told[0].code)]
    return told


def lines(job: Job, summary: Summary) -> Iterator[str]:
    """Write a summary."""
    removed = job.reading.notes.removed
    requests = (
        f"{count(summary.asked, 'request')}{f', {summary.refused:,} refused' if summary.refused else ''}"
    )
    verb = "Copied in part" if summary.failures else "Copied"
    taken = f"in {duration(summary.seconds)}: {requests}."
    yield screens.flowing(f"{verb} to {summary.location}, dataset {summary.dataset}, {taken}")
    if summary.rows or removed:
        yield f"  {'':<16} {'new or changed':>14} {'removed':>9}"
    for name in TABLES:
        if summary.rows.get(name) or removed[name]:
            yield f"  {name:<16} {summary.rows.get(name, 0):>14,} {removed[name] or '':>9}".rstrip()
    for (name,), why in summary.not_available:
        yield screens.wrapped("Not available here: ", f"{name}: {why} What the copy has stays.")
    for text in summary.warnings[:SHOWN]:
        yield screens.wrapped("Warning: ", text)
    if summary.ended_early:
        yield f"Ended early: {summary.ended_early}. What was read is saved. Run again to go on."
    else:
        yield "Left for the next run: what failed." if summary.failures else "Nothing is left to read."


def _failed(
    job: Job, watcher: Watcher, started: datetime, problem: exits.Problem, *, as_json: bool
) -> exits.Problem:
    """Remember a run that ended in the middle, and return what is to be told of it."""
    summary = summarize(job, "", watcher.seconds, problem.code)
    if problem.code != exits.LOCKED:
        runs.remember(job.pipeline.pipelines_dir, summary.remembered(started, [problem]), NAME)
    if not as_json:
        return problem
    screens.show(problem, as_json=True)
    watcher.event("run_finished", **summary.as_facts())
    return exits.Problem(problem.what, problem.remedy, problem.code, told=True)
