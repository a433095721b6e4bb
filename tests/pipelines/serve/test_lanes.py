"""Who gives way to whom among the runs of one daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from pylon_elt.pipelines.serve import lanes
from pylon_elt.pipelines.serve.lanes import Lane, Slots


def run(case: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(10):
            await case()

    asyncio.run(limited())


class Sweep:
    """One that is under way until it is told to end."""

    def __init__(self, lane: Lane) -> None:
        self.lane, self.told, self.began = lane, 0, False
        self._end = asyncio.Event()

    async def __call__(self) -> None:
        async with self.lane.sweep(self.end) as self.began:
            if self.began:
                await self._end.wait()

    def end(self) -> None:
        self.told += 1
        self._end.set()


def stays() -> None:
    raise AssertionError("nobody has waited for long")


async def under_way(lane: Lane) -> tuple[Sweep, asyncio.Task[None]]:
    sweep = Sweep(lane)
    task = asyncio.create_task(sweep())
    await asyncio.sleep(0)
    return sweep, task


@pytest.mark.parametrize("most", [1, 2])
def test_a_run_ends_the_sweep_of_its_lane_and_is_told_so_once(most: int) -> None:
    async def case() -> None:
        lane = Lane(Slots(most))
        sweep, task = await under_way(lane)
        assert sweep.began

        async def wants() -> None:
            async with lane.run(stays):
                pass

        await asyncio.gather(wants(), wants(), task)
        assert sweep.told == 1

    run(case)


def test_a_run_of_another_lane_ends_a_sweep_only_where_there_is_no_place_left() -> None:
    async def case() -> None:
        slots = Slots(2)
        (first, one), (second, two) = [await under_way(Lane(slots)) for _ in range(2)]
        async with Lane(slots).run(stays):
            assert (first.told, second.told) == (1, 0)
        async with Lane(slots).run(stays):
            assert (first.told, second.told) == (1, 0)
        second.end()
        await asyncio.gather(one, two)

    run(case)


def test_a_sweep_waits_for_no_place() -> None:
    async def case() -> None:
        slots = Slots(1)
        lane = Lane(slots)
        async with lane.run(stays):
            for one in (lane, Lane(slots)):
                sweep, task = await under_way(one)
                await task
                assert not sweep.began
        sweep, task = await under_way(lane)
        assert sweep.began, "and what could not begin holds nothing"
        sweep.end()
        await task

    run(case)


class Load:
    """A run that takes many hours unless it is told to end; it begins again as long as it is not through."""

    def __init__(self, lane: Lane, begun: list[str], name: str) -> None:
        self.lane, self.begun, self.name = lane, begun, name

    async def __call__(self, times: int) -> None:
        for _ in range(times):
            end = asyncio.Event()
            async with self.lane.run(end.set):
                self.begun.append(self.name)
                await end.wait()


@pytest.mark.parametrize("shared", [True, False], ids=["one file", "no place left"])
def test_a_run_of_many_hours_gives_way_to_those_that_wait(
    shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "PATIENCE", 0.02)
    monkeypatch.setattr(lanes, "LOOK_EVERY", 0.01)

    async def case() -> None:
        slots, begun = Slots(2 if shared else 1), list[str]()
        lane = Lane(slots)
        load = asyncio.create_task(Load(lane, begun, "load")(3))
        await asyncio.sleep(0.1)
        assert begun == ["load"], "nobody waits, and it goes on"
        for other in ("one", "another"):
            async with (lane if shared else Lane(slots)).run(stays):
                begun.append(other)
        assert begun == ["load", "one", "load", "another"]
        load.cancel()

    run(case)


def test_a_run_that_was_given_up_while_it_waited_is_waited_for_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lanes, "PATIENCE", 0.02)
    monkeypatch.setattr(lanes, "LOOK_EVERY", 0.01)

    async def case() -> None:
        lane = Lane(Slots(1))

        async def wants() -> None:
            async with lane.run(stays):
                raise AssertionError("its place is taken")

        async with lane.run(stays):
            waiting = asyncio.create_task(wants())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.sleep(0.1)

    run(case)
