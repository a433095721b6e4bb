"""What is published is what the copy holds, row for row and column for column, whatever has happened to the copy."""

from __future__ import annotations

import random
from datetime import timedelta

import duckdb
import pytest
from support.lakes import Waters, months, stamp

from pylon_elt.pipelines.desks.pylon import PYLON
from pylon_elt.pipelines.desks.zaia import ZAIA
from pylon_elt.pipelines.publish import files
from pylon_elt.pipelines.publish.cuts import CUTS
from pylon_elt.pipelines.transform import package

pytestmark = pytest.mark.dear

READ = ("issues", "issue_messages", "issue_threads", "issue_followers", "issue_sync", "accounts", "deletions")


def test_every_table_is_published_as_it_is(waters: Waters) -> None:
    done = waters.publish(marts=True)
    assert done.keys() == {*PYLON.tables(), "pylon__issues", "support__customers"}
    waters.require_equal(*done)
    assert done["issues"].rows == 120
    assert done["issues"].parts > 6
    schema = waters.table("issues").schema()
    assert str(schema.find_field("created_at").field_type) == "timestamptz"
    assert str(schema.find_field("custom_fields").field_type) == "string"
    assert schema.find_field("title").doc


def test_what_has_not_changed_is_not_committed(waters: Waters) -> None:
    waters.publish(marts=True)
    home = waters.folder / "pylon"
    there = {path: path.stat().st_mtime_ns for path in home.rglob("*.*")}
    done = waters.publish(marts=True)
    assert not any(one.is_new for one in done.values())
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*.*")} == there


def test_an_edit_writes_its_month_and_no_other(waters: Waters) -> None:
    waters.publish(*READ)
    before = waters.files("issue_messages")
    waters.change(
        f"UPDATE issue_messages SET message_html = 'edited', _synced_at = {stamp()}"
        " WHERE id = (SELECT id FROM issue_messages ORDER BY timestamp LIMIT 1)"
    )
    done = waters.publish(*READ)
    waters.require_equal(*READ)
    messages = done["issue_messages"]
    assert (messages.written, messages.files, messages.removed) == (1, 1, 1)
    assert messages.parts > 6
    assert len(months(messages, before, waters.files("issue_messages"))) == 1
    assert messages.bytes < sum(before.values()) / 3
    assert [name for name, one in done.items() if one.is_new] == ["issue_messages"]
    assert len(waters.table("issue_messages").snapshots()) == 2


def test_what_is_gone_from_the_copy_is_gone_from_the_table(waters: Waters) -> None:
    waters.publish(*READ)
    waters.change(
        "CREATE TEMP TABLE gone AS SELECT min(issue_id) AS id FROM issue_threads",
        *(f"DELETE FROM {name} WHERE issue_id IN (FROM gone)" for name in READ[1:5]),
        "DELETE FROM issues WHERE id IN (FROM gone)",
        "DELETE FROM issue_followers WHERE issue_id = (SELECT min(issue_id) FROM issue_followers)",
    )
    done = waters.publish(*READ)
    waters.require_equal(*READ)
    assert all(done[name].is_new for name in READ[:4])


def test_a_table_that_lost_all_rows_is_empty(waters: Waters) -> None:
    waters.publish("tags", "issues")
    waters.change("DELETE FROM tags", "DELETE FROM issues")
    waters.publish("tags", "issues")
    assert waters.table("issues").scan().to_arrow().num_rows == 0
    waters.require_equal("tags", "issues")
    waters.publish("tags", "issues")
    assert len(waters.table("issues").snapshots()) == 2


def test_a_row_without_the_time_by_which_it_is_cut_is_published_too(waters: Waters) -> None:
    waters.change(
        "UPDATE issue_messages SET timestamp = NULL WHERE id = (SELECT min(id) FROM issue_messages)"
    )
    waters.publish("issue_messages")
    waters.require_equal("issue_messages")
    waters.change(f"UPDATE issue_messages SET source = 'x', _synced_at = {stamp()} WHERE timestamp IS NULL")
    assert waters.publish("issue_messages")["issue_messages"].written == 1
    waters.require_equal("issue_messages")


