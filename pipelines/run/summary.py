"""What a run did, in a few lines of text or as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.catalog import (
    COLLECTED,
    ENDPOINTS,
    TABLES,
    Issues,
    PerParent,
)
from pylon_elt.sources.pylon.rows.extras import is_column

from ..base import advice, exits
from ..base.desk import command
from ..base.redaction import redact
from ..base.screens import beside, flowing, wrapped
from ..base.wording import count, duration
from ..copy import runs
from .failures import not_available, remedy
from .progress import LANES, asked

if TYPE_CHECKING:
    from datetime import datetime

    from .job import Job
    from .remaining import Remaining

EXTRAS_SHOWN = 2
"""Fields beyond so many are counted: a line has an end."""
SHOWN = 12
"""Failures and warnings beyond so many are counted, not shown: the screen has an end."""


@dataclass
class Summary:
    """What a run did. ``due`` counts the conversations that are left, by child; ``None``: nobody knows."""

    location: str
    dataset: str
    seconds: float
    turns: int
    code: int
    rows: dict[str, int]
    requests: dict[str, tuple[int, int]]
    """Requests that were answered, and how many of them were refused (429), by endpoint."""
    statuses: dict[str, dict[str, int]] = field(default_factory=dict)
    """How often each endpoint answered with each status."""
    warnings: list[str] = field(default_factory=list)
    not_available: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    """Tables that the workspace was found to lack in this run, and why."""
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    """Lane, what, remedy."""
    extra_fields: dict[str, list[str]] = field(default_factory=dict)
    """Fields that are not documented, by table."""
    misfits: dict[str, list[str]] = field(default_factory=dict)
    """Columns with values that are not of their type, by table."""
    ended_early: str = ""
    removed: int | None = None
    """Issues that are gone from Pylon and now from the copy; ``None`` where nobody compared."""
    mended: int | None = None
    """Issues that the listing showed and the copy lacked or held otherwise; ``None`` where nobody compared."""
    swept: int | None = None
    """Conversations that were read again though nothing said that they had changed; ``None``: there was no sweep."""
    due: dict[str, int] | None = None
    remaining: Remaining | None = None
    """What is left beside them after a run that was ended early; ``None`` where nobody knows."""

    @property
    def complete(self) -> bool:
        """Whether all that was due, and can be had, was read."""
        return not self.ended_early and not self.failures

    @property
    def asked(self) -> int:
        """All requests."""
        return sum(count for count, _ in self.requests.values())

    @property
    def refused(self) -> int:
        """All refused requests."""
        return sum(refused for _, refused in self.requests.values())

    def remembered(self, started: datetime, told: Sequence[exits.Problem]) -> runs.Run:
        """Return the run as it is remembered: when it began (UTC), and what was told of it."""
        return runs.Run(
            started=started.isoformat(timespec="seconds"),
            seconds=round(self.seconds, 1),
            exit=self.code,
            turns=self.turns,
            rows=self.rows,
            requests=self.asked,
            refused=self.refused,
            ended_early=self.ended_early,
            problem=redact("; ".join(problem.what for problem in told)),
        )

    def as_facts(self) -> dict[str, Any]:
        """Return the same for JSON."""
        return {
            "exit": self.code,
            "meaning": exits.MEANINGS.get(self.code, ""),
            "location": self.location,
            "dataset": self.dataset,
            "seconds": round(self.seconds, 1),
            "turns": self.turns,
            "rows": self.rows,
            "requests": {
                name: {"asked": asked, "refused": refused} for name, (asked, refused) in self.requests.items()
            },
            "statuses": self.statuses,
            "warnings": self.warnings,
            "not_available": {name: why for tables, why in self.not_available for name in tables},
            "failures": [
                {"lane": lane, "what": what, "remedy": remedy} for lane, what, remedy in self.failures
            ],
            "extra_fields": self.extra_fields,
            "misfits": self.misfits,
            "complete": self.complete,
            "ended_early": self.ended_early,
            "remaining": self.remaining.as_facts() if self.remaining else None,
            "removed": self.removed,
            "mended": self.mended,
            "swept": self.swept,
            "due": self.due,
        }


def summarize(job: Job, *, location: str, seconds: float, code: int, ended_early: str) -> Summary:
    """Take a run's counters together."""
    report, pacers = job.control.report, job.control.pacers.known()
    return Summary(
        location=location,
        dataset=job.pipeline.dataset_name,
        seconds=seconds,
        turns=job.turns,
        code=code,
        rows={name: report.rows[name] for name in TABLES if report.rows.get(name)},
        requests={
            ENDPOINTS[name].label: (asked(pacer), pacer.refusals)
            for name, pacer in pacers.items()
            if asked(pacer)
        },
        statuses={
            ENDPOINTS[name].label: {str(status): count for status, count in sorted(found.items())}
            for name, found in list(job.control.pacers.statuses.items())
        },
        warnings=list(report.warnings),
        not_available=not_available(report.lacking),
        failures=[(one.lane, one.error.message, remedy(one)) for one in report.failures],
        extra_fields=_named(report.extra_fields, misfits=False),
        misfits=_named(report.extra_fields, misfits=True),
        ended_early=ended_early,
        removed=job.outcome.removed if job.outcome else None,
        mended=job.outcome.mended if job.outcome else None,
        swept=job.swept,
        due=job.left.due if job.left else None,
        remaining=job.left.remaining if job.left and ended_early else None,
    )


