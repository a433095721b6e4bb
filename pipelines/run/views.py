"""How a run is shown while it works: a live table, a plain line now and then, JSON lines, or not at all.

A view is only ever called from the watcher's thread (:mod:`pipelines.watcher`), one call at a time.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..base.desk import command
from ..base.screens import event, hush, say
from ..base.wording import count, duration
from .progress import LaneView, Moment

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table


class View:
    """Shows nothing; the others override what they show.

    ``interval`` is the time between two looks at the run, in seconds; 0 means none.
    """

    interval = 0.0

    def show(self, now: Moment) -> None:
        """Show a moment of the run."""

    def turn(self, now: Moment) -> None:
        """Show that a turn has been saved."""

    def event(self, name: str, **facts: Any) -> None:
        """Show something that happens once."""

    def message(self, text: str) -> None:
        """Say something to the person who watches."""
        say(text)

    def close(self) -> None:
        """Leave the screen as it is to stay."""


class PlainView(View):
    """A line every ten seconds."""

    interval = 10.0

    def show(self, now: Moment) -> None:
        """Print one line."""
        say(line(now))

    def turn(self, now: Moment) -> None:
        """Print one line."""
        say(f"{line(now)}; saved")


class JsonView(View):
    """JSON lines on stdout: one object for each event, with its name and its time (UTC)."""

    interval = 10.0

    def show(self, now: Moment) -> None:
        """Print a ``progress`` event."""
        self.event("progress", **now.as_facts())

    def turn(self, now: Moment) -> None:
        """Print a ``turn`` event."""
        self.event("turn", **now.as_facts())

    def event(self, name: str, **facts: Any) -> None:
        """Print one object; a run goes on where whoever read has gone."""
        try:
            event(name, **facts)
        except BrokenPipeError:
            hush()

    def message(self, text: str) -> None:
        """Print a ``message`` event."""
        self.event("message", text=text)


class RichView(View):
    """One live table on a terminal."""

    interval = 0.5

    def __init__(self) -> None:
        self._live: Live | None = None

    def show(self, now: Moment) -> None:
        """Draw the table anew."""
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(
                console=Console(stderr=True), auto_refresh=False, transient=True, redirect_stdout=False
            )
            self._live.start()
        self._live.update(table(now), refresh=True)

    def turn(self, now: Moment) -> None:
        """Draw the table anew."""
        self.show(now)

    def message(self, text: str) -> None:
        """Print above the table, which goes until it is drawn again."""
        self.close()
        say(text)

    def close(self) -> None:
        """Take the table away and give the cursor back."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def choose(progress: str, *, as_json: bool) -> View:
    """Return the view that the options ask for; ``auto`` draws only where there is a terminal."""
    if as_json:
        return JsonView()
    if progress == "auto":
        progress = "rich" if sys.stderr.isatty() else "plain"
    return {"rich": RichView, "plain": PlainView, "none": View}[progress]()


def line(now: Moment) -> str:
    """Write a moment as one line."""
    parts = [f"{duration(now.seconds)}: {count(now.rows, 'row')}, {count(now.requests, 'request')}"]
    parts += [f"{lane.title} {amount(lane)}{pace(lane)}" for lane in now.lanes if lane.done or lane.due]
    if now.seconds_left:
        parts.append(f"about {duration(now.seconds_left)} left")
    return "; ".join(parts)


def amount(lane: LaneView) -> str:
    """Write what a lane has done, of how much, and how far it is."""
    known = f"{lane.done:,}" if lane.due is None else f"{lane.done:,}/{lane.due:,}"
    return f"{known} {lane.note}".strip()


def pace(lane: LaneView) -> str:
    """Write a lane's requests a minute against its allowance, where it has one of its own."""
    if lane.name == "directory" or not lane.allowed_a_minute:
        return ""
    return f" at {lane.requests_a_minute:.0f} of {lane.allowed_a_minute:.0f} a minute"


def table(now: Moment) -> Table:
    """Draw a moment."""
    from rich.table import Table

    drawn = Table(
        box=None, title_justify="left", title_style="", pad_edge=False,
        title=f"{command('run')}, {duration(now.seconds)}: {now.rows:,} rows, {now.requests:,} requests",
    )  # fmt: skip
    for name in ("", "done", "due", "requests a minute", "allowed", "left"):
        drawn.add_column(name, justify="left" if not name else "right")
    drawn.add_column("")
    for lane in now.lanes:
        drawn.add_row(
            lane.title, f"{lane.done:,}", "" if lane.due is None else f"{lane.due:,}", *_pace(lane), lane.note
        )
    return drawn


def _pace(lane: LaneView) -> tuple[str, str, str]:
    if lane.name == "directory":
        return "", "", ""
    left = "" if lane.seconds_left is None else duration(lane.seconds_left)
    return f"{lane.requests_a_minute:.0f}", f"{lane.allowed_a_minute:.0f}", left
