"""What cannot be read costs that one thing, and nothing leaves the copy for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from support.zaia import TABLES, Desk

from pylon_elt.emulator import zaia
from pylon_elt.sources.zaia import errors

pytestmark = pytest.mark.dear

Open = Callable[..., Desk]


def _cause(failed: pytest.ExceptionInfo[PipelineStepFailed]) -> BaseException:
    error: BaseException | None = failed.value
    while error is not None and not isinstance(error, errors.ZaiaError):
        error = error.__cause__ or error.__context__
    assert error is not None
    return error


def test_a_wrong_key_is_one_error_and_one_request(open_desk: Open) -> None:
    desk = open_desk(api_key="zaia_secret_that_is_wrong")
    with pytest.raises(PipelineStepFailed) as failed:
        desk.run()
    assert isinstance(_cause(failed), errors.CredentialsError)
    assert len(desk.server.log) == 1
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize("key", ["", "zaia_secret\n", "zaia_secrét", " zaia_secret"])
def test_a_key_that_no_header_may_have_is_refused_without_showing_it(open_desk: Open, key: str) -> None:
    with pytest.raises(errors.ConfigurationError) as failed:
        open_desk(api_key=key).run()
    assert "secr" not in str(failed.value)


@pytest.mark.parametrize("fault", [500, 503, "cut", "reset", "not_json", "html"])
def test_a_request_that_fails_twice_is_sent_again(open_desk: Open, fault: Any) -> None:
    desk = open_desk(served={"faults": [None, fault, fault, None, None, fault, fault, fault]})
    desk.run(["tickets", "tags"])
    desk.check(["tickets", "tags"])


@pytest.mark.parametrize("fault", ["empty", "short"])
@pytest.mark.parametrize("hours", [0, 24])
def test_rows_that_an_answer_does_not_show_once_stay(desk: Desk, fault: str, hours: float) -> None:
    for name in TABLES:
        desk.server.faults.add(fault, endpoint=name, count=1)
    desk.run(full_read_hours=hours)
    desk.check()
    assert desk.rows("deletions") == []


def test_lists_that_fail_cost_these_lists(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.server.world.new_ticket()
    desk.server.world.add("channels")
    desk.server.faults.add("status", endpoint="tags", status=500)
    desk.server.faults.add("html", endpoint="agents")
    desk.server.faults.add("not_json", endpoint="chats")
    desk.server.faults.add("redirect", endpoint="responders")
    desk.run(full_read_hours=0)
    desk.check(set(TABLES) - {"chats", "chat_threads", "chat_messages"})
    assert all(
        f"{name} could not be read" in caplog.text for name in ("tags", "agents", "chats", "responders")
    )
    desk.server.faults.clear()
    desk.run()
    desk.check()


@pytest.mark.parametrize("how", ["lacking", "forbidden"])
def test_a_list_that_the_workspace_lacks_is_a_warning(
    open_desk: Open, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    lacking = {"tags", "responders", "chat_messages"}
    desk = open_desk(served={how: lacking})
    desk.run()
    desk.check(set(TABLES) - lacking)
    assert all(name in caplog.text for name in lacking)
    setattr(desk.server.settings, how, ())
    desk.run()
    desk.check()


def test_a_status_that_the_server_refuses_is_told_with_what_it_allows_and_the_others_are_read(
    open_desk: Open, caplog: pytest.LogCaptureFixture
) -> None:
    desk = open_desk(served={"statuses": ("waiting", "ongoing", "completed")})
    desk.run(["tickets"])
    assert "'pending'" in caplog.text
    assert "waiting, ongoing, completed" in caplog.text
    stored = {row["id"] for row in desk.rows("tickets")}
    assert stored == {row["id"] for row in desk.server.world.rows("tickets") if row["status"] != "waiting"}
    desk.run(["tickets"], statuses=["waiting", "ongoing", "completed"], full_read_hours=0)
    desk.check(["tickets"])


def test_a_status_that_is_called_otherwise_takes_no_ticket_out(desk: Desk) -> None:
    before = {row["id"] for row in desk.rows("tickets")}
    desk.run(["tickets"], statuses=["waiting", "doing", "completed"], full_read_hours=0)
    assert {row["id"] for row in desk.rows("tickets")} == before


@pytest.mark.parametrize("retry_after", ["seconds", "date", None])
def test_429_is_waited_for(open_desk: Open, retry_after: str | None) -> None:
    served = {"requests_per_minute": 6, "window_seconds": 3.0, "retry_after": retry_after}
    desk = open_desk(served=served, backoff_seconds=0.05)
    desk.run(["tickets", "tags"])
    desk.check(["tickets", "tags"])
    assert any(record.status == 429 for record in desk.server.log)


def test_a_host_that_is_not_zaia_ends_the_run_before_anything_is_loaded(open_desk: Open) -> None:
    desk = open_desk(served={"faults": ["html"] * 200})
    with pytest.raises(PipelineStepFailed) as failed:
        desk.run()
    assert isinstance(_cause(failed), errors.NothingAnswers)
    assert len(desk.server.log) <= 15


def test_an_emptied_list_takes_nothing_out_until_it_is_confirmed(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    world = desk.server.world
    for row in world.rows("channels"):
        world.remove("channels", row["id"])
    before = desk.rows("channels")
    desk.run(["channels"])
    assert desk.rows("channels") == before
    assert desk.gone("channels") == set()
    assert "confirm_removals" in caplog.text
    desk.run(["channels"], confirm_removals=True)
    assert desk.rows("channels") == []


def test_more_than_a_quarter_of_the_tickets_does_not_go_at_once(desk: Desk) -> None:
    world = desk.server.world
    for row in world.rows("tickets")[:12]:
        world.remove_ticket(row["id"])
    desk.run(["tickets"], full_read_hours=0)
    assert len(desk.rows("tickets")) == 30
    desk.run(["tickets"], full_read_hours=0, confirm_removals=True)
    desk.check(["tickets"])


def test_a_chat_that_fails_costs_that_chat_and_comes_with_the_next_run(desk: Desk) -> None:
    world = desk.server.world
    first, second = (row["id"] for row in world.rows("chats")[:2])
    world.new_message(first)
    world.new_message(second)
    desk.server.faults.add("status", endpoint="chat_messages", id=first)
    desk.run()
    (missing,) = desk.differences(TABLES["chat_messages"])
    assert "is not there" in missing
    desk.server.faults.clear()
    desk.run()
    desk.check()


def test_a_chat_with_more_messages_than_an_answer_holds_is_read_by_its_threads(open_desk: Open) -> None:
    world = zaia.World.seeded(seed=1, tickets=4)
    chat = world.rows("chats")[0]["id"]
    for _ in range(2):
        world.new_thread(chat)
        for _ in range(600):
            world.new_message(chat)
    desk = open_desk(world)
    desk.run(["chats", "chat_messages"])
    desk.check(["chats", "chat_messages"])


def test_a_destination_in_which_no_copy_was_ever_compared_is_refused_unless_it_is_wanted(
    open_desk: Open, tmp_path: Path
) -> None:
    for where, told in (
        (dlt.destinations.filesystem(str(tmp_path / "files")), "cannot replace rows"),
        (
            dlt.destinations.sqlalchemy(f"sqlite:///{tmp_path}/copy.db"),
            "No copy in sqlalchemy was ever compared",
        ),
    ):
        desk = open_desk(destination=where)
        with pytest.raises(PipelineStepFailed) as failed:
            desk.run(["tags"])
        assert isinstance(_cause(failed), errors.UntestedDestination)
        assert told in str(_cause(failed))
    desk.run(["tags"], untested_destination=True)
    assert desk.pipeline.dataset().tags.arrow().num_rows == len(desk.server.world.rows("tags"))
