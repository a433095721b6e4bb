"""What checksums say of issues and ledger: whatever was done to either, the same is due as where all of it is joined."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import dlt
import duckdb
import pytest

from pylon_elt.sources.pylon.catalog import HANGING
from pylon_elt.sources.pylon.copy import agreement
from pylon_elt.sources.pylon.copy.agreement import Agreement
from pylon_elt.sources.pylon.copy.contents import Contents
from pylon_elt.sources.pylon.copy.copied import Copied
from pylon_elt.sources.pylon.copy.ledger import Ledger
from pylon_elt.sources.pylon.copy.verified import Verified

CHILDREN = ("issue_messages", "issue_threads", "issue_voice_calls")
ISSUES = 800
MADE = f"""
CREATE SCHEMA desk; USE desk;
CREATE TABLE issues AS SELECT md5(n::VARCHAR) AS id, CASE WHEN n % 3 = 0 THEN 'phone' ELSE 'email' END AS source,
    TIMESTAMPTZ '2026-01-01' + to_minutes(n) AS created_at, created_at + to_days(1) AS updated_at,
    CASE WHEN n % 5 > 0 THEN created_at + to_hours(2) END AS latest_message_time
    FROM range({ISSUES}) AS number(n);
CREATE TABLE _dlt_loads AS SELECT 'load-' || n AS load_id, 'pylon' AS schema_name, 0 AS status FROM range(9) AS number(n);
CREATE TABLE issue_sync AS SELECT id AS issue_id, child, updated_at AS issue_updated_at, latest_message_time,
    0 AS row_count, updated_at + to_hours(1) AS synced_at, 'load-' || (hash(id) % 9) AS load_id
    FROM issues, unnest({list(CHILDREN)}) AS children(child) WHERE child <> 'issue_voice_calls' OR source = 'phone';
"""
"""A copy of which everything was read."""
for _child in CHILDREN:
    MADE += f"CREATE TABLE {_child} (id VARCHAR, issue_id VARCHAR);"
BEFORE = datetime(2026, 1, 2, 1, 30, tzinfo=UTC)
"""Half an hour after the first readings."""
ONE = "(SELECT id FROM issues ORDER BY hash(id, {0}) LIMIT {1})"
"""Some issues, by a number."""
DONE = (
    "DELETE FROM issue_sync WHERE issue_id IN {one} AND child = 'issue_threads'",
    "DELETE FROM issue_sync WHERE issue_id IN {one}",
    "DELETE FROM issues WHERE id IN {one}",
    "UPDATE issues SET updated_at = updated_at + to_microseconds(1) WHERE id IN {one}",
    "UPDATE issues SET updated_at = updated_at - to_microseconds(1) WHERE id IN {one}",
    "UPDATE issues SET updated_at = NULL WHERE id IN {one}",
    "UPDATE issues SET latest_message_time = created_at + to_hours(3) WHERE id IN {one}",
    "UPDATE issues SET source = 'phone' WHERE id IN {one}",
    "UPDATE issue_sync SET issue_updated_at = NULL WHERE issue_id IN {one}",
    "UPDATE issue_sync SET latest_message_time = NULL WHERE issue_id IN {one} AND child = 'issue_messages'",
    "UPDATE issue_sync SET load_id = 'lost' WHERE issue_id IN {one}",
    "UPDATE issue_sync SET issue_id = 'of nobody' WHERE issue_id IN {one}",
    "UPDATE issue_sync SET issue_id = (SELECT min(id) FROM issues) WHERE issue_id IN {one}",
    "INSERT INTO issue_sync SELECT * FROM issue_sync WHERE issue_id IN {one}",
    "INSERT INTO issues SELECT 'new' || id, * EXCLUDE (id) FROM issues WHERE id IN {one}",
    "UPDATE _dlt_loads SET status = 1 WHERE load_id = 'load-4'",
    "DELETE FROM _dlt_loads WHERE load_id = 'load-5'",
    "INSERT INTO _dlt_loads SELECT * FROM _dlt_loads WHERE load_id = 'load-6'",
    "DROP TABLE issue_threads",
    "DELETE FROM issue_sync",
    "DELETE FROM issues",
)
"""What other hands, a killed load or an older backup may leave."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a copy of which everything was read."""
    database = tmp_path_factory.mktemp("whole") / "copy.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute(MADE)
    return database


@pytest.fixture
def made(whole: Path, tmp_path: Path) -> Any:
    """Make a copy, and have some statements run in it."""

    def make(*statements: str) -> Copied:
        database = shutil.copyfile(whole, tmp_path / "copy.duckdb")
        with duckdb.connect(str(database)) as connection:
            connection.execute("USE desk")
            for statement in statements:
                connection.execute(statement)
        destination = dlt.destinations.duckdb(str(database))
        work = str(tmp_path / "work")
        return Copied(
            dlt.pipeline("copied", destination=destination, dataset_name="desk", pipelines_dir=work)
        )

    return make


