"""The merge straight from Parquet files leaves the tables that dlt's own merge leaves, in half of the space."""

from __future__ import annotations

import json
import os
import shutil
from base64 import b85encode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pytest
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient
from dlt.pipeline.exceptions import PipelineStepFailed

from pylon_elt.pipelines.copy import destinations, merging
from pylon_elt.pipelines.copy.destinations import STORAGE_VERSION
from pylon_elt.sources.pylon.catalog import ALL_TABLES, Table
from pylon_elt.sources.pylon.copy import loading
from pylon_elt.sources.pylon.rows.rows import arrow_schema

pytestmark = pytest.mark.dear

SEED = int(os.environ.get("TEST_SEED", "1"))
DATASET = "pylon"
START = datetime(2026, 1, 1, tzinfo=UTC)
MOST = 1.5
"""How many times the space that its rows need by themselves a file may take after its first load."""
ROW, PARENT, MARKER = "issues", "issue_messages", "custom_field_versions"

THINGS: Any = {"table_name": "things", "primary_key": "id", "write_disposition": "merge"}


class _DltClient(destinations._Client):
    def reads_files(self, table: Any) -> bool:
        return False


class _DltsWay(destinations.DuckDb):
    @property
    def client_class(self) -> Any:
        return _DltClient


class Copy:
    """A copy in a folder of its own, loaded in one of the two ways."""

    def __init__(self, folder: Path, working: str = "pipelines", *, dlts_way: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.working, self.file = folder, folder / working, folder / "copy.duckdb"
        kind = _DltsWay if dlts_way else destinations.DuckDb
        self.pipeline = dlt.pipeline(
            "pylon",
            destination=kind(credentials=str(self.file), staging_dataset_name_layout="%s_dlt_staging"),
            dataset_name=DATASET,
            pipelines_dir=str(self.working),
        )

    def load(self, resource: Any, **options: Any) -> None:
        self.pipeline.run(resource, **options)

    def prepare(self, resource: Any) -> None:
        """Make a package, and do not load it."""
        self.pipeline.extract(resource)
        self.pipeline.normalize()

    def rows(self, table: str, dataset: str = DATASET) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.file)) as connection:
            return connection.execute(f'SELECT * FROM {dataset}."{table}" ORDER BY ALL').fetchall()

    def types(self, table: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.file)) as connection:
            return connection.execute(f'DESCRIBE {DATASET}."{table}"').fetchall()

    def files(self, table: str) -> list[int]:
        """Return how many Parquet files each package had of a table."""
        loaded = self.working.glob("pylon/load/loaded/*")
        return [len(list(package.glob(f"completed_jobs/{table}.*.parquet"))) for package in sorted(loaded)]


def resource_of(table: Table, batches: Sequence[pa.Table]) -> Any:
    return dlt.resource(
        iter(batches),
        name=table.name,
        primary_key=list(table.key),
        columns=loading.columns(table),
        write_disposition=loading.disposition(table),
    )


class Worlds:
    """Random packages of one table: new rows and edits, one twice, with nulls, JSON, columns that lack, and removals."""

    def __init__(self, table: Table, rng: Random) -> None:
        self._table, self._rng, self._clock = table, rng, 0

    def package(self) -> list[pa.Table]:
        return [self._batch() for _ in range(self._rng.randint(2, 4))]

    def _batch(self) -> pa.Table:
        rows = [self._row() for _ in range(self._rng.randint(3, 8))]
        rows += [dict(self._rng.choice(rows), **{self._table.sort: self._time()}) for _ in range(2)]
        made = pa.Table.from_pylist(rows, schema=arrow_schema(self._table))
        kept = {*self._table.key, self._table.sort, self._table.parent, "_removed"}
        others = [name for name in made.column_names if name not in kept]
        return made.drop_columns(self._rng.sample(others, self._rng.randint(0, len(others))))

    def _row(self) -> dict[str, Any]:
        row = {field.name: self._value(field.type) for field in arrow_schema(self._table)}
        row |= {name: f"{name}-{self._rng.randrange(9)}" for name in self._table.key}
        if self._table.parent:
            row[self._table.parent] = f"parent-{self._rng.randrange(5)}"
        row[self._table.sort] = self._time()
        row["_removed"] = self._rng.choice([None, None, None, True])
        return row

    def _value(self, kind: pa.DataType) -> Any:
        some = self._rng.randrange(1000)
        if self._rng.random() < 0.3:
            return None
        if pa.types.is_string(kind):
            return json.dumps({"a": [some, None, "é'\"%s;\n"]})
        if pa.types.is_timestamp(kind):
            return START + timedelta(seconds=some)
        return bool(some % 2) if pa.types.is_boolean(kind) else some

    def _time(self) -> datetime:
        """No two rows are of one moment, so that it is certain which of them is the newest."""
        self._clock += 1
        return START + timedelta(microseconds=self._clock)


