"""What a workspace lacks: endpoints that a plan, an older server or the token's role does not have (seen).

That is no failure of the rest, and no evidence about rows: what the copy has stays as it is. It is told once, and asked
for once a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from ..api.client import Client
from ..catalog import ENDPOINTS, Endpoint, Table
from ..copy.intervals import asked_again_at
from ..copy.state import Lack, SourceState
from ..errors import NotPylon, PermissionDenied, PylonError, Rejected, is_lacking
from .report import Report


class Lacking:
    """Tells what is lacking from what has failed, and remembers it with the copy.

    Args:
        report: Where to tell it.
        clients: Who asks in this turn.
        host: The host, as configured.
    """

    def __init__(self, report: Report, clients: Sequence[Client], host: str) -> None:
        self._report = report
        self._clients = clients
        self._host = host
        self._why = ""

    def known(self, endpoints: Iterable[Endpoint]) -> bool:
        """Whether all of some endpoints were tried within the day, in vain."""
        now = datetime.now(UTC)
        return asked_again_at(endpoints, SourceState.current(), now) > now

    async def is_so(self, endpoint: Endpoint, error: PylonError, tables: Iterable[Table]) -> bool:
        """Say whether an error means that the workspace lacks an endpoint; if so, tell it and remember it.

        Raises:
            NotPylon: The host does not answer as Pylon does at all.
        """
        if not is_lacking(error):
            return False
        await self.expect_pylon(error)
        state, now = SourceState.current(), datetime.now(UTC)
        known = state.lacking.get(endpoint.name)
        state.lacking = {
            **state.lacking,
            endpoint.name: Lack(known.since if known else now, now, error.message),
        }
        if known is None:
            for table in tables:
                self._report.lack(table.name, error)
        return True

    def has(self, endpoint: Endpoint) -> None:
        """Note that an endpoint answers."""
        state = SourceState.current()
        if endpoint.name in state.lacking:
            state.lacking = {name: one for name, one in state.lacking.items() if name != endpoint.name}

    async def expect_pylon(self, error: PylonError) -> None:
        """Make sure that it is Pylon who does not have something, rather than another host who knows nothing.

        Raises:
            NotPylon: Nothing was answered yet, and ``GET /me`` is not either.
        """
        if isinstance(error, PermissionDenied) or not is_lacking(error):
            return
        if any(client.answered for client in self._clients):
            return
        if not self._why:
            try:
                await self._clients[0].ask(ENDPOINTS["me"])  # every workspace has it
            except PylonError as other:
                if not is_lacking(other):
                    return
                self._why = other.why if isinstance(other, Rejected) else "is answered with a web page"
            else:
                return
        raise NotPylon(self._host, self._why) from error
