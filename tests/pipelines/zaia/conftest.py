"""A small Zaia workspace, served, and the command line in a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support import zaia as compared
from support.commands import Commands, Result
from support.once import once
from support.workplaces import FOLDER, Desk

from pylon_elt.emulator import zaia

QUICK = {"SOURCES__ZAIA__REQUESTS_PER_MINUTE": "0", "SOURCES__ZAIA__BACKOFF_SECONDS": "0.001"}


@dataclass
class ZaiaDesk(Desk):
    """A folder, an environment, and a Zaia workspace to copy."""

    served: zaia.Server | None = None

    @property
    def zaia_server(self) -> zaia.Server:
        """The workspace's server."""
        assert self.served is not None
        return self.served

    @property
    def world(self) -> zaia.World:
        """The workspace."""
        return self.zaia_server.world

    def zaia(self, *arguments: str, **options: Any) -> Result:
        """Run a command of ``zaia`` to its end."""
        return self.pylon(*arguments, program="zaia", **options)

    def check(self) -> None:
        """Expect the copy to be the truth, row for row and column for column."""
        compared.Desk(self.zaia_server, self.folder, self.database.name).check()


Open = Callable[..., ZaiaDesk]


def _world(tickets: int = 20) -> zaia.World:
    """Return the same world each time: its clock stands until something changes."""
    return zaia.World.seeded(seed=4, tickets=tickets)


def _sit_down(commands: Commands, server: zaia.Server, folder: Path) -> ZaiaDesk:
    place = folder / FOLDER
    place.mkdir(exist_ok=True)
    environment = {
        **QUICK,
        "ZAIA_API_KEY": server.key,
        "SOURCES__ZAIA__BASE_URL": server.url,
        "DLT_DATA_DIR": str(folder / "dlt"),
    }
    return ZaiaDesk(commands, server, place, environment, server)  # type: ignore[arg-type]


@pytest.fixture
def open_zaia(commands: Commands, tmp_path: Path) -> Iterator[Open]:
    """Serve a workspace with some settings, and sit down before it."""
    with ExitStack() as stack:

        def start(tickets: int = 20, **settings: Any) -> ZaiaDesk:
            running = zaia.running(_world(tickets), zaia.Settings(**settings))
            return _sit_down(commands, stack.enter_context(running), tmp_path)

        yield start


@pytest.fixture(scope="session")
def zaia_copy(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after the first run of the usual workspace, made once for all tests."""

    def make(folder: Path) -> None:
        with zaia.running(_world()) as server:
            desk = _sit_down(commands, server, folder)
            result = desk.zaia("run")
            assert result.code == 0, result.text
            desk.check()

    return once(tmp_path_factory, "zaia-copy", make) / FOLDER


@pytest.fixture
def desk(open_zaia: Open) -> ZaiaDesk:
    """The usual workspace: small, unlimited, well."""
    return open_zaia()


@pytest.fixture
def copied(desk: ZaiaDesk, zaia_copy: Path) -> ZaiaDesk:
    """The same after its first run, which was on another machine."""
    for file in zaia_copy.glob("support*"):
        shutil.copy2(file, desk.folder)
    return desk