@pytest.mark.parametrize("name", [ROW, PARENT, MARKER, "issue_followers", "issue_sync"])
@pytest.mark.parametrize("seed", [SEED])
def test_both_ways_leave_the_same_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, seed: int
) -> None:
    monkeypatch.setenv("DATA_WRITER__BUFFER_MAX_ITEMS", "1")
    monkeypatch.setenv("DATA_WRITER__FILE_MAX_ITEMS", "1")
    table, worlds = ALL_TABLES[name], Worlds(ALL_TABLES[name], Random(f"{name} {seed}"))
    ours, dlts = Copy(tmp_path / "ours"), Copy(tmp_path / "dlts", dlts_way=True)
    for _ in range(2):
        package = worlds.package()
        for copy in (ours, dlts):
            copy.load(resource_of(table, package))
        assert ours.rows(name) == dlts.rows(name)
    assert ours.types(name) == dlts.types(name)
    assert ours.rows(name)
    assert min(ours.files(name)) > 1
    assert not ours.rows(name, f"{DATASET}_dlt_staging")
    assert dlts.rows(name, f"{DATASET}_dlt_staging")


VALUES = {
    "id": pa.array(["a", "b", "c"]),
    "zoned": pa.array([START, None, START + timedelta(hours=5)], pa.timestamp("us", "America/New_York")),
    "local": pa.array([datetime(2026, 7, 1, 12), None, datetime(1, 1, 1)], pa.timestamp("us")),  # noqa: DTZ001
    "seconds": pa.array([datetime(2026, 7, 1), None, datetime(2026, 7, 2)], pa.timestamp("s")),  # noqa: DTZ001
    "day": pa.array([date(2026, 7, 1), None, date(1999, 12, 31)]),
    "price": pa.array([Decimal("1.10"), None, Decimal("-99999999.99")], pa.decimal128(10, 2)),
    "wide": pa.array([2**62, None, -(2**62)], pa.int64()),
    "narrow": pa.array([1, None, -1], pa.int8()),
    "real": pa.array([0.1, None, float("inf")], pa.float64()),
    "single": pa.array([0.1, None, 3.0], pa.float32()),
    "raw": pa.array([b"\x00\xff", None, b""], pa.binary()),
    "truth": pa.array([True, None, False]),
    "nested": pa.array(['{"a": 1}', None, "[]"]),
    "words": pa.array(["it's", None, ""]).dictionary_encode(),
}


@pytest.mark.parametrize("added", [[], ["added"]])
def test_both_ways_keep_the_values_of_each_type(tmp_path: Path, added: list[str]) -> None:
    first = pa.table(VALUES)
    second = pa.table(
        {
            "id": ["c", "d"],
            "wide": pa.array([5, 6], pa.int32()),
            "nested": ["{}", None],
            **{name: [1, 2] for name in added},
        }
    )
    ours, dlts = Copy(tmp_path / "ours"), Copy(tmp_path / "dlts", dlts_way=True)
    for copy in (ours, dlts):
        for batch in (first, second):
            hints: Any = {"nested": {"data_type": "json"}}
            copy.load(
                dlt.resource(
                    [batch], name="things", primary_key="id", columns=hints, write_disposition="merge"
                )
            )
    assert ours.types("things") == dlts.types("things")
    assert repr(ours.rows("things")) == repr(dlts.rows("things"))
    assert len(ours.rows("things")) == 4


