"""Views that others have made of a copy's tables: in Postgres, such a table cannot be dropped."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

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
