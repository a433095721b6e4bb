"""A workspace, its copy and the machines that make it; and what must hold whenever a run has ended."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self

import pytest
from support.compare import Rows, assert_equal_copy, read_duckdb, read_sql
from support.loud import LoudWorld
from support.postgres import Postgres
from support.runner import SMALL_TURNS, Machine, Outcome, Run, Runner
from support.worlds import truth

from pylon_elt import emulator
from pylon_elt.pipelines.copy.destinations import open_pipeline

TABLES = ("issues", "issue_messages", "issue_threads", "issue_followers", "issue_sync", "teams")
"""Of each kind of scope one, so that a load has few tables and a test many loads."""

ONE_TURN = 3 * (sum(SMALL_TURNS[what] for what in ("TURN_ROWS", "BATCH_ROWS", "AHEAD_PARENTS")) + 8)
"""Conversations that one turn reads at most, and what is read while it is loaded: three lanes, each with what ends the
turn, a batch, what is read ahead, and what is in flight."""

_CHILD = re.compile(r"/issues/([^/]+)/(messages|threads|followers)$")
Pair = tuple[str, str]
_branches: list[Copy] = []


class Copy(Protocol):
    """A copy of a workspace in one kind of database."""

    def machine(self, name: str = "machine") -> Machine:
        """Return a machine that fills it, with a working folder of its own."""

    def branch(self, name: str) -> Copy:
        """Return a copy of it, working folders and all."""

    def discard(self) -> None:
        """Delete it, working folders and all."""

    def read(self) -> Rows:
        """Return everything in it."""


@dataclass(frozen=True)
class FolderCopy:
    """A copy that lies in a folder with the working folders beside it."""

    folder: Path

    def branch(self, name: str) -> Self:
        """Return a copy of it, working folders and all."""
        folder = self.folder.with_name(f"{self.folder.name}-{name}")
        return type(self)(Path(shutil.copytree(self.folder, folder)))

    def discard(self) -> None:
        """Delete it, working folders and all."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class DuckDbCopy(FolderCopy):
    """``support.duckdb`` in a folder."""

    def machine(self, name: str = "machine") -> Machine:
        """Return a machine that fills it, with a working folder of its own."""
        return Machine(self.folder / name, str(self._database))

    def read(self) -> Rows:
        """Return everything in it."""
        return read_duckdb(self._database) if self._database.exists() else {}

    @property
    def _database(self) -> Path:
        return self.folder / "support.duckdb"


