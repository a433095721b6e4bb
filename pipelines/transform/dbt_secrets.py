"""A plugin of dbt-duckdb that lets its connection reach a lake's files: what is secret stays out of the profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

_statements: list[str] = []


@contextmanager
def given(statements: Sequence[str]) -> Iterator[None]:
    """Have each connection that dbt makes meanwhile run these statements before it attaches anything."""
    before = list(_statements)
    _statements[:] = statements
    try:
        yield
    finally:
        _statements[:] = before


class Plugin(BasePlugin):
    """What dbt-duckdb looks for in the module that a profile names."""

    def configure_connection(self, conn: Any) -> None:
        """Let a new connection reach the files."""
        for statement in _statements:
            conn.execute(statement)
