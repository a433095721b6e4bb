"""What dlt is told about each table: columns, keys, and what a load replaces. All of it follows from the catalogue."""

from __future__ import annotations

import logging
from typing import Any

from dlt.common.pipeline import SupportsPipeline
from dlt.extract import DltSource

from ..catalog import REMOVED, TABLES, Table

_TYPES = {"urls": "json"}


def columns(table: Table) -> dict[str, Any]:
    """Return dlt's column hints of a table, descriptions included."""
    hints: dict[str, Any] = {}
    for column in table.columns:
        hint: dict[str, Any] = {
            "data_type": _TYPES.get(column.type, column.type),
            "description": column.description,
            "nullable": column.name not in table.key,
        }
        if column.type == "timestamp":
            hint["precision"] = 6
        if column.name == table.sort:
            hint["dedup_sort"] = "desc"
        hints[column.name] = hint
    hints[REMOVED] = {
        "data_type": "bool",
        "hard_delete": True,
        "description": "Always null: marks what a load deletes on its way in.",
    }
    return hints


def disposition(table: Table) -> dict[str, Any]:
    """Return dlt's write disposition: what came replaces what the table's scope says, and nothing else.

    ``delete-insert`` with a scope of its own, since it alone can replace the rows of a parent by none at all.
    """
    merge: dict[str, Any] = {"disposition": "merge", "strategy": "delete-insert"}
    scope = _scope(table)
    return {**merge, "destination_scope": scope} if scope else merge


def _scope(table: Table) -> str | None:
    if table.scope == "row":
        return None
    same_row = " OR id IN (SELECT id FROM {staging_table})" if table.key == ("id",) else ""
    if table.scope == "parent":
        return f"{table.parent} IN (SELECT {table.parent} FROM {{staging_table}}){same_row}"
    return f"{table.parent} IN (SELECT {table.parent} FROM {{staging_table}} WHERE {REMOVED} IS NOT NULL){same_row}"


def know_dialects(pipeline: SupportsPipeline) -> None:
    """Have dlt's SQLAlchemy destination make tables that hold what a copy holds."""
    if pipeline.destination.destination_type.endswith(".sqlalchemy"):
        from .dialects import register  # SQLAlchemy need not be there

        register()


def choose_file_format(source: DltSource, pipeline: SupportsPipeline) -> None:
    """Load INSERT statements where dlt would choose CSV for Arrow, as for Postgres: in its CSV "" and null are one."""
    capabilities = pipeline.destination.capabilities()
    formats = capabilities.supported_loader_file_formats or []
    if "csv" in formats and capabilities.preferred_loader_file_format == "insert_values":
        for resource in source.resources.selected.values():
            resource.apply_hints(file_format="insert_values")


class _ArrowHints(logging.Filter):
    """Drops dlt's warnings that Arrow has no JSON type, and that INSERT statements are not its native format.

    Both hold for each of our tables; the one means nothing, the other is the price of :func:`choose_file_format`.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        return not (
            ("when merging arrow schema" in text and any(f": {name}," in text for name in TABLES))
            or ("native writer could not be found" in text and any(f"`{name}`" in text for name in TABLES))
        )


def quiet_arrow_hints() -> None:
    """Install the filter once."""
    logger = logging.getLogger("dlt")
    if not any(isinstance(known, _ArrowHints) for known in logger.filters):
        logger.addFilter(_ArrowHints())
