"""Beside others: two publishes at once, somebody else's tables, another workspace's, and a publish that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.exceptions import CommitStateUnknownException
from pyiceberg.table import Table
from support.lakes import Waters, stamp
from support.repository import ROOT

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.publish import lake, table, upkeep
from pylon_elt.pipelines.publish.files import Writer

EDIT = f"UPDATE issues SET title = 'edited', _synced_at = {stamp()} WHERE id = (SELECT min(id) FROM issues)"
KILLED = """
import os, signal
from pathlib import Path
from support.lakes import Waters
from pylon_elt.pipelines.desks.pylon import PYLON
from pylon_elt.pipelines.publish import table, upkeep
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
{place} = die
Waters(Path({database!r}), Path({folder!r}), PYLON).publish("issues", "tags")
"""


def _killed(waters: Waters, place: str) -> None:
    """Publish in a process that is killed where it would go on with something."""
    script = KILLED.format(place=place, database=str(waters.database), folder=str(waters.folder))
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, env=environment, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


def _live(waters: Waters, name: str) -> set[str]:
    home = waters.folder / "pylon" / name
    files = [
        Path(task.file.file_path.removeprefix("file://")) for task in waters.table(name).scan().plan_files()
    ]
    return {path.relative_to(home).as_posix() for path in files}


@pytest.mark.dear
@pytest.mark.parametrize("is_first", [True, False], ids=["first", "later"])
def test_a_kill_between_files_and_commit_costs_nothing(waters: Waters, is_first: bool) -> None:
    if not is_first:
        waters.publish("issues", "tags")
        waters.change(EDIT)
    before = waters.files("issues")
    _killed(waters, "table._commit")
    assert waters.files("issues").keys() > before.keys(), "it was killed too early"
    done = waters.publish("issues", "tags", keep=timedelta(0))
    assert done["issues"].is_new
    waters.require_equal("issues", "tags")
    assert waters.files("issues").keys() == _live(waters, "issues")
    assert not waters.publish("issues", "tags")["issues"].is_new


@pytest.mark.dear
def test_a_kill_after_the_commit_leaves_no_file_behind(waters: Waters) -> None:
    waters.publish("issues", "tags", keep=timedelta(0))
    waters.change(EDIT)
    _killed(waters, "upkeep._remove")
    waters.require_equal("issues")
    assert waters.files("issues").keys() > _live(waters, "issues")
    assert not waters.publish("issues", "tags", keep=timedelta(0))["issues"].is_new
    assert waters.files("issues").keys() == _live(waters, "issues")


def _amid(waters: Waters, monkeypatch: pytest.MonkeyPatch, what: Callable[[], Any], times: int = 1) -> None:
    """Let something happen while a part of a table is being written."""
    write, left = Writer.write, [what] * times

    def writing(self: Writer, *given: Any) -> None:
        write(self, *given)
        if left:
            left.pop()()

    monkeypatch.setattr(Writer, "write", writing)


@pytest.mark.dear
@pytest.mark.parametrize("is_first", [True, False], ids=["first", "later"])
def test_who_was_overtaken_compares_anew(
    waters: Waters, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    """Two publishes from two machines, of which no lock of a folder knows."""
    with lake.opened(str(waters.folder), "", "pylon") as alone:
        place = replace(alone, grace=lake.GRACE)
        if not is_first:
            waters.publish("issues", into=place)
            waters.change(EDIT)
        _amid(waters, monkeypatch, lambda: waters.publish("issues", into=place))
        done = waters.publish("issues", into=place, keep=timedelta(0))
    assert done["issues"].snapshot is None, "the other one had done it"
    waters.require_equal("issues")
    assert waters.table("issues").scan().count() == 120
    assert waters.files("issues").keys() == _live(waters, "issues")


@pytest.mark.dear
def test_who_is_overtaken_for_ever_gives_up(waters: Waters, monkeypatch: pytest.MonkeyPatch) -> None:
    waters.publish("tags")
    waters.change(f"UPDATE tags SET _synced_at = {stamp()}")
    with lake.opened(str(waters.folder), "", "pylon") as place:

        def disturb() -> None:
            other = place.table("tags")
            assert other is not None
            other.append(other.scan(limit=1).to_arrow())

        _amid(waters, monkeypatch, disturb, times=table.ATTEMPTS)
        with pytest.raises(exits.Problem) as told:
            waters.publish("tags", into=place)
    assert told.value.code == exits.LOCKED
    waters.publish("tags")
    waters.require_equal("tags")


def test_what_others_wrote_into_a_table_is_taken_out(waters: Waters) -> None:
    waters.publish("tags")
    its = waters.table("tags")
    its.append(its.scan(limit=3).to_arrow())
    assert waters.publish("tags")["tags"].written == 1
    waters.require_equal("tags")


@pytest.mark.dear
def test_a_commit_of_which_nobody_knows_is_told_and_the_next_publish_settles_it(
    waters: Waters, monkeypatch: pytest.MonkeyPatch
) -> None:
    waters.publish("issues", "tags")
    waters.change(EDIT)
    commit = Table._do_commit

    def lost(self: Table, *given: Any, **more: Any) -> None:
        commit(self, *given, **more)
        raise CommitStateUnknownException("the connection was lost")

    with monkeypatch.context() as patched:
        patched.setattr(Table, "_do_commit", lost)
        with pytest.raises(exits.Problem, match="Whether the table issues was published") as told:
            waters.publish("issues")
    assert "Publish again" in told.value.remedy
    assert not waters.publish("issues")["issues"].is_new, "it had been committed"
    waters.require_equal("issues")


def test_a_second_publish_into_the_folder_is_told_to_wait(waters: Waters) -> None:
    with lake.opened(str(waters.folder), "", "pylon"), pytest.raises(exits.Problem) as told:
        waters.publish("tags")
    assert told.value.code == exits.LOCKED


def test_a_table_that_is_not_ours_is_left_alone(waters: Waters, other_waters: Waters) -> None:
    with lake.opened(str(waters.folder), "", "pylon") as place:
        foreign = place.catalog.create_table(("pylon", "tags"), pa.schema([("id", pa.string())]))
        foreign.append(pa.table({"id": ["mine"]}))
        with pytest.raises(exits.Problem) as told:
            waters.publish("issues", "tags", into=place)
        assert told.value.code == exits.CONFIGURATION
        assert "tags" in told.value.what
        assert place.table("issues") is None, "nothing is published where something is in the way"
    assert waters.table("tags").scan().to_arrow().to_pylist() == [{"id": "mine"}]


@pytest.mark.dear
def test_another_workspace_is_not_published_over(waters: Waters) -> None:
    waters.publish("issues", "tags")
    waters.change("UPDATE organization SET id = 'org_other'", EDIT)
    with pytest.raises(exits.Problem) as told:
        waters.publish("issues")
    assert told.value.code == exits.CONFIGURATION
    assert "org_other" in told.value.what
    assert "--adopt" in told.value.remedy
    waters.publish("issues", "tags", adopt=True)
    waters.require_equal("issues", "tags")
    waters.publish("issues", "tags")


def test_another_desk_is_not_published_over(waters: Waters, other_waters: Waters) -> None:
    waters.publish("tags")
    with lake.opened(str(waters.folder), "", "pylon") as place, pytest.raises(exits.Problem) as told:
        other_waters.publish("tags", into=place)
    assert "Pylon" in told.value.what
    waters.require_equal("tags")


@pytest.mark.dear
def test_a_former_state_can_be_read_for_as_long_as_was_asked_and_then_no_file_has_it(waters: Waters) -> None:
    waters.publish("issues")
    (secret,) = waters.held("issues").sort_by("id").slice(0, 1).column("title").to_pylist()
    waters.change(f"UPDATE issues SET title = 'x', _synced_at = {stamp()} WHERE title = $${secret}$$")
    waters.publish("issues", keep=timedelta(days=1))
    its = waters.table("issues")
    first, _ = its.snapshots()
    assert secret in its.scan(snapshot_id=first.snapshot_id).to_arrow().column("title").to_pylist()
    later = datetime.now(UTC) + timedelta(hours=23)
    assert upkeep.clear(its, later, timedelta(days=1), timedelta(0)).snapshots == 0
    later += timedelta(hours=2)
    assert upkeep.clear(its, later, timedelta(days=1), timedelta(0)).files > 1
    waters.require_equal("issues")
    assert waters.files("issues").keys() == _live(waters, "issues")
    marks = secret.encode()[:16], secret.encode()
    for path in (waters.folder / "pylon" / "issues").rglob("*.*"):
        assert not any(mark in path.read_bytes() for mark in marks), path


def test_files_that_somebody_may_be_about_to_commit_stay(waters: Waters) -> None:
    waters.publish("tags")
    its = waters.table("tags")
    file = waters.folder / "pylon" / "tags" / "data" / "new.parquet"
    file.write_bytes(b"to be committed")
    now = datetime.now(UTC)
    assert upkeep.clear(its, now, timedelta(0), lake.GRACE).files == 0
    assert file.exists()
    assert upkeep.clear(its, now + timedelta(days=2), timedelta(0), lake.GRACE).files == 1
    assert not file.exists()
    waters.require_equal("tags")


@pytest.mark.dear
def test_a_branch_or_a_tag_keeps_what_it_names(waters: Waters) -> None:
    waters.publish("issues")
    its = waters.table("issues")
    (first,) = its.snapshots()
    its.manage_snapshots().create_tag(first.snapshot_id, "audit").commit()
    waters.change(EDIT)
    waters.publish("issues", keep=timedelta(0))
    kept = waters.table("issues")
    assert kept.scan(snapshot_id=first.snapshot_id).count() == 120
    waters.require_equal("issues")


def test_a_folder_of_other_things_is_left_alone(waters: Waters) -> None:
    waters.folder.mkdir()
    (waters.folder / "letter.txt").write_text("mine")
    with pytest.raises(exits.Problem) as told:
        waters.publish("tags")
    assert told.value.code == exits.USAGE
    assert "letter.txt" in told.value.what
    assert [path.name for path in waters.folder.iterdir()] == ["letter.txt"]
