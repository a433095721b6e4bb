"""Whether the destination can be reached and written; leaves nothing behind."""

from __future__ import annotations

import os
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.copy.copied import Copied
from pylon_elt.sources.pylon.copy.neighbours import refuse_neighbours

from ..base import exits
from ..copy import destinations
from ..copy.lock import run_lock

if TYPE_CHECKING:
    import dlt
    from dlt.destinations.sql_client import SqlClientBase

SUFFIX = f"_check_{os.getpid()}"
"""Ends the names of what a check makes and drops again."""


def check_destination(destination: str, dataset: str) -> str:
    """Write to the destination and take it back.

    Returns:
        What was found, in a few words.

    Raises:
        Problem: It cannot be written.
        ConfigurationError: The dataset, or its staging dataset, belongs to another copy.
    """
    with TemporaryDirectory() as scratch:
        pipeline = destinations.open_pipeline(destination, dataset, pipelines_dir=scratch)
        location = destinations.location(pipeline)
        try:
            with run_lock(pipeline):
                _write(pipeline)
        except exits.Problem as problem:
            if problem.code != exits.LOCKED:
                raise
            return f"{location} is being written: {problem.what}"
    return f"{location} can be written"


def _write(pipeline: dlt.Pipeline) -> None:
    file = destinations.database_file(pipeline)
    new_file = file is not None and not file.exists()
    if not new_file:
        with Copied(pipeline) as copied:
            refuse_neighbours(copied)
    try:
        with pipeline.sql_client() as client:
            if client.has_dataset():
                _write_table(client)
            else:
                with client.with_alternative_dataset_name(f"{client.dataset_name}{SUFFIX}"):
                    client.create_dataset()
                    try:
                        _write_table(client)
                    finally:
                        client.drop_dataset()
    finally:
        if new_file and file is not None:
            with suppress(OSError):
                file.unlink()


def _write_table(client: SqlClientBase[Any]) -> None:
    name = client.make_qualified_table_name(f"_pylon{SUFFIX}")
    client.execute_sql(f"CREATE TABLE {name} (id INT)")
    client.execute_sql(f"DROP TABLE {name}")
