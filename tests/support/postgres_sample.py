"""The sample in Postgres."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from pathlib import Path

import duckdb
import psycopg2

from . import questions_docs
from .postgres import Postgres

TYPES = {"VARCHAR": "text", "DOUBLE": "double precision", "TIMESTAMP WITH TIME ZONE": "timestamptz"}


def fill(server: Postgres, built: Path, raw: Collection[str]) -> str:
    """Put the sample's tables into a database, of the raw ones some, and return its credentials.

    The role pylon_reader may read them.
    """
    url = server.create("answers")
    connection = psycopg2.connect(url)
    with duckdb.connect(str(built), read_only=True) as sample, connection, connection.cursor() as cursor:
        sample.execute("SET TimeZone = 'UTC'")
        for schema in questions_docs.SCHEMAS:
            cursor.execute(f"CREATE SCHEMA {schema}")
            for (table,) in sample.execute(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = ?", [schema]
            ).fetchall():
                if schema == "pylon" and table not in raw:
                    continue
                rows = sample.table(f"{schema}.{table}")
                columns = ", ".join(
                    f'"{name}" {TYPES.get(str(kind), str(kind))}'
                    for name, kind in zip(rows.columns, rows.types, strict=True)
                )
                cursor.execute(f"CREATE TABLE {schema}.{table} ({columns})")
                text = io.StringIO()
                csv.writer(text).writerows(
                    ["\\N" if value is None else value for value in row] for row in rows.fetchall()
                )
                text.seek(0)
                cursor.copy_expert(f"COPY {schema}.{table} FROM STDIN WITH (FORMAT csv, NULL '\\N')", text)
    connection.close()
    server.execute("CREATE ROLE pylon_reader LOGIN", "answers")
    for schema in questions_docs.SCHEMAS:
        server.execute(f"GRANT USAGE ON SCHEMA {schema} TO pylon_reader", "answers")
        server.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO pylon_reader", "answers")
    return url
