"""The copy against the truth, row for row and column for column.

What a column should hold is worked out here from the API's objects and the catalogue's words alone; nothing is
taken from the code that fills the tables, so that both would have to be wrong in the same way.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pylon_elt.sources.pylon.catalog import (
    HANGING,
    TABLES,
    Column,
    Ledger,
    Table,
    Versions,
)

Row = dict[str, Any]
Rows = Mapping[str, list[Row]]
Reader = Callable[[], Rows]

SHOWN = 10
"""How many differences a failure shows."""
MARK = "__scope__:"
"""How the keys of tombstones begin."""
BOOKKEEPING = {"_removed", "_dlt_id", "_dlt_load_id"}
ISSUE_CHILDREN = ("issue_messages", "issue_threads", "issue_followers")
BY_PARENT = {
    "issue_sync": (*ISSUE_CHILDREN, "issue_voice_calls"),
    "parent_sync": ("task_comments", "milestones", "feature_request_evidence", "account_relationships"),
}
"""The tables for which each ledger vouches."""

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Difference:
    """One way in which the copy is not the truth."""

    table: str
    key: str
    column: str
    expected: Any
    got: Any

    def __str__(self) -> str:
        return (
            f"{self.table} {self.key} {self.column}: expected {_short(self.expected)}, got {_short(self.got)}"
        )


def assert_equal_copy(
    truth: Rows,
    rows: Rows | Reader,
    tables: Iterable[str] | None = None,
    *,
    ignore_deleted_issues: bool = False,
) -> None:
    """Check that a copy is the truth, that no tombstone is in it, and that its ledger tells what it holds.

    Args:
        truth: ``world.snapshot()``.
        rows: What was read from the destination, or a function that reads it.
        tables: The tables to look at; by default all of the catalogue.
        ignore_deleted_issues: Let rows of issues stay that are gone from the truth; their children may stay only
            as long as the ledger does not say that they have been read again and are gone.
    """
    found = differences(truth, rows, tables, ignore_deleted_issues=ignore_deleted_issues)
    if found:
        lines = [f"  {difference}" for difference in found[:SHOWN]]
        more = f"\n  … and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        summary = dict(Counter(difference.table for difference in found))
        raise AssertionError(f"the copy differs from the truth {summary}\n" + "\n".join(lines) + more)


def differences(
    truth: Rows,
    rows: Rows | Reader,
    tables: Iterable[str] | None = None,
    *,
    ignore_deleted_issues: bool = False,
) -> list[Difference]:
    """Return how a copy differs from the truth; see :func:`assert_equal_copy`."""
    stored = rows() if callable(rows) else rows
    names = list(TABLES if tables is None else tables)
    living = {issue["id"] for issue in truth["issues"]}
    found: list[Difference] = []
    for name in names:
        table = TABLES[name]
        if isinstance(table.read, Versions):
            continue  # what a workspace was like in former times is not in its snapshot
        if name not in stored:
            if truth.get(name):
                found.append(Difference(name, "-", "-", f"{len(truth[name])} rows", "no such table"))
            continue
        found += _tombstones(table, stored[name])
        if isinstance(table.read, Ledger):
            parents = _parents(name, truth, names)
            forgiven = _gone(stored[name], living) if ignore_deleted_issues else set()
            found += _ledger(table, truth, stored, parents, forgiven)
            continue
        got = stored[name]
        if ignore_deleted_issues:
            got = list(_without_deleted(table, got, stored, living))
        found += _table(table, truth[name], got)
    return found


def expected_row(table: Table, source: Row) -> Row:
    """Return what a table should hold for one of the API's objects (with its parent's id), by column."""
    source = _without_nul(source)
    row: Row = {}
    extra: Row = {}
    direct = {column.name for column in table.columns if not column.path}
    for column in table.columns:
        if column.name in ("_extra", "_synced_at"):
            continue
        value = _follow(source, column)
        row[column.name], fits = _FIT[column.type](value)
        if not fits and not column.path:
            extra[column.name] = value
    extra |= {name: value for name, value in source.items() if name not in direct}
    row["_extra"] = extra or None
    return row


# -- reading the copy ----------------------------------------------------------------------------------------------


def read_duckdb(
    path: str | Path, schema: str = "pylon", only: Collection[str] | None = None
) -> dict[str, list[Row]]:
    """Return tables of a schema of a DuckDB file, JSON columns as parsed values; unless some are named, all of them."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        names = connection.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = ? AND table_catalog = current_database()",
            [schema],
        ).fetchall()
        catalog = Path(path).stem
        tables = {}
        for (name,) in names:
            if only is not None and name not in only:
                continue
            cursor = connection.execute(f'SELECT * FROM "{catalog}"."{schema}"."{name}"')
            columns = [column[0] for column in cursor.description]
            rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
            tables[name] = parsed(name, rows, as_text=True)
        return tables