def messages(*said: tuple[str, str], at: int = 0, text: str = "text") -> pa.Table:
    """Return messages by id and issue."""
    schema = arrow_schema(ALL_TABLES[PARENT])
    stamp = START + timedelta(seconds=at)
    rows = [{"id": id_, "issue_id": issue, "_synced_at": stamp, "message_html": text} for id_, issue in said]
    return pa.Table.from_pylist(rows, schema=schema)


def of_messages(*batches: pa.Table) -> Any:
    return resource_of(ALL_TABLES[PARENT], batches)


def ids(copy: Copy) -> set[str]:
    with duckdb.connect(str(copy.file)) as connection:
        return {row[0] for row in connection.execute(f"SELECT id FROM {DATASET}.{PARENT}").fetchall()}


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Let dlt try once what fails."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("LOAD__RAISE_ON_MAX_RETRIES", "1")
        yield


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A copy of two issues with a message each."""
    made = Copy(tmp_path / "copy")
    made.load(of_messages(messages(("a", "1"), ("b", "2"))))
    return made


def test_what_fails_in_the_middle_leaves_the_former_rows(copy: Copy) -> None:
    """A DELETE has been done by then."""
    bad = messages(("c", "1"), at=1).set_column(
        messages().schema.get_field_index("author"), "author", pa.array(["no JSON"])
    )
    with pytest.raises(PipelineStepFailed):
        copy.load(of_messages(bad))
    assert ids(copy) == {"a", "b"}


@pytest.fixture
def deleted(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Fail after each DELETE from the messages, until it is undone."""
    run = DuckDbSqlClient.execute_sql

    def execute_sql(client: Any, query: Any, *given: Any, **named: Any) -> Any:
        result = run(client, query, *given, **named)
        if str(query).startswith(f'DELETE FROM "{DATASET}"."{PARENT}"'):
            raise OSError("the disk is full")
        return result

    monkeypatch.setattr(DuckDbSqlClient, "execute_sql", execute_sql)
    yield monkeypatch


@pytest.mark.parametrize("place", ["pipelines", "id=it's [1] * folder? {a,b}"])
def test_a_merge_that_waits_goes_on_wherever_its_package_is(
    copy: Copy, deleted: pytest.MonkeyPatch, place: str
) -> None:
    with pytest.raises(PipelineStepFailed):
        copy.load(of_messages(messages(("c", "1"), at=1)))
    assert ids(copy) == {"a", "b"}
    assert [job.job_file_info.file_format for job in _jobs(copy, "new_jobs")] == ["sql"]
    deleted.undo()
    shutil.move(copy.working, copy.folder / place)
    Copy(copy.folder, place).pipeline.load()
    assert ids(copy) == {"b", "c"}


def test_a_package_that_dlt_has_begun_by_itself_is_finished(
    tmp_path: Path, deleted: pytest.MonkeyPatch
) -> None:
    """As an earlier version left it: the rows are in the staging table, and dlt's own statements wait."""
    former = Copy(tmp_path / "copy", dlts_way=True)
    merge = f'DELETE FROM "{DATASET}"."{PARENT}"'
    deleted.setattr(DuckDbSqlClient, "execute_many", _failing_at(merge, DuckDbSqlClient.execute_many))
    with pytest.raises(PipelineStepFailed):
        former.load(of_messages(messages(("a", "1"), ("b", "1"))))
    deleted.undo()
    copy = Copy(tmp_path / "copy")
    copy.pipeline.load()
    assert ids(copy) == {"a", "b"}
    copy.load(of_messages(messages(("c", "1"), at=1)))
    assert ids(copy) == {"c"}
    assert not copy.rows(PARENT, f"{DATASET}_dlt_staging"), "what was left there is not kept"


def test_an_earlier_version_does_not_take_a_merge_that_waits_for_one_without_rows(
    copy: Copy, deleted: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PipelineStepFailed):
        copy.load(of_messages(messages(("c", "1"), at=1)))
    deleted.undo()
    former = Copy(copy.folder, dlts_way=True)
    deleted.setattr(merging, "_is_request", lambda _path: False)
    with pytest.raises(PipelineStepFailed):
        former.pipeline.load()
    assert ids(former) == {"a", "b"}


