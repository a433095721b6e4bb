"""Which resources of the source go together."""

from __future__ import annotations

from dlt.extract import DltSource

from ..catalog import DELETIONS, READ, TABLES, companions


class PylonSource(DltSource):
    """A dlt source in which what needs a ledger always takes it along."""

    def with_resources(self, *resource_names: str) -> DltSource:
        """Select resources by name; with messages comes ``issue_sync``, their ledger, and ``deletions``."""
        known = {name for name in resource_names if name in TABLES}
        needed = known | companions(known)
        if needed & {table.name for table in READ}:
            needed.add(DELETIONS.name)
        return super().with_resources(*resource_names, *(needed - set(resource_names)))
