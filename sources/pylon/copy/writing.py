"""How a load may write: as :mod:`.loading` says, or not at all."""

from __future__ import annotations

import logging
from typing import Any

import dlt
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.extract import DltResource, DltSource
from dlt.extract.exceptions import DataItemRequiredForDynamicTableHints

from ..catalog import ALL_TABLES, Table
from ..errors import ConfigurationError
from .contracts import refuse_what_leaves_out
from .loading import disposition
from .tested import choose, require_tested

STRATEGY = "delete-insert"
_LOADS = ("write_disposition", "x-merge-strategy", "x-merge-destination-scope")
FORMATS = (None, "preferred", "parquet", "jsonl", "insert_values")
"""The file formats between extract and load in which a copy is exact."""
_MEANT = ("disposition", "strategy", "destination_scope")


def refuse_other_loads(source: DltSource, pipeline: Any, *, untested: bool = False) -> None:
    """Make sure that each table is written as its rows are meant.

    What a resource yields is not only rows: some say that others are to go. Anything but the merge that each table is
    given would keep those as rows. What a user gives as ``pipeline.run(…, write_disposition=…)``, ``table_name``,
    ``primary_key`` and so on, dlt writes into the hints of the resources before it extracts.

    Args:
        source: What is about to be extracted.
        pipeline: Where it goes.
        untested: Let it go to a destination in which no copy was ever compared.

    Raises:
        ConfigurationError: The destination has no such merge, or nobody has tried it, or somebody has asked for
            another way to write. Nothing was read.
    """
    if pipeline.destination is None:
        raise ConfigurationError(
            "The pipeline has no destination: what is due follows from the copy there.",
            'Give it one, as in dlt.pipeline("support", destination="duckdb").',
        )
    name = pipeline.destination.destination_name
    capabilities = pipeline.destination.capabilities()
    refuse_destination(capabilities, name)
    _refuse_failed_jobs()
    if told := require_tested(pipeline, allowed=untested):
        logging.getLogger("dlt").warning(told)
    for resource in source.resources.selected.values():
        if table := ALL_TABLES.get(resource.name):
            _refuse_hints(resource, table)
            refuse_what_leaves_out(source, resource, table)
            refuse_destination(capabilities, name, resource.compute_table_schema())


def _refuse_failed_jobs() -> None:
    """Make sure that a load of which a table has failed does not count as complete.

    Raises:
        ConfigurationError: It would. Nothing was read.
    """
    if dlt.config.get("load.raise_on_failed_jobs", bool) is False:
        raise ConfigurationError(
            "With raise_on_failed_jobs = false, a load counts as complete although rows of it are missing, and they"
            " would never be read again.",
            "Leave it out of [load] in .dlt/config.toml, and LOAD__RAISE_ON_FAILED_JOBS out of the environment.",
        )


def refuse_destination(
    capabilities: DestinationCapabilitiesContext, name: str, table: Any | None = None
) -> None:
    """Make sure that a destination can replace the rows of a parent; without it, removed messages would stay for ever.

    Args:
        capabilities: What dlt says of the destination.
        name: What the user calls it.
        table: A table, where what the destination can do differs between them, as by their format.

    Raises:
        ConfigurationError: It cannot.
    """
    strategies = capabilities.supported_merge_strategies or []
    if table is not None and (select := capabilities.merge_strategies_selector):
        strategies = select(strategies, table_schema=table)
    if STRATEGY not in strategies:
        raise ConfigurationError(
            f"{name} cannot replace the rows of an issue: dlt offers no {STRATEGY} merge for it.",
            choose(),
        )


def _refuse_hints(resource: DltResource, table: Table) -> None:
    hint = resource.incremental  # dlt may have put it into a wrapper, which is there without one too
    if getattr(hint, "incremental", hint) is not None:
        raise ConfigurationError(
            f"{table.name} has an incremental hint, which would leave out rows that the copy then counts as read.",
            "Leave it out: the source is incremental by itself, and start_date says where it begins.",
        )
    try:
        found = resource.compute_table_schema()
    except DataItemRequiredForDynamicTableHints as error:
        raise ConfigurationError(
            f"{table.name} was given a hint that is a function of each row: the copy could not say where its rows are.",
            "Leave it out, and make the source anew.",
        ) from error
    if (named := found.get("file_format")) not in FORMATS:
        raise ConfigurationError(
            f"{table.name} cannot be handed on in the file format {named}: dlt writes none from Arrow tables, or one in"
            " which empty texts and nulls are alike.",
            f"Leave out loader_file_format and file_format, or choose one of {', '.join(filter(None, FORMATS))}.",
        )
    wanted = dict(zip(_LOADS, map(disposition(table).get, _MEANT), strict=True))
    if any(found.get(hint) != value for hint, value in wanted.items()):
        asked = f"{found.get('write_disposition')} {found.get('x-merge-strategy') or ''}".strip()
        raise ConfigurationError(
            f"{table.name} would be written with {asked}. Some of what the source yields says which rows are to go,"
            " which any way of writing but its own would keep as rows.",
            "Leave out write_disposition, and make the source anew: dlt has changed this one. To read everything"
            ' again, give refresh="drop_sources".',
        )
    key = [name for name, column in found["columns"].items() if column.get("primary_key")]
    if found["name"] != table.name or found.get("parent") or sorted(key) != sorted(table.key):
        raise ConfigurationError(
            f"{table.name} was given the table name {found['name']} and the key {', '.join(key)}, but it is looked for"
            " under its own.",
            "Leave out table_name and primary_key, and make the source anew: dlt has changed this one. A view gives a"
            " table another name.",
        )
