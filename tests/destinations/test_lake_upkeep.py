"""A DuckLake after many runs: few files, no state older than it may be, and of what was deleted nothing anywhere."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import psycopg2
import pytest
from support import ducklake
from support.destinations import IN_A_BUCKET, LAKES
from support.ordeal import FIRST_SEED, ONE_TURN, recover
from support.runner import Runner
from support.site import Site
from support.soak import SOAK
from support.suspended import LONG, SHORT, content, other, stopped
from support.worlds import with_messages

from pylon_elt.pipelines.ask import reading

pytestmark = [
    pytest.mark.skipif(not os.environ.get(LAKES), reason="DuckLake: make ducklake"),
    pytest.mark.soak,
]

long = pytest.mark.skipif(not SOAK, reason="PYLON_SOAK=1 make ducklake")
"""What takes minutes."""
AT_ONCE = {"DUCKLAKE__EXPIRE_SNAPSHOTS_AFTER_DAYS": "0"}
NEVER = {"DUCKLAKE__EXPIRE_SNAPSHOTS_AFTER_DAYS": "never"}
TITLE, REDACTED, REMOVED = "!!least-of-all-titles", "zz-redacted-words", "!words-of-one-message"
WORDS = (TITLE, REDACTED, REMOVED)
"""What is deleted; some are least or greatest, and so in what a catalog says of a column."""
QUIET = {"SECONDS": 600.0, "RENEWAL": 300.0}
"""Where a lease is renewed more often than a step takes on a busy machine, the fence's own rows stay in the catalog."""
KILLED = {"SECONDS": 12.0, "RENEWAL": 5.0}
COMPARED = {"lookback_seconds": 1.0, "reconcile_hours": 0.00001}
STEPS = {
    "flushed": "after sql CALL ducklake_flush_inlined_data",
    "about to write anew": "before sql CALL ducklake_rewrite_data_files",
    "written anew": "after sql CALL ducklake_rewrite_data_files",
    "about to expire": "before sql CALL ducklake_expire_snapshots",
    "expired": "after sql CALL ducklake_expire_snapshots",
    "about to remove": "before sql CALL ducklake_cleanup_old_files",
    "removed": "after sql CALL ducklake_cleanup_old_files",
}


def load(site: Site, environment: dict[str, str] | None = None, **options: Any) -> None:
    """Run."""
    given = {"turns": ONE_TURN, "lease": QUIET, "environment": environment or {}}
    site.finish(**(given | options))


def load_until(site: Site, done: Callable[[], object], environment: dict[str, str] | None = None) -> None:
    """Run, and once or twice more: what one run could not do is left to the next."""
    for _ in range(3):
        load(site, environment)
        if done():
            return
    assert done()


def write(site: Site) -> list[str]:
    """Say three things that will be deleted; return the issues, the first of which is deleted as well."""
    world = site.world
    first, second, third = (with_messages(world, skip=number) for number in range(3))
    world.edit_issue(first, title=TITLE)
    world.edit_message(world.messages(second)[0]["id"], message_html=REDACTED)
    world.edit_message(world.messages(third)[0]["id"], message_html=REMOVED)
    world.advance(60)
    return [first, second, third]


def delete(site: Site, issues: list[str]) -> None:
    """Delete the three."""
    world = site.world
    first, second, third = issues
    world.deletions = True
    world.delete_issue(first)
    world.redact_message(next(row["id"] for row in world.messages(second) if row["message_html"] == REDACTED))
    world.delete_message(next(row["id"] for row in world.messages(third) if row["message_html"] == REMOVED))
    world.advance(60)


@pytest.fixture(scope="module")
def deleted(kind: str, open_site: Any) -> Iterator[Site]:
    """A copy that has held what was deleted since, in another load, under the usual settings."""
    if kind in IN_A_BUCKET:
        pytest.skip("what is in a bucket is looked at in test_lake_s3.py")
    with open_site(seed=FIRST_SEED) as site:
        load(site)
        issues = write(site)
        load(site)
        delete(site, issues)
        load(site, settings=COMPARED)
        yield site


def files(site: Site) -> list[Path]:
    """Return the lake's files."""
    return [path for path in (site.copy.folder / "files").rglob("*") if path.is_file()]  # type: ignore[attr-defined]


