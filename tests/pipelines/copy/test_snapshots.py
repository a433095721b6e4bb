"""Runs leave a snapshot of the DuckDB file, for those who read while the next one is at work."""

from __future__ import annotations

from typing import Any

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
    before = desk.database.stat().st_mtime_ns
    assert desk.pylon("run", *SOME).code == exits.DONE
    if desk.database.stat().st_mtime_ns == before:
        assert snapshot.of(desk.database).stat().st_ino == first
    assert snapshot.is_current(desk.database)


def test_a_reconciliation_leaves_no_deleted_issue_in_the_snapshot(open_desk: Any) -> None:
    desk = open_desk()
    desk.pylon("run", *SOME, env={"SOURCES__PYLON__RECONCILE_HOURS": "0"})
    gone = desk.server.world.issue_ids()[0]
    desk.server.world.delete_issue(gone)
    assert desk.pylon("reconcile").code == exits.DONE
    assert snapshot.is_current(desk.database)
    answer = desk.pylon("query", f"select count(*) n from issues where id = '{gone}'", "--format", "json").out
    assert '"n":0' in answer


def test_a_run_leaves_none_where_none_is_wanted(desk: Desk) -> None:
    desk.config("[snapshot]\nkeep = false\n")
    assert desk.pylon("run", *SOME).code == exits.DONE
    assert not snapshot.of(desk.database).exists()
