"""Several workspaces, each served by a server of its own, and one folder in which ``pylon`` knows them all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support import worlds
from support.commands import Commands
from support.workplaces import Desk

from pylon_elt import emulator

ISSUES = {"acme": 12, "beta": 7, "gamma": 5}
"""How many issues each workspace has."""


@dataclass
class House:
    """A desk at which several workspaces are known."""

    desk: Desk
    servers: dict[str, emulator.Server]

    def file(self, name: str) -> Path:
        """Return the copy of a workspace."""
        return self.desk.folder / f"support_{name}.duckdb"


@pytest.fixture
def open_house(commands: Commands, tmp_path: Path) -> Iterator[Any]:
    """Serve workspaces, each of another organisation, and configure them: the places in a file, tokens beside it."""
    with ExitStack() as stack:

        def start(*names: str, settings: str = "", each: str = "", **serving: Any) -> House:
            folder = tmp_path / "desk"
            folder.mkdir()
            servers = {}
            for seed, name in enumerate(names, 20):
                world = worlds.quiet(seed=seed, issues=ISSUES[name])
                servers[name] = stack.enter_context(
                    emulator.running(world, emulator.Settings(token=f"pyl_test_{name}", **serving))
                )
            desk = Desk(
                commands, next(iter(servers.values())), folder, {"DLT_DATA_DIR": str(tmp_path / "dlt")}
            )
            places = (f'[workspaces.{name}]\nbase_url = "{servers[name].base_url}"\n{each}' for name in names)
            shared = f"[sources.pylon]\nrate_window_seconds = 1\n{settings}"
            desk.config("\n".join([shared, *places]))
            secrets = (f'[workspaces.{name}]\napi_key = "{servers[name].token}"\n' for name in names)
            desk.config("\n".join(secrets), "secrets.toml")
            return House(desk, servers)

        yield start
