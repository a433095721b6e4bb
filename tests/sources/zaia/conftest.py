"""Desks that are served over a real socket and end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support.zaia import Desk

from pylon_elt.emulator import zaia

Open = Callable[..., Desk]


@pytest.fixture
def open_desk(tmp_path: Path) -> Iterator[Open]:
    """Serve a world, and return a pipeline that copies it; ``served`` are settings of the server."""
    with ExitStack() as stack:

        def start(
            world: zaia.World | None = None, served: dict[str, Any] | None = None, **settings: Any
        ) -> Desk:
            running = zaia.running(
                world or zaia.World.seeded(seed=1, tickets=30), zaia.Settings(**(served or {}))
            )
            return Desk(stack.enter_context(running), tmp_path, **settings)

        yield start


@pytest.fixture
def desk(open_desk: Open) -> Desk:
    """A copy after its first run."""
    one = open_desk()
    one.run()
    return one
