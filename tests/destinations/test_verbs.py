"""The verbs that look at a copy, and plain dlt, on each destination."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import pytest
from support import runs, worlds
from support.compare import assert_equal_copy
from support.destinations import copy_in

from pylon_elt import emulator
from pylon_elt.pipelines.ask.reader_server import ServerReader
from pylon_elt.sources.pylon import pylon_source

pytestmark = pytest.mark.dear

TABLES = (*runs.TABLES, "teams")


@pytest.fixture
def copy(kind: str, tmp_path: Path) -> Iterator[Any]:
    one = copy_in(kind, tmp_path / "site")
    yield one
    one.discard()


def test_plain_dlt_makes_the_same_copy_and_it_can_be_asked(
    copy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = copy.machine()
    for name, value in machine.environment().items():
        monkeypatch.setenv(name, value)
    pipeline = dlt.pipeline(
        "by_hand",
        destination=machine.destination,
        dataset_name="pylon",
        pipelines_dir=str(tmp_path / "machine"),
    )
    world = worlds.bump_all(worlds.quiet(issues=20))
    with emulator.running(world) as server:

        def load() -> None:
            options = {"rate_limits": runs.UNLIMITED, "rate_window_seconds": 1.0, "timeout_seconds": 5.0}
            pipeline.run(
                pylon_source(api_key=server.token, base_url=server.base_url, **options).with_resources(
                    *TABLES
                )
            )
            assert_equal_copy(worlds.truth(world), copy.read(), TABLES)

        load()
        source, target = (worlds.with_messages(world, skip=number) for number in range(2))
        world.move_message(world.messages(source)[0]["id"], target)
        world.edit_issue(source, title="é" * 70_000)
        world.advance(300)
        load()
        with ServerReader.opened(pipeline, ("pylon",)) as reader:
            (row,) = reader.ask("SELECT COUNT(*) AS number, MAX(id) AS last FROM issues").table().to_pylist()
            assert row == {"number": len(world.issue_ids()), "last": max(world.issue_ids())}
            assert {"issues", "teams", "_dlt_loads"} <= set(reader.tables()["pylon"])
