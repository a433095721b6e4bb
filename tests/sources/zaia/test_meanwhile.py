"""A workspace that changes while its pages are read: what was there all the time is copied, and nothing alive goes."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from support.zaia import Desk

from pylon_elt.emulator import zaia
from pylon_elt.sources.zaia.settings import CLOSED

pytestmark = pytest.mark.dear

Open = Callable[..., Desk]


@pytest.mark.parametrize("order", ["newest", "oldest", "id"])
def test_what_changes_between_two_pages_is_neither_lost_nor_doubled(
    open_desk: Open, order: str, seed: int
) -> None:
    rng = Random(seed)
    world = zaia.World.seeded(seed=seed, tickets=40)
    chance = 0.3

    def change(_: str, __: Any) -> None:
        if rng.random() < chance:
            world.stir(rng)

    desk = open_desk(world, {"order": order, "before_request": [change]}, page_size=5)
    for round_ in range(3):
        before = _states(world)
        chance = 0.3
        desk.run(["tickets"], full_read_hours=24 if round_ == 1 else 0)
        chance = 0.0
        after = _states(world)
        steady = {one for one in before.keys() & after.keys() if before[one] == after[one]}
        stored = [row["id"] for row in desk.rows("tickets")]
        assert len(set(stored)) == len(stored)
        assert steady <= set(stored)
        assert not after.keys() & desk.gone("tickets")
    desk.run(["tickets"])
    stored = {row["id"]: row["status"] for row in desk.rows("tickets")}
    lost = _states(world).items() - stored.items()
    # by ids, news are between the ends of a list, where only a count tells of them: of one that left, it tells as little
    assert not lost or (order == "id" and {status for _, status in lost} <= {*CLOSED})
    desk.run(["tickets"], full_read_hours=0, confirm_removals=True)
    desk.check(["tickets"])


def test_everything_is_the_truth_once_the_changes_end(open_desk: Open, seed: int) -> None:
    rng = Random(seed)
    world = zaia.World.seeded(seed=seed, tickets=15)
    chance = 0.1

    def change(_: str, __: Any) -> None:
        if rng.random() < chance:
            world.stir(rng)

    desk = open_desk(world, {"before_request": [change]}, page_size=10)
    desk.run()
    desk.run()
    chance = 0.0
    desk.run(full_read_hours=0, confirm_removals=True)
    desk.check()


def test_a_ticket_that_moves_against_the_order_of_the_lists_is_not_lost(desk: Desk) -> None:
    """It is reopened after the open lists were read, and before its own is."""
    world = desk.server.world
    ticket = next(row["id"] for row in world.rows("tickets") if row["status"] == "completed")
    moved: list[str] = []

    def reopen(_: str, query: dict[str, list[str]]) -> None:
        if query.get("status") == ["completed"] and not moved:
            moved.append(world.reopen(ticket))

    desk.server.settings.before_request.append(reopen)
    desk.run(["tickets"], full_read_hours=0)
    assert moved
    desk.check(["tickets"])
    assert desk.gone("tickets") == set()


def _states(world: zaia.World) -> dict[str, str]:
    return {row["id"]: row["status"] for row in world.rows("tickets")}
