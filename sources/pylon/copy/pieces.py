"""How dlt is handed what the lanes read: piece by piece, and what becomes of them where dlt gives up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from inspect import CORO_CREATED, getcoroutinestate
from typing import Any
from weakref import WeakSet

Batches = AsyncGenerator[Any, None]


def piece_by_piece(batches: Batches) -> Iterator[Any]:
    """Hand an asynchronous generator to dlt as dlt itself would, but for its end.

    At the end of each one, dlt 1.31 sleeps for as long as it waits for futures (``StopAsyncIteration`` looks to it like
    nothing to do). With a resource for each table, most of which are not due, that is most of what a run takes. An
    empty iterator in its place is taken for a new source that is over.
    """
    over = busy = False
    loop: asyncio.AbstractEventLoop | None = None

    async def piece() -> Any:
        nonlocal over, busy, loop
        loop = asyncio.get_running_loop()
        _Ending.of(loop).holds(batches)
        try:
            return iter(()) if over else await anext(batches)
        except StopAsyncIteration:
            over = True
            return iter(())
        finally:
            busy = False

    handed = None
    try:
        while not over:
            if busy:
                yield None  # dlt asks again
            else:
                busy = True
                handed = piece()
                yield handed
    except GeneratorExit:
        over = True
        # an interrupt comes between dlt's taking a piece and handing it on: Python warns of what nobody awaits
        if handed and getcoroutinestate(handed) == CORO_CREATED and (loop is None or loop.is_closed()):
            handed.close()


class _Ending:
    """Ends what is still at work in dlt's event loop, in the order in which :func:`asyncio.run` does.

    dlt 1.31 cancels what it waits for and, without waiting until that has ended, closes all asynchronous generators at
    once, also those in the middle of a step and those that another is just closing. Each of these prints a
    traceback, before the one error that matters. The only thing that dlt does wait for is the loop's
    ``shutdown_asyncgens``, so that this is where the rest must happen.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._close_generators = loop.shutdown_asyncgens
        self._pieces: set[asyncio.Task[Any]] = set()
        # one that a limit has ended is held by nobody, and so closed: others may wait for its end
        self._batches: WeakSet[Batches] = WeakSet()
        loop.shutdown_asyncgens = self.end  # type: ignore[method-assign]

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> _Ending:
        """Return the ending of a loop, which it has from then on."""
        known = getattr(loop.shutdown_asyncgens, "__self__", None)
        return known if isinstance(known, cls) else cls(loop)

    def holds(self, batches: Batches) -> None:
        """Note that the running task takes a step of a generator."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - only a task can await
        self._pieces.add(task)
        task.add_done_callback(self._pieces.discard)
        self._batches.add(batches)

    async def end(self) -> None:
        """Wait for the steps that dlt has cancelled, then close each generator from the outside in, then the rest."""
        await _quietly(*self._pieces)
        await _quietly(*(batches.aclose() for batches in list(self._batches)))
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await _quietly(*others)
        await self._close_generators()


async def _quietly(*ends: Any) -> None:
    """Wait until all have ended. How is not told: dlt raises what made it give up, and this is what follows from it."""
    await asyncio.gather(*ends, return_exceptions=True)
