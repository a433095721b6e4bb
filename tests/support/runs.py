"""Running the connector against an emulator, in this process, and reading what landed."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.compare import Row, assert_equal_copy, read_duckdb
from support.worlds import truth

from pylon_elt import emulator
from pylon_elt.emulator.log import Record
from pylon_elt.pipelines.copy.destinations import open_pipeline
from pylon_elt.pipelines.run.job import Job
from pylon_elt.sources.pylon import catalog
from pylon_elt.sources.pylon.catalog import DIRECTORY
from pylon_elt.sources.pylon.lanes.report import Report
from pylon_elt.sources.pylon.settings import Settings, settings

MESSAGES = "GET /issues/{id}/messages"
THREADS = "GET /issues/{id}/threads"
FOLLOWERS = "GET /issues/{id}/followers"
CONVERSATIONS = (MESSAGES, THREADS, FOLLOWERS)
SEARCH = "POST /issues/search"
LIST = "GET /issues"
ISSUE_TABLES = ("issues", "issue_messages", "issue_threads", "issue_followers", "issue_sync")
ISSUES_AND_LEDGER = ("issues", "issue_sync")
"""What tells which other rows are to be there."""
DIRECTORY_TABLES = tuple(table.name for table in DIRECTORY)
TABLES = {name: catalog.TABLES[name] for name in (*ISSUE_TABLES, *DIRECTORY_TABLES)}
"""What is read unless a test says otherwise: the issues, and what is read whole at an interval."""
UNLIMITED = {"low": 1000, "medium": 1000, "high": 1000}
WINDOW = 2.0
"""The rate window that a reader assumes where the server has no limits, in seconds."""


def settings_for(server: emulator.Server, **options: Any) -> Settings:
    """Return the settings of a reader of this server, whose rate window is the server's."""
    unlimited = server.settings.tier == "none"
    given: dict[str, Any] = {
        "base_url": server.base_url,
        "rate_window_seconds": WINDOW if unlimited else server.settings.window_seconds,
        "rate_limits": UNLIMITED if unlimited else None,
        "timeout_seconds": 10.0,
    }
    token = options.pop("api_key", server.token)
    return settings(token, **{**given, **options})


def database(folder: Path) -> Path:
    """Return where the copy of a test lies."""
    return folder / "support.duckdb"


def pipeline_in(folder: Path, machine: str = "machine") -> Any:
    """Return the pipeline of a machine; its working folder and the database are under ``folder``."""
    os.environ["DESTINATION__DUCKDB__CREDENTIALS"] = str(database(folder))
    return open_pipeline(pipelines_dir=str(folder / machine))


def make_job(
    server: emulator.Server,
    folder: Path,
    *,
    tables: Sequence[str] = tuple(TABLES),
    machine: str = "machine",
    max_minutes: float | None = None,
    full_refresh: bool = False,
    on_turn: Any = None,
    **options: Any,
) -> Job:
    """Return a run that has not begun; ``options`` are settings."""
    return Job(
        pipeline_in(folder, machine),
        settings_for(server, **options),
        tables=tuple(tables),
        max_minutes=max_minutes,
        full_refresh=full_refresh,
        on_turn=on_turn or (lambda _turn: None),
    )


def run_once(server: emulator.Server, folder: Path, *, expect: int | None = 0, **options: Any) -> Job:
    """Run the connector once as a fresh process would, and check its exit code; ``expect=None`` takes any."""
    job = make_job(server, folder, **options)
    code = job.run()
    failures = [f"{failure.lane}: {failure.error}" for failure in job.control.report.failures]
    assert expect is None or code == expect, f"exit code {code}: {failures}"
    return job


def rows_of(folder: Path) -> dict[str, list[Row]]:
    """Return everything in the copy."""
    return read_duckdb(database(folder))


@dataclass
class Run:
    """What one run did."""

    code: int
    job: Job
    records: list[Record]
    """The requests that it made, oldest first."""

    @property
    def asked(self) -> Counter[str]:
        """How often each endpoint was asked, once whose workspace it is had been asked, as each run does first."""
        first = 1 if self.records and self.records[0].endpoint == "GET /me" else 0
        return Counter(record.endpoint for record in self.records[first:])

    @property
    def report(self) -> Report:
        """The run's counters."""
        return self.job.control.report

    @property
    def warnings(self) -> list[str]:
        """What was warned of; not that the clocks of tests' worlds are some minutes slow, and ever slower."""
        return [text for text in self.report.warnings if "server's clock" not in text]

    @property
    def failures(self) -> dict[str, str]:
        """What could not be read, by lane."""
        return {failure.lane: str(failure.error) for failure in self.report.failures}

    def requests(self, endpoint: str) -> list[Record]:
        """Return the requests to one endpoint."""
        return [record for record in self.records if record.endpoint == endpoint]

    def children_asked(self) -> Counter[str]:
        """How often each path of a child was asked."""
        return Counter(record.path for record in self.records if record.endpoint in CONVERSATIONS)


class Copy:
    """A copy of an emulated workspace in a folder.

    Args:
        server: The workspace.
        folder: Where the database and the working folders are.
        defaults: Options of every run; see :func:`make_job`.
    """

    def __init__(self, server: emulator.Server, folder: Path, **defaults: Any) -> None:
        self.server = server
        self.folder = folder
        self.defaults = defaults

    @property
    def world(self) -> emulator.World:
        """The truth."""
        return self.server.world

    @property
    def database(self) -> Path:
        """The file."""
        return database(self.folder)

    @property
    def tables(self) -> Sequence[str]:
        """The tables that a run of this copy fills."""
        return tuple(self.defaults.get("tables", TABLES))

    def job(self, **options: Any) -> Job:
        """Return a run that has not begun."""
        return make_job(self.server, self.folder, **{**self.defaults, **options})

    def run(self, *, expect: int | None = 0, **options: Any) -> Run:
        """Run once as a fresh process would, and check the exit code; ``expect=None`` takes any."""
        mark = len(self.server.log)
        job = self.job(**options)
        code = job.run()
        run = Run(code, job, list(self.server.log)[mark:])
        assert expect is None or code == expect, f"exit code {code}: {run.failures}"
        return run

    def rows(self) -> dict[str, list[Row]]:
        """Return everything in the copy."""
        return rows_of(self.folder)

    def by_id(self, table: str) -> dict[str, Row]:
        """Return the rows of a table by their id."""
        return {row["id"]: row for row in self.rows()[table]}

    def assert_equal(self, tables: Iterable[str] | None = None, **options: Any) -> None:
        """Check the copy against the world."""
        names = tuple(tables or self.tables)
        stored = read_duckdb(self.database, only={*names, *ISSUES_AND_LEDGER})
        assert_equal_copy(truth(self.world), stored, names, **options)


def state_of(folder: Path) -> dict[str, Any]:
    """Return the source's state as a machine without any would get it from the destination."""
    pipeline = pipeline_in(folder, "reader of the state")
    pipeline.sync_destination()
    state: dict[str, Any] = pipeline.state["sources"]["pylon"]
    return state


class Everything(logging.Handler):
    """Collects the text of all log records, at every level."""

    def __init__(self) -> None:
        super().__init__(level=0)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter().format(record))
