"""``pylon run``: from the options to an exit code."""

from __future__ import annotations

import signal
from datetime import UTC, datetime

from pylon_elt.sources.pylon.copy.tested import require_tested

from ..base import configuration, exits, screens
from ..base.causes import explain
from ..base.desk import Run
from ..base.redaction import remember
from ..base.selection import selection
from ..copy import destinations, inspection, runs
from .failures import problems
from .job import Job
from .signals import stopped_by_signals
from .summary import Summary, render, summarize
from .views import choose
from .watcher import WatchedJob, Watcher

STOPPING = (
    "Stopping: what was read is being saved. Once more, and it ends at once, which loses nothing either."
)


def dry_run(options: Run) -> int:
    """Print what is due and what it costs.

    Raises:
        Problem: The copy cannot be read.
    """
    from . import plan

    asked = selection(options.select, options.exclude)
    settings = configuration.read_settings(options.settings, token=False)
    tables = asked.tables(settings.include)
    with inspection.seen(options.destination, options.dataset) as (place, copy):
        made = plan.make(copy, settings, tables, datetime.now(UTC), full_refresh=options.full_refresh)
    made.max_minutes, made.place = options.max_minutes, place
    if options.as_json:
        screens.event("plan", **made.as_facts())
    else:
        screens.tell(plan.render(made))
    return exits.DONE


def run(options: Run) -> int:
    """Copy, and show it.

    Raises:
        Problem: The run could not begin, or ended in the middle; what was saved before stays.
    """
    job = _job(options)
    watcher = Watcher(WatchedJob(job), choose(options.progress, as_json=options.as_json))
    location = destinations.location(job.pipeline)
    watcher.event("run_started", location=location, dataset=job.pipeline.dataset_name, tables=job.tables)
    started = datetime.now(UTC)
    try:
        with watcher.watching(), stopped_by_signals(job, watcher.say) as stop:
            code = job.run()
    except Exception as error:
        raise _failed(job, watcher, started, explain(error), as_json=options.as_json) from error
    early = _why(job, stop(), options)
    if stop() == signal.SIGINT and code == exits.DONE:
        code = exits.INTERRUPTED  # `pylon run && pylon transform` is not to go on
    summary = summarize(job, location=location, seconds=watcher.seconds, code=code, ended_early=early)
    _tell(job, watcher, started, summary, as_json=options.as_json)
    return code


def _job(options: Run) -> Job:
    """Put a job together from what was asked for and what is configured."""
    asked = selection(options.select, options.exclude)
    settings = configuration.read_settings(options.settings)
    tables = asked.tables(settings.include)
    remember(settings.api_key)
    pipeline = destinations.open_own_pipeline(options.destination, options.dataset)
    told = require_tested(pipeline, allowed=settings.untested_destination)
    if options.full_refresh and not options.yes:
        screens.confirm(tables, f"{destinations.location(pipeline)}, dataset {pipeline.dataset_name}")
    job = Job(
        pipeline,
        settings,
        tables,
        max_minutes=options.max_minutes,
        full_refresh=options.full_refresh,
        adopt=options.adopt,
    )
    for warning in filter(None, (configuration.configured_token().warning, told)):
        job.control.report.warn(warning)
    return job


def _why(job: Job, received: int, options: Run) -> str:
    if received:
        return f"a signal ({signal.Signals(received).name}) asked for it"
    if options.max_minutes is not None and job.unfinished:
        return f"the time of --max-minutes {options.max_minutes:g} is over"
    return ""


def _tell(
    job: Job,
    watcher: Watcher,
    started: datetime,
    summary: Summary,
    *,
    as_json: bool,
) -> None:
    told = problems(job.control.report.failures)
    runs.remember(job.pipeline.pipelines_dir, summary.remembered(started, told))
    if as_json:
        watcher.event("run_finished", **summary.as_facts())
        return
    screens.tell(render(summary))
    for problem in told:
        screens.show(problem)


def _failed(
    job: Job, watcher: Watcher, started: datetime, problem: exits.Problem, *, as_json: bool
) -> exits.Problem:
    """Remember a run that ended in the middle, and return what is to be told of it."""
    summary = summarize(job, location="", seconds=watcher.seconds, code=problem.code, ended_early="")
    if (
        problem.code != exits.LOCKED
    ):  # every attempt beside a long run would push real runs out of the history
        runs.remember(job.pipeline.pipelines_dir, summary.remembered(started, [problem]))
    if not as_json:
        return problem
    screens.show(problem, as_json=True)
    watcher.event("run_finished", **summary.as_facts())
    return exits.Problem(problem.what, problem.remedy, problem.code, told=True)
