"""What dlt has made of a DuckDB destination's configuration, kept: it resolves it anew each time that it is asked.

To look up each field in each place where it may be configured takes some 5 ms of CPU time, and a run that finds nothing
to do asked fifty times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.config_section_context import ConfigSectionContext
from dlt.destinations.impl.duckdb.configuration import DuckDbConnectionPool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration


class Resolved:
    """The configurations that one destination has resolved, each with what it was resolved from."""

    def __init__(self) -> None:
        self._known: list[tuple[tuple[Any, ...], DuckDbClientConfiguration]] = []

    def get(
        self,
        given: DuckDbClientConfiguration,
        parameters: Mapping[str, Any],
        resolve: Callable[[], DuckDbClientConfiguration],
        *,
        partly: bool,
    ) -> DuckDbClientConfiguration:
        """Return what ``resolve`` makes of a configuration; whoever asks may change it.

        Args:
            given: What is to be resolved; it may be resolved in place. What is resolved already stays the same object,
                since those who load share its connections.
            parameters: What was given to the destination itself.
            resolve: Has dlt resolve it.
            partly: Whether it may lack something.
        """
        if given.is_resolved():
            return resolve()
        asked = (partly, Container()[ConfigSectionContext].pipeline_name, _values(given), {**parameters})
        for known, resolved in self._known:
            if known == asked:
                return _another(resolved)
        resolved = resolve()
        self._known.append((asked, _another(resolved)))
        return resolved


def _values(configuration: Any) -> dict[str, Any]:
    """Return all that a configuration holds, also whether its parts are resolved, to be compared later."""
    held = {field.name: getattr(configuration, field.name, None) for field in fields(configuration)}
    return {
        name: _values(value) if hasattr(value, "__configspec__") else value for name, value in held.items()
    }


def _another(configuration: DuckDbClientConfiguration) -> DuckDbClientConfiguration:
    """Return a copy that opens connections of its own where the original does."""
    made = configuration.copy()
    if configuration.credentials and configuration.credentials.conn_pool:
        made.credentials.conn_pool = DuckDbConnectionPool(made.credentials)
    return made
