"""A stand-in for the Pylon API, for the demo, the tests and the benchmarks.

    with emulator.running(emulator.World.seeded(issues=200)) as server:
        httpx.get(server.base_url + "/me", headers={"Authorization": f"Bearer {server.token}"})

The README beside this file describes the interface.
"""

from .faults import Fault, Faults
from .log import Record
from .server import Server, running
from .settings import Settings
from .world import World

__all__ = ["Fault", "Faults", "Record", "Server", "Settings", "World", "running"]