def read_sql(pipeline: Any) -> dict[str, list[Row]]:
    """Return the catalogue's tables, and dlt's loads, through a pipeline's own SQL client."""
    from dlt.destinations.exceptions import DatabaseUndefinedRelation

    from pylon_elt.sources.pylon.copy.connections import use_utc

    # DuckDB gives JSON as text, psycopg2 as parsed values, in which a text is a value already
    as_text = not pipeline.destination.destination_type.endswith(".postgres")
    tables = {}
    with pipeline.sql_client() as client:
        for name in (*TABLES, "_dlt_loads"):
            use_utc(client)  # each time: where a table is missing, dlt resets the session
            try:
                with client.execute_query(
                    f"SELECT * FROM {client.make_qualified_table_name(name)}"
                ) as cursor:
                    columns = [column[0] for column in cursor.description]
                    rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
            except DatabaseUndefinedRelation:
                continue
            tables[name] = parsed(name, rows, as_text=as_text)
    return tables


def parsed(name: str, rows: list[Row], *, as_text: bool) -> list[Row]:
    """Return rows with their times in UTC and their JSON columns as values; ``as_text``: these are texts."""
    if name not in TABLES:
        return rows
    documents = [column.name for column in TABLES[name].columns if column.type in ("json", "urls")]
    for row in rows:
        for column, value in row.items():
            if isinstance(value, datetime):
                row[column] = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        for column in documents:
            if as_text and isinstance(row.get(column), str):
                row[column] = json.loads(row[column])
    return rows


# -- comparing -----------------------------------------------------------------------------------------------------


def _table(table: Table, truth: list[Row], stored: list[Row]) -> Iterator[Difference]:
    wanted = {_key(table, row): row for row in (expected_row(table, source) for source in truth)}
    times = Counter(_key(table, row) for row in stored)
    for key, count in times.items():
        if key not in wanted:
            yield Difference(table.name, _named(key), "-", "no row", "a row that the truth does not hold")
        elif count > 1:
            yield Difference(table.name, _named(key), "-", "one row", f"{count} rows")
    for key in wanted.keys() - times.keys():
        yield Difference(table.name, _named(key), "-", "a row", "none")
    known = {column.name for column in table.columns} | BOOKKEEPING
    for name in sorted({name for row in stored for name in row} - known):
        yield Difference(table.name, "-", name, "no such column", "a column that the catalogue does not hold")
    for row in stored:
        key = _key(table, row)
        if key in wanted:
            yield from _row(table, key, wanted[key], row)


def _row(table: Table, key: tuple[Any, ...], wanted: Row, got: Row) -> Iterator[Difference]:
    for column in table.columns:
        if column.name not in got:
            yield Difference(table.name, _named(key), column.name, "a column", "none")
        elif column.name == "_synced_at":
            if not isinstance(got["_synced_at"], datetime):
                yield Difference(table.name, _named(key), "_synced_at", "a time", got["_synced_at"])
        elif not _same(wanted[column.name], got[column.name]):
            yield Difference(table.name, _named(key), column.name, wanted[column.name], got[column.name])


