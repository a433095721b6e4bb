"""The source without dlt and without sockets: turns against a server in this process, loaded into a database in memory.

A turn takes some milliseconds, so that thousands of them can be tried. What is real: the emulator behind its ASGI
interface, the client, all lanes, and the SQL that asks what is due. What is simulated: the loads, by the rules that
``copy/loading.py`` gives dlt, and waiting, which takes no time.
"""

from __future__ import annotations

import asyncio
import copy
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any
from unittest.mock import patch

import duckdb
import httpx
import orjson
import pyarrow as pa
from dlt.destinations.impl.duckdb.sql_client import DuckDBDBApiCursorImpl
from support.compare import Row, parsed

from pylon_elt import emulator
from pylon_elt.emulator.app import App
from pylon_elt.emulator.engine import Engine
from pylon_elt.sources.pylon.api.transport import Transport
from pylon_elt.sources.pylon.catalog import ALL_TABLES, DELETIONS, Table
from pylon_elt.sources.pylon.copy.contents import Contents
from pylon_elt.sources.pylon.copy.copied import NAME, Copied
from pylon_elt.sources.pylon.copy.state import SourceState
from pylon_elt.sources.pylon.lanes import budget, resources
from pylon_elt.sources.pylon.lanes.ahead import Ahead
from pylon_elt.sources.pylon.lanes.budget import Limits
from pylon_elt.sources.pylon.lanes.report import Report
from pylon_elt.sources.pylon.lanes.turn import Control, Turn
from pylon_elt.sources.pylon.lanes.turns import learnt
from pylon_elt.sources.pylon.rows.rows import REMOVED
from pylon_elt.sources.pylon.settings import Settings, settings
from pylon_elt.sources.pylon.upkeep.reconcile import reconcile

KILLED = 0.4
"""The share of loads that are killed where some are."""
TURNS = 300
"""A run that is not over after so many turns never is."""
_UNLIMITED = {"low": 100_000, "medium": 100_000, "high": 100_000}

Spoil = Callable[[httpx.Request, httpx.Response], httpx.Response | None]
"""Changes an answer on its way; ``None`` lets it pass as it is."""


class Database(Copied):
    """A copy in memory, which answers the source's own queries."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("SET TimeZone = 'UTC'; SET threads = 1")
        self._connection.execute("CREATE TABLE _dlt_loads (load_id VARCHAR, status BIGINT)")
        self._there: set[str] = set()

    def close(self) -> None:
        """Keep what is held, as a database does when it is left."""

    def dialect(self) -> str:
        """Return how this database's SQL is called."""
        return "duckdb"

    def tables(self, names: Any) -> set[str]:
        """Return which of some tables there are."""
        return self._there & set(names)

    def load(self, batches: dict[str, list[pa.Table]], load_id: str, killed: Random | None = None) -> None:
        """Merge what one turn brought, as dlt does: table by table, and then the load itself.

        Args:
            batches: What was read, by table.
            load_id: The load.
            killed: Draws after which tables the process is killed, if it is; the load then never counts.
        """
        names = list(batches)
        if killed:
            names = killed.sample(names, killed.randint(0, len(names)))
        self._connection.execute("BEGIN")  # one for all: nobody looks in between
        for name in names:
            self._merge(ALL_TABLES[name], pa.concat_tables(batches[name]))
        if not killed:
            self._connection.execute("INSERT INTO _dlt_loads VALUES (?, 0)", [load_id])
        self._connection.execute("COMMIT")

    def rows(self, table: Any, column: str = "", values: Sequence[str] = ()) -> Iterator[Row]:
        """Return rows of a table; without a column, all of them."""
        if column:
            yield from super().rows(table, column, values)
        elif table.name in self._there:
            yield from self.everything(table.name).to_pylist()

    def loads(self) -> list[Row]:
        """Return the loads, as dlt lists them."""
        return self._connection.sql("SELECT * FROM _dlt_loads").arrow().read_all().to_pylist()

    def forget(self, *tables: str) -> None:
        """Empty tables."""
        for table in self._there & set(tables):
            self._connection.execute(f'DELETE FROM "{table}"')

    def everything(self, table: str) -> pa.Table:
        """Return all rows of a table, in Arrow's form."""
        return self._connection.sql(f'SELECT * FROM "{table}"').arrow().read_all()

    def _merge(self, table: Table, staging: pa.Table) -> None:
        execute = self._connection.execute
        self._connection.register("staging", staging)
        if table.name not in self._there:
            execute(f'CREATE TABLE "{table.name}" AS SELECT * FROM staging LIMIT 0')
            self._there.add(table.name)
        key = ", ".join(f'"{name}"' for name in table.key)
        where = f"({key}) IN (SELECT ({key}) FROM staging)"
        if table.scope == "parent":
            where += f" OR {table.parent} IN (SELECT {table.parent} FROM staging)"
        if table.scope == "version":
            where += f" OR {table.parent} IN (SELECT {table.parent} FROM staging WHERE {REMOVED})"
        execute(f'DELETE FROM "{table.name}" WHERE {where}')
        rows = "SELECT * FROM staging"
        if len(set(zip(*(staging[name].to_pylist() for name in table.key), strict=True))) < staging.num_rows:
            rows += f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {table.sort} DESC) = 1"
        execute(f'INSERT INTO "{table.name}" SELECT * FROM ({rows}) WHERE {REMOVED} IS NULL')
        self._connection.unregister("staging")

    def _run(self, sql: str, values: Sequence[Any], fetch: Callable[[Any], Any]) -> Any:
        named = NAME.sub(lambda found: _quoted(*found.groups()), sql).replace("%s", "?")
        try:
            return fetch(DuckDBDBApiCursorImpl(self._connection.cursor().execute(named, list(values))))
        except duckdb.CatalogException:
            return None


