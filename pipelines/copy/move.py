"""``pylon move``: give a copy's DuckDB file the name under which runs look for it, with all that belongs to it."""

from __future__ import annotations

import errno
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from ..base import exits, screens
from . import destinations, snapshot
from .lock import hold, lock_file


def run(former: Path, dataset: str) -> int:
    """Move a copy, and say where it is now. The next run goes on from where the last one ended.

    Raises:
        Problem: There is no copy, or there is one already where it should go, or a run is at work.
    """
    former = former.absolute()
    with TemporaryDirectory() as scratch, ExitStack() as locks:
        pipeline = destinations.open_pipeline(dataset=dataset, pipelines_dir=scratch, moving=True)
        target = destinations.database_file(pipeline)
        assert target is not None  # noqa: S101 - the destination is DuckDB
        dataset = pipeline.dataset_name
        _require_way(former, target)
        locks.enter_context(hold(lock_file(former)))
        locks.enter_context(hold(lock_file(target)))
        _settle(former, dataset)
        _rename(destinations.folder_of(former, dataset), destinations.folder_of(target, dataset))
        snapshot.move(former, target)
        _rename(former, target)  # last: were it first, a kill would leave the others behind
        lock_file(former).unlink(missing_ok=True)
    screens.tell(f"The copy is in {target} now; nothing needs to be read again.")
    return exits.DONE


def _require_way(former: Path, target: Path) -> None:
    if not former.exists():
        raise exits.Problem(f"There is no file {former}.", "Name it: pylon move FILE", exits.USAGE)
    if target.exists():
        raise exits.Problem(
            f"There is a file {target} already.",
            "Move it away, or set another one with DESTINATION__DUCKDB__CREDENTIALS.",
            exits.USAGE,
        )


def _settle(file: Path, dataset: str) -> None:
    """Write into the file what its log holds, which does not come along; and see that it is a copy."""
    with duckdb.connect(str(file)) as connection:
        connection.execute("CHECKPOINT")
        schemas = connection.execute(
            "SELECT schema_name FROM duckdb_schemas() WHERE database_name = current_database()"
        ).fetchall()
    if (dataset,) not in schemas:
        raise exits.Problem(
            f"{file} holds no copy: it has no schema {dataset}.",
            "Name another file, or another schema with --dataset.",
            exits.USAGE,
        )


def _rename(old: Path, new: Path) -> None:
    try:
        with suppress(FileNotFoundError):
            old.rename(new)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        raise exits.Problem(
            f"{old} and {new} are on two disks.", "Name a file on the same disk, then copy it.", exits.USAGE
        ) from error
