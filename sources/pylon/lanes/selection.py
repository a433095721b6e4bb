"""Which resources of the source go together."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from dlt.extract import DltSource

from ..catalog import DELETIONS, READ, TABLES, companions
from ..errors import ConfigurationError


class PylonSource(DltSource):
    """A dlt source in which what needs a ledger always takes it along."""

    def with_resources(self, *resource_names: str) -> DltSource:
        """Select resources by name; with messages comes ``issue_sync``, their ledger, and ``deletions``."""
        known = {name for name in resource_names if name in TABLES}
        needed = known | companions(known)
        if needed & {table.name for table in READ}:
            needed.add(DELETIONS.name)
        return super().with_resources(*resource_names, *(needed - set(resource_names)))

    def clone(self, with_name: str | None = None) -> PylonSource:
        """Return a copy that is a source of this kind too; what dlt's own makes has lost what is said here."""
        schema = self.schema.clone(with_name=with_name)  # type: ignore[arg-type]
        return type(self)(schema, self.section, list(self.resources.values()))

    def __iter__(self) -> Generator[Any, None, None]:
        """Refuse at once, in words of ours.

        Raises:
            ConfigurationError: Always.
        """
        raise only_in_a_pipeline("The source")


def only_in_a_pipeline(what: str) -> ConfigurationError:
    """Return the error of reading rows outside of a pipeline."""
    return ConfigurationError(
        f"{what} can be read in a pipeline only: what is due follows from the copy that it fills.",
        'Call pipeline.run(pylon_source()), and read the copy, as with pipeline.dataset()["issues"].',
    )