def _quoted(alias: str | None, name: str) -> str:
    return f'{alias}."{name}"' if alias else f'"{name}"'


@dataclass
class Ran:
    """What a run did: what it reported, which requests it made, and how many turns it took."""

    report: Report
    asked: list[httpx.Request] = field(default_factory=list)
    turns: int = 0


class Site:
    """A workspace and its copy.

    Args:
        world: What the server serves.
        tables: What is read.
        service: How the server behaves.
        options: Settings of the source.
    """

    def __init__(
        self,
        world: emulator.World,
        tables: Sequence[str],
        *,
        service: emulator.Settings | None = None,
        **options: Any,
    ) -> None:
        self.world = world
        self.tables = tuple(tables)
        self.app = App(Engine(world, service or emulator.Settings(log="counts")))
        self.database = Database()
        self.state: dict[str, Any] = {}
        self.spoil: Spoil = lambda _request, _response: None
        given = {"base_url": "http://pylon.test", "rate_limits": _UNLIMITED, **options}
        self.settings: Settings = settings("pyl_test", **given)
        self.limits = Limits()
        """When a turn ends although something is due."""
        self.kills: Random | None = None
        """Draws whether a load is killed, and where; ``None``: none is."""
        self.ahead: Random | None = None
        """Draws how much is read between two turns; ``None``: nothing is."""
        self.meanwhile: Callable[[], None] = lambda: None
        """What happens in the workspace while it is."""
        self._loads = 0
        self._asked: list[httpx.Request] = []

    def run(self, **changes: Any) -> Ran:
        """Take turns until nothing is due, each of them one load; returns what happened."""
        report = Report()
        control = Control(*learnt(self.settings, SourceState(self.state)), report=report, **changes)
        if self.ahead:
            control.ahead = Between(control.budget, self.ahead, self.meanwhile)
        ran, self._asked = Ran(report, []), []
        while ran.turns < TURNS:
            ran.turns += 1
            if not self._turn(control):
                break
        else:
            raise AssertionError(f"a run without end: {ran.turns} turns")
        ran.asked = self._asked
        return ran

    def rows(self) -> dict[str, list[Row]]:
        """Return what the copy holds, by table."""
        names = (*self.tables, DELETIONS.name)
        return {
            name: parsed(name, list(self.database.rows(ALL_TABLES[name])), as_text=True) for name in names
        }

    def copy(self) -> dict[str, Any]:
        """Return the state, as it was loaded last."""
        return copy.deepcopy(self.state)

    def _turn(self, control: Control) -> bool:
        self._loads += 1
        state = copy.deepcopy(self.state)
        batches: dict[str, list[pa.Table]] = defaultdict(list)
        with self._in_process(state):
            if isinstance(control.ahead, Between):
                control.ahead.read_now()
            turn = asyncio.run(self._lanes(control, f"{self._loads:06}", batches))
            state["pace"], state["paging"] = {}, control.paging.to_remember()
        killed = self.kills if self.kills and self.kills.random() < KILLED else None
        self.database.load(batches, turn.load_id, killed)
        if killed:
            raise Killed
        self.state = state
        return turn.left

    def reconcile(self) -> Report:
        """Compare the copy with a complete listing, as a run does once a day; that all is gone has to be confirmed."""
        state = copy.deepcopy(self.state)
        control = Control(*learnt(self.settings, SourceState(state)))
        with self._in_process(state):
            reconcile(
                _Pipeline(self, state),
                self.settings,
                control,
                self.database,
                confirmed=not self.world.issue_ids(),
            )  # type: ignore[arg-type]
        self.state = state
        return control.report

    @contextmanager
    def answering(self) -> Iterator[SourceState]:
        """Let requests go to the application for whoever asks; gives the state, of which nothing is kept."""
        state = self.copy()
        with self._in_process(state):
            yield SourceState(state)

    def take(self, source: Any) -> None:
        """Load what a source of dlt gives, in one go."""
        self._loads += 1
        found = {name: list(resource) for name, resource in source.resources.items()}
        self.database.load({name: batches for name, batches in found.items() if batches}, f"{self._loads:06}")

    async def _lanes(self, control: Control, load_id: str, batches: dict[str, list[pa.Table]]) -> Turn:
        names = [name for name in (*self.tables, DELETIONS.name) if name not in control.report.stopped]
        turn = Turn(self.settings, control, self.limits, Contents(self.database), load_id, names)
        turn.stock.take(datetime.now(UTC), self.limits.most_due, control.began_at)

        async def lane(name: str) -> None:
            async with turn.lane(name):
                async for batch in resources.filled(turn, ALL_TABLES[name]):
                    batches[name].append(batch)

        await asyncio.gather(*map(lane, names))
        return turn

    @contextmanager
    def _in_process(self, state: dict[str, Any]) -> Iterator[None]:
        """Let requests go to the application itself, waiting take no time, and the state be this one."""

        async def at_once(_seconds: float, ended: Callable[[], bool]) -> None:
            if ended():
                raise budget.TurnOver
            await asyncio.sleep(0)

        def connect(_transport: Transport) -> httpx.AsyncClient:
            return httpx.AsyncClient(transport=_Wire(self), headers={"Authorization": "Bearer pyl_test"})

        with ExitStack() as stack:
            stack.enter_context(patch.object(SourceState, "current", classmethod(lambda cls: cls(state))))
            stack.enter_context(
                patch.object(SourceState, "table", lambda view, name: view.stored.setdefault(name, {}))
            )
            stack.enter_context(patch.object(budget, "wait", at_once))
            stack.enter_context(patch.object(Transport, "_connect", connect))
            yield

    def seen(self, request: httpx.Request) -> None:
        """Note a request."""
        self._asked.append(request)