def _same(wanted: Any, got: Any) -> bool:
    """Compare JSON as JSON does: numbers by value, but no number is a truth value."""
    if type(wanted) is str or wanted is None:
        return bool(wanted == got)  # most values
    if isinstance(wanted, dict) and isinstance(got, dict):
        return wanted.keys() == got.keys() and all(_same(wanted[name], got[name]) for name in wanted)
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(_same, wanted, got))
    if isinstance(wanted, bool) or isinstance(got, bool):
        return wanted is got
    return bool(wanted == got)


def _tombstones(table: Table, stored: list[Row]) -> Iterator[Difference]:
    for row in stored:
        if row.get("_removed") is not None or any(
            isinstance(value, str) and value.startswith(MARK) for value in row.values()
        ):
            yield Difference(table.name, _named(_key(table, row)), "_removed", "no tombstone", "a tombstone")


def _without_deleted(table: Table, rows: list[Row], stored: Rows, living: set[str]) -> Iterator[Row]:
    """Leave out what may stay of issues that are gone: children only as far as the ledger still vouches for them."""
    if table.name == "issues":
        yield from (row for row in rows if row["id"] in living)
    elif table.name in ISSUE_CHILDREN:
        counts = Counter(row["issue_id"] for row in rows)
        vouched = {
            row["issue_id"]: row["row_count"]
            for row in stored.get("issue_sync", [])
            if row["child"] == table.name
        }
        # of an issue that is there still, and to be read again, the ledger may say nothing
        held = {row["id"] for row in stored.get("issues", [])}
        for row in rows:
            issue = row["issue_id"]
            most = vouched.get(issue, counts[issue] if issue in held else 0)
            if issue in living or counts[issue] > most:
                yield row
    else:
        yield from rows


def _parents(ledger: str, truth: Rows, names: list[str]) -> dict[str, dict[str, Row]]:
    """Return by child and id what should have been asked for."""
    return {child: _asked_for(child, truth) for child in BY_PARENT[ledger] if child in names}


def _asked_for(child: str, truth: Rows) -> dict[str, Row]:
    if child == "milestones":
        mentioned = {(row.get("milestone") or {}).get("id") for row in truth["tasks"]} - {None}
        return {id_: {} for id_ in mentioned | {row["id"] for row in truth["milestones"]}}
    parents = {row["id"]: row for row in truth[HANGING[child].read.of]}
    if child == "issue_voice_calls":
        return {id_: row for id_, row in parents.items() if row.get("source") == "phone"}
    return parents


def _gone(rows: list[Row], living: set[str]) -> set[str]:
    return {row["issue_id"] for row in rows if "issue_id" in row} - living


def _ledger(
    table: Table, truth: Rows, stored: Rows, parents: dict[str, dict[str, Row]], forgiven: set[str]
) -> Iterator[Difference]:
    """The ledger holds one row for each parent and child, which tells how many rows there are and is not ahead."""
    wanted = {(parent, child): 0 for child, rows in parents.items() for parent in rows}
    for child in parents:
        for row in truth[child]:
            wanted[row[HANGING[child].read.asked_by], child] += 1
    rows = [row for row in stored[table.name] if row["child"] in parents]
    rows = [row for row in rows if row[table.key[0]] not in forgiven]
    times = Counter(_key(table, row) for row in rows)
    for key, count in times.items():
        if count > 1 or key not in wanted:
            expected = "one row" if key in wanted else "no row"
            yield Difference(table.name, _named(key), "-", expected, f"{count} rows")
    for key in wanted.keys() - times.keys():
        yield Difference(table.name, _named(key), "-", "a row", "none")
    for row in rows:
        if (key := _key(table, row)) in wanted:
            yield from _ledger_row(table, row, parents[row["child"]][key[0]], wanted[key])


