"""Both desks in one database of Postgres, each with its own lock and state."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest
from support.commands import wait_until

pytest.importorskip("psycopg2")

pytestmark = pytest.mark.dear

TO = ("--destination", "postgres")


@pytest.fixture
def desk_of_both(
    desk: Any, open_desk: Callable[..., Any], postgres: Any, request: pytest.FixtureRequest
) -> Any:
    """A folder from which both desks are copied into one database."""
    other = open_desk(issues=5)
    desk.server = other.server
    desk.environment |= other.environment
    desk.environment["DESTINATION__POSTGRES__CREDENTIALS"] = postgres.create(request.node.name[:40].lower())
    return desk


def test_both_desks_run_side_by_side(desk_of_both: Any) -> None:
    desk = desk_of_both
    assert desk.zaia("check", *TO).code == 0
    desk.server.settings.latency_seconds = 5.0  # it shall not end before the other one has
    pylon = desk.start("run", *TO, "--select", "issues")
    wait_until(lambda: desk.server.log)
    first = desk.zaia("run", *TO)
    assert first.code == 0, first.text
    assert not pylon.ended.is_set()
    pylon.signal(signal.SIGKILL)
    pylon.wait()
    desk.server.settings.latency_seconds = 0.0
    assert desk.pylon("run", *TO, "--select", "issues").code == 0
    desk.world.tag(desk.world.ids("tickets")[0])
    desk.world.remove_ticket(desk.world.ids("tickets")[1])
    assert desk.zaia("run", *TO).code == 0
    told = desk.zaia("verify", *TO, "--sample", "100")
    assert (told.code, "The copy is what Zaia shows." in told.text) == (0, True), told.text
    held = [json.loads(run("status", *TO, "--json").out)["tables"] for run in (desk.pylon, desk.zaia)]
    assert (held[0]["issues"]["rows"], held[1]["tickets"]["rows"]) == (5, 19)


def test_a_second_run_of_one_desk_is_told_who_is_at_work(desk_of_both: Any) -> None:
    desk = desk_of_both
    desk.zaia_server.settings.latency_seconds = 0.3
    first = desk.start("run", *TO, program="zaia")
    wait_until(lambda: desk.zaia_server.log)
    second = desk.zaia("run", *TO)
    assert second.code == 75
    assert f"process {first.process} on" in second.text
    desk.zaia_server.settings.latency_seconds = 0.0
    assert first.wait().code == 0
    assert desk.zaia("verify", *TO).code == 0
