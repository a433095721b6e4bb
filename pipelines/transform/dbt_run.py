"""Runs dbt in this process, tells what it finishes, and makes of its results what the command line shows."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..base import exits

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

FAILED = ("error", "fail", "partial success", "runtime error")
HOOK = "operation"
"""What dbt calls what is done before anything is built."""
SHOWN = 3
"""More failures than these are counted, not told: the screen has an end."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")

Finished = Callable[["Node", int, int], None]
"""Called after each node, with its place and with how many there are."""


@dataclass(frozen=True, slots=True)
class Node:
    """A model or a test that dbt has dealt with."""

    name: str
    kind: str
    status: str
    seconds: float
    message: str = ""

    @property
    def failed(self) -> bool:
        """Whether it has gone wrong; a warning has not, and what was skipped was not tried."""
        return self.status in FAILED


@dataclass
class Build:
    """What one command of dbt did."""

    nodes: list[Node] = field(default_factory=list)

    def count(self, kind: str) -> int:
        """Return how many of a kind were dealt with; of ``model`` or ``test``."""
        return sum(node.kind == kind and node.status != "skipped" for node in self.nodes)

    @property
    def warnings(self) -> list[Node]:
        """The tests that only warn, and do."""
        return [node for node in self.nodes if node.status == "warn"]


def invoke(arguments: Sequence[str], finished: Finished) -> Build:
    """Run one command of dbt.

    Raises:
        Problem: It could not run, or a node failed.
        KeyboardInterrupt: It was interrupted.
    """
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"  # before the import, which reads it
    from dbt.cli.main import dbtRunner

    place, total, one_at_a_time = 0, 0, Lock()

    def on_event(event: Any) -> None:
        nonlocal place, total
        if event.info.name == "NodeFinished" and event.data.node_info.resource_type != HOOK:
            with one_at_a_time:  # dbt calls from its threads
                place += 1
                finished(_of_event(event.data), place, total)
        elif event.info.name == "ConcurrencyLine":
            total = event.data.node_count

    try:
        told = dbtRunner(callbacks=[on_event]).invoke(list(arguments))
    finally:
        _let_go()
    return _build_of(told)


def _let_go() -> None:
    """Close the DuckDB file, which dbt's adapter would keep open, and so locked, until this process ends."""
    with suppress(ImportError):  # only Postgres is installed
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]


def _of_event(data: Any) -> Node:
    info = data.node_info
    return Node(
        info.node_name, str(info.resource_type), str(info.node_status), data.run_result.execution_time
    )


def _build_of(told: dbtRunnerResult) -> Build:
    if isinstance(told.exception, KeyboardInterrupt):
        raise told.exception
    if told.exception is not None:
        raise exits.Problem(
            f"dbt could not run: {_first_lines(str(told.exception))}", "Run again with --debug to see more."
        ) from told.exception
    results: Any = getattr(told.result, "results", [])
    build = Build([_of_result(result) for result in results if result.node.resource_type != HOOK])
    _raise_failures([node for node in build.nodes if node.failed])
    return build


def _of_result(result: Any) -> Node:
    kind = "model" if result.node.resource_type == "model" else "test"
    return Node(result.node.name, kind, str(result.status), result.execution_time, result.message or "")


def _raise_failures(failed: Sequence[Node]) -> None:
    if not failed:
        return
    told = [f"{node.name}: {_first_lines(node.message)}" for node in failed[:SHOWN]]
    if len(failed) > SHOWN:
        told.append(f"and {len(failed) - SHOWN} more.")
    broken = any(node.kind == "model" for node in failed)
    what = "could not be built" if broken else "do not hold"
    raise exits.Problem(
        f"{len(failed)} of the {'models' if broken else 'tests'} {what}.\n" + "\n".join(told),
        "The tables that were built stay. Run again with --debug to see all that dbt says.",
        exits.FAILED if broken else exits.DATA_CHECK,
    )


def _first_lines(message: str) -> str:
    lines = [line.strip() for line in _COLOURS.sub("", message).splitlines()]
    told = [
        line for line in lines if line and not line.startswith("compiled code at")
    ]  # which is gone by then
    return " ".join(told[:3]) or "no message"
