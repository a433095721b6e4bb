"""Zaia's source loads into Postgres what it loads into DuckDB."""

from __future__ import annotations

from pathlib import Path
from random import Random

import dlt
import pytest
from support.postgres import Postgres
from support.zaia import Desk

from pylon_elt.emulator import zaia


@pytest.mark.dear
def test_first_runs_changes_and_removals_on_postgres(postgres: Postgres, tmp_path: Path, seed: int) -> None:
    destination = dlt.destinations.postgres(postgres.create("zaia_inbox"))
    world = zaia.World.seeded(seed=4, tickets=20)
    world.tables["tags"][world.ids("tags")[0]]["name"] = "half a\0"
    with zaia.running(world, zaia.Settings()) as server:
        desk = Desk(server, tmp_path, destination=destination)
        desk.run()
        assert "half a\ufffd" in {row["name"] for row in desk.rows("tags")}
        world.tables["tags"][world.ids("tags")[0]]["name"] = "whole"
        rng = Random(seed)
        world.stir(rng)
        world.new_message(world.ids("chats")[0])
        world.remove_ticket(world.ids("tickets")[0])
        desk.run()
        desk.run(full_read_hours=0, confirm_removals=True)
        desk.check()
        assert desk.run() == 20
