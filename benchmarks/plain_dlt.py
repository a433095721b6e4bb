"""dlt without any connector: the same pages, as dictionaries, in plain resources; and a run of nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt

from .floor import counted
from .recording import Recording
from .rest_api import DEFAULTS, Tuning
from .stopwatch import Stopwatch

PAGE = 2000
"""Issues in a page: what a window of 30 days holds in a workspace of 50,000 issues and two years."""


def replayed(watch: Stopwatch, folder: Path, *, recording: str, tuning: dict[str, Any]) -> dict[str, Any]:
    """Load the pages that ``rest_api`` would get, without HTTP and without ``rest_api``."""
    source, tuned = Recording(recording), Tuning(**tuning)
    tuned.configure()

    @dlt.resource(name="issues", **DEFAULTS)
    def issues() -> Iterator[list[dict[str, Any]]]:
        yield from source.pages(PAGE)

    @dlt.resource(name="issue_messages", **DEFAULTS)
    def issue_messages() -> Iterator[list[dict[str, Any]]]:
        for page in source.pages(PAGE):
            for issue in page:
                yield [{**row, "_issues_id": issue["id"]} for row in source.conversation(issue["id"])]

    @dlt.source(name="plain", max_table_nesting=tuned.max_table_nesting)
    def plain() -> Any:
        return issues, issue_messages

    pipeline = _pipeline(folder)
    with watch:
        pipeline.run(plain(), **tuned.run_options)
    return counted(folder / "copy.duckdb", "plain")


def empty(watch: Stopwatch, folder: Path) -> dict[str, Any]:
    """Run a resource that yields nothing: what dlt itself takes to start, compare states and end."""

    @dlt.resource(name="empty")
    def nothing() -> Iterator[list[dict[str, Any]]]:
        yield []

    pipeline = _pipeline(folder)
    with watch:
        pipeline.run(nothing())
    return {}


def _pipeline(folder: Path) -> dlt.Pipeline:
    return dlt.pipeline(
        "plain",
        destination=dlt.destinations.duckdb(str(folder / "copy.duckdb")),
        dataset_name="plain",
        pipelines_dir=str(folder / "pipelines"),
    )
