"""Runs jobs, each in a process of its own that may be killed at any moment.

Started as a script by ``support.runner``: reads one JSON object a line, forks, and runs the job it describes. What
takes a second to import is imported once, before the fork. Nothing here is part of the connector; it only builds a
``Job`` as the command line does, with small turns, and can end the process at a named point.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import re
import signal
import sys
import threading
import tomllib  # noqa: F401
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio._backends._asyncio  # noqa: F401
import dlt.common.libs.pyarrow
import dlt.destinations.impl.duckdb.duck
import dlt.load.load
import dlt.normalize.items_normalizers
import duckdb
import httpcore  # noqa: F401
import pyarrow.parquet  # noqa: F401
import requests  # noqa: F401
from dlt.common.exceptions import MissingDependencyException
from dlt.common.storages.load_package import PackageStorage
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient
from support.remembering import recall, remember

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.copy import destinations, holder, lease
from pylon_elt.pipelines.copy.destinations import open_pipeline
from pylon_elt.pipelines.run import job
from pylon_elt.sources.pylon.lanes import children, conversation
from pylon_elt.sources.pylon.settings import settings


def say(**event: Any) -> None:
    """Tell the test what happened."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


class Tripwire:
    """Ends or stops the process without a word at the n-th point whose label matches.

    The points are every statement sent to the destination, and every file renamed or removed, before and after each:
    whatever outlives a process is one of these.
    """

    def __init__(self, pattern: str | None, nth: int, trace: str | None, *, stops: bool = False) -> None:
        self._pattern = re.compile(pattern) if pattern else None
        self._nth = nth
        self._stops = stops
        self._trace = Path(trace).open("w", encoding="utf-8") if trace else None  # noqa: SIM115
        self._lock = threading.Lock()

    def reach(self, label: str) -> None:
        with self._lock:
            if self._trace:
                self._trace.write(label + "\n")
                self._trace.flush()
            if self._pattern and self._pattern.search(label):
                self._nth -= 1
                if self._nth == 0:
                    self._pull()

    def _pull(self) -> None:
        os.kill(os.getpid(), signal.SIGSTOP if self._stops else signal.SIGKILL)

    def install(self) -> None:
        for name in ("rename", "replace"):
            setattr(os, name, self._around(getattr(os, name), _renaming))
        for name in ("unlink", "remove", "rmdir"):
            setattr(os, name, self._around(getattr(os, name), lambda path, *_: f"remove {path}"))
        clients: list[type] = [DuckDbSqlClient]
        try:
            from dlt.destinations.impl.postgres.sql_client import Psycopg2SqlClient

            clients.append(Psycopg2SqlClient)
        except ImportError:
            pass
        try:
            from dlt.destinations.impl.sqlalchemy.db_api_client import SqlalchemyClient

            clients.append(SqlalchemyClient)
        except MissingDependencyException:
            pass
        for client in clients:
            client.execute_query = self._around_statement(client.execute_query)  # type: ignore[attr-defined]
            client.commit_transaction = self._around(client.commit_transaction, lambda *_: "commit")  # type: ignore[attr-defined]

    def _around(self, function: Callable[..., Any], label: Callable[..., str]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            text = label(*args)
            self.reach(f"before {text}")
            result = function(*args, **kwargs)
            self.reach(f"after {text}")
            return result

        return wrapped

    def _around_statement(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def wrapped(client: Any, query: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
            *first, last = _statements(client, query)
            for statement in first:
                self.reach(f"before {_said(statement)}")
                with function(client, statement):
                    self.reach(f"after {_said(statement)}")
            self.reach(f"before {_said(last)}")
            with function(client, last, *args, **kwargs) as cursor:
                self.reach(f"after {_said(last)}")
                yield cursor

        return wrapped


def _statements(client: Any, query: Any) -> list[Any]:
    """DuckDB runs the statements of one text one after the other, so that a process may end between them."""
    if not isinstance(client, DuckDbSqlClient):
        return [query]  # others make one transaction of them, or take one at a time
    try:
        return [statement.query for statement in duckdb.extract_statements(query)] or [query]
    except duckdb.ParserException:  # it has values, as dlt marks their places; it is a single one then
        return [query]


def _said(query: Any) -> str:
    return f"sql {' '.join(str(query).split())[:300]}"


def load_in_order(first: list[str], last: list[str]) -> None:
    """Load some tables of a package before the others, and some after them; with one worker, one after the other."""
    listed = PackageStorage.list_new_jobs

    def rank(path: str) -> tuple[int, str]:
        table = Path(path).name.split(".")[0]
        return (-1 if table in first else 1 if table in last else 0), path

    PackageStorage.list_new_jobs = lambda self, load_id: sorted(listed(self, load_id), key=rank)  # type: ignore[method-assign]


def without_locks(seconds: dict[str, float]) -> None:
    """Let Postgres be one of the databases that have no locks, whose leases are so long."""
    destinations.is_postgres = lambda _pipeline: False
    for name, value in seconds.items():
        setattr(lease, name, value)


def _renaming(source: Any, target: Any, *_: Any) -> str:
    return f"rename {'/'.join(str(source).split('/')[-3:])} to {'/'.join(str(target).split('/')[-4:])}"


def run(spec: dict[str, Any]) -> int:
    """Run one job and return its exit code."""
    os.environ.update(spec["environment"])
    for name, value in spec["turns"].items():
        module = next(module for module in (conversation, children, job, holder) if hasattr(module, name))
        setattr(module, name, value)
    if spec["kill"] or spec["trace"]:
        point = spec["kill"] or {}
        stops = point.get("stops", False)
        Tripwire(point.get("pattern"), point.get("nth", 1), spec["trace"], stops=stops).install()
    if spec["lease"]:
        without_locks(spec["lease"])
    load_in_order(spec["first"], spec["last"])
    try:
        one = job.Job(
            open_pipeline(spec["destination"], spec["dataset"], pipelines_dir=spec["pipelines_dir"]),
            settings(spec["token"], base_url=spec["base_url"], **spec["settings"]),
            on_turn=lambda number: say(turn=number),
            **spec["job"],
        )
        code = one.run()
        say(failures=[f"{failure.lane}: {failure.error}" for failure in one.control.report.failures])
    except exits.Problem as problem:
        say(problem=f"{problem.what} {problem.remedy}")
        return problem.code
    except Exception:
        say(failures=[traceback.format_exc()])
        return exits.FAILED
    else:
        return code


def _child(spec: dict[str, Any]) -> None:
    with Path(spec["log"]).open("ab", buffering=0) as log:
        os.dup2(log.fileno(), 2)
    code = exits.FAILED
    try:
        code = run(spec)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Fork for each line that comes, until none does."""
    dlt.current.run_context()  # looks for plugins
    remember()
    recall()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        spec = json.loads(line)
        sys.stdout.flush()
        process = os.fork()
        if not process:
            _child(spec)
        say(pid=process)
        _, status, usage = os.wait4(process, os.WUNTRACED)
        # told by who sees it: a run that said so itself might be woken before it sleeps
        while os.WIFSTOPPED(status):
            say(stopped=True)
            _, status, usage = os.wait4(process, os.WUNTRACED)
        say(exit=os.waitstatus_to_exitcode(status), cpu=usage.ru_utime + usage.ru_stime)
    os._exit(0)  # without the complaints that DuckDB makes about what was frozen


if __name__ == "__main__":
    main()
