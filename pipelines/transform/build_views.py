"""How a build is shown while it works: a bar on a terminal, a line for each table elsewhere, or nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..base.screens import say
from ..base.wording import duration

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from .dbt_run import Node


class BuildView:
    """Shows nothing; the others override what they show. Called from dbt's threads, one call at a time."""

    def finished(self, node: Node, place: int, total: int) -> None:
        """Show that a model or a test is done."""

    def close(self) -> None:
        """Leave the screen as it is to stay."""


class PlainBuildView(BuildView):
    """A line for each model, and for each test that does not pass."""

    def finished(self, node: Node, place: int, total: int) -> None:
        """Print one line."""
        if node.kind == "model" or node.status not in ("pass", "success"):
            say(f"{place:>4} of {total}  {node.name:<42} {node.status}, {duration(node.seconds)}")


class RichBuildView(BuildView):
    """A bar on a terminal."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def finished(self, node: Node, place: int, total: int) -> None:
        """Move the bar."""
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (MofNCompleteColumn(), BarColumn(), TextColumn("{task.description}"))
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("", total=total)
            self._bar.start()
        assert self._task is not None  # noqa: S101 - set with the bar
        self._bar.update(self._task, completed=place, description=node.name)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def choose(progress: str, *, as_json: bool) -> BuildView:
    """Return the view that the options ask for; ``auto`` draws only where there is a terminal."""
    if as_json:
        return BuildView()
    if progress == "auto":
        progress = "rich" if sys.stderr.isatty() else "plain"
    return {"rich": RichBuildView, "plain": PlainBuildView, "none": BuildView}[progress]()
