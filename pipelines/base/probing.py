"""Whether Pylon gives what fills a table: one page, or one object, of each endpoint is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.api.filters import rfc3339
from pylon_elt.sources.pylon.catalog import (
    ENDPOINTS,
    TABLES,
    Configured,
    Endpoint,
    Listed,
    PerParent,
    RowsOf,
    Table,
    is_read,
)
from pylon_elt.sources.pylon.lanes.stock import id_in, may_have

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.api.client import Client
    from pylon_elt.sources.pylon.settings import Settings


class Probe:
    """Asks endpoints for as little as possible.

    Args:
        client: Who asks.
        settings: What the user has configured.
    """

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client, self._settings = client, settings
        self._seen: dict[str, list[dict[str, Any]]] = {}

    async def ask(self, table: Table) -> str | None:
        """Ask each endpoint that fills a table; say why one could not be asked, if so.

        Raises:
            PylonError: One does not give it.
        """
        for endpoint in table.endpoints:
            if (unasked := await self._ask(endpoint, table)) is not None:
                return unasked
        return None

    async def _ask(self, endpoint: Endpoint, table: Table) -> str | None:
        ids: dict[str, str] = {}
        asked_by = _asked_by(table)
        if asked_by and f"{{{asked_by}}}" in endpoint.path:
            parent = await self._some_parent(table)
            if parent is None:
                return f"not asked: {_no_parent(table)}"
            ids[asked_by] = parent
        if endpoint.single:
            if endpoint is not ENDPOINTS["me"]:  # that was the first thing to be asked
                await self._client.ask(endpoint, ids=ids)
            return None
        page = await self._client.first_page(
            endpoint,
            query=self._query(endpoint, table),
            body=self._body(endpoint),
            limit=1 if endpoint.page_size else None,
            ids=ids or None,
        )
        self._seen.setdefault(table.name, page.rows)
        return None

    def _query(self, endpoint: Endpoint, table: Table) -> dict[str, Any] | None:
        if "start_time" in endpoint.query:
            now = datetime.now(UTC)
            return {"start_time": rfc3339(now - timedelta(hours=1)), "end_time": rfc3339(now)}
        if table.per and isinstance(table.per.parents, Listed):
            return dict.fromkeys(endpoint.query, table.per.parents.values[0]) or None
        return None

    def _body(self, endpoint: Endpoint) -> dict[str, Any] | None:
        if endpoint is not ENDPOINTS["search_issues"]:
            return None
        before = {"field": "created_at", "operator": "time_is_before", "value": rfc3339(datetime.now(UTC))}
        return {"filter": before}

    async def _some_parent(self, table: Table) -> str | None:
        """Return the id of something on which a row of the table can hang."""
        if table.per and isinstance(table.per.parents, Configured):
            return next(iter(getattr(self._settings, table.per.parents.setting)), None)
        if is_read(table, PerParent):
            rows = await self._some_rows(TABLES[table.read.of], any_will_do=_any_will_do(table))
            return next((id_ for row in rows if may_have(table, row) and (id_ := id_in(table, row))), None)
        if table.per and isinstance(table.per.parents, RowsOf):
            rows = await self._some_rows(TABLES[table.per.parents.table], any_will_do=True)
            return next((row["id"] for row in rows if isinstance(row.get("id"), str)), None)
        return None

    async def _some_rows(self, table: Table, *, any_will_do: bool) -> list[dict[str, Any]]:
        """Return rows of a table, as few as will do, from what has been seen where it will."""
        if table.name not in self._seen or not any_will_do:
            endpoint = table.endpoints[0]
            limit = 1 if endpoint.page_size and any_will_do else None
            page = await self._client.first_page(endpoint, body=self._body(endpoint), limit=limit)
            self._seen[table.name] = page.rows
        return self._seen[table.name]


def _asked_by(table: Table) -> str | None:
    """Return the placeholder that names what is asked for."""
    return table.read.asked_by if is_read(table, PerParent) else table.parent


def _no_parent(table: Table) -> str:
    if table.per and isinstance(table.per.parents, Configured):
        return f"{table.per.parents.setting} is not set"
    return f"there are no {(table.parent_table or 'rows').replace('_', ' ')} yet to which it could belong"


def expected(tables: Iterable[Table]) -> Counter[str]:
    """Return how many requests it takes to ask for some tables, by endpoint name, where all have a row to hang on."""
    counted, seen = Counter[str](), set[str]()
    for table in tables:
        parent = table.read.of if is_read(table, PerParent) else None
        if table.per and isinstance(table.per.parents, RowsOf):
            parent = table.per.parents.table
        for endpoint in table.endpoints:
            asked_by = _asked_by(table)
            if (
                parent
                and f"{{{asked_by}}}" in endpoint.path
                and (parent not in seen or not _any_will_do(table))
            ):
                counted[TABLES[parent].endpoints[0].name] += 1
                seen.add(parent)
            if endpoint is not ENDPOINTS["me"]:
                counted[endpoint.name] += 1
            if not endpoint.single:
                seen.add(table.name)
    return counted


def _any_will_do(table: Table) -> bool:
    """Whether something of the table can hang on every row of its parents."""
    return not is_read(table, PerParent) or (table.read.refer == ("id",) and table.read.only is None)
