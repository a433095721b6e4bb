"""A merge straight from the Parquet files of a load package, where DuckDB is the destination.

dlt copies each file into a table of its staging dataset, in the same database file, and merges from there: all rows are
written twice, and half of the file is free afterwards. DuckDB reads Parquet as it reads a table, so the file is left
where it is, and the merge reads it: dlt's own statements, in one transaction, with what is in the files in place of
what is in the staging table. That table is there still, and empty: dlt makes it, and other formats go through it.

What is read is what the package holds of the table when the merge was asked for, by name: a working folder may be
moved between a kill and the next run, and a merge that lacks a file must fail rather than say that there are no rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlt.common.destination.client import HasFollowupJobs, RunnableLoadJob
from dlt.common.destination.utils import resolve_merge_strategy
from dlt.common.schema.utils import get_columns_names_with_prop, get_nested_tables
from dlt.common.storages.load_package import ParsedLoadJobFileName
from dlt.destinations.exceptions import DatabaseTerminalException
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.job_impl import FollowupJobRequestImpl
from dlt.destinations.sql_jobs import SqlMergeFollowupJob

from pylon_elt.sources.pylon.copy.writing import STRATEGY

from ..base.sql_text import literal

if TYPE_CHECKING:
    from dlt.common.destination import PreparedTableSchema
    from dlt.common.destination.client import FollowupJobRequest, LoadJob
    from dlt.common.storages.load_package import LoadJobInfo
    from dlt.destinations.sql_client import SqlClientBase

FORMAT = "parquet"
_REQUEST = "merge from parquet "
"""Begins a merge that waits in a package. It is no SQL: whoever takes it for that fails, and merges nothing."""
_COMPLETED = "completed_jobs"
_DEDUPLICATED = "x-stage-data-deduplicated"
"""dlt's hint that no two rows of what is merged have one key."""


class MergingClient(DuckDbClient):
    """dlt's client for DuckDB, which leaves Parquet files to the merge that reads them."""

    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> LoadJob:
        """Make the job of a file: to wait for the merge, to merge, or what dlt does with it."""
        if _is_request(file_path):
            return Merge(file_path, self.sql_client.dataset_name)
        if _format(file_path) == FORMAT and self.reads_files(table):
            return Waiting(file_path)
        return super().create_load_job(table, file_path, load_id, restore)

    def create_table_chain_completed_followup_jobs(
        self,
        table_chain: Sequence[PreparedTableSchema],
        completed_table_chain_jobs: Sequence[LoadJobInfo] | None = None,
    ) -> list[FollowupJobRequest]:
        """Ask for the merge of a table once all of its files have been looked at."""
        done = [job.job_file_info for job in completed_table_chain_jobs or ()]
        files = [file for file in done if file.file_format == FORMAT]
        if not files or not self.reads_files(table_chain[0]):
            return super().create_table_chain_completed_followup_jobs(table_chain, completed_table_chain_jobs)
        staged = any(file.file_format not in (FORMAT, "sql") for file in done)
        return [_Request(files[0].table_name, [file.file_name() for file in files], staged=staged)]

    def reads_files(self, table: PreparedTableSchema) -> bool:
        """Whether a table's files are read where they are; its merge has to be the one kind that does so."""
        if table["write_disposition"] != "merge" or str(self.config.credentials.database).startswith("md:"):
            return False
        tables, name = self.schema.tables, str(table["name"])
        if name not in tables or table.get("parent") or len(get_nested_tables(tables, name)) > 1:
            return False
        return resolve_merge_strategy(tables, tables[name], self.capabilities) == STRATEGY


class Waiting(RunnableLoadJob, HasFollowupJobs):
    """A file that waits for the merge of its table."""

    def run(self) -> None:
        """Do nothing."""


class _Request(FollowupJobRequestImpl):
    """The file of a merge that is to be done.

    Args:
        table: The table.
        files: The names of its Parquet files in the package.
        staged: Whether rows of it are in the staging table as well, for they came in another format.
    """

    def __init__(self, table: str, files: Sequence[str], *, staged: bool) -> None:
        super().__init__(
            ParsedLoadJobFileName(table, ParsedLoadJobFileName.new_file_id(), 0, "sql").file_name()
        )
        self._save_text_file(_REQUEST + json.dumps({"files": sorted(files), "staged": staged}))


