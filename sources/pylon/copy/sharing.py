"""Which tables of a dataset are another source's: two that fill one table take each other's rows for their own."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..catalog import ALL_TABLES
from ..errors import ConfigurationError
from .copied import Copied

_STORED = (
    "SELECT {v.schema_name}, {v.schema} FROM {_dlt_version} AS v WHERE {v.schema_name} <> %s"
    " ORDER BY {v.inserted_at}"
)
"""Gives the schemas of the others, of each the newest last."""


def refuse_shared(pipeline: Any, copied: Copied, schema: str, tables: Collection[str]) -> None:
    """Make sure that no other source has, or is about to have, tables of these names in the dataset.

    Args:
        pipeline: What is run; it knows of the sources that it extracts beside this one.
        copied: The copy.
        schema: What dlt calls the schema of this source.
        tables: What is to be filled.

    Raises:
        ConfigurationError: One has. Nothing was read.
    """
    if not pipeline.config.use_single_dataset:
        if (first := pipeline.default_schema_name) not in (None, schema):
            raise ConfigurationError(
                f"With use_single_dataset = false, what is due in {schema} would be told by the dataset of {first}.",
                "Load each source by a pipeline of its own.",
            )
        return
    for other, its in _others(pipeline, copied, schema):
        if shared := sorted(name for name in its.keys() & set(tables) if _is_alien(name, its[name])):
            raise ConfigurationError(
                f"The source {other} has tables in the dataset {pipeline.dataset_name} that are called as those of"
                f" {schema}: {', '.join(shared[:3])}{' and more' if len(shared) > 3 else ''}. Rows of both would be in"
                " one table, and each would remove the other's.",
                "Load each source into a dataset of its own, by a pipeline with another dataset_name.",
            )


def _is_alien(name: str, table: Mapping[str, Any]) -> bool:
    """Whether a table is not ours under another schema's name, as where resources were run without their source."""
    columns = {column.casefold() for column in table["columns"]}
    ours = [column.casefold() for column in ALL_TABLES[name].column_names] if name in ALL_TABLES else []
    # rows that are no Arrow tables bring dlt's own columns, without which no row of ours could be in the same table
    return bool(columns) and ("_dlt_id" in columns or 2 * len(columns.intersection(ours)) < len(ours))


def _others(pipeline: Any, copied: Copied, schema: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the other schemas of a dataset, as the pipeline and the destination know them, with their tables."""
    for name in {*pipeline.schema_names, *pipeline.schemas.live_schemas} - {schema}:
        yield name, pipeline.schemas[name].tables
    for name, stored in dict(copied.select(_STORED, schema)).items():
        yield str(name), json.loads(stored).get("tables", {})
