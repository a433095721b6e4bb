"""What users of dlt may do with a resource: what would make the copy vouch for rows that it lacks is refused."""

from __future__ import annotations

from collections.abc import Callable, Generator
from copy import deepcopy
from typing import Any, Self

import pyarrow as pa
from dlt.common.schema.typing import TTableSchema
from dlt.extract import DltResource
from dlt.extract.items_transform import ItemTransformFunc

from ..catalog import ALL_TABLES, EXTRA, REMOVED, Table
from ..errors import ConfigurationError
from ..rows.masking import columns_needed
from .selection import only_in_a_pipeline

INSTEAD = (
    "The settings start_date and mask, and with_resources(), leave out what shall not be read; a view over the table"
    " leaves out the rest."
)


class PylonResource(DltResource):
    """A dlt resource that yields Arrow tables, rows to be removed among them, and keeps what the ledgers count on."""

    _schema: TTableSchema | None = None
    _schema_of: object = None

    def compute_table_schema(self, item: Any = None, meta: Any = None) -> TTableSchema:
        """Return what the hints make of the table; dlt would work it out for each batch, which few hints ask for."""
        if meta is not None or self.has_dynamic_table_name:  # without it, no hint is asked
            return super().compute_table_schema(item, meta)
        if self._schema is None or self._schema_of is not self._hints:
            self._schema, self._schema_of = super().compute_table_schema(item), self._hints
        return deepcopy(self._schema)

    def add_map(self, item_map: ItemTransformFunc[Any], insert_at: int | None = None) -> Self:
        """Change columns of each batch on its way to the copy; ``item_map`` takes and returns a :class:`pyarrow.Table`.

        Rows, their order, and the columns by which the table is read must stay as they are. What is changed here
        stays as it was in the versions of a row and in other tables: personal data is what the setting ``mask`` is for.

        Raises:
            ConfigurationError: While it is extracted, where ``item_map`` returns something else; nothing is loaded.
        """
        return super().add_map(_checked(ALL_TABLES[self.name], item_map), insert_at)  # type: ignore[arg-type]

    def add_filter(self, item_filter: Any, insert_at: int | None = None) -> Self:  # noqa: ARG002 - dlt's signature
        """Refuse: the ledgers would vouch for the rows that a filter leaves out, and they would never be read again.

        Raises:
            ConfigurationError: Always.
        """
        raise self._dropping("add_filter")

    def add_yield_map(self, item_map: Any, insert_at: int | None = None) -> Self:  # noqa: ARG002 - dlt's signature
        """Refuse: nobody could say which rows of a batch have come through.

        Raises:
            ConfigurationError: Always.
        """
        raise self._dropping("add_yield_map")

    def _dropping(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"{what}() on {self.name} could leave out rows that the copy then counts as read.", INSTEAD
        )

    def __iter__(self) -> Generator[Any, None, None]:
        """Refuse at once, in words of ours.

        Raises:
            ConfigurationError: Always.
        """
        raise only_in_a_pipeline(self.name)


def _checked(table: Table, item_map: Callable[..., Any]) -> Callable[[pa.Table], pa.Table]:
    """Return a map that lets nothing through by which the copy would be mistaken in what it has."""
    kept = {column.name for column in columns_needed(table)} | {REMOVED}
    kept |= {column.name for column in table.columns if column.given and column is not EXTRA}

    def mapped(batch: pa.Table) -> pa.Table:
        found = item_map(batch)
        if not isinstance(found, pa.Table):
            raise ConfigurationError(
                f"add_map() on {table.name} was given a function that returns {type(found).__name__}.",
                "It takes a pyarrow.Table with many rows, and must return one.",
            )
        names = [name for name in batch.column_names if name in kept]
        if found.num_rows != batch.num_rows or any(
            name not in found.column_names or not found[name].equals(batch[name]) for name in names
        ):
            raise ConfigurationError(
                f"add_map() on {table.name} changed which rows there are, or one of {', '.join(names)}.",
                INSTEAD,
            )
        return found

    return mapped
