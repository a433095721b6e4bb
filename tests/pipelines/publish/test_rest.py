"""A REST catalogue, over a socket: what is published there is what the copy holds, whatever happens to a request."""

from __future__ import annotations

import re
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from support.commands import Command, Commands
from support.lakes import stamp
from support.rest_catalog import NAME, Fault, RestWaters, Served, serving
from support.workplaces import CopyDesk

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.base.redaction import redact
from pylon_elt.pipelines.desks.pylon import PYLON
from pylon_elt.pipelines.publish import lake, patience, table, upkeep
from pylon_elt.pipelines.publish.files import Writer

EDIT = f"UPDATE tags SET value = 'edited', _synced_at = {stamp()} WHERE id = (SELECT min(id) FROM tags)"
COMMIT = "POST .*/tables/tags$"
pytestmark = [pytest.mark.dear, pytest.mark.filterwarnings("ignore:Deprecated in 0.8.0")]
READ = ("issue_messages", "issue_followers", "tags")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A catalogue of its own for a test."""
    with serving(tmp_path / "warehouse") as served:
        yield served


@pytest.fixture
def remote(stored: Path, tmp_path: Path, served: Served, monkeypatch: pytest.MonkeyPatch) -> RestWaters:
    """A copy of its own for a test, and the catalogue."""
    shutil.copy2(stored, tmp_path / "support.duckdb")
    served.configure(monkeypatch)
    return RestWaters(tmp_path / "support.duckdb", served.shelf.folder, PYLON, served=served)


def test_what_is_published_follows_the_copy(remote: RestWaters) -> None:
    done = remote.publish(*READ)
    remote.require_equal(*READ)
    assert all(one.is_new for one in done.values())
    assert not any(one.is_new for one in remote.publish(*READ).values())
    remote.change(
        f"UPDATE issue_messages SET message_html = 'x', _synced_at = {stamp()} WHERE id = (SELECT min(id) FROM issue_messages)",
        "DELETE FROM issue_followers WHERE issue_id = (SELECT min(issue_id) FROM issue_followers)",
        "DELETE FROM issue_messages WHERE issue_id = (SELECT max(issue_id) FROM issue_messages)",
        "DELETE FROM tags",
    )
    assert all(one.is_new for one in remote.publish(*READ, keep=timedelta(0)).values())
    remote.require_equal(*READ)
    assert remote.table("tags").scan().count() == 0


def _fails(remote: RestWaters, *select: str) -> exits.Problem:
    with pytest.raises(exits.Problem) as told:
        remote.publish(*select)
    assert "\n" not in told.value.what
    return told.value


def test_columns_follow(remote: RestWaters) -> None:
    remote.publish("tags", "teams")
    remote.change("ALTER TABLE tags ADD COLUMN weight INTEGER", "ALTER TABLE tags DROP COLUMN object_type")
    first = remote.publish("tags", "teams")
    assert first["tags"].changes
    assert not first["teams"].is_new
    remote.require_equal("tags")
    remote.change("ALTER TABLE tags ALTER weight TYPE VARCHAR", "UPDATE tags SET weight = 'heavy'")
    remote.publish("tags")
    remote.require_equal("tags")
    assert not remote.publish("tags")["tags"].is_new


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"is_done": True}, id="made, and the connection was cut"),
        pytest.param({}, id="not made, and the connection was cut"),
        pytest.param({"is_done": True, "status": 504}, id="made, and a gateway ran out of time"),
        pytest.param(
            {"is_done": True, "status": 200, "body": "<html>hello"}, id="made, and a page in its place"
        ),
        pytest.param({"status": 503}, id="not made, and the server had no time"),
    ],
)
@pytest.mark.parametrize("is_first", [True, False], ids=["first", "later"])
def test_a_commit_whose_answer_is_lost_is_told_and_the_next_publish_settles_it(
    remote: RestWaters, fault: dict[str, Any], is_first: bool
) -> None:
    if not is_first:
        remote.publish("tags", "teams")
        remote.change(EDIT)
    before = remote.files("tags")
    remote.served.shelf.faults = [Fault(COMMIT, **fault)]
    problem = _fails(remote, "tags", "teams")
    assert problem.code == exits.FAILED
    assert "Whether the table tags was published is not known" in problem.what
    assert "Publish again" in problem.remedy
    assert remote.files("tags").keys() > before.keys(), "the table may refer to what was written"
    done = remote.publish("tags", "teams", keep=timedelta(0))
    assert done["tags"].is_new is not fault.get("is_done", False)
    remote.require_equal("tags", "teams")
    assert not remote.publish("tags")["tags"].is_new


def test_a_commit_that_a_gateway_asked_for_twice_is_made_once_and_keeps_its_files(remote: RestWaters) -> None:
    """The second time it is refused, since the first one was there before it."""
    for number in range(2):
        remote.served.shelf.faults = [Fault(COMMIT, again=True)]
        assert remote.publish("tags")["tags"].snapshot is not None
        remote.require_equal("tags")
        assert len(remote.table("tags").snapshots()) == number + 1
        remote.change(EDIT)


def test_former_states_that_somebody_else_lets_go_at_the_same_time_are_gone(remote: RestWaters) -> None:
    remote.publish("tags")
    remote.change(EDIT)
    remote.publish("tags")
    assert len(remote.files("tags")) == 2
    remote.served.shelf.faults = [Fault(COMMIT, again=True)]  # the second time there is no such snapshot
    remote.publish("tags", keep=timedelta(0))
    assert len(remote.table("tags").snapshots()) == 1
    assert len(remote.files("tags")) == 1
    remote.require_equal("tags")


@pytest.mark.parametrize("is_first", [True, False], ids=["first", "later"])
def test_who_was_overtaken_compares_anew(
    remote: RestWaters, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    if not is_first:
        remote.publish("tags")
        remote.change(EDIT)
    write, others = Writer.write, [lambda: remote.publish("tags")]

    def writing(self: Writer, *given: Any) -> None:
        write(self, *given)
        if others:
            others.pop()()

    monkeypatch.setattr(Writer, "write", writing)
    assert remote.publish("tags")["tags"].snapshot is None, "the other one had done it"
    remote.require_equal("tags")
    assert len(remote.files("tags")) == 1 + (not is_first), "what was not committed is removed"


def test_a_table_that_somebody_else_makes_just_before_is_compared(remote: RestWaters) -> None:
    others = [lambda: remote.publish("tags")]

    def other(asked: str) -> None:
        if others and re.search("POST .*/tables$", asked):
            others.pop()()

    remote.served.shelf.before = other
    assert remote.publish("tags")["tags"].snapshot is None, "the other one had done it"
    assert len(remote.table("tags").snapshots()) == 1
    remote.require_equal("tags")


def _before(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, what: Callable[[], Any]) -> None:
    """Let something happen just before a function is called for the first time."""
    function, left = getattr(module, name), [what]

    def calling(*given: Any) -> Any:
        if left:
            left.pop()()
        return function(*given)

    monkeypatch.setattr(module, name, calling)


def test_files_that_somebody_else_replaces_while_they_are_compared_are_not_missed(
    remote: RestWaters, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.publish("tags")

    def replace() -> None:
        its = remote.table("tags")
        its.overwrite(its.scan().to_arrow())
        upkeep.clear(remote.table("tags"), datetime.now(UTC), timedelta(0), lake.GRACE)

    _before(monkeypatch, table, "_digests", replace)
    remote.publish("tags")
    remote.require_equal("tags")


def test_former_states_that_somebody_else_lets_go_while_they_are_listed_are_not_missed(
    remote: RestWaters, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.publish("tags")
    remote.change(EDIT)
    remote.publish("tags")

    def let_go() -> None:
        assert upkeep.clear(remote.table("tags"), datetime.now(UTC), timedelta(0), lake.GRACE).snapshots == 1

    _before(monkeypatch, upkeep, "_known", let_go)
    remote.publish("tags", keep=timedelta(0))
    assert len(remote.files("tags")) == 1
    remote.require_equal("tags")


def test_a_table_that_cannot_be_looked_at_is_told_before_anything_is_written(remote: RestWaters) -> None:
    remote.served.shelf.faults = [Fault("GET .*/tables/teams$", 503)]
    problem = _fails(remote, "tags", "teams")
    assert problem.code == exits.FAILED
    assert "The table teams could not be published: ServiceUnavailableError" in problem.what
    assert not remote.files("tags")


@dataclass
class RemoteDesk(CopyDesk):
    """A folder with a copy, and a catalogue of which the environment tells."""

    served: Served

    def publish(self, *arguments: str, **properties: str) -> Command:
        """Start to publish, with these properties of the catalogue beside its address."""
        given = ("publish", "--catalog", NAME, "--select", "tags,teams", *arguments)
        return self.start(*given, env=self.served.environment(**properties))


@pytest.fixture
def desk(commands: Commands, remote: RestWaters) -> RemoteDesk:
    """The same, for commands."""
    return RemoteDesk(commands, remote.database.parent, remote.served)


@pytest.mark.parametrize("is_made", [True, False])
def test_a_kill_while_a_commit_is_under_way_costs_nothing(
    desk: RemoteDesk, remote: RestWaters, is_made: bool
) -> None:
    shelf = desk.served.shelf
    remote.publish("tags", "teams")
    remote.change(EDIT)
    shelf.faults = [Fault(COMMIT, is_done=is_made)]
    shelf.before = lambda asked: command.signal(signal.SIGKILL) if re.search(COMMIT, asked) else None
    command = desk.publish()
    assert command.wait().code == -signal.SIGKILL
    shelf.before = None
    assert remote.publish("tags", "teams")["tags"].is_new is not is_made
    remote.require_equal("tags", "teams")


def test_two_commands_at_once_lose_nothing(desk: RemoteDesk, remote: RestWaters) -> None:
    for _ in range(3):
        results = [command.wait() for command in [desk.publish("--keep-days", "0") for _ in range(2)]]
        assert [one.code for one in results] == [exits.DONE] * 2, results
        remote.require_equal("tags", "teams")
        remote.change(EDIT, "INSERT INTO teams SELECT * REPLACE (id || 'x' AS id) FROM teams LIMIT 1")


SECRET = "hush-hush-4711"


def test_what_is_shown_to_it_is_what_it_asks_for(desk: RemoteDesk) -> None:
    desk.served.shelf.token, desk.served.shelf.credential = SECRET, f"me:{SECRET}"
    assert desk.publish(token=SECRET).wait().code == exits.DONE
    result = desk.publish(credential=f"me:{SECRET}").wait()
    assert result.code == exits.DONE, result.text
    assert "nothing has changed" in result.out
    assert not result.err


@pytest.mark.parametrize(
    "shown", [{"token": SECRET}, {"credential": f"me:{SECRET}"}, {}], ids=["token", "credential", "nothing"]
)
def test_who_is_refused_is_told_so(
    remote: RestWaters, shown: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.served.shelf.token, remote.served.shelf.credential = "another", "me:another-one"
    remote.served.configure(monkeypatch, **shown)
    problem = _fails(remote, "tags")
    assert problem.code == exits.CONFIGURATION
    assert "The catalogue prod cannot be used" in problem.what
    assert "PYICEBERG_CATALOG__" in problem.remedy
    assert SECRET not in redact(problem.what)


def test_no_secret_is_shown_even_where_the_catalogue_repeats_it(desk: RemoteDesk) -> None:
    desk.served.shelf.token, desk.served.shelf.credential = "another", "me:another-one"
    result = desk.publish("--debug", credential=f"me:{SECRET}").wait()
    assert result.code == exits.CONFIGURATION, result.text
    assert "Not known: [secret]" in result.text
    assert SECRET not in result.text


def test_a_token_that_expires_meanwhile_is_told_so(
    remote: RestWaters, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = remote.served.shelf
    shelf.token = SECRET

    def expire(asked: str) -> None:
        if re.search(COMMIT, asked):
            shelf.token = "another"

    shelf.before = expire
    remote.served.configure(monkeypatch, token=SECRET)
    problem = _fails(remote, "tags")
    assert problem.code == exits.CONFIGURATION
    assert "The table tags could not be published: UnauthorizedError" in problem.what
    assert SECRET not in redact(problem.what)


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (500, exits.FAILED, "Publish again, later"),
        (503, exits.FAILED, "Publish again, later"),
        (404, exits.CONFIGURATION, ".pyiceberg.yaml"),
    ],
)
def test_a_catalogue_that_does_not_answer_as_one_is_told(
    remote: RestWaters, status: int, code: int, hint: str
) -> None:
    remote.served.shelf.faults = [Fault("GET /v1/config", status, body="<p>no</p>" * 99)]
    problem = _fails(remote, "tags")
    assert problem.code == code
    assert "The catalogue prod cannot be used" in problem.what
    assert hint in problem.remedy
    assert len(problem.what) < 400


def test_a_catalogue_that_is_not_there_is_told(remote: RestWaters, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    remote.served.configure(monkeypatch, uri=f"http://127.0.0.1:{port}")
    problem = _fails(remote, "tags")
    assert problem.code == exits.CONFIGURATION
    assert problem.what == "The catalogue prod cannot be used: ConnectionError: Connection refused"


@pytest.mark.parametrize(
    ("request_of", "told"),
    [
        ("GET /v1/config$", "The catalogue prod cannot be used"),
        (COMMIT, "is not known: ReadTimeout: Read timed out"),
    ],
    ids=["first", "commit"],
)
def test_a_catalogue_that_does_not_answer_holds_nobody_for_ever(
    remote: RestWaters, monkeypatch: pytest.MonkeyPatch, request_of: str, told: str
) -> None:
    goes_on = Event()
    remote.served.shelf.before = lambda asked: goes_on.wait(60) if re.search(request_of, asked) else None
    with monkeypatch.context() as patient:
        patient.setattr(patience, "READ", 3.0)  # far longer than what is answered takes on a busy machine
        problem = _fails(remote, "tags")
    assert told in problem.what
    assert "Read timed out" in problem.what
    remote.served.shelf.before = None
    goes_on.set()
    remote.publish("tags")
    remote.require_equal("tags")
