"""Desks that are served over a real socket and end with their test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.once import once
from support.written import Write, serving
from support.zaia import FILE, MACHINE, Desk

from pylon_elt.emulator import zaia

Open = Callable[..., Desk]


@pytest.fixture
def open_desk(tmp_path: Path) -> Iterator[Open]:
    """Serve a world, and return a pipeline that copies it; ``served`` are settings of the server."""
    with ExitStack() as stack:

        def start(
            world: zaia.World | None = None, served: dict[str, Any] | None = None, **settings: Any
        ) -> Desk:
            running = zaia.running(world or usual(), zaia.Settings(**(served or {})))
            return Desk(stack.enter_context(running), tmp_path, **settings)

        yield start


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after the first run of the usual world, made once for all tests."""

    def make(folder: Path) -> None:
        with zaia.running(usual()) as server:
            one = Desk(server, folder)
            one.run()
            one.check()
        with duckdb.connect(str(folder / FILE)) as connection:
            connection.execute("CHECKPOINT")  # else what dlt has not closed yet stands beside the file

    return once(tmp_path_factory, "zaia-source", make)


def usual() -> zaia.World:
    """Return the usual world: the same each time, with a clock that stands until something changes."""
    return zaia.World.seeded(seed=1, tickets=30)


@pytest.fixture
def desk(first_run: Path, tmp_path: Path, open_desk: Open) -> Desk:
    """A copy after its first run, with the folder of the pipeline that made it."""
    shutil.copyfile(first_run / FILE, tmp_path / FILE)
    shutil.copytree(first_run / MACHINE, tmp_path / MACHINE)
    return open_desk()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Serve answers that a test writes, and return a pipeline that copies them."""
    with ExitStack() as stack:

        def start(answer: Write, **settings: Any) -> Desk:
            return Desk(stack.enter_context(serving(answer)), tmp_path, **settings)  # type: ignore[arg-type]

        yield start
