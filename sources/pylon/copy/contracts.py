"""What dlt's hints and contracts may say of a table: nothing by which rows go that the ledgers then vouch for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlt.extract import DltResource, DltSource

from ..catalog import REMOVED, Table
from ..errors import ConfigurationError
from . import loading

_ROWS = "discard_row"
_OWN = ("data_type", "nullable", "precision", "scale", "timezone", "unique")
"""What a column's values have to be, in dlt's words: with another, some would be cut short, or stop each load."""
_ANEW = 'Where the pipeline\'s schema has it already, give refresh="drop_sources" once.'


def refuse_what_leaves_out(source: DltSource, resource: DltResource, table: Table) -> None:
    """Make sure that each row that is read gets to the copy, and takes no other's place there.

    What an earlier run or an imported schema has said of the table counts as well: dlt keeps it.

    Raises:
        ConfigurationError: A hint or a contract says otherwise. Nothing was read.
    """
    found: Any = resource.compute_table_schema()
    kept = source.schema.tables.get(table.name)
    _refuse_other_values(table, found["columns"])
    for columns in (found["columns"], kept["columns"] if kept else {}):
        _refuse_columns(table, columns)
    contract: Any = source.schema.resolve_contract_settings_for_table(table.name, found)
    left_out = [what for what in ("columns", "data_type") if contract[what] == _ROWS]
    if not (kept and kept["columns"]) and contract["tables"].startswith("discard"):
        left_out.append("tables")
    if left_out:
        raise ConfigurationError(
            f"A schema contract leaves out rows of {table.name} ({', '.join(left_out)}) that the copy then counts as"
            " read.",
            "Use freeze, which fails in place of that, or leave the contract out.",
        )


def _refuse_other_values(table: Table, columns: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse hints by which the values of a column would not fit, or lose something."""
    for name, own in loading.columns(table).items():
        given = columns.get(name, {})
        if other := next((hint for hint in _OWN if given.get(hint) != own.get(hint)), None):
            raise ConfigurationError(
                f"{table.name} was given the hint {other} for {name}: what Pylon gives there would not fit, or lose a"
                " part.",
                "Leave it out, and make the source anew. A view gives a column another type.",
            )


def _refuse_columns(table: Table, columns: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse what makes rows replace others, or be kept or dropped, by other columns than the table's own."""
    own: dict[str, dict[str, Any]] = {
        "merge_key": {},
        "hard_delete": {REMOVED: True},
        "dedup_sort": {table.sort: "desc"},
    }
    for hint, meant in own.items():
        given = {
            name.casefold(): column[hint]
            for name, column in columns.items()
            if hint in column and (column[hint] or name in meant)
        }
        if given and given != meant:
            other = min(given.items() - meant.items())[0]
            raise ConfigurationError(
                f"{table.name} was given the hint {hint} for {other}: by it, a load would take out rows that the"
                " copy then counts as there, or keep those that are to go.",
                f"Leave it out, and make the source anew. {_ANEW}",
            )
