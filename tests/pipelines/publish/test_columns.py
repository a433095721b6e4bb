"""The columns of a published table follow those of the copy."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.lakes import Waters, stamp

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.publish.cuts import CUTS, Cut

pytestmark = pytest.mark.dear


def _type(waters: Waters, table: str, column: str) -> str:
    return str(waters.table(table).schema().find_field(column).field_type)


def test_a_new_column_is_added_and_no_row_is_written_for_it(waters: Waters) -> None:
    waters.publish("issues", "tags")
    waters.change("ALTER TABLE issues ADD COLUMN mood VARCHAR", "ALTER TABLE tags ADD COLUMN weight BIGINT")
    done = waters.publish("issues", "tags")
    assert done["issues"].changes == ("new column mood",)
    assert done["issues"].snapshot is None
    waters.require_equal("issues", "tags")
    waters.change(
        f"UPDATE issues SET mood = 'good', _synced_at = {stamp()} WHERE id = (SELECT min(id) FROM issues)"
    )
    assert waters.publish("issues")["issues"].written == 1
    waters.require_equal("issues")


def test_a_new_column_and_its_values_are_one_commit(waters: Waters) -> None:
    waters.publish("issues")
    waters.change(
        "ALTER TABLE issues ADD COLUMN mood VARCHAR",
        f"UPDATE issues SET mood = 'good', _synced_at = {stamp()} WHERE id = (SELECT min(id) FROM issues)",
    )
    before = len(waters.files("issues", "metadata.json"))
    waters.publish("issues")
    assert len(waters.files("issues", "metadata.json")) == before + 1
    waters.require_equal("issues")


def test_a_column_that_is_gone_goes(waters: Waters) -> None:
    waters.publish("issues", "deletions")
    waters.change("ALTER TABLE issues DROP COLUMN slack", "ALTER TABLE deletions DROP COLUMN evidence")
    done = waters.publish("issues", "deletions")
    assert done["issues"].changes == ("column slack is gone",)
    waters.require_equal("issues", "deletions")


@pytest.mark.parametrize(
    ("column", "kind", "became", "written"),
    [
        ("number", "INTEGER", "long", 0),
        ("number", "VARCHAR", "long", 12),
        ("number", "DOUBLE", "long", 12),
    ],
)
def test_a_column_of_another_type_is_of_that_type_then(
    waters: Waters, column: str, kind: str, became: str, written: int
) -> None:
    waters.change(f"ALTER TABLE issues ALTER {column} TYPE {kind}")
    waters.publish("issues")
    assert _type(waters, "issues", column) != became
    waters.change(f"ALTER TABLE issues ALTER {column} TYPE BIGINT")
    done = waters.publish("issues")["issues"]
    assert _type(waters, "issues", column) == became
    assert done.written == written
    waters.require_equal("issues")
    assert not waters.publish("issues")["issues"].is_new


def test_the_column_by_which_a_table_is_cut_cannot_go(waters: Waters) -> None:
    waters.publish("issues")
    waters.change("ALTER TABLE issues DROP COLUMN created_at")
    with pytest.raises(exits.Problem, match="The published table issues") as told:
        waters.publish("issues")
    assert told.value.code == exits.CONFIGURATION
    assert waters.table("issues").scan().count() == 120


@pytest.mark.parametrize("before", [None, Cut("updated_at"), Cut("id", "start")])
def test_a_table_that_an_earlier_version_cut_otherwise_is_cut_anew(
    waters: Waters, monkeypatch: pytest.MonkeyPatch, before: Cut | None
) -> None:
    with monkeypatch.context() as patched:
        patched.setitem(CUTS, "issues", before)
        waters.publish("issues")
    former = waters.files("issues")
    done = waters.publish("issues", keep=timedelta(0))["issues"]
    assert "partitioned anew" in done.changes
    waters.require_equal("issues")
    assert not former.keys() & waters.files("issues").keys()
    (field,) = waters.table("issues").spec().fields
    assert (field.name, str(field.transform)) == ("created_at_month", "month")
    newest = max(waters.held("issues").column("created_at").to_pylist())
    first = newest.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    pruned = waters.table("issues").scan(row_filter=f"created_at >= '{first.isoformat()}'")
    assert len(list(pruned.plan_files())) == 1, "readers leave out the other months"
    assert not waters.publish("issues")["issues"].is_new


def test_what_iceberg_has_no_type_for_is_named(waters: Waters) -> None:
    waters.change("ALTER TABLE tags ADD COLUMN several VARCHAR[]")
    with pytest.raises(exits.Problem) as told:
        waters.publish("tags")
    assert "several" in told.value.what
    assert told.value.code == exits.CONFIGURATION


def test_values_at_the_ends_of_their_types_are_published_as_they_are(waters: Waters) -> None:
    waters.change(
        "CREATE TEMP TABLE one AS FROM tasks LIMIT 1",
        "INSERT INTO tasks SELECT * REPLACE ('early' AS id, TIMESTAMPTZ '0001-01-01 00:00:00+00' AS created_at) FROM one",
        "INSERT INTO tasks SELECT * REPLACE ('late' AS id, TIMESTAMPTZ '9999-12-31 23:59:59.999999+00' AS created_at)"
        " FROM one",
        "INSERT INTO tasks SELECT * REPLACE ('odd' AS id, '\U0001f600 ''\"\\ \x01' AS title, NULL AS created_at) FROM one",
        "ALTER TABLE tasks ADD COLUMN exact DECIMAL(18, 3)",
        "ALTER TABLE tasks ADD COLUMN day DATE",
        "ALTER TABLE tasks ADD COLUMN plain TIMESTAMP",
        "UPDATE tasks SET exact = 123456789012345.678, day = DATE '1969-12-31', plain = TIMESTAMP '1969-12-31 23:59:59.5'",
        "INSERT INTO issue_followers SELECT * REPLACE ('\U0001f600x' AS issue_id) FROM issue_followers LIMIT 1",
        "INSERT INTO issue_followers SELECT * REPLACE ('''' AS issue_id) FROM issue_followers LIMIT 1",
        "INSERT INTO issue_followers SELECT * REPLACE ('' AS issue_id) FROM issue_followers LIMIT 1",
    )
    waters.publish("tasks", "issue_followers")
    waters.require_equal("tasks", "issue_followers")
    assert not waters.publish("tasks")["tasks"].is_new
