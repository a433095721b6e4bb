"""Servers that end with their test, and copies: empty ones, and one that has had its first load."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support import runs, worlds
from support.days import let_a_day_pass
from support.once import once

from pylon_elt import emulator
from pylon_elt.sources.pylon.api import sending

Serve = Callable[..., emulator.Server]
Start = Callable[..., runs.Copy]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries wait for moments instead of seconds; how often there are retries stays."""
    monkeypatch.setattr(sending, "LONGEST_BACKOFF", 0.05)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve a world with settings by name; the server ends with the test."""
    with ExitStack() as stack:

        def start(world: emulator.World | None = None, **settings: Any) -> emulator.Server:
            served = worlds.quiet() if world is None else world
            return stack.enter_context(emulator.running(served, emulator.Settings(**settings)))

        yield start


@pytest.fixture
def fresh(serve: Serve, tmp_path: Path) -> Start:
    """Make a copy that is still empty: ``fresh(world, run_options, **server_settings)``."""

    def start(
        world: emulator.World | None = None, options: dict[str, Any] | None = None, **settings: Any
    ) -> runs.Copy:
        return runs.Copy(serve(world, **settings), tmp_path, **(options or {}))

    return start


@pytest.fixture(scope="session")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database after the first load of the usual world, made once for all tests."""

    def make(folder: Path) -> None:
        with emulator.running(worlds.quiet()) as server:
            copy = runs.Copy(server, folder)
            copy.run()
            copy.assert_equal()

    return runs.database(once(tmp_path_factory, "baseline", make))


@pytest.fixture
def loaded(serve: Serve, baseline: Path, tmp_path: Path) -> Start:
    """Make a copy that has had its first load, of a world that has been quiet since.

    Runs read the issue tables unless other tables are given, which is twice as fast.
    """

    def start(*, bumps: bool = True, options: dict[str, Any] | None = None, **settings: Any) -> runs.Copy:
        shutil.copyfile(baseline, runs.database(tmp_path))
        world = worlds.quiet(rest=450)
        if bumps:
            worlds.bump_all(world)
        return runs.Copy(
            serve(world, **settings), tmp_path, **{"tables": runs.ISSUE_TABLES, **(options or {})}
        )

    return start


@pytest.fixture
def a_day_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let what was refused be tried again, once it is called."""
    return partial(let_a_day_pass, monkeypatch)
