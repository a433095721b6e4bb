"""``pylon verify``: from the options to an exit code."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from pylon_elt.sources.pylon.api.pacing import Pacers
from pylon_elt.sources.pylon.catalog import ENDPOINTS
from pylon_elt.sources.pylon.lanes.turns import pacers

from ..base import configuration, exits, screens
from ..base.desk import Verify
from ..base.redaction import remember
from ..base.wording import count, duration
from ..copy import inspection
from ..run.progress import asked, seconds_for
from .held import announced, take
from .report import Verification, remedies
from .verify import verify

SHOWN = 12
"""Differences beyond so many are counted, not shown: the screen has an end."""


def run(asked_for: Verify) -> int:
    """Compare a copy with Pylon, and print what was found.

    Raises:
        Problem: There is no copy, or a run is changing it (exit code 75).
        PylonError: Pylon could not be asked.
    """
    settings = configuration.read_settings(asked_for.settings)
    remember(settings.api_key)
    seed = random.randrange(10**6) if asked_for.seed is None else asked_for.seed
    with inspection.opened(asked_for.destination, asked_for.dataset, still=True) as copy:
        if copy is None:
            raise inspection.no_copy()
        held = take(copy, settings, asked_for.sample, seed)
        paces = pacers(settings, copy.state)
    report = Verification(seed, announced(held, settings, datetime.now(UTC)))
    _announce(report, paces, as_json=asked_for.as_json)
    verify(held, settings, paces, report)
    report.asked = {name: asked(pacer) for name, pacer in paces.known().items() if asked(pacer)}
    problem = problem_of(report)
    code = problem.code if problem else exits.DONE
    if asked_for.as_json:
        screens.event("verified", exit=code, remedies=list(remedies(report)), **report.as_facts())
        return code
    screens.tell(render(report))
    if problem:
        screens.show(problem)
    return code


def problem_of(report: Verification) -> exits.Problem | None:
    """Return why a copy cannot be said to be what Pylon holds; ``None``: it is."""
    if report.differences:
        what = f"The copy differs from what Pylon holds in {count(len(report.differences), 'place')}."
        return exits.Problem(what, " ".join(remedies(report)), exits.DATA_CHECK)
    if report.untold:
        what = f"Pylon does not tell what it holds in {count(len(report.untold), 'place')}; all else does not differ."
        return exits.Problem(
            what, "Verify again later; where it goes on, report it to Pylon.", exits.UNAVAILABLE
        )
    return None


def _announce(report: Verification, pacers: Pacers, *, as_json: bool) -> None:
    """Say what is going to be asked, before it is."""
    times = []
    for name, number in report.announced.items():
        pacer = pacers.get(name, ENDPOINTS[name].tier)
        times.append(seconds_for(number, pacer.limit, pacer.window, pacer.limit - pacer.occupied()))
    total, seconds = sum(report.announced.values()), max(times, default=0.0)
    labels = {ENDPOINTS[name].label: number for name, number in report.announced.items()}
    if as_json:
        screens.event("announcement", requests=labels, seconds=round(seconds, 1))
        return
    text = f"{count(total, 'request')}, about {duration(seconds)} at the present pace: "
    screens.say(
        screens.wrapped(
            "This takes ", text + ", ".join(f"{number:,} {label}" for label, number in labels.items())
        )
    )


def render(report: Verification) -> str:
    """Return the text of a report."""
    return "\n".join(_lines(report))


def _lines(report: Verification) -> Iterator[str]:
    yield _months(report)
    rows = ", ".join(f"{number:,} {table}" for table, number in report.sampled.items())
    yield screens.wrapped("Compared value by value: ", f"{rows or 'nothing'} (--seed {report.seed}).")
    since = [
        f"{count(number, noun)} {what}"
        for number, noun, what in (
            (report.new_since, "issue", "new since the last run"),
            (report.changed_since, "issue", "changed since the last run"),
            (report.unread, "issue", "not read yet"),
            (report.unread_children, "conversation", "not read yet"),
        )
        if number
    ]
    if since:
        yield screens.wrapped("Not counted, since the next run reads them: ", f"{'; '.join(since)}.")
    if report.before_start:
        yield f"Created before start_date, so not compared: {count(report.before_start, 'issue')}."
    if report.hidden:
        yield f"Not listed by Pylon, but there by their ids: {count(report.hidden, 'issue')}."
    for table, names in report.volatile.items():
        text = f"{', '.join(names)}, which differ at each reading though nothing was changed."
        yield screens.wrapped(f"Not compared of {table}: ", text)
    if report.untold:
        yield "Not compared, since Pylon does not tell:"
        yield from _some([f"{one.table} {one.what}: {one.why}" for one in report.untold])
        yield from ["Differences:"] if report.differences else []
    yield from _some([f"{one.table} {one.id}: {one.what}" for one in report.differences])
    yield f"{sum(report.asked.values()):,} requests were made."
    if not report.differences:
        yield f"No difference was found{' in what was compared' if report.untold else ''}."


def _some(texts: Sequence[str]) -> Iterator[str]:
    for text in texts[:SHOWN]:
        yield screens.wrapped("  ", text)
    if (more := len(texts) - SHOWN) > 0:
        yield f"  and {more:,} more; see them all with --format json"


def _months(report: Verification) -> str:
    from rich.console import Console
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False)
    for name in ("created in", "listed", "in the copy", "missing", "surplus"):
        drawn.add_column(name, justify="left" if name == "created in" else "right")
    for name, month in report.months.items():
        found = (month.listed, month.copied, month.missing, month.surplus)
        drawn.add_row(name, *(f"{number:,}" for number in found))
    console = Console(file=io.StringIO(), width=screens.width())
    console.print(drawn)
    return console.file.getvalue().rstrip()  # type: ignore[attr-defined, no-any-return]