def verified(copied: Copied, now: datetime) -> tuple[Any, Any]:
    """Return what the ledger says of when conversations of the copy's issues were read, by joining all of them."""
    rows = copied.select(
        "SELECT {s.child}, {s.synced_at} FROM {issue_sync} AS s JOIN {_dlt_loads} AS l ON {l.load_id} = {s.load_id}"
        " JOIN {issues} AS i ON {i.id} = {s.issue_id} WHERE {l.status} = 0"
    )
    children = {child: [at for its, at in rows if its == child] for child, _ in rows}
    stale = {child: sum(not BEFORE <= at <= now for at in stamps) for child, stamps in children.items()}
    return {child: min(stamps) for child, stamps in children.items()}, {
        child: count for child, count in stale.items() if count
    }


def due(copied: Copied, child: str) -> tuple[int, list[Any]]:
    """Return how many issues are due for a child and which, as a new look at the copy says."""
    ledger = Ledger(Contents(copied))
    found = sorted(ledger.due(child), key=str)  # two rows of one parent come in any order
    return ledger.count_due(child), found


def parts(copied: Copied, child: str) -> Any:
    return Agreement(Contents(copied)).differing(HANGING[child])


def test_nothing_is_due_where_all_was_read(made: Callable[..., Copied]) -> None:
    with made() as copied:
        assert [parts(copied, child) for child in CHILDREN] == [(), (), ()]
        assert [due(copied, child) for child in CHILDREN] == [(0, [])] * 3


def test_only_the_parts_that_differ_are_asked(made: Callable[..., Copied]) -> None:
    with made(f"DELETE FROM issue_sync WHERE issue_id IN {ONE.format(1, 2)}") as copied:
        assert 1 <= len(parts(copied, "issue_messages")) <= 2
        assert due(copied, "issue_messages")[0] == 2


def test_all_are_asked_about_where_most_is_due(made: Callable[..., Copied]) -> None:
    with made(f"DELETE FROM issue_sync WHERE issue_id IN {ONE.format(1, ISSUES // 2)}") as copied:
        assert parts(copied, "issue_messages") is None
        assert due(copied, "issue_messages")[0] == ISSUES // 2


def test_children_that_are_due_for_few_are_looked_up_at_once(
    made: Callable[..., Copied], monkeypatch: pytest.MonkeyPatch
) -> None:
    with made(f"DELETE FROM issue_sync WHERE issue_id IN {ONE.format(1, 2)}") as copied:
        ledger, select, asked = Ledger(Contents(copied)), copied.select, list[str]()
        assert len(ledger.due("issue_messages")) == 2

        def noted(sql: str, *values: Any, most: int | None = None) -> list[tuple[Any, ...]]:
            asked.append(sql)
            return select(sql, *values, most=most)

        monkeypatch.setattr(copied, "select", noted)
        assert len(ledger.due("issue_threads", 1)) == 1
        assert ledger.count_due("issue_threads") == ledger.count_due("issue_messages") == 2
        assert not asked
        ledger.forget_some("issue_messages", [one[0].parent_id for one in ledger.due("issue_messages")])
        assert ledger.count_due("issue_messages") == 2
        assert asked


@pytest.mark.sampled(3)
@pytest.mark.parametrize("seed", range(24))
def test_whatever_was_done_the_same_is_due(
    seed: int, made: Callable[..., Copied], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    chosen = [DONE[seed % len(DONE)], *random.sample(DONE[:-3], random.choice((0, 1, 2)))]
    done = [
        statement.format(one=ONE.format(random.random(), random.choice((1, 1, 3, 40))))
        for statement in chosen
    ]
    with made(*done) as copied:
        found = {child: due(copied, child) for child in CHILDREN}
        monkeypatch.setattr(agreement, "DIALECTS", ())
        assert found == {child: due(copied, child) for child in CHILDREN}, done


def test_what_is_forgotten_is_due_at_once(made: Callable[..., Copied]) -> None:
    with made() as copied:
        ledger = Ledger(Contents(copied))
        assert ledger.count_due("issue_messages") == 0
        ledger.forget_some("issue_messages", [copied.select("SELECT MIN({i.id}) FROM {issues} AS i")[0][0]])
        assert ledger.count_due("issue_messages") == 1
        ledger.forget("issue_messages")
        assert ledger.count_due("issue_messages") == ISSUES


@pytest.mark.sampled(3)
@pytest.mark.parametrize("seed", range(len(DONE)))
def test_whatever_was_done_the_oldest_reading_is_of_an_issue_of_the_copy(
    seed: int, made: Callable[..., Copied]
) -> None:
    oldest = "(SELECT id FROM issues ORDER BY created_at LIMIT 2)"
    with made(DONE[seed].format(one=oldest)) as copied:
        now = datetime(2026, 1, 2, 12, tzinfo=UTC)
        found = Verified(copied, now)
        assert (found.oldest(), found.count(BEFORE)) == verified(copied, now)


def test_readings_of_the_future_are_counted_too(made: Callable[..., Copied]) -> None:
    with made() as copied:
        before, now = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 12, tzinfo=UTC)
        assert set(Verified(copied, now).count(before)) == set(CHILDREN)
        assert Verified(copied, datetime(2027, 1, 1, tzinfo=UTC)).count(before) == {}
