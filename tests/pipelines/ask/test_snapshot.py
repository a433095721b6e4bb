"""Snapshots: true when they say so, whole at any time, and read while the file itself is locked."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from support.workplaces import CopyDesk

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.copy import snapshot

HOLDS = """
import sys, fcntl, duckdb
lock = open(sys.argv[1] + '.lock', 'w'); fcntl.flock(lock, fcntl.LOCK_EX) if sys.argv[2] == 'run' else None
connection = duckdb.connect(sys.argv[1])
connection.execute("UPDATE pylon.issues SET title = 'later'; CHECKPOINT")
print('held', flush=True); sys.stdin.read()
"""


KILLED = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("SET checkpoint_threshold = '1GB'")
connection.execute("UPDATE pylon.issues SET title = 'from the log'")
os._exit(0)
"""


@contextmanager
def written_by(database: Path, who: str) -> Iterator[None]:
    """Another program has the file open, with the lock of a run or without."""
    command = [sys.executable, "-c", HOLDS, str(database), who]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate("")


def _change(database: Path, title: str = "changed") -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"UPDATE pylon.issues SET title = '{title}'")


def _titles(desk: CopyDesk) -> set[str]:
    rows = json.loads(desk.pylon("query", "select distinct title from issues", "--format", "json").out)
    return {row["title"] for row in rows}


def test_a_snapshot_is_the_database(raw_desk: CopyDesk) -> None:
    _change(raw_desk.database)
    assert snapshot.keep(raw_desk.database) == ""
    assert snapshot.is_current(raw_desk.database)
    assert snapshot.of(raw_desk.database).read_bytes() == raw_desk.database.read_bytes()
    _change(raw_desk.database, "again")
    assert not snapshot.is_current(raw_desk.database)
    assert _titles(raw_desk) == {"again"}


def test_it_is_made_anew_only_when_the_database_has_changed(raw_desk: CopyDesk) -> None:
    snapshot.keep(raw_desk.database)
    first = snapshot.of(raw_desk.database).stat().st_ino
    snapshot.keep(raw_desk.database)
    assert snapshot.of(raw_desk.database).stat().st_ino == first
    _change(raw_desk.database)
    snapshot.keep(raw_desk.database, oldest=3600)
    assert snapshot.of(raw_desk.database).stat().st_ino == first, "young enough for a run that goes on"
    snapshot.keep(raw_desk.database)
    assert snapshot.is_current(raw_desk.database)


def test_what_waits_in_the_log_is_in_it(raw_desk: CopyDesk, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(raw_desk.database)], check=True)
    assert raw_desk.database.with_name("support.duckdb.wal").exists()
    snapshot.keep(raw_desk.database)
    shutil.copy2(snapshot.of(raw_desk.database), tmp_path / "other.duckdb")
    with duckdb.connect(str(tmp_path / "other.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT DISTINCT title FROM other.pylon.issues").fetchall() == [
            ("from the log",)
        ]


@pytest.mark.parametrize("who", ["run", "stranger"])
def test_beside_a_writer_the_snapshot_answers_and_says_so(raw_desk: CopyDesk, who: str) -> None:
    _change(raw_desk.database, "before")
    snapshot.keep(raw_desk.database)
    (raw_desk.folder / "support.duckdb.lock").touch()
    with written_by(raw_desk.database, who):
        assert _titles(raw_desk) == {"before"}
        assert "snapshot" in raw_desk.pylon("query", "select 1").err
    assert _titles(raw_desk) == {"later"}


@pytest.mark.parametrize("who", ["run", "stranger"])
def test_without_a_snapshot_a_locked_file_is_a_matter_of_waiting(raw_desk: CopyDesk, who: str) -> None:
    (raw_desk.folder / "support.duckdb.lock").touch()
    with written_by(raw_desk.database, who):
        result = raw_desk.pylon("query", "select 1")
    assert result.code == exits.LOCKED
    assert "Traceback" not in result.err


def test_reading_a_true_snapshot_keeps_no_run_waiting(
    raw_desk: CopyDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pylon_elt.pipelines.ask import reading

    monkeypatch.chdir(raw_desk.folder)
    snapshot.keep(raw_desk.database)
    with reading.opened("duckdb", "pylon") as reader:
        _change(raw_desk.database, "meanwhile")
        (titles,) = {row["title"] == "meanwhile" for row in reader.ask("from issues").table().to_pylist()}
    assert titles is False


def test_whoever_reads_apart_has_a_file_of_his_own(
    raw_desk: CopyDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pylon_elt.pipelines.ask import reading

    monkeypatch.chdir(raw_desk.folder)
    with reading.opened("duckdb", "pylon", apart=True) as reader:
        _change(raw_desk.database, "meanwhile")
        assert reader.ask(
            "select count(*) as n from issues where title = 'meanwhile'"
        ).table().to_pylist() == [{"n": 0}]
    assert not snapshot.of(raw_desk.database).exists()


def test_whoever_wants_none_gets_none_and_the_old_one_goes(
    raw_desk: CopyDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot.keep(raw_desk.database)
    monkeypatch.setenv("SNAPSHOT__KEEP", "false")
    _change(raw_desk.database)
    assert snapshot.keep(raw_desk.database) == ""
    assert not snapshot.of(raw_desk.database).exists()


def test_a_snapshot_that_fails_is_told_and_leaves_nothing(
    raw_desk: CopyDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(shutil, "copyfile", fail)
    monkeypatch.setattr(snapshot, "_cloned", lambda *_: False)
    assert "No space left" in snapshot.keep(raw_desk.database)
    assert sorted(path.name for path in raw_desk.folder.glob("*duckdb*")) == ["support.duckdb"]
