"""Reading ahead: what the next turn will ask for is asked while what this turn has read is being loaded.

A destination may take longer to load a turn than the turn took to read it. Where a server counts in windows, a turn
ends while all lanes wait anyway; where it refuses bursts, each second without a request is lost.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from ..api.client import Client
from ..api.sending import Pause
from ..catalog import HANGING
from ..copy.work import Times
from ..errors import PylonError, TurnOver
from ..rows.rows import Row
from . import budget
from .hanging import ask
from .ways import Batch

CHARACTERS = 8_000_000
"""Of text as much is read at most: it is held in memory while the destination needs its own."""
ROW = 1000
"""What a row counts for besides its texts, in characters."""
IN_FLIGHT = 8
"""Requests of one child that are under way at once."""
GRACE_SECONDS = 5.0
"""How long the next turn waits for the answer to a request that has been sent."""

MakeClient = Callable[[Pause], Client]
"""Makes a client that waits in some way."""


class Ahead:
    """What was read between two turns of a run; while a turn is at work, nothing is read here.

    What a turn does not find here, or finds to have moved since, it asks for itself.

    Args:
        run: The time that the run has.
        parents: Of how many parents each child is read at most.
    """

    def __init__(self, run: budget.Budget, parents: int) -> None:
        self.parents = parents
        self._run = run
        self._stop = threading.Event()
        self._found: defaultdict[str, list[tuple[Times, Batch]]] = defaultdict(list)
        self._held = 0
        self._reading: Future[None] | None = None

    def begin(self, make_client: MakeClient, work: Mapping[str, Sequence[Times]]) -> None:
        """Read in a thread of its own, until all is read or :meth:`close` is called.

        Args:
            make_client: Makes the client, in that thread.
            work: The parents of each child, those first that are worth most.
        """
        self.close()
        self._stop.clear()
        self._found.clear()
        self._held = 0
        thread = ThreadPoolExecutor(1, "read-ahead")
        self._reading = thread.submit(lambda: asyncio.run(self.read(make_client, work)))
        thread.shutdown(wait=False)

    def close(self) -> None:
        """Send nothing more, and wait for what is under way, for some seconds at most."""
        self._stop.set()
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.result()

    def take(self, child: str) -> list[tuple[Times, Batch]]:
        """Hand out what was read of a child, in the order of reading, with what was known of each parent then."""
        return self._found.pop(child, [])

    async def read(self, make_client: MakeClient, work: Mapping[str, Sequence[Times]]) -> None:
        """Read; see :meth:`begin`."""
        client = make_client(self._pause)
        queues = {child: deque(parents) for child, parents in work.items()}
        tasks = {
            asyncio.create_task(self._read(client, child, queue))
            for child, queue in queues.items()
            for _ in range(min(IN_FLIGHT, len(queue)))
        }
        latest = float("inf")
        try:
            while tasks and time.monotonic() < latest:
                done, tasks = await asyncio.wait(tasks, timeout=budget.POLL_SECONDS)
                for task in done:
                    task.result()
                if self._stop.is_set():
                    latest = min(latest, time.monotonic() + GRACE_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await client.close()

    async def _read(self, client: Client, child: str, parents: deque[Times]) -> None:
        while parents and self._held < CHARACTERS:
            parent = parents.popleft()
            try:
                batch = await ask(client, HANGING[child], parent.parent_id)
            except TurnOver:
                return
            except PylonError:  # what it means is for the turn to find out, which asks again
                parents.clear()
                return
            self._found[child].append((parent, batch))
            self._held += _size(batch.rows)

    async def _pause(self, _endpoint: str, seconds: float) -> None:
        await budget.wait(seconds, lambda: self._stop.is_set() or self._run.spent)


def _size(rows: Sequence[Row]) -> int:
    return sum(ROW + sum(len(value) for value in row.values() if isinstance(value, str)) for row in rows)
