"""``pylon check``: would a run work? Token, region, permissions, destination; each failure with a remedy."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from pylon_elt.sources.pylon.api.client import Client
from pylon_elt.sources.pylon.api.filters import rfc3339
from pylon_elt.sources.pylon.api.pacing import Pacers
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
from pylon_elt.sources.pylon.errors import ConfigurationError, PermissionDenied, PylonError, Rejected
from pylon_elt.sources.pylon.lanes.stock import id_in, may_have

from ..base import advice, configuration, exits, screens
from ..base.causes import explain
from ..base.redaction import remember
from ..base.selection import selection
from .destination_check import check_destination

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.settings import Settings

Verdict = Literal["ok", "failed", "denied", "unknown"]
LONGEST_PAUSE = 0.5
"""A check does not back off for minutes; the pacer is asked again after this many seconds."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    verdict: Verdict
    text: str
    remedy: str = ""
    code: int = exits.DONE


def run(
    select: Sequence[str], exclude: Sequence[str], destination: str, dataset: str, given: Mapping[str, Any]
) -> int:
    """Check everything that a run needs, print what was found, and return the exit code."""
    tables = selection(select, exclude).tables(configuration.include())
    findings: list[Finding] = []
    for finding in _findings(tables, destination, dataset, given):
        findings.append(finding)
        screens.tell(f"{finding.what:<17} {finding.verdict:<8} {finding.text}".rstrip())
        if finding.remedy:
            screens.tell(screens.wrapped(" " * 27 + "-> ", finding.remedy))
    codes = {finding.code for finding in findings}
    code = next((code for code in (exits.CONFIGURATION, exits.UNAVAILABLE) if code in codes), exits.DONE)
    screens.tell(
        "All is well: pylon run would work." if code == exits.DONE else "Not everything is well; see above."
    )
    return code


def _findings(
    tables: Sequence[str], destination: str, dataset: str, given: Mapping[str, Any]
) -> Iterator[Finding]:
    try:
        settings = configuration.read_settings(given)
    except Exception as error:  # noqa: BLE001 - the destination is looked at all the same
        yield _failed("settings", error)
    else:
        remember(settings.api_key)
        if warning := configuration.configured_token().warning:
            yield Finding("settings", "unknown", warning)
        yield from asyncio.run(_ask(settings, tables))
    try:
        yield Finding("destination", "ok", check_destination(destination, dataset))
    except Exception as error:  # noqa: BLE001 - explain() knows them all
        yield _failed("destination", error)


def _failed(what: str, error: Exception) -> Finding:
    problem = explain(error)
    code = exits.UNAVAILABLE if problem.code == exits.UNAVAILABLE else exits.CONFIGURATION
    return Finding(what, "failed", problem.what, problem.remedy, code)


async def _ask(settings: Settings, tables: Sequence[str]) -> list[Finding]:
    try:
        client = Client(settings, Pacers(settings.rate_limits, settings.rate_window_seconds), pause=_pause)
    except ConfigurationError as error:  # of the environment: a proxy, certificates
        return [_failed("settings", error)]
    try:
        return await _Probe(client, settings).run(tables)
    finally:
        await client.close()


async def _pause(_endpoint: str, seconds: float) -> None:
    await asyncio.sleep(min(seconds, LONGEST_PAUSE))


class _Probe:
    """Asks each endpoint once."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client, self._settings = client, settings
        self._seen: dict[str, list[dict[str, Any]]] = {}

    async def run(self, tables: Sequence[str]) -> list[Finding]:
        """Check the token, then every table; without a token nothing else can be told."""
        try:
            me = await self._client.ask(ENDPOINTS["me"])
        except PylonError as error:
            return [self._no_token(error)]
        name = me.data.get("name") if isinstance(me.data, dict) else None
        findings = [
            Finding("token", "ok", f"for the organisation {name or 'without a name'}"),
            Finding("region", "ok", f"{self._settings.base_url} accepts the token"),
        ]
        return findings + [await self._table(TABLES[name]) for name in tables if TABLES[name].endpoints]

    def _no_token(self, error: PylonError) -> Finding:
        finding = _failed("token", error)
        if finding.code != exits.UNAVAILABLE:
            return finding
        remedy = f"Look whether {self._settings.base_url} can be reached from here, then check again."
        return replace(finding, remedy=remedy)

    async def _table(self, table: Table) -> Finding:
        try:
            for endpoint in table.endpoints:
                if (unasked := await self._ask(endpoint, table)) is not None:
                    return Finding(table.name, "unknown", unasked)
        except PermissionDenied as error:
            return Finding(
                table.name, "denied", error.message, advice.remedy(error, table.name), exits.of(error)
            )
        except Rejected as error:
            return Finding(table.name, "unknown", error.message)
        except PylonError as error:
            return _failed(table.name, error)
        return Finding(table.name, "ok", "may be read")

    async def _ask(self, endpoint: Endpoint, table: Table) -> str | None:
        """Ask for as little as possible; say why it could not be asked, if so."""
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
            any_will_do = table.read.refer == ("id",) and table.read.only is None
            rows = await self._some_rows(TABLES[table.read.of], any_will_do=any_will_do)
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
