"""Whether the destination can be reached and written; leaves nothing behind."""

from __future__ import annotations

import os
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.copy.copied import Copied
from pylon_elt.sources.pylon.copy.neighbours import refuse_neighbours

from ..base import exits
from ..base.desk import current
from ..copy import destinations
from ..copy.lock import run_lock

if TYPE_CHECKING:
    import dlt
    from dlt.destinations.sql_client import SqlClientBase

SUFFIX = f"_check_{os.getpid()}"
"""Ends the names of what a check makes and drops again."""
ROWS_OF_A_FILE = 10_000
"""So many at once stand in a file, and not in the catalog of a lake."""


def check_destination(destination: str, dataset: str) -> str:
    """Write to the destination and take it back.

    Returns:
        What was found, in a few words.

    Raises:
        Problem: It cannot be written.
        ConfigurationError: The dataset, or its staging dataset, belongs to another copy.
        Told: No copy there was ever compared with its workspace.
    """
    with TemporaryDirectory() as scratch:
        pipeline = destinations.open_pipeline(destination, dataset, pipelines_dir=scratch)
        current().require_tested(pipeline)
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
            if destinations.is_postgres(pipeline):
                _require_postgres(client)
            if destinations.is_ducklake(pipeline):
                _write_file(client)
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


def _require_postgres(client: SqlClientBase[Any]) -> None:
    """Make sure that a database holds every character, and all schemas that a run needs.

    Raises:
        Problem: It does not.
    """
    ((role, database, encoding, may_create),) = client.execute_sql(
        "SELECT current_user, current_database(), pg_encoding_to_char(encoding),"
        " has_database_privilege(datname, 'CREATE') FROM pg_database WHERE datname = current_database()"
    ) or [("", "", "UTF8", True)]
    if encoding != "UTF8":
        raise exits.Problem(
            f"The database {database} stores text as {encoding}, which lacks most of the characters that there are.",
            f"Make another one, such as: CREATE DATABASE {database}_utf8 ENCODING 'UTF8' TEMPLATE template0",
            exits.CONFIGURATION,
        )
    names = (client.dataset_name, client.staging_dataset_name)
    there = {row[0] for row in client.execute_sql("SELECT nspname FROM pg_namespace") or []}
    missing = [name for name in names if name and name not in there]
    if missing and not may_create:
        make = "; ".join(f'CREATE SCHEMA "{name}" AUTHORIZATION "{role}"' for name in missing)
        raise exits.Problem(
            f"The role {role} may not make schemas in the database {database},"
            f" and there is no {' and no '.join(missing)}.",
            f'As the owner of the database: GRANT CREATE ON DATABASE "{database}" TO "{role}"; or instead: {make}',
            exits.CONFIGURATION,
        )


def _write_table(client: SqlClientBase[Any]) -> None:
    name = client.make_qualified_table_name(f"_pylon{SUFFIX}")
    client.execute_sql(f"CREATE TABLE {name} (id INT)")
    client.execute_sql(f"DROP TABLE {name}")


def _write_file(client: SqlClientBase[Any]) -> None:
    """Write what a lake keeps in a file; a table that is made and dropped stands in its catalog alone."""
    client.execute_sql("BEGIN")
    try:
        client.execute_sql(f"CREATE SCHEMA _pylon{SUFFIX}")
        client.execute_sql(
            f"CREATE TABLE _pylon{SUFFIX}.rows AS SELECT range AS id FROM range({ROWS_OF_A_FILE})"
        )
    finally:
        client.execute_sql("ROLLBACK")  # which removes the file