def test_two_rows_that_are_alike_stay_two(waters: Waters) -> None:
    waters.change("INSERT INTO tags FROM tags LIMIT 1")
    waters.publish("tags")
    waters.require_equal("tags")
    waters.change("DELETE FROM tags WHERE rowid = (SELECT max(rowid) FROM tags)")
    waters.publish("tags")
    waters.require_equal("tags")


def test_a_month_that_is_too_large_for_one_file_is_several(
    waters: Waters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST", 10_000)
    monkeypatch.setattr("pylon_elt.pipelines.ask.reader_duckdb.BATCH_ROWS", 7)
    waters.change("UPDATE issue_messages SET timestamp = date_trunc('month', timestamp)")
    done = waters.publish("issue_messages")["issue_messages"]
    assert done.files > done.parts
    waters.require_equal("issue_messages")


@pytest.mark.parametrize("rounds", [2, 6])
def test_any_edits_lead_to_equal_tables(waters: Waters, seed: int, rounds: int) -> None:
    drawn = random.Random(seed)
    waters.publish(*READ)
    for number in range(rounds):
        table = drawn.choice(READ[:5])
        time = "synced_at" if table == "issue_sync" else "_synced_at"
        some = f"SELECT rowid FROM {table} ORDER BY hash(rowid + {drawn.randrange(1000)}) LIMIT {drawn.randrange(1, 9)}"
        edits = {
            "delete": f"DELETE FROM {table} WHERE rowid IN ({some})",
            "stamp": f"UPDATE {table} SET {time} = {stamp(number)} WHERE rowid IN ({some})",
            "double": f"INSERT INTO {table} SELECT * REPLACE (issue_id || '{number}' AS issue_id, {stamp(number)} AS {time})"
            f" FROM {table} WHERE rowid IN ({some})",
        }
        kinds = sorted(edits) if table != "issues" else ["delete", "stamp"]
        waters.change(edits[drawn.choice(kinds)])
        waters.publish(*READ[:5], keep=timedelta(0))
        waters.require_equal(table)
    waters.require_equal(*READ)


def test_the_other_desk_is_published_the_same_way(waters: Waters, other_waters: Waters) -> None:
    waters.publish("issues")
    done = other_waters.publish()
    assert {"tickets", "chat_messages", "deletions"} <= done.keys()
    other_waters.require_equal(*done)
    other_waters.change(
        f"UPDATE tickets SET summary = 'x', _synced_at = {stamp()} WHERE id = (SELECT min(id) FROM tickets)"
    )
    assert other_waters.publish()["tickets"].written == 1
    other_waters.require_equal("tickets")
    waters.require_equal("issues")


def test_texts_are_not_read_to_compare_what_has_a_version(waters: Waters) -> None:
    """Else a publish that finds nothing would read all that was ever written in an issue."""
    from pylon_elt.pipelines.ask.reader_duckdb import DuckDbReader
    from pylon_elt.pipelines.publish import source

    with DuckDbReader.opened(waters.database, waters.database, waters.schemas) as reader:
        found = {
            name: source.of(reader, "pylon", name, PYLON.described(name)).compared
            for name in ("issue_messages", "issue_sync")
        }
    assert found["issue_messages"] == ("id", "issue_id", "timestamp", "is_private", "_synced_at")
    assert "child" in found["issue_sync"], "all of it: it has no _synced_at"


@pytest.mark.parametrize("name", sorted(CUTS))
def test_tables_are_cut_by_columns_that_they_have(name: str) -> None:
    if "__" in name:
        assert CUTS[name].column in package.mart_columns()[name]
        return
    described = PYLON.described(name) or ZAIA.described(name)
    assert described is not None
    assert CUTS[name].column in described.types


@pytest.mark.parametrize("desk", [PYLON, ZAIA], ids=["pylon", "zaia"])
def test_the_catalogue_describes_every_table_of_a_copy(desk: object, waters: Waters) -> None:
    assert desk in (PYLON, ZAIA)
    its = PYLON if desk is PYLON else ZAIA
    with duckdb.connect(str(waters.database), read_only=True) as connection:
        for name in its.tables():
            described = its.described(name)
            assert described is not None
            found = connection.execute(
                "SELECT column_name FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?",
                [its.name, name],
            ).fetchall()
            assert {column for (column,) in found} <= described.types.keys() | {"_removed"}
            assert set(described.key) <= {column for (column,) in found}
    assert its.described("no_such_table") is None