class Merge(RunnableLoadJob):
    """The merge of one table, in one transaction.

    Args:
        file_path: Where the request for it is.
        dataset: The dataset of the copy; dlt lets all jobs of a merged table work in the staging dataset.
    """

    def __init__(self, file_path: str, dataset: str) -> None:
        super().__init__(file_path)
        self._dataset = dataset

    def run(self) -> None:
        """Merge.

        Raises:
            DatabaseException: DuckDB could not; nothing was changed.
        """
        job_client: Any = self._job_client
        path = Path(self._file_path)
        request = json.loads(path.read_text(encoding="utf-8").removeprefix(_REQUEST))
        files = [path.parent.parent / _COMPLETED / name for name in request["files"]]
        client = job_client.sql_client
        with client.with_alternative_dataset_name(self._dataset), client.begin_transaction():
            rows = _Rows(job_client, self._load_table, files)
            source = rows.sql(staged=request["staged"])
            for statement in _statements(client, self._load_table, source):
                client.execute_sql(statement)


class _Rows:
    """What the Parquet files of a table hold, as rows that its staging table could hold.

    Args:
        client: The client that loads.
        table: The table.
        files: The files.
    """

    def __init__(self, client: DuckDbClient, table: PreparedTableSchema, files: Sequence[Path]) -> None:
        self._client, self._sql_client, self._table = client, client.sql_client, table
        paths = ", ".join(_literal(file) for file in files)
        self._files = f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"

    def sql(self, *, staged: bool) -> str:
        """Return a query for them in brackets, with those that are in the staging table if there are any."""
        there = self._there()
        columns = [self._column(name, there) for name in self._names()]
        rows = f"SELECT {', '.join(columns)} FROM {self._files}"
        if staged:
            _, staging = self._sql_client.get_qualified_table_names(str(self._table["name"]))
            names = ", ".join(map(self._sql_client.escape_column_name, self._names()))
            rows = f"{rows} UNION ALL SELECT {names} FROM {staging}"
        return f"({rows})"

    def _names(self) -> list[str]:
        return list(self._table["columns"])

    def _there(self) -> set[str]:
        """Return which columns the files have, one or the other.

        Raises:
            DatabaseTerminalException: One is none of the table's; its values would be lost.
        """
        found = self._sql_client.execute_sql(f"DESCRIBE SELECT * FROM {self._files}") or ()
        there = {str(name).casefold() for name, *_ in found}
        if strange := there - {name.casefold() for name in self._names()}:
            raise DatabaseTerminalException(
                ValueError(f"{self._table['name']} has no columns for {', '.join(sorted(strange))}.")
            )
        return there

    def _column(self, name: str, there: set[str]) -> str:
        escaped = self._sql_client.escape_column_name(name)
        kind = self._client.type_mapper.to_destination_type(self._table["columns"][name], self._table)
        return f"CAST({escaped if name.casefold() in there else 'NULL'} AS {kind}) AS {escaped}"


class _Names:
    """A SQL client for which the rows that came stand in place of the staging table."""

    def __init__(self, client: SqlClientBase[Any], source: str) -> None:
        self._client, self._source = client, source

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_qualified_table_names(self, table: str) -> tuple[str, str]:
        return self._client.make_qualified_table_name(table), self._source


def _statements(client: SqlClientBase[Any], table: PreparedTableSchema, source: str) -> list[str]:
    """Return dlt's own statements; they sort whole rows by key only where two have the same, which costs a third."""
    known: Any = dict(table)
    known[_DEDUPLICATED] = known.get(_DEDUPLICATED) or _is_unique(client, known, source)
    names: Any = _Names(client, source)
    return SqlMergeFollowupJob.gen_merge_sql([known], names)


def _is_unique(client: SqlClientBase[Any], table: Any, source: str) -> bool:
    keys = ", ".join(map(client.escape_column_name, get_columns_names_with_prop(table, "primary_key")))
    twice = f"SELECT 1 FROM {source} GROUP BY {keys} HAVING count(*) > 1 LIMIT 1"
    return bool(keys) and not client.execute_sql(twice)


def _is_request(path: str) -> bool:
    if _format(path) != "sql":
        return False
    with Path(path).open(encoding="utf-8") as file:
        return file.read(len(_REQUEST)) == _REQUEST


def _format(path: str) -> str:
    return ParsedLoadJobFileName.parse(path).file_format


def _literal(file: Path) -> str:
    """Return a path as DuckDB is to have it: none of it is a pattern."""
    plain = "".join(f"[{letter}]" if letter in "[*?" else letter for letter in str(file))
    return literal(plain)
