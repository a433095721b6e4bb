"""A large copy out of a small one: its issues, and all that hangs on them, many times over, by SQL in DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb

MOVED = "make_timestamptz({newest} - ({newest} - epoch_us(t.{name}) + n * {span}) // {copies})"
"""When something of the nth copy happened: the copies follow each other, and all take as long together as one did.

So the rows lie in the file in the order of time, as those do that were read newest to oldest.
"""
AT_ONCE = 20
"""How many times the issues are added with one statement, which bounds what it takes in memory."""
ISSUES = {
    "issues": ("id",),
    "issue_messages": ("id", "issue_id"),
    "issue_threads": ("id", "issue_id"),
    "issue_followers": ("issue_id",),
    "issue_sync": ("issue_id",),
}
"""What is multiplied, and the columns by which its rows are told apart."""
LISTED = "listed.parquet"
FORM = "%Y-%m-%dT%H:%M:%S.%fZ"
TIMES = {"issues": ("created_at", "updated_at", "latest_message_time")}
TIMES["issue_messages"] = ("timestamp",)
TIMES["issue_sync"] = ("issue_updated_at", "latest_message_time")
"""What says whether something is due; the ledger's must be moved as those of the issues are."""
DUE = "SELECT id FROM pylon.issues WHERE id NOT LIKE 'n%' ORDER BY created_at DESC LIMIT {}"
"""Issues that the server has too."""


def multiply(database: Path, issues: int) -> None:
    """Let a copy hold so many issues, as if as many had been loaded; the ledger's rows bear the same loads.

    Args:
        database: The file, of which nobody else has hold.
        issues: At least as many as the copy holds.
    """
    with duckdb.connect(str(database)) as connection:
        ((held,),) = connection.execute("SELECT count(*) FROM pylon.issues").fetchall()
        copies = -(-issues // held)
        ((newest, oldest),) = connection.execute(
            "SELECT epoch_us(max(greatest(created_at, updated_at))), epoch_us(min(created_at)) FROM pylon.issues"
        ).fetchall()
        moved = MOVED.format(newest=newest, span=newest - oldest, copies=copies, name="{name}")
        for first in range(1, copies, AT_ONCE):
            last = min(first + AT_ONCE, copies)
            _add(
                connection, f"range({first}, {last}) AS number(n) WHERE n * {held} + place <= {issues}", moved
            )
        connection.execute("CHECKPOINT")


def _add(connection: duckdb.DuckDBPyConnection, which: str, moved: str) -> None:
    """Add copies of those issues that there were at first."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE more AS SELECT id, n FROM"
        " (SELECT id, row_number() OVER (ORDER BY created_at) AS place FROM pylon.issues WHERE id NOT LIKE 'n%'),"
        f" {which}"
    )
    for table, names in ISSUES.items():
        changed = [f"'n' || md5(concat(t.{name}, '/', n)) AS {name}" for name in names]
        changed += [f"{moved.format(name=name)} AS {name}" for name in TIMES.get(table, ())]
        own = "id" if table == "issues" else "issue_id"
        connection.execute(
            f"INSERT INTO pylon.{table} BY NAME SELECT t.* REPLACE ({', '.join(changed)})"
            f" FROM pylon.{table} AS t JOIN more ON more.id = t.{own} ORDER BY more.n"
        )


def make_due(database: Path, issues: int) -> None:
    """Forget that what hangs on some issues was read."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"DELETE FROM pylon.issue_sync WHERE issue_id IN ({DUE.format(issues)})")


def list_issues(database: Path, listing: Path) -> None:
    """Write down what a complete listing of a copy's issues would show, the newest first, but a second's older times.

    So a comparison has no values to compare, which would be those of a page whatever the size of the copy.
    """
    with duckdb.connect(str(database)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        times = ("created_at AS created_at", "updated_at - INTERVAL 1 SECOND AS updated_at")
        told = [f"strftime({time.replace(' AS ', f', {FORM!r}) AS ')}" for time in times]
        connection.execute(
            f"COPY (SELECT id, {', '.join(told)} FROM pylon.issues AS i ORDER BY i.created_at DESC)"
            f" TO '{listing}' (FORMAT parquet, ROW_GROUP_SIZE 50_000)"
        )
