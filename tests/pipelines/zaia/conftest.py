"""A small Zaia workspace, served, and the command line in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support import zaia as compared
from support.commands import Commands, Result
from support.workplaces import Desk

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


@pytest.fixture
def open_zaia(commands: Commands, tmp_path: Path) -> Iterator[Open]:
    """Serve a workspace with some settings, and sit down before it."""
    with ExitStack() as stack:

        def start(tickets: int = 20, **settings: Any) -> ZaiaDesk:
            world = zaia.World.seeded(seed=4, tickets=tickets)
            server = stack.enter_context(zaia.running(world, zaia.Settings(**settings)))
            folder = tmp_path / "desk"
            folder.mkdir(exist_ok=True)
            environment = {
                **QUICK,
                "ZAIA_API_KEY": server.key,
                "SOURCES__ZAIA__BASE_URL": server.url,
                "DLT_DATA_DIR": str(tmp_path / "dlt"),
            }
            return ZaiaDesk(commands, server, folder, environment, server)  # type: ignore[arg-type]

        yield start


@pytest.fixture
def desk(open_zaia: Open) -> ZaiaDesk:
    """The usual workspace: small, unlimited, well."""
    return open_zaia()


@pytest.fixture
def copied(desk: ZaiaDesk) -> ZaiaDesk:
    """The same after its first run."""
    assert desk.zaia("run").code == 0
    return desk