def in_files(site: Site, words: Sequence[str] = WORDS) -> dict[str, list[str]]:
    """Return where the deleted words are that are in any file, those of the catalog included."""
    copy: Any = site.copy
    with duckdb.connect() as connection:
        texts = {
            str(path): str(connection.execute(f"FROM read_parquet('{path}')").fetchall())
            for path in files(site)
        }
    texts |= copy.in_catalog()
    found = {word: [place for place, text in texts.items() if word in text] for word in words}
    return {word: places for word, places in found.items() if places}


def ask(site: Site, sql: str) -> list[tuple[Any, ...]]:
    """Ask the lake as somebody else's program does."""
    copy: Any = site.copy
    with copy.opened() as connection:
        return list(connection.execute(sql).fetchall())


def snapshots(site: Site) -> list[int]:
    """Return the states that can be read."""
    return [
        row[0]
        for row in ask(site, f"SELECT snapshot_id FROM ducklake_snapshots('{ducklake.NAME}') ORDER BY 1")
    ]


def in_former_states(site: Site) -> set[str]:
    """Return which of the deleted words can be read by time travel."""
    copy: Any = site.copy
    found: set[str] = set()
    with copy.opened() as connection:
        for number in snapshots(site):
            for table, column in (("issues", "title"), ("issue_messages", "message_html")):
                try:
                    rows = connection.execute(
                        f"SELECT {column} FROM pylon.{table} AT (VERSION => {number})"
                    ).fetchall()
                except duckdb.CatalogException:
                    continue  # a state before there was the table
                found |= {row[0] for row in rows} & set(WORDS)
    return found


def age(site: Site, days: float) -> None:
    """Let so many days pass, by what the catalog says of when things came about."""
    copy: Any = site.copy
    by = timedelta(days=days)
    times = (
        ("ducklake_snapshot", "snapshot_time"),
        ("ducklake_files_scheduled_for_deletion", "schedule_start"),
    )
    for table, column in times:
        if isinstance(copy, ducklake.PostgresLake):
            with psycopg2.connect(copy.catalog) as connection, connection.cursor() as cursor:
                cursor.execute(f"UPDATE {ducklake.NAME}.{table} SET {column} = {column} - %s", [by])
            continue
        with closing(sqlite3.connect(copy.folder / "catalog.sqlite")) as catalog, catalog:
            for row, text in catalog.execute(f"SELECT rowid, {column} FROM {table}").fetchall():
                earlier = (datetime.fromisoformat(text) - by).isoformat(" ").replace("+00:00", "+00")
                catalog.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", [earlier, row])


def test_what_was_deleted_can_be_read_for_a_week_and_is_nowhere_two_days_and_a_quarter_later(
    deleted: Site,
) -> None:
    site = deleted.branch("time")
    everything = set(WORDS)
    assert in_files(site).keys() == everything
    assert in_former_states(site) == everything
    age(site, 1.5)
    load_until(site, lambda: not in_current_files(site))  # writes anew what rows were deleted from
    site.check()
    assert in_former_states(site) == everything
    age(site, 5)
    load(site)
    assert in_former_states(site) == everything, "six and a half days have passed"
    age(site, 2.25)
    load_until(site, lambda: not in_former_states(site))  # ends them
    age(site, 1)
    load_until(site, lambda: not in_files(site))  # removes them, when nobody can be reading them any more
    site.check()


def in_current_files(site: Site) -> list[str]:
    """Return the files of the current state that hold a deleted word."""
    current = site.copy.listed()  # type: ignore[attr-defined]
    return [place for places in in_files(site).values() for place in places if place in current]


def test_at_once_leaves_one_state_and_nothing_that_was_deleted(deleted: Site) -> None:
    site = deleted.branch("once")
    load_until(site, lambda: not in_files(site) and len(snapshots(site)) < 5, AT_ONCE)  # its own since
    site.check()
    assert not in_former_states(site)
    known = site.copy.listed()  # type: ignore[attr-defined]
    assert {str(path) for path in files(site)} == known, "no file is left that is part of nothing"