def _ledger_row(table: Table, row: Row, parent: Row, count: int) -> Iterator[Difference]:
    key = _named(_key(table, row))
    if row["row_count"] != count:
        yield Difference(table.name, key, "row_count", count, row["row_count"])
    stamps = [(f"{table.key[0].removesuffix('_id')}_updated_at", "updated_at")]
    if "latest_message_time" in table.column_names:
        stamps.append(("latest_message_time", "latest_message_time"))
    for mine, its in stamps:
        known, real = row[mine], _timestamp(parent.get(its))[0]
        if known is not None and (real is None or known > real):
            yield Difference(table.name, key, mine, f"at most {real}", known)


def assert_ledger_settled(rows: Rows | Reader) -> None:
    """Check that nothing is due: the ledger's times are those of the issues in the copy, and its loads complete."""
    stored = rows() if callable(rows) else rows
    complete = {row["load_id"] for row in stored["_dlt_loads"] if row["status"] == 0}
    issues = {row["id"]: row for row in stored["issues"]}
    for row in stored["issue_sync"]:
        assert row["load_id"] in complete, f"{row['issue_id']} {row['child']}: its load is not complete"
        issue = issues[row["issue_id"]]
        assert issue["updated_at"] is None or row["issue_updated_at"] >= issue["updated_at"], (row, issue)


def _key(table: Table, row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in table.key)


def _named(key: tuple[Any, ...]) -> str:
    return "/".join(str(part) for part in key)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 160 else f"{text[:157]}…"


# -- what a value should become ------------------------------------------------------------------------------------


def _follow(source: Row, column: Column) -> Any:
    value: Any = source
    for name in column.path or (column.name,):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _without_nul(value: Any) -> Any:
    """No database stores NUL in text: U+FFFD stands in its place."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(item) for name, item in value.items()}
    return value


def _timestamp(value: Any) -> tuple[datetime | None, bool]:
    if value is None:
        return None, True
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None, False
    day, clock, fraction, zone = match.groups()
    micro = int((fraction or "").ljust(6, "0")[:6])
    offset = "+00:00" if zone == "Z" else zone
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{offset}")
        return moment.astimezone(UTC) + timedelta(microseconds=micro), True
    except (ValueError, OverflowError):
        return None, False


def _bigint(value: Any) -> tuple[int | None, bool]:
    fits = type(value) is int and -(2**63) <= value < 2**63
    return (value if fits else None), fits or value is None


def _double(value: Any) -> tuple[float | None, bool]:
    fits = type(value) in (int, float) and float(value) == value
    return (float(value) if fits else None), fits or value is None


def _text(value: Any) -> tuple[str | None, bool]:
    return (value if isinstance(value, str) else None), value is None or isinstance(value, str)


def _bool(value: Any) -> tuple[bool | None, bool]:
    return (value if isinstance(value, bool) else None), value is None or isinstance(value, bool)


def _json(value: Any) -> tuple[Any, bool]:
    return value, True


def _urls(value: Any) -> tuple[Any, bool]:
    return _unsigned(value), True


def _unsigned(value: Any) -> Any:
    """Take away the signatures that are in these tests; what else stands in a query tells one file from another."""
    if isinstance(value, list):
        return [_unsigned(item) for item in value]
    if isinstance(value, dict):
        return {
            name: _unsigned(item)
            if name[-4:] == "_url" or name == "url" or not isinstance(item, str)
            else item
            for name, item in value.items()
        }
    return re.sub(r"\?signature=[^&]*&expires=\d+$", "", value) if isinstance(value, str) else value


_FIT: dict[str, Callable[[Any], tuple[Any, bool]]] = {
    "text": _text,
    "timestamp": _timestamp,
    "bigint": _bigint,
    "double": _double,
    "bool": _bool,
    "json": _json,
    "urls": _urls,
}