def _named(found: Mapping[str, AbstractSet[str]], *, misfits: bool) -> dict[str, list[str]]:
    names = {
        table: sorted(name for name in each if is_column(table, name) is misfits)
        for table, each in found.items()
    }
    return {table: each for table, each in names.items() if each}


def render(summary: Summary) -> str:
    """Return the text of a summary."""
    return "\n".join(_lines(summary))


def _lines(summary: Summary) -> Iterator[str]:
    # a comparison that fails takes nothing from what was read before it
    unread = [lane for lane, _, _ in summary.failures if lane != "reconcile"]
    if not summary.rows and unread:
        yield "Nothing was read."
        return
    verb = "Copied in part" if unread else "Copied"
    where = f"{verb} to {summary.location}, dataset {summary.dataset}, in {duration(summary.seconds)}."
    yield flowing(where)
    yield from _table(summary)
    if summary.removed is not None:
        mended = f"missing or different, and mended: {summary.mended or 0:,}"
        yield wrapped(
            "", f"Compared with a complete listing: gone and removed: {summary.removed:,}; {mended}."
        )
    if summary.swept is not None:
        swept = count(summary.swept, "conversation")
        yield flowing(f"With time to spare, {swept} verified longest ago read again.")
    yield from _extras(summary)
    for tables, why in summary.not_available:
        text = f"{', '.join(tables)}: {why} What the copy has stays. {advice.leaving_out(tables)}"
        yield wrapped("Not available here: ", text)
    for text in summary.warnings[:SHOWN]:
        yield wrapped("Warning: ", text)
    yield flowing(left(summary))


def _extras(summary: Summary) -> Iterator[str]:
    """One line for fields that nobody documents, one for values that do not fit their columns."""
    for names, one, many in (
        (summary.extra_fields, "field that is not documented", "fields that are not documented"),
        (
            summary.misfits,
            "field with values that are not of its type",
            "fields with values that are not of their type",
        ),
    ):
        found = [f"{table}.{name}" for table, each in names.items() for name in each]
        if not found:
            continue
        more = f", and others; {command('status')} names them" if len(found) > EXTRAS_SHOWN else ""
        what = one if len(found) == 1 else many
        yield wrapped("Kept in _extra: ", f"{len(found)} {what}: {', '.join(found[:EXTRAS_SHOWN])}{more}.")


def _table(summary: Summary) -> Iterator[str]:
    """One line for the issues and each of their children, one for the directory, one for the rest."""
    yield f"  {'':<16} {'rows read':>10} {'requests':>9} {'refused':>8}"
    left = dict(summary.requests)
    for name, table in TABLES.items():
        if isinstance(table.read, Issues | PerParent):
            endpoints = LANES.get(name) or (*LANES["changes"], *LANES["history"])
            yield from _line(name, summary.rows.get(name, 0), _taken(left, endpoints))
    directory = {name: count for name, count in summary.rows.items() if name in COLLECTED}
    yield from _line("directory", sum(directory.values()), _taken(left, LANES["directory"]))
    if directory:
        yield wrapped(" " * 19, ", ".join(f"{name} {count:,}" for name, count in directory.items()))
    yield from _line("other", 0, left)


def _taken(left: dict[str, tuple[int, int]], endpoints: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    labels = [ENDPOINTS[name].label for name in endpoints]
    return {label: left.pop(label) for label in labels if label in left}


def _line(name: str, rows: int, requests: dict[str, tuple[int, int]]) -> Iterator[str]:
    asked, refused = (sum(count[which] for count in requests.values()) for which in (0, 1))
    if not rows and not asked:
        return
    several = ", ".join(f"{label} {count:,}" for label, (count, _) in requests.items())
    note = several if name not in ("directory", *LANES) else ""
    fixed = f"  {name:<16} {rows:>10,} {asked:>9,} {refused or '':>8}"
    yield beside(fixed, note, indent=19)


def left(summary: Summary) -> str:
    """Say what is due after a run, and why it ended with something due."""
    due = [f"{count:,} of {name}" for name, count in (summary.due or {}).items() if count]
    text = ", ".join(due)
    if summary.ended_early:
        return f"Ended early: {summary.ended_early}. What was read is saved. {_rest(summary, due)}"
    if summary.failures:
        return (
            f"Left for the next run: {text}, and what failed."
            if text
            else "Left for the next run: what failed."
        )
    return f"Left for the next run: {text}." if text else "Nothing is left to read."


def _rest(summary: Summary, due: Sequence[str]) -> str:
    remaining = summary.remaining
    left = [*(remaining.lines() if remaining else ()), *due]
    if not left:
        return "Run again to go on."
    time = f"; {remaining.time}" if remaining else ""
    return f"Left to read, as far as is known: {', '.join(left)}{time}."
