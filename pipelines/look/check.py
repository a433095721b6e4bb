"""``pylon check``: would a run work? Token, region, permissions, destination; each failure with a remedy."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.api.client import Client
from pylon_elt.sources.pylon.api.pacing import Pacers
from pylon_elt.sources.pylon.catalog import (
    ENDPOINTS,
    TABLES,
    Table,
)
from pylon_elt.sources.pylon.errors import ConfigurationError, PermissionDenied, PylonError, Rejected

from ..base import advice, configuration, exits, screens
from ..base.causes import explain
from ..base.desk import Finding, command
from ..base.probing import Probe
from ..base.redaction import remember
from ..base.selection import selection
from .destination_check import check_destination

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.settings import Settings

LONGEST_PAUSE = 0.5
"""A check does not back off for minutes; the pacer is asked again after this many seconds."""


def run(found: Iterable[Finding], destination: str, dataset: str, *, as_json: bool = False) -> int:
    """Check everything that a run needs, print what was found, and return the exit code.

    Args:
        found: What there is to say of the API: see :meth:`Desk.check`.
        destination: Where a run would load, by dlt's name.
        dataset: The schema.
        as_json: Whether to print an object a line.
    """
    codes = set()
    for finding in chain(found, _destination(destination, dataset)):
        codes.add(finding.code)
        if as_json:
            screens.event("finding", **asdict(finding))
        else:
            _tell(finding)
    code = next((code for code in (exits.CONFIGURATION, exits.UNAVAILABLE) if code in codes), exits.DONE)
    if as_json:
        screens.event("check_finished", exit=code, meaning=exits.MEANINGS[code])
        return code
    screens.tell(
        f"All is well: {command('run')} would work."
        if code == exits.DONE
        else "Not everything is well; see above."
    )
    return code


def _tell(finding: Finding) -> None:
    screens.tell(f"{finding.what:<17} {finding.verdict:<8} {finding.text}".rstrip())
    if finding.remedy:
        screens.tell(screens.wrapped(" " * 27 + "-> ", finding.remedy))


def _destination(destination: str, dataset: str) -> Iterator[Finding]:
    try:
        yield Finding("destination", "ok", check_destination(destination, dataset))
    except Exception as error:  # noqa: BLE001 - explain() knows them all
        yield _failed("destination", error)


def findings(select: Sequence[str], exclude: Sequence[str], given: Mapping[str, Any]) -> Iterator[Finding]:
    """Ask each of Pylon's endpoints for one row, and yield what was found.

    Raises:
        Problem: A table is unknown.
        ConfigurationError: What the configuration says of tables means nothing.
    """
    tables = selection(select, exclude).tables(configuration.include())
    try:
        settings = configuration.read_settings(given)
    except Exception as error:  # noqa: BLE001 - the destination is looked at all the same
        yield _failed("settings", error)
        return
    remember(settings.api_key)
    if warning := configuration.configured_token().warning:
        yield Finding("settings", "unknown", warning)
    yield from asyncio.run(_ask(settings, tables))


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
        return await _Checks(client, settings).run(tables)
    finally:
        await client.close()


async def _pause(_endpoint: str, seconds: float) -> None:
    await asyncio.sleep(min(seconds, LONGEST_PAUSE))


class _Checks:
    """Asks each endpoint once."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client, self._settings = client, settings
        self._probe = Probe(client, settings)

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
            if (unasked := await self._probe.ask(table)) is not None:
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
