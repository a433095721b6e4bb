"""What a DuckDB file may be called: what all programs read alike, and not as the schema in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError

RESERVED = ("main", "memory", "system", "temp")
"""Names that DuckDB keeps for itself: a file called so gets another one, or none."""
_USABLE = re.compile(r"[\w -]+")
"""What a name may be made of so that DuckDB and whoever gives it an address read it alike."""


def catalog_of(file: str | Path) -> str:
    """Return the name under which DuckDB opens a file: up to the first dot, so that of ``a.b.duckdb`` is ``a``."""
    return Path(file).name.lstrip(".").partition(".")[0]


def refuse_unusable(file: Path) -> None:
    """Make sure that all programs know a DuckDB file by one name.

    Raises:
        ConfigurationError: DuckDB keeps the name for itself, or a character of it means something else to some.
    """
    name = catalog_of(file)
    why = ""
    if name.casefold() in RESERVED:
        why = f"DuckDB keeps the name {name} for itself"
    elif not _USABLE.fullmatch(name):
        why = "its name may have letters, digits, blanks, _ and - up to the first dot, and nothing else"
    if why:
        raise ConfigurationError(
            f"The DuckDB file {file} cannot be called so: {why}.",
            "Give the file another name, such as support.duckdb.",
        )


def refuse_ambiguous(pipeline: Any) -> None:
    """Make sure that ``schema.table`` can only mean the schema, where the destination is a DuckDB file.

    In a file ``pylon.duckdb``, DuckDB would have to guess whether ``pylon.issues`` names the file or a schema in
    it: it refuses to, in whatever program asks, and a load fails half-way.

    Raises:
        ConfigurationError: File and schema have one name. Nothing was read.
    """
    if not str(pipeline.destination.destination_type).endswith(".duckdb"):
        return
    client = pipeline.sql_client()  # reads the configuration, opens nothing
    file = str(getattr(client.credentials, "database", None) or "")
    if not file or file.startswith((":", "md:")):
        return
    name = catalog_of(file).casefold()
    if name in {str(schema).casefold() for schema in (client.dataset_name, client.staging_dataset_name)}:
        raise ConfigurationError(
            f"The DuckDB file {Path(file).absolute()} has the name of a schema in it, {name}: nobody could say"
            f" which of the two {name}.issues means.",
            "Give the file another name, such as support.duckdb, or load into another dataset.",
        )
