"""A DuckLake as others than dlt attach it: its name, where its catalog is, and with which options.

dlt writes one statement that says all of this. It is taken apart here, so that whoever else opens the lake finds the
same files by the same catalog.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..base.sql_text import literal, quoted

if TYPE_CHECKING:
    import dlt

_STATEMENT = re.compile(r"ATTACH IF NOT EXISTS '(?P<path>.*)' AS (?P<name>\S+) \((?P<options>.*)\)\s*;?\s*")
"""dlt 1.31, ``DuckLakeSqlClient.build_attach_statement``."""
_OPTION = re.compile(r"(\w+) (?:'([^']*)'|(\w+))")


@dataclass(frozen=True)
class Lake:
    """A DuckLake.

    Args:
        name: What it is called where it is attached.
        path: Where its catalog is, as DuckDB has it after ``ATTACH``.
        options: What ``ATTACH`` is told besides, each as text, number or ``True``.
        is_secret: Whether there is a password in the path.
        secrets: Statements that let DuckDB reach its files.
        config: What DuckDB is configured with.
    """

    name: str
    path: str = field(repr=False)
    options: dict[str, str | int | bool]
    is_secret: bool
    secrets: tuple[str, ...] = field(repr=False)
    config: dict[str, Any]

    @property
    def files(self) -> str:
        """Where its files are: a folder, or a part of a bucket."""
        return str(self.options["DATA_PATH"])

    def attach(self, *, read_only: bool) -> str:
        """Return the statement that attaches it."""
        options = [
            f"{name} {literal(value) if isinstance(value, str) else str(value).lower()}"
            for name, value in self.options.items()
        ]
        told = ", ".join([*options, *(("READ_ONLY",) if read_only else ())])
        return f"ATTACH {literal(self.path)} AS {quoted(self.name)} ({told})"


def lake_of(pipeline: dlt.Pipeline) -> Lake:
    """Return the lake that a pipeline fills; nothing is opened."""
    client: Any = pipeline.sql_client()
    known = client.credentials
    *secrets, last = client.attach_statements(alias=known.ducklake_name)
    found = _STATEMENT.fullmatch(last["sql"])
    if found is None:
        raise RuntimeError("dlt attaches a DuckLake in another way than dlt 1.31 does.")
    return Lake(
        found["name"],
        found["path"],
        {name: _value(text, word) for name, text, word in _OPTION.findall(found["options"])},
        bool(known.catalog.password),
        tuple(one["sql"] for one in secrets),
        dict(known.global_config or {}),
    )


def _value(text: str, word: str) -> str | int | bool:
    if word.isdigit():
        return int(word)
    return True if word == "true" else text or word