def test_a_merge_without_one_of_its_files_fails(copy: Copy, deleted: pytest.MonkeyPatch) -> None:
    with pytest.raises(PipelineStepFailed):
        copy.load(of_messages(messages(("c", "1"), at=1)))
    deleted.undo()
    for file in copy.working.glob("pylon/load/normalized/*/completed_jobs/*.parquet"):
        file.unlink()
    with pytest.raises(PipelineStepFailed, match="No files found"):
        copy.pipeline.load()
    assert ids(copy) == {"a", "b"}


def test_a_column_that_the_table_lacks_is_not_lost_in_silence(copy: Copy) -> None:
    copy.prepare(of_messages(messages(("c", "1"), at=1)))
    (file,) = copy.working.glob("pylon/load/normalized/*/new_jobs/*.parquet")
    pa.parquet.write_table(pa.parquet.read_table(file).append_column("strange", [["x"]]), file)
    with pytest.raises(PipelineStepFailed, match="no columns for strange"):
        copy.pipeline.load()
    assert ids(copy) == {"a", "b"}


def test_completed_files_may_be_deleted(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOAD__DELETE_COMPLETED_JOBS", "true")
    copy.load(of_messages(messages(("c", "1"), at=1)))
    assert ids(copy) == {"b", "c"}
    assert copy.files(PARENT)[-1:] in ([], [0])


def test_other_formats_go_dlts_way(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy")
    for text in ("a", "b"):
        rows = [{"id": 1, "text": text}, {"id": 2, "text": text}]
        copy.load(rows, loader_file_format="insert_values", **THINGS)
        assert len(copy.rows("things", f"{DATASET}_dlt_staging")) == 2
    assert [row[:2] for row in copy.rows("things")] == [(1, "b"), (2, "b")]


def test_a_package_may_have_rows_of_one_table_in_two_formats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ADD_DLT_LOAD_ID", "ADD_DLT_ID"):
        monkeypatch.setenv(f"NORMALIZE__PARQUET_NORMALIZER__{name}", "true")
    copy = Copy(tmp_path / "copy")
    copy.load([{"id": 1, "text": "a"}, {"id": 2, "text": "b"}], **THINGS)
    arrow = pa.table({"id": [2, 3], "text": ["c", "d"]})
    copy.load(dlt.resource([arrow, [{"id": 4, "text": "e"}]], name="things"), **THINGS)
    assert [row[:2] for row in copy.rows("things")] == [(1, "a"), (2, "c"), (3, "d"), (4, "e")]
    assert copy.files("things") == [0, 1]


def test_tables_that_hang_on_a_table_go_dlts_way(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy")
    for _ in range(2):
        copy.load([{"id": 1, "parts": [{"n": 1}, {"n": 2}]}], loader_file_format="parquet", **THINGS)
    assert (len(copy.rows("things")), len(copy.rows("things__parts"))) == (1, 2)


def test_the_file_is_hardly_larger_than_its_rows(tmp_path: Path) -> None:
    rng, copy = Random(SEED), Copy(tmp_path / "copy")
    made = messages(*((str(number), "1") for number in range(12_000)))
    # Of text that can be compressed, DuckDB's sample now and then says that it cannot.
    texts = pa.array([b85encode(rng.randbytes(800)).decode() for _ in range(12_000)])
    copy.load(
        of_messages(made.set_column(made.schema.get_field_index("message_html"), "message_html", texts))
    )
    compact = tmp_path / "compact.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{copy.file}' AS loaded (READ_ONLY)")
        connection.execute(f"ATTACH '{compact}' AS compact (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute(f"CREATE TABLE compact.rows AS SELECT * FROM loaded.{DATASET}.{PARENT}")
    assert copy.file.stat().st_size <= MOST * compact.stat().st_size


def _failing_at(text: str, run: Any) -> Any:
    def execute_many(client: Any, statements: Sequence[str], *given: Any, **named: Any) -> Any:
        if any(statement.startswith(text) for statement in statements):
            raise OSError("the disk is full")
        return run(client, statements, *given, **named)

    return execute_many


def _jobs(copy: Copy, state: Any) -> list[Any]:
    with suppress(IndexError):
        load_id = copy.pipeline.list_normalized_load_packages()[0]
        return copy.pipeline.get_load_package_info(load_id).jobs[state]
    return []
