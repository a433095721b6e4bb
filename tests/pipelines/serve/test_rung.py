"""What rang, on disk."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pylon_elt.pipelines.copy import rung as module
from pylon_elt.pipelines.copy.rung import Rung


@pytest.fixture
def rung(tmp_path: Path) -> Rung:
    made = Rung(tmp_path / "pylon-1")
    made.make(None)
    return made


def test_an_issue_stands_there_once_however_often_it_rings(rung: Rung) -> None:
    for id_ in ("a", "b", "a", "a"):
        rung.add(id_)
    assert list(rung.waiting()) == ["b", "a"]
    assert list(Rung(rung.file.parent).waiting()) == ["b", "a"], "by whoever opens it"


def test_what_rings_again_while_it_is_read_stays(rung: Rung) -> None:
    rung.add("a")
    rung.add("b")
    taken = rung.waiting()
    rung.add("a")
    rung.done(taken)
    assert list(rung.waiting()) == ["a"]
    rung.done(rung.waiting())
    assert rung.waiting() == {}


def test_many_ring_at_once_and_none_is_lost(rung: Rung) -> None:
    ids = [f"issue-{number % 40}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(Rung(rung.file.parent).add, ids))
    assert set(rung.waiting()) == set(ids)


def test_what_could_not_be_read_for_a_day_is_given_up(rung: Rung, monkeypatch: pytest.MonkeyPatch) -> None:
    rung.add("old")
    monkeypatch.setattr(module, "KEPT", 0)
    assert rung.waiting() == {}


def test_where_nothing_ever_rang_no_file_is_made(tmp_path: Path) -> None:
    assert Rung(tmp_path).waiting() == {}
    assert list(tmp_path.iterdir()) == []


def test_nobody_else_may_read_it_who_may_not_read_the_copy(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        database = tmp_path / "support.duckdb"
        database.touch(0o600)
        made = Rung(tmp_path / "pylon-1")
        made.make(database)
    finally:
        os.umask(before)
    assert made.file.stat().st_mode & 0o077 == 0
    made.add("a")
    assert made.file.stat().st_mode & 0o077 == 0


def test_a_file_that_is_something_else_is_told(rung: Rung) -> None:
    rung.file.write_text("something else, and longer than a header would be" * 10)
    with pytest.raises(sqlite3.Error):
        rung.add("a")
