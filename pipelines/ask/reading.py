"""Opens a copy for whoever only asks: SQL in, Arrow out, and nothing can be written.

A DuckDB file is read by its snapshot while that is true, so that no run has to wait for a reader. Otherwise the
file itself is read, under the lock for readers; and if somebody writes to it, the snapshot once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ..base import exits
from ..base.desk import command
from ..copy import destinations, snapshot
from ..copy.lock import is_locked, read_lock, reading
from .reader import Reader
from .reader_duckdb import DuckDbReader
from .reader_lake import LakeReader
from .reader_postgres import PostgresReader
from .reader_server import ServerReader

if TYPE_CHECKING:
    import dlt


def no_copy() -> exits.Problem:
    """Return what is told where there is nothing to read."""
    return exits.Problem("There is no copy yet.", f"Make it first, with: {command('run')}", exits.FAILED)


@contextmanager
def opened(
    destination: str,
    dataset: str,
    schema: str = "",
    *,
    apart: bool = False,
    still: bool = False,
    prepare: Callable[[DuckDbReader], None] | None = None,
) -> Iterator[Reader]:
    """Open a copy for reading.

    Args:
        destination: A destination that dlt knows, by name.
        dataset: The schema with the copy.
        schema: The schema with the tables for analysis.
        apart: Never keep a run waiting: read a file of our own where there is no true snapshot.
        still: All that is asked shows one moment, also where the database lets runs in meanwhile.
        prepare: What is to be set where the copy is a DuckDB file, before nothing can be set any more.

    Raises:
        Problem: There is no copy, or it is locked and there is no snapshot (exit code 75).
    """
    with TemporaryDirectory(prefix="pylon-read-") as scratch, ExitStack() as stack:
        stack.callback(_forget_lookups)
        pipeline = destinations.open_pipeline(destination, dataset, pipelines_dir=scratch)
        schemas = (pipeline.dataset_name, *destinations.marts(pipeline, schema))
        database = destinations.database_file(pipeline)
        if database is None:
            if destinations.is_ducklake(pipeline):
                yield stack.enter_context(_of_lake(pipeline, schemas, still=still))
            elif destinations.is_postgres(pipeline):
                yield stack.enter_context(PostgresReader.opened(pipeline, schemas, still=still))
            else:
                if still:
                    folder = destinations.working_folder(pipeline)
                    stack.enter_context(reading(folder / f"{pipeline.pipeline_name}.lock"))
                yield stack.enter_context(ServerReader.opened(pipeline, schemas))
            return
        place = Path(scratch) if apart else None

        def attach(file: Path, note: str = "") -> Reader:
            return stack.enter_context(DuckDbReader.opened(file, database, schemas, note, prepare))

        yield _of_file(stack, pipeline, database, attach, place)


def _forget_lookups() -> None:
    """Let go what dlt notes of each setting that it looks up, until a run ends: a server would hold ever more."""
    from dlt.common.configuration.utils import get_resolved_traces

    get_resolved_traces().clear()


def _of_lake(
    pipeline: dlt.Pipeline, schemas: tuple[str, ...], *, still: bool
) -> AbstractContextManager[Reader]:
    catalog = destinations.catalog_file(pipeline)
    if catalog is not None and not catalog.exists():
        raise no_copy()
    return LakeReader.attached(pipeline, schemas, still=still)


def _of_file(
    stack: ExitStack,
    pipeline: dlt.Pipeline,
    database: Path,
    attach: Callable[..., Reader],
    place: Path | None,
) -> Reader:
    taken = snapshot.of(database)
    if not database.exists():
        raise no_copy()
    if snapshot.is_current(database):
        return attach(taken)
    try:
        with ExitStack() as lock:
            lock.enter_context(read_lock(pipeline))
            if place is not None:
                snapshot.copy(database, place / database.name)
                return attach(place / database.name)
            reader = attach(database)
            stack.push(lock.pop_all())
            return reader
    except Exception as error:
        if not is_locked(error) or not taken.exists():
            raise
        return attach(taken, snapshot.note(database, datetime.now(UTC)))
