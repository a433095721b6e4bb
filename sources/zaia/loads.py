"""How a load may write: as the catalogue says, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlt.extract import DltResource, DltSource
from dlt.extract.exceptions import DataItemRequiredForDynamicTableHints

from .catalog import TABLES, Table, hints
from .errors import ConfigurationError

_FORMATS = (None, "preferred", "parquet", "insert_values")
"""The file formats between extract and load in which a copy is exact."""
_OWN = ("data_type", "nullable", "precision", "scale", "timezone", "unique", "primary_key")
_TELLING = ("merge_key", "hard_delete", "dedup_sort")
"""Hints of a column by which rows replace others, or go."""
_ANEW = "Leave it out, and make the source anew: dlt has changed this one."


def refuse_other_loads(source: DltSource) -> None:
    """Make sure that each row that is read gets to the copy, and what only says that rows are to go is no row there.

    What a user gives as ``pipeline.run(…, write_disposition=…)`` and so on, dlt writes into the hints of the resources
    before it extracts; what an earlier run has said of a table, it keeps in its schema.

    Raises:
        ConfigurationError: Somebody has asked for another way to write. Nothing was read.
    """
    for resource in source.resources.selected.values():
        if (table := TABLES.get(resource.name)) is not None:
            _refuse(source, resource, table)


def _refuse(source: DltSource, resource: DltResource, table: Table) -> None:
    incremental = resource.incremental  # dlt may have put it into a wrapper, which is there without one too
    if getattr(incremental, "incremental", incremental) is not None:
        raise _refusal(table, "an incremental hint, which would leave rows out")
    try:
        found: Any = resource.compute_table_schema()
    except DataItemRequiredForDynamicTableHints as error:
        raise _refusal(table, "a hint that is a function of each row") from error
    merge = hints(table)["write_disposition"]
    wanted = {
        "name": table.name,
        "parent": None,
        "write_disposition": merge["disposition"],
        "x-merge-strategy": merge["strategy"],
        "x-merge-destination-scope": merge.get("destination_scope"),
    }
    for what, value in wanted.items():
        if found.get(what) != value:
            raise _refusal(table, f"{what.removeprefix('x-').replace('-', '_')} {found.get(what)}")
    if (named := found.get("file_format")) not in _FORMATS:
        raise _refusal(table, f"the file format {named}, in which not all of its rows can be loaded")
    kept = source.schema.tables.get(table.name)
    _refuse_columns(table, {name: found["columns"][name] for name in _own(table)}, _OWN)
    for columns in (found["columns"], kept["columns"] if kept else {}):
        _refuse_columns(table, columns, _TELLING)
    contract: Any = source.schema.resolve_contract_settings_for_table(table.name, found)
    if any(str(contract[what]).startswith("discard") for what in ("tables", "columns", "data_type")):
        raise _refusal(table, "a schema contract that discards rows or values")


def _refuse_columns(table: Table, columns: Mapping[str, Mapping[str, Any]], asked: tuple[str, ...]) -> None:
    own = _own(table)
    for name, column in columns.items():
        for hint in asked:
            if column.get(hint) != own.get(name, {}).get(hint):
                raise _refusal(table, f"the hint {hint} for {name}")


def _own(table: Table) -> dict[str, dict[str, Any]]:
    """Return what dlt should be told of each column."""
    told = hints(table)
    key = {name: {"primary_key": True} for name in told["primary_key"]}
    return {name: column | key.get(name, {}) for name, column in told["columns"].items()}


def _refusal(table: Table, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{table.name} was given {what}: its copy would not be what Zaia holds.",
        f"{_ANEW} A view gives a table, or a column, another name or type.",
    )