def hide(site: Site, issues: Collection[str]) -> None:
    """Let the list leave some issues out."""
    spoil = site.spoil

    def hiding(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != "/issues":
            return spoil(request, answer)
        given = orjson.loads(answer.content)
        given["data"] = [row for row in given["data"] if row["id"] not in issues]
        return httpx.Response(200, json=given)

    site.spoil = hiding


@contextmanager
def paths_asked(site: Site) -> Iterator[list[str]]:
    """Note which paths are asked for, in order."""
    paths, spoil = list[str](), site.spoil

    def noting(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        paths.append(request.url.path)
        return spoil(request, answer)

    site.spoil = noting
    yield paths
    site.spoil = spoil


class Between(Ahead):
    """Reads between two turns of a simulation, in its time, and is stopped in the middle.

    Args:
        run: The time that the run has.
        rng: Draws after how many waits it is stopped, and when something happens meanwhile.
        meanwhile: What happens.
    """

    def __init__(self, run: budget.Budget, rng: Random, meanwhile: Callable[[], None]) -> None:
        super().__init__(run, parents=500)
        self._rng, self._meanwhile = rng, meanwhile
        self._planned: tuple[Any, ...] | None = None
        self._waits = 0

    def begin(self, *planned: Any) -> None:
        """Note what is to be read."""
        self._planned = planned

    def read_now(self) -> None:
        """Read what was noted."""
        self._found.clear()
        if self._planned:
            self._waits = self._rng.choice([0, 3, 10, 100])
            asyncio.run(self.read(*self._planned))
            self._planned = None

    async def _pause(self, _endpoint: str, _seconds: float) -> None:
        if self._waits == 0:
            raise budget.TurnOver
        self._waits -= 1
        if self._rng.random() < 0.1:
            self._meanwhile()
        await asyncio.sleep(0)


class Killed(Exception):
    """The process was killed while it loaded."""


class _Pipeline:
    """As much of a dlt pipeline as a reconciliation needs."""

    def __init__(self, site: Site, state: dict[str, Any]) -> None:
        self._site = site
        self.state = {"sources": {"pylon": state}}

    def run(self, source: Any) -> None:
        self._site.take(source)


class _Wire(httpx.AsyncBaseTransport):
    """Carries requests to the application, and spoils the answers on their way back."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._app = httpx.ASGITransport(app=site.app.asgi)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._site.seen(request)
        answer = await self._app.handle_async_request(request)
        body = await answer.aread()
        whole = httpx.Response(answer.status_code, headers=answer.headers, content=body)
        return self._site.spoil(request, whole) or whole