def test_a_text_whose_file_went_as_a_whole_is_in_no_bound_of_its_column_any_more(deleted: Site) -> None:
    site, word = deleted.branch("bounds"), "zz-greatest-of-all"
    copy: Any = site.copy

    def note(note: str, count: int) -> None:
        told = f"SELECT '{note} ' || n, '{{\"{note}\": ' || n || '}}' FROM range({count}) AS r(n)"
        copy.execute(f"INSERT INTO pylon.notes {told}")

    copy.execute("CREATE TABLE pylon.notes (note VARCHAR, told JSON)")
    note("text", 100)
    note(word, 50)
    copy.execute(f"DELETE FROM pylon.notes WHERE note LIKE '{word}%'")
    assert in_files(site, [word])
    load_until(site, lambda: not in_files(site, [word]), AT_ONCE)
    site.check()
    note("zz-later", 20)
    for where, count in (
        ("note < 'zz'", 100),
        ("note > 'zz'", 20),
        ("note = 'text 7'", 1),
        ("note = 'zz-later 7'", 1),
        ("told < '{\"u\": 0}'", 100),
        ("told > '{\"u\": 0}'", 20),
        ("told = '{\"zz-later\": 7}'", 1),
        (f"note LIKE '{word}%'", 0),
    ):
        assert ask(site, f"SELECT count(*) FROM pylon.notes WHERE {where}") == [(count,)], where


def test_for_ever_keeps_each_state(deleted: Site) -> None:
    site = deleted.branch("ever")
    before = snapshots(site)
    load(site, NEVER | {"DUCKLAKE__MERGE_SMALL_FILES": "false"})
    assert set(before) <= set(snapshots(site))
    assert in_former_states(site) == set(WORDS)


@long
def test_small_files_become_few_and_former_states_stay_as_they_were(deleted: Site) -> None:
    site = deleted.branch("small")
    off = {"DUCKLAKE__MERGE_SMALL_FILES": "false"}
    for number in range(13):
        site.world.stir(Random(FIRST_SEED + number), 25, deletions=False)
        site.world.advance(60)
        load(site, off)
    former = {number: state(site, number) for number in snapshots(site)[-40::5]}
    count = len(of_table(site, "issues"))
    assert count > 10
    load_until(site, lambda: len(of_table(site, "issues")) < count / 2)
    site.check()
    assert {number: state(site, number) for number in former} == former
    there = settled(site)
    load_until(site, lambda: len(files(site)) < len(there), AT_ONCE)
    site.check()


def settled(site: Site) -> set[Path]:
    """Run until there is nothing more to merge, and return the files."""
    for _ in range(4):
        before = set(files(site))
        load(site)
        if set(files(site)) == before:
            return before
    raise AssertionError("a run with nothing to do writes files")


def of_table(site: Site, table: str) -> list[Any]:
    """Return the files of the current state of a table."""
    return ask(
        site, f"SELECT data_file FROM ducklake_list_files('{ducklake.NAME}', '{table}', schema => 'pylon')"
    )


def state(site: Site, number: int) -> list[str]:
    """Return all issues and messages of a state."""
    return [
        str(sorted(map(str, ask(site, f"SELECT * FROM pylon.{table} AT (VERSION => {number})"))))
        for table in ("issues", "issue_messages")
    ]


def test_a_run_with_nothing_to_do_writes_no_file_and_ends_no_state(deleted: Site) -> None:
    site = deleted.branch("idle")
    load(site, settings={"lookback_seconds": 1.0})
    before, there = snapshots(site), set(files(site))
    load(site, settings={"lookback_seconds": 1.0})
    assert set(files(site)) == there
    assert set(before) < set(snapshots(site))
    assert len(snapshots(site)) - len(before) <= 8, "dlt's record of it, and whose turn it is"


@pytest.mark.parametrize("step", STEPS if SOAK else ["written anew"])
def test_a_kill_loses_nothing_and_the_next_run_goes_on(deleted: Site, step: str) -> None:
    site = deleted.branch(step.replace(" ", "-"))
    site.killed(STEPS[step], turns=ONE_TURN, lease=KILLED, environment=AT_ONCE)
    site.check()
    time.sleep(KILLED["SECONDS"])
    recover(site, fresh=True, lease=KILLED, environment=AT_ONCE)
    for path in files(site):
        os.utime(
            path, (time.time() - 90_000,) * 2
        )  # what the killed one had written and not committed is a day old
    wanted = AT_ONCE | {"DUCKLAKE__REMOVE_UNKNOWN_FILES": "true"}
    load_until(site, lambda: not in_files(site), wanted)
    site.check()


def test_what_is_deleted_in_the_catalog_stays_so_though_others_commit_meanwhile(
    kind: str, deleted: Site
) -> None:
    """DuckLake's own second attempt to put rows into files brought some back that had been deleted."""
    if kind == "ducklake-sqlite":
        pytest.skip("a catalog in SQLite lets nobody commit beside")
    site = deleted.branch("beside")
    for id_ in site.world.issue_ids()[:4]:  # so few stand in the catalog
        site.world.edit_issue(id_, title="edited once more")
    site.world.advance(60)
    load(site)
    flushing = "before sql CALL ducklake_flush_inlined_data.*issues'"
    with stopped(site, flushing, lease=QUIET, environment=AT_ONCE) as run:
        site.copy.execute("CREATE TABLE IF NOT EXISTS pylon.notes (text VARCHAR)")  # type: ignore[attr-defined]
        assert run.go_on().code == 0
    site.check()
    load_until(site, lambda: not in_files(site), AT_ONCE)
    site.check()


