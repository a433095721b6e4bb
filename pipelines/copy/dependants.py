"""What others have made on a copy's tables in Postgres: views that keep them from being dropped, keys, triggers."""

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
_LOSING = (
    "SELECT 'trigger', g.tgname, t.relname, n.nspname FROM pg_trigger AS g JOIN pg_class AS t ON t.oid = g.tgrelid"
    " JOIN pg_namespace AS n ON n.oid = t.relnamespace"
    " WHERE NOT g.tgisinternal AND g.tgenabled IN ('O', 'A') AND g.tgtype & 3 = 3 AND g.tgtype & 12 <> 0"
    " AND n.nspname IN (%s, %s) AND {own}"
    " UNION ALL SELECT 'rule', r.rulename, t.relname, n.nspname FROM pg_rewrite AS r"
    " JOIN pg_class AS t ON t.oid = r.ev_class JOIN pg_namespace AS n ON n.oid = t.relnamespace"
    " WHERE r.is_instead AND r.ev_type IN ('3', '4') AND r.ev_enabled IN ('O', 'A') AND n.nspname IN (%s, %s) AND {own}"
    " ORDER BY 1, 2"
).replace(
    "{own}",
    "(left(t.relname, 1) = '_' OR EXISTS (SELECT 1 FROM pg_attribute AS a"
    " WHERE a.attrelid = t.oid AND a.attname = '_removed'))",
)
"""What may keep rows of the copy's own tables from being written or deleted without an error: triggers that run before
each row, whose function may return null, and rules that do something else instead. Runs update none of their rows."""


def refuse_silent_losses(pipeline: dlt.Pipeline, copied: Copied) -> None:
    """Make sure that nothing of others takes rows away that a load replaces, or keeps them from being written.

    The ledgers would vouch for them all the same, and the database would tell nothing.

    Raises:
        Problem: Somebody has put such a foreign key, trigger or rule on a table of the copy.
    """
    if is_postgres(pipeline):
        _refuse_taking_keys(pipeline, copied)
        _refuse_what_loses(copied)


def _refuse_what_loses(copied: Copied) -> None:
    datasets = copied.datasets()
    for kind, name, table, schema in copied.select(_LOSING, *datasets, *datasets, most=1):
        raise exits.Problem(
            f"The {kind} {name} on {schema}.{table} may keep rows from being written or deleted, and nobody would be"
            " told.",
            f"Drop it: DROP {kind.upper()} {name} ON {schema}.{table}. A trigger that runs AFTER, a generated column"
            " or a table of your own can do what it is for. What it has kept out is read again with the next"
            " daily listing.",
            exits.CONFIGURATION,
        )


def _refuse_taking_keys(pipeline: dlt.Pipeline, copied: Copied) -> None:
    for name, table, parent in copied.select(_TAKING, pipeline.sql_client().dataset_name, most=1):
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
