"""The union of copies in Postgres: a schema of its own beside them, made in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from ..base.sql_text import literal, quoted
from ..copy import destinations
from ..copy.places import Place
from ..transform import package
from .union import LIST, Made, by_table, fill, schema_of, taken, without


class _Postgres:
    """A union in a schema of its own, beside the copies."""

    text = "text"

    def __init__(self, client: Any, schemas: Mapping[str, str], schema: str) -> None:
        self._client, self._schemas, self._schema = client, schemas, schema

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        return list(self._client.execute_sql(statement) or [])

    def columns(self, name: str) -> Mapping[str, Mapping[str, str]]:
        return self.of_schema(self._schemas[name])

    def of_schema(self, schema: str) -> Mapping[str, Mapping[str, str]]:
        """Return the types of the columns of a schema's tables, by table."""
        return by_table(
            self.run(
                "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c"
                " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
                f" WHERE n.nspname = {literal(schema)} AND c.relkind IN ('r', 'v', 'm') AND a.attnum > 0"
                " AND NOT a.attisdropped ORDER BY c.relname, a.attnum"
            )
        )

    def table(self, name: str, table: str) -> str:
        return f"{quoted(self._schemas[name])}.{quoted(table)}"

    def target(self, table: str) -> str:
        return f"{quoted(self._schema)}.{quoted(table)}"


def make(found: Mapping[str, Place], place: Place) -> Made:
    """Make the union of copies in one database.

    Args:
        found: The copies by workspace.
        place: Where the union is to be.

    Raises:
        Problem: Something else has the place.
    """
    schema = schema_of(place)
    with _client(place) as (client, location), client.begin_transaction():
        database = _Postgres(client, {name: schema_of(one) for name, one in found.items()}, schema)
        database.run(f"SELECT pg_advisory_xact_lock(hashtext({literal(schema)}))")
        there = database.of_schema(schema)
        if there and LIST not in there:
            raise taken(f"The schema {schema}")
        database.run(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
        for table in (LIST, *package.marts()):
            database.run(f"DROP TABLE IF EXISTS {database.target(table)}")
        tables, names = fill(database, found)
    return Made(location, schema, tables, names, without(found, names))


@contextmanager
def _client(place: Place) -> Iterator[tuple[Any, str]]:
    with TemporaryDirectory() as scratch:
        pipeline = destinations.open_pipeline(place.destination, place.dataset, pipelines_dir=scratch)
        with pipeline.sql_client() as client:
            client.execute_sql("SET TIME ZONE 'UTC'")
            yield client, destinations.location(pipeline)