@long
def test_another_run_leaves_while_files_are_written_anew(deleted: Site, elsewhere: Runner) -> None:
    site = deleted.branch("another")
    with stopped(site, STEPS["written anew"], lease=LONG, environment=AT_ONCE) as run:
        second = other(site, elsewhere).start(turns=ONE_TURN, lease=LONG).wait()
        assert second.code == 75
        assert run.go_on().code == 0
    site.check()


@long
def test_who_sleeps_through_its_lease_takes_nothing_from_the_next(
    kind: str, deleted: Site, elsewhere: Runner
) -> None:
    if kind == "ducklake-sqlite":
        pytest.skip("a lock file is held as long as the run is there, asleep or not")
    site = deleted.branch("asleep")
    with stopped(site, STEPS["about to expire"], lease=SHORT, environment=AT_ONCE) as run:
        time.sleep(SHORT["SECONDS"])
        site.world.stir(Random(FIRST_SEED), deletions=False)
        other(site, elsewhere).finish(turns=ONE_TURN, lease=SHORT)
        site.check()
        before = content(site)
        run.go_on()
    assert content(site) == before
    site.finish(turns=ONE_TURN, lease=SHORT)
    site.check()


@long
def test_a_reader_sees_its_state_to_the_end(deleted: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site = deleted.branch("reader")
    for name, value in site.machine.environment().items():
        monkeypatch.setenv(name, value)
    sql = "SELECT * EXCLUDE (custom_fields) FROM issues ORDER BY id"
    with reading.opened("ducklake", "pylon", still=True) as reader:
        before = reader.ask("SELECT count(*) AS n FROM issue_messages").table()
        site.world.stir(Random(FIRST_SEED), 40, deletions=False)
        site.world.advance(60)
        for _ in range(3):
            load(
                site, {"DUCKLAKE__EXPIRE_SNAPSHOTS_AFTER_DAYS": "0.05"}
            )  # so that all is due that is not read any more
        rows = reader.ask(sql).table()
        assert reader.ask("SELECT count(*) AS n FROM issue_messages").table() == before
        assert rows == reader.ask(sql).table()
    with reading.opened("ducklake", "pylon") as reader:
        assert reader.ask(sql).table() != rows


@long
def test_what_others_have_in_the_lake_is_left_alone_until_somebody_says_otherwise(deleted: Site) -> None:
    site = deleted.branch("strangers")
    copy: Any = site.copy
    copy.execute("CREATE SCHEMA finance")
    copy.execute("CREATE TABLE finance.ledger AS SELECT range AS a FROM range(100)")
    before = snapshots(site)
    outcome = site.start(
        turns=ONE_TURN, lease=QUIET, environment={"DUCKLAKE__MERGE_SMALL_FILES": "false"}
    ).wait()
    assert outcome.code == 0
    assert set(before) <= set(snapshots(site))
    load_until(site, lambda: not set(before[:-1]) & set(snapshots(site)), AT_ONCE)
    assert ask(site, "SELECT sum(a) FROM finance.ledger") == [(4950,)]
    site.check()


def test_files_that_no_state_knows_go_where_that_is_wanted(deleted: Site) -> None:
    site = deleted.branch("unknown")
    known = files(site)[0]
    lost = known.with_name("ducklake-01a225f0-3858-7750-810a-d66f308bb53c.parquet")
    young = known.with_name("ducklake-01a225f0-3858-7750-810a-d66f308bb53d.parquet")
    foreign = known.with_name("of-somebody-else.parquet")
    for path in (lost, young, foreign):
        path.write_bytes(b"PAR1")
    for path in (lost, foreign):
        os.utime(path, (time.time() - 90_000,) * 2)
    load(site, AT_ONCE)
    assert lost.exists(), "nobody has asked"
    wanted = AT_ONCE | {"DUCKLAKE__REMOVE_UNKNOWN_FILES": "true"}
    load(site, wanted)
    assert lost.exists(), "somebody else's files are there, too"
    foreign.unlink()
    load_until(site, lambda: not lost.exists(), wanted)
    assert young.exists()
    site.check()