@dataclass(frozen=True)
class PostgresCopy:
    """A database of a Postgres server."""

    postgres: Postgres
    name: str
    folder: Path

    def machine(self, name: str = "machine") -> Machine:
        """Return a machine that fills it, with a working folder of its own."""
        return Machine(self.folder / name, self.postgres.url(self.name), "postgres")

    def branch(self, name: str) -> PostgresCopy:
        """Return a copy of it, working folders and all."""
        self.postgres.clone(f"{self.name}-{name}", self.name)
        folder = self.folder.with_name(f"{self.folder.name}-{name}")
        return PostgresCopy(self.postgres, f"{self.name}-{name}", Path(shutil.copytree(self.folder, folder)))

    def discard(self) -> None:
        """Delete it, working folders and all."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.postgres.drop(self.name)

    def read(self) -> Rows:
        """Return everything in it."""
        with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as scratch:
            patch.setenv("DESTINATION__POSTGRES__CREDENTIALS", self.postgres.url(self.name))
            return read_sql(open_pipeline("postgres", pipelines_dir=scratch))


@dataclass
class Site:
    """One workspace and one copy.

    Args:
        world: The truth.
        server: Serves it.
        runner: Runs the connector.
        copy: What the connector fills.
        machine: Where the connector runs.
    """

    world: LoudWorld
    server: emulator.Server
    runner: Runner
    copy: Copy
    machine: Machine
    kills: int = 0
    durations: list[float] = field(default_factory=list)

    def branch(self, name: str) -> Site:
        """Return the same workspace with a copy of the copy, to go on from here more than once."""
        site = self.lasting(name)
        _branches.append(site.copy)
        return site

    def lasting(self, name: str) -> Site:
        """Return a branch for several tests, whose files stay until the session ends."""
        copy = self.copy.branch(name)
        return replace(self, copy=copy, machine=copy.machine())

    def start(self, machine: Machine | None = None, **options: Any) -> Run:
        """Start a run; see :meth:`Runner.start`."""
        given = {"tables": TABLES, "settings": {"refresh_hours": {"*": 0}, "lookback_seconds": 1.0}}
        return self.runner.start(machine or self.machine, self.server, **(given | options))

    def killed(self, pattern: str, nth: int = 1, **options: Any) -> Outcome:
        """Run until a point, and expect that it is reached."""
        outcome = self.start(kill=pattern, nth=nth, **options).wait()
        assert outcome.killed, f"{pattern!r} was not reached {nth} times: {outcome}\n{self.runner.tail()}"
        self.kills += 1
        return outcome

    def finish(self, **options: Any) -> Outcome:
        """Run to the end, and expect success."""
        outcome = self.start(**options).wait()
        assert outcome.code == 0, f"{outcome}\n{self.runner.tail()}"
        self.durations.append(outcome.seconds)
        return outcome

    @contextmanager
    def audited(self) -> Iterator[None]:
        """Check a run, killed or not: it asks for nothing that had been saved, and loses one turn's requests at most.

        One conversation of a kind may be a witness, that its endpoint gives lists.
        """
        mark, before = len(self.server.log), self.saved()
        yield
        asked = Counter(self.asked_since(mark))
        repeated = Counter(child for _, child in asked.keys() & before)
        assert max(repeated.values(), default=0) <= 1, f"read again though they had been saved: {repeated}"
        lost = sum(asked.values()) - len(asked.keys() & self.saved())
        assert lost <= ONE_TURN, (
            f"{lost} requests were lost, a turn and the reading ahead make at most {ONE_TURN}"
        )

    def asked_since(self, mark: int) -> list[Pair]:
        """Return the conversations that were asked for since a mark, which is a number of log records."""
        found = (_CHILD.match(record.path) for record in list(self.server.log)[mark:])
        return [(match[1], f"issue_{match[2]}") for match in found if match]

    def saved(self) -> set[Pair]:
        """Return the conversations that the copy holds as they are now, by a ledger whose load is complete."""
        rows = self.copy.read()
        complete = {row["load_id"] for row in rows.get("_dlt_loads", []) if row["status"] == 0}
        times = {issue["id"]: issue["updated_at"] for issue in self.world.issues()}
        return {
            (row["issue_id"], row["child"])
            for row in rows.get("issue_sync", [])
            if row["load_id"] in complete
            and row["issue_id"] in times
            and row["issue_updated_at"] >= _micro(times[row["issue_id"]])
        }

    def check(self, tables: tuple[str, ...] = TABLES) -> None:
        """Check that the copy is the truth, and that no load was counted twice."""
        rows = self.copy.read()
        assert_equal_copy(truth(self.world), rows, tables, ignore_deleted_issues=True)
        loads = Counter(row["load_id"] for row in rows["_dlt_loads"])
        assert max(loads.values()) == 1, f"loads that were counted twice: {loads.most_common(3)}"


def discard_branches() -> None:
    """Delete the copies of copies: a suite makes more of them than a disk may hold at once."""
    while _branches:
        _branches.pop().discard()


def _micro(text: str) -> datetime:
    head, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{head}.{fraction[:6]:0<6}+00:00")


@contextmanager
def site_of(copy: Copy, runner: Runner, seed: int, issues: int = 60, **settings: Any) -> Iterator[Site]:
    """Serve a small world, to be copied."""
    world = LoudWorld.of(seed, issues)
    with emulator.running(world, emulator.Settings(**settings)) as server:
        yield Site(world, server, runner, copy, copy.machine())


@contextmanager
def duckdb_site(folder: Path, runner: Runner, seed: int, issues: int = 60, **settings: Any) -> Iterator[Site]:
    """Serve a small world, to be copied into ``support.duckdb`` below a folder."""
    place = folder / "site"
    place.mkdir()
    with site_of(DuckDbCopy(place), runner, seed, issues, **settings) as site:
        yield site
