"""Runs leave a snapshot of the DuckDB file, for those who read while the next one is at work."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.workplaces import Desk

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.copy import snapshot

SOME = ("--select", "issues,issue_messages,teams")


def test_a_run_leaves_a_true_snapshot_and_one_that_changes_nothing_leaves_it_alone(desk: Desk) -> None:
    assert desk.pylon("run", *SOME).code == exits.DONE
    assert snapshot.is_current(desk.database)
    assert snapshot.of(desk.database).read_bytes() == desk.database.read_bytes()
    assert (
        f'"n":{desk.rows("issues")}}}'
        in desk.pylon("query", "select count(*) n from issues", "-f", "json").out
    )
    first = snapshot.of(desk.database).stat().st_ino
    assert desk.pylon("run", *SOME).code == exits.DONE
    assert snapshot.of(desk.database).stat().st_ino == first
    assert snapshot.is_current(desk.database)


@pytest.mark.dear
def test_what_a_run_reads_or_an_earlier_one_left_out_comes_into_the_snapshot(desk: Desk) -> None:
    desk.pylon("run")
    issue = desk.server.world.issue_ids()[0]
    titles = f"select title from issues where id = '{issue}'"
    for title in ("Seen by a run", "Seen by another"):
        desk.server.world.edit_issue(issue, title=title)
        assert desk.pylon("run").code == exits.DONE
        assert snapshot.is_current(desk.database)
        assert title in desk.pylon("query", titles, "-f", "json").out
    with duckdb.connect(str(desk.database)) as connection:  # as a kill before the snapshot was taken
        connection.execute("UPDATE pylon.issues SET title = 'Nobody copied it' WHERE id = ?", [issue])
    assert desk.pylon("run").code == exits.DONE
    assert snapshot.is_current(desk.database)
    assert snapshot.of(desk.database).read_bytes() == desk.database.read_bytes()


def test_a_reconciliation_leaves_no_deleted_issue_in_the_snapshot(open_desk: Any) -> None:
    desk = open_desk()
    desk.pylon("run", *SOME, env={"SOURCES__PYLON__RECONCILE_HOURS": "0"})
    gone = desk.server.world.issue_ids()[0]
    desk.server.world.delete_issue(gone)
    assert desk.pylon("reconcile").code == exits.DONE
    assert snapshot.is_current(desk.database)
    answer = desk.pylon("query", f"select count(*) n from issues where id = '{gone}'", "--format", "json").out
    assert '"n":0' in answer


@pytest.mark.dear
def test_a_reconciliation_that_changes_nothing_leaves_the_snapshot_alone(open_desk: Any) -> None:
    desk = open_desk()
    quiet, daily = ({"SOURCES__PYLON__RECONCILE_HOURS": hours} for hours in ("0", "0.0000001"))
    desk.pylon("run", *SOME, env=quiet)
    first = snapshot.of(desk.database).stat().st_ino
    for verb, env in (("reconcile", quiet), ("run", daily)):
        assert desk.pylon(verb, *(SOME if verb == "run" else ()), env=env).code == exits.DONE
        assert snapshot.of(desk.database).stat().st_ino == first
        assert snapshot.is_current(desk.database)


@pytest.mark.dear
def test_what_a_reconciliation_mends_comes_into_the_snapshot(open_desk: Any) -> None:
    desk = open_desk()
    desk.pylon("run", *SOME, env={"SOURCES__PYLON__RECONCILE_HOURS": "0"})
    desk.server.world.touch_silently(desk.server.world.issue_ids()[0], title="Edited in silence")
    assert desk.pylon("reconcile").code == exits.DONE
    assert snapshot.of(desk.database).read_bytes() == desk.database.read_bytes()
    found = "select count(*) n from issues where title = 'Edited in silence'"
    assert '"n":1' in desk.pylon("query", found, "--format", "json").out


@pytest.mark.dear
def test_what_was_deleted_by_hand_comes_back_into_the_snapshot(open_desk: Any) -> None:
    desk = open_desk()
    desk.pylon("run", *SOME, env={"SOURCES__PYLON__RECONCILE_HOURS": "0"})
    with duckdb.connect(str(desk.database)) as connection:
        connection.execute("DELETE FROM pylon.issue_messages")
    snapshot.stand(desk.database, let_go=lambda: None)  # as if it had been true
    assert desk.pylon("reconcile").code == exits.DONE
    assert snapshot.of(desk.database).read_bytes() == desk.database.read_bytes()


def test_a_run_leaves_none_where_none_is_wanted(desk: Desk) -> None:
    desk.config("[snapshot]\nkeep = false\n")
    assert desk.pylon("run", *SOME).code == exits.DONE
    assert not snapshot.of(desk.database).exists()


def test_a_large_file_is_copied_every_so_often_unless_rows_have_left_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that shares blocks would copy nothing, so that it is left out."""
    monkeypatch.setattr(snapshot, "_cloned", lambda _source, _target: False)
    monkeypatch.setattr(snapshot, "AT_ONCE", 100)
    monkeypatch.setattr(snapshot, "BYTES_A_SECOND", 0.1)
    file, now = tmp_path / "support.duckdb", datetime.now(UTC)
    file.write_bytes(b"first " * 30)
    assert snapshot.keep(file) == ""
    assert snapshot.behind(file, now) == ""
    file.write_bytes(b"other " * 30)
    os.utime(file, (now.timestamp() + 9, now.timestamp() + 9))
    assert snapshot.keep(file) == ""
    assert snapshot.of(file).read_bytes() == b"first " * 30
    assert "180 B are copied every 30 min at most" in snapshot.behind(file, now)
    assert [entry.name for entry in tmp_path.iterdir() if entry.suffix == ".new"] == []
    assert snapshot.keep(file, anyway=True) == ""
    assert snapshot.of(file).read_bytes() == b"other " * 30
    assert snapshot.behind(file, now) == ""


@pytest.mark.dear
def test_status_says_how_far_the_snapshot_of_a_large_file_lags(desk: Desk) -> None:
    desk.pylon("run", *SOME)
    assert "beside a run" not in desk.pylon("status").out
    os.truncate(desk.database, snapshot.AT_ONCE + 2**20)
    os.utime(desk.database)
    assert "beside a run" in desk.pylon("status").out
