"""A stand-in for Zaia's API (api.endless.zaia.app), for the tests.

    world = zaia.World.seeded(tickets=60)
    with zaia.running(world) as server:
        httpx.get(server.url + "/api/v1/tags", headers={"Authorization": server.key})

The README in the folder above describes the interface.
"""

from .faults import Fault
from .log import Record
from .server import Server, running
from .settings import Settings
from .world import World

__all__ = ["Fault", "Record", "Server", "Settings", "World", "running"]
