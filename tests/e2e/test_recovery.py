"""The destination's word counts: other machines, older copies, files that are gone, held or half loaded."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support import runs, worlds
from support.taken import is_taken

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.copy.lock import lock_file, run_lock


def _change(copy: runs.Copy, number: int) -> None:
    ref = worlds.with_messages(copy.world, 2, skip=number)
    copy.world.edit_issue(ref, title=f"Change {number}")
    copy.world.delete_message(copy.world.messages(ref)[0]["id"])
    copy.world.add_message(copy.world.issue_ids()[number])
    copy.world.advance(5)


def test_a_fresh_machine_goes_on_where_the_other_stopped(loaded: Any) -> None:
    copy = loaded(options={"tables": tuple(runs.TABLES)})
    for number, machine in enumerate(("a", "b", "a", "b")):
        _change(copy, number)
        run = copy.run(machine=machine)
        assert run.asked[runs.SEARCH] == 1
        assert sum(run.children_asked().values()) <= 6
        copy.assert_equal()


def test_a_deleted_database_is_loaded_anew_though_the_working_folder_is_there(fresh: Any) -> None:
    copy = fresh(options={"tables": runs.ISSUE_TABLES})
    copy.run()
    copy.database.unlink()
    copy.run()
    copy.assert_equal()


def test_a_restored_older_database_gets_what_happened_since(loaded: Any) -> None:
    copy = loaded(options={"lookback_seconds": 5})
    copy.run()
    backup = copy.folder / "backup"
    shutil.copyfile(copy.database, backup)
    for number in range(3):
        copy.world.advance(600)
        _change(copy, number)
        copy.run()
    copy.world.advance(600)
    shutil.copyfile(backup, copy.database)
    copy.run()
    copy.assert_equal()


def test_an_older_working_folder_does_no_harm(loaded: Any) -> None:
    copy = loaded(options={"lookback_seconds": 5})
    copy.run()
    backup = copy.folder / "backup"
    shutil.copytree(copy.folder / "machine", backup)
    copy.world.advance(600)
    _change(copy, 1)
    copy.run()
    shutil.rmtree(copy.folder / "machine")
    shutil.copytree(backup, copy.folder / "machine")
    run = copy.run()
    assert run.asked == {runs.SEARCH: 1}
    copy.assert_equal()


def test_a_package_for_a_database_that_is_gone_does_no_harm(loaded: Any) -> None:
    copy = loaded()
    _change(copy, 1)
    job = copy.job()
    job.pipeline.sync_destination()
    with _load_failing(job.pipeline), pytest.raises(RuntimeError):
        job.run()
    assert job.pipeline.has_pending_data
    copy.database.unlink()
    copy.run()
    copy.assert_equal()


@contextmanager
def _load_failing(pipeline: Any) -> Iterator[None]:
    """Let the process die, as it seems, between normalize and load."""

    def die(*_args: Any, **_options: Any) -> None:
        raise RuntimeError("killed")

    pipeline.load = die
    try:
        yield
    finally:
        del pipeline.load


def test_a_package_that_was_left_is_loaded_and_not_read_again(loaded: Any) -> None:
    copy = loaded()
    _change(copy, 1)
    job = copy.job()
    with _load_failing(job.pipeline), pytest.raises(RuntimeError):
        job.run()
    run = copy.run()
    assert run.children_asked() == {}
    copy.assert_equal()


def test_a_package_that_another_machine_has_overtaken_is_given_up(loaded: Any) -> None:
    """What it holds is older than what the destination has, so loading it would turn back the clock."""
    copy = loaded()
    ref = worlds.with_messages(copy.world, 2)
    copy.world.edit_issue(ref, title="Read by the first machine, never loaded")
    job = copy.job()
    with _load_failing(job.pipeline), pytest.raises(RuntimeError):
        job.run()
    copy.world.advance(60)
    copy.world.edit_issue(ref, title="Read by the second machine")
    copy.world.delete_message(copy.world.messages(ref)[0]["id"])
    copy.run(machine="another")
    copy.assert_equal()
    copy.run()
    copy.assert_equal()


@contextmanager
def _holding(path: Path) -> Iterator[None]:
    """Let another process hold the database open, as a person with a shell does."""
    code = f"import duckdb; c = duckdb.connect({str(path)!r}); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"held"
        try:
            yield
        finally:
            process.communicate(b"\n")


def test_a_database_that_another_process_holds_fails_and_loses_nothing(loaded: Any) -> None:
    copy = loaded()
    _change(copy, 1)
    mark = len(copy.server.log)
    with _holding(copy.database), pytest.raises(Exception, match="lock"):
        copy.run()
    assert len(copy.server.log) == mark
    copy.run()
    copy.assert_equal()


@pytest.mark.dear
def test_nobody_gets_into_the_database_between_two_steps_of_a_run(loaded: Any) -> None:
    """A run has the file open from its beginning to its end: others read the snapshot, which is there for that.

    It used to open the file for each step, so that whoever came between two of them made the run fail.
    """
    copy = loaded()
    _change(copy, 1)
    job = copy.job()
    plain, refused = job.pipeline.load, []

    def load(*args: Any, **options: Any) -> Any:
        refused.append(is_taken(copy.database))
        return plain(*args, **options)

    job.pipeline.load = load
    assert job.run() == exits.DONE
    assert refused
    assert all(refused)
    copy.assert_equal()
    assert not is_taken(copy.database)


def test_a_database_that_is_taken_on_the_way_is_loaded_by_the_next_run(loaded: Any) -> None:
    copy = loaded()
    _change(copy, 1)
    job = copy.job()
    plain = job.pipeline.load

    def load(*args: Any, **options: Any) -> Any:
        job.copied.close()  # as while a snapshot is taken, the only moment in which others get in
        with _holding(copy.database):
            return plain(*args, **options)

    job.pipeline.load = load
    with pytest.raises(Exception, match="lock"):
        job.run()
    assert copy.run().children_asked() == {}
    copy.assert_equal()


def test_the_second_of_two_runs_says_who_is_at_work_and_asks_nothing(loaded: Any) -> None:
    copy = loaded()
    mark = len(copy.server.log)
    with run_lock(copy.job().pipeline), pytest.raises(exits.Problem) as problem:
        copy.run()
    assert problem.value.code == exits.LOCKED
    assert "process" in problem.value.what
    assert len(copy.server.log) == mark
    copy.run()


def test_a_lock_file_that_was_left_behind_locks_nothing(loaded: Any) -> None:
    copy = loaded()
    lock = lock_file(copy.database)
    lock.write_text('{"process": 1}')
    with lock.open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(exits.Problem):
            copy.run()
    copy.run()
    copy.assert_equal()


def test_a_run_killed_after_its_extract_is_finished_by_the_next(loaded: Any) -> None:
    copy = loaded()
    _change(copy, 1)
    job = copy.job()

    code = textwrap.dedent(f"""
        import os, sys
        sys.path[:0] = {sys.path!r}
        os.environ["DESTINATION__DUCKDB__CREDENTIALS"] = {str(copy.database)!r}
        from pathlib import Path
        from types import SimpleNamespace
        from support import runs
        settings = SimpleNamespace(tier="none", window_seconds=60)
        server = SimpleNamespace(base_url={copy.server.base_url!r}, token="pyl_test", settings=settings)
        job = runs.make_job(server, Path({str(copy.folder)!r}), tables={copy.tables!r})
        job.pipeline.normalize = lambda *_args, **_options: os._exit(9)
        job.run()
    """)
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert job.pipeline.has_pending_data
    assert copy.run().children_asked() == {}
    copy.assert_equal()
    assert not copy.job().pipeline.has_pending_data
