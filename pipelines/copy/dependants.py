"""What others have made on a copy's tables in Postgres: views, which keep them from being dropped, and foreign keys."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ..base import exits
from .destinations import is_postgres

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.copy.copied import Copied

_VIEWS = (
    "SELECT DISTINCT views.nspname, v.relname, t.relname FROM pg_depend AS d"
    " JOIN pg_rewrite AS r ON r.oid = d.objid"
    " JOIN pg_class AS v ON v.oid = r.ev_class JOIN pg_namespace AS views ON views.oid = v.relnamespace"
    " JOIN pg_class AS t ON t.oid = d.refobjid JOIN pg_namespace AS tables ON tables.oid = t.relnamespace"
    " WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass"
    " AND v.oid <> t.oid AND tables.nspname = %s ORDER BY 1, 2"
)
"""Views and materialized ones, with the tables that they read."""
_TAKING = (
    "SELECT f.conname, t.relname, parents.relname FROM pg_constraint AS f"
    " JOIN pg_class AS t ON t.oid = f.conrelid JOIN pg_namespace AS tables ON tables.oid = t.relnamespace"
    " JOIN pg_class AS parents ON parents.oid = f.confrelid"
    " JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attname = '_synced_at'"
    " WHERE f.contype = 'f' AND f.confdeltype IN ('c', 'd', 'n') AND tables.nspname = %s ORDER BY 1"
)
"""Foreign keys of the copy's own tables by which rows go, or lose values, with the row to which they refer."""


def refuse_taking_keys(pipeline: dlt.Pipeline, copied: Copied) -> None:
    """Make sure that no row goes with another one that a load replaces: the ledgers would vouch for it all the same.

    Raises:
        Problem: Somebody has put such a foreign key on a table of the copy.
    """
    found = (
        copied.select(_TAKING, pipeline.sql_client().dataset_name, most=1) if is_postgres(pipeline) else []
    )
    for name, table, parent in found:
        raise exits.Problem(
            f"The foreign key {name} takes rows of {table} away, or values of theirs, whenever a load replaces a row of"
            f" {parent}.",
            f"Drop it: ALTER TABLE {pipeline.dataset_name}.{table} DROP CONSTRAINT {name}. What it has taken is read"
            " again with the next daily listing.",
            exits.CONFIGURATION,
        )


def views_on(pipeline: dlt.Pipeline, copied: Copied, tables: Collection[str]) -> list[str]:
    """Return the views that keep some tables from being dropped, as ``schema.name``; where none can, there are none.

    Args:
        pipeline: The pipeline of the copy.
        copied: What its destination holds.
        tables: The tables.
    """
    if not is_postgres(pipeline):
        return []  # DuckDB drops a table that a view reads, and the view reads the next one of that name
    found = copied.select(_VIEWS, pipeline.sql_client().dataset_name)
    return list(dict.fromkeys(f"{schema}.{view}" for schema, view, table in found if table in tables))
