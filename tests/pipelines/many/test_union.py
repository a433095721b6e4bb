"""``pylon transform --all``: the tables of each workspace, and one set over all of them."""

from __future__ import annotations

import stat
from typing import Any

import duckdb
import pytest

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.many.union_sql import Part, union
from pylon_elt.pipelines.transform import package

pytestmark = pytest.mark.dear

FEW = ("--select", "+pylon__issues", "--select", "+pylon__backlog_daily")


def rows(file: Any, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(sql).fetchall()


def records(file: Any, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table for analysis, by column."""
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(f"FROM pylon_analytics.{table}")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def alike(of_one: list[dict[str, Any]], of_union: list[dict[str, Any]]) -> bool:
    """Whether rows are the same: a field that another workspace has otherwise is text, one that it alone has null."""
    known = {name for row in of_one for name in row}
    assert all(row[name] is None for row in of_union for name in row if name not in {*known, "workspace"})
    mixed = {
        name for name in known if {type(row[name]) for row in of_union} - {type(row[name]) for row in of_one}
    }
    assert all(name.startswith("custom_") for name in mixed), mixed

    def shown(rows: list[dict[str, Any]]) -> list[str]:
        return sorted(
            repr({name: str(row[name]).lower() if name in mixed else row[name] for name in sorted(known)})
            for row in rows
        )

    return shown(of_one) == shown(of_union)


def test_the_union_is_the_sum_of_all(open_house: Any) -> None:
    house = open_house("acme", "beta")
    assert house.desk.pylon("run", "--all", "--progress", "none").code == exits.DONE
    house.file("beta").chmod(0o600)
    built = house.desk.pylon("transform", "--all")
    assert built.code == exits.DONE, built.text
    union_file = house.desk.folder / "support_all.duckdb"
    made = f"all: {len(package.marts())} tables of acme, beta united in duckdb at {union_file}"
    assert f"{made}, schema pylon_analytics" in built.out
    assert stat.S_IMODE(union_file.stat().st_mode) == 0o600, "no wider than the narrowest copy"
    for table in package.marts():
        united = records(union_file, table)
        each = {name: records(house.file(name), table) for name in ("acme", "beta")}
        assert [len(found) for found in each.values()] == [
            sum(row["workspace"] == name for row in united) for name in each
        ], table
        for name, found in each.items():
            mine = [row for row in united if row["workspace"] == name]
            assert alike(found, mine), table
    counts = "SELECT workspace, count(*) FROM pylon_analytics.pylon__issues GROUP BY 1 ORDER BY 1"
    assert rows(union_file, counts) == [("acme", 12), ("beta", 7)]
    asked = house.desk.pylon("query", counts, "--workspace", "all", "--format", "csv")
    assert asked.code == exits.DONE, asked.text
    assert "acme,12" in asked.out

    _one_that_fails_stays_as_it_was(house, union_file, counts)
    _what_is_locked_is_read_from_its_snapshot(house, union_file, counts)


def _one_that_fails_stays_as_it_was(house: Any, union_file: Any, counts: str) -> None:
    """And what is there for one only is null for the others."""
    with duckdb.connect(str(house.file("acme"))) as connection:
        connection.execute("ALTER TABLE pylon_analytics.pylon__issues ADD COLUMN extra INT DEFAULT 3")
        connection.execute("DROP TABLE pylon.issues")
    built = house.desk.pylon("transform", "--all", *FEW)
    assert built.code == exits.CONFIGURATION, built.text
    assert "acme | Error: The table issues was dropped from the copy." in built.text
    assert "beta: done" in built.out
    assert rows(union_file, counts) == [("acme", 12), ("beta", 7)]
    extra = "SELECT DISTINCT workspace, extra FROM pylon_analytics.pylon__issues ORDER BY 1"
    assert rows(union_file, extra) == [("acme", 3), ("beta", None)]


def _what_is_locked_is_read_from_its_snapshot(house: Any, union_file: Any, counts: str) -> None:
    from pylon_elt.pipelines.copy.lock import hold, lock_file

    with hold(lock_file(house.file("acme"))):
        built = house.desk.pylon("transform", "--all", *FEW)
    assert built.code == exits.worst([exits.LOCKED]), built.text
    assert rows(union_file, counts) == [("acme", 12), ("beta", 7)]


def test_who_has_nothing_is_left_out_and_another_file_is_not_written_over(open_house: Any) -> None:
    house = open_house("acme", "beta")
    assert (
        house.desk.pylon("run", "-w", "acme", "--select", "issues,issue_messages,accounts").code == exits.DONE
    )
    built = house.desk.pylon("transform", "--all", *FEW, "--format", "json")
    assert built.code == exits.FAILED, "beta has no copy"
    united = built.event("united")
    assert (united["workspaces"], united["left_out"]) == (["acme"], {"beta": "there is no copy yet"})
    union_file = house.desk.folder / "support_all.duckdb"
    union_file.unlink()
    with duckdb.connect(str(union_file)) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS one")
    refused = house.desk.pylon("transform", "--all", *FEW)
    assert refused.code == exits.CONFIGURATION
    assert "would be made, but it holds something else" in refused.text
    assert rows(union_file, "FROM mine") == [(1,)]


def test_before_it_is_made_it_says_how(open_house: Any) -> None:
    house = open_house("acme")
    asked = house.desk.pylon("query", "select 1", "--workspace", "all")
    assert asked.code == exits.FAILED
    assert "Make it first, with: pylon transform --all" in asked.text


@pytest.mark.parametrize("kind", ["INTEGER", "DATE", "VARCHAR"])
def test_columns_that_differ_follow(kind: str) -> None:
    one = Part("o'neill", "one", {"id": "VARCHAR", "x": "INTEGER", 'a "b': "DATE"})
    two = Part("two", "two", {"x": kind, "id": "VARCHAR", "y": "BOOLEAN"})
    with duckdb.connect() as connection:
        connection.execute("""CREATE TABLE one AS SELECT 'i' AS id, 1 AS x, DATE '2026-01-02' AS "a ""b\"""")
        connection.execute(f"CREATE TABLE two AS SELECT CAST(NULL AS {kind}) AS x, 'j' AS id, true AS y")
        found = connection.execute(union([one, two], "VARCHAR"))
        names = [column[0] for column in found.description]
        types = [str(column[1]) for column in found.description]
        united = found.fetchall()
    assert names == ["workspace", "id", "x", 'a "b', "y"]
    assert types[2] == ("NUMBER" if kind == "INTEGER" else "STRING") or types[2] in ("INTEGER", "VARCHAR")
    assert [row[:2] for row in united] == [("o'neill", "i"), ("two", "j")]
    assert str(united[0][2]) == "1"
    assert united[1][2:] == (None, None, True)
