"""A large copy out of a small one: its issues, and all that hangs on them, many times over, by SQL in DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb

SHIFT = "INTERVAL (n * 97 % 86400) SECOND"
"""By how much the times of the nth copy of a row are earlier, so that they spread; all of one issue by the same."""
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
SHIFTED = {"issues": ("created_at", "updated_at", "latest_message_time")}
SHIFTED["issue_sync"] = ("issue_updated_at", "latest_message_time")
"""What says whether something is due; the ledger's must be shifted as those of the issues are."""
DUE = "SELECT id FROM pylon.issues WHERE id NOT LIKE 'n%' ORDER BY created_at DESC LIMIT {}"
"""Issues that the server has too."""


def multiply(database: Path, issues: int) -> None:
    """Let a copy hold so many issues, as if as many had been loaded; the ledger's rows bear the same loads.

    Args:
        database: The file, of which nobody else has hold.
        issues: At least as many as the copy holds.
    """
    with duckdb.connect(str(database)) as connection:
        connection.execute("SET preserve_insertion_order = false")  # else it holds all of them in memory
        ((held,),) = connection.execute("SELECT count(*) FROM pylon.issues").fetchall()
        copies = -(-issues // held)
        for first in range(1, copies, AT_ONCE):
            last = min(first + AT_ONCE, copies)
            _add(connection, f"range({first}, {last}) AS number(n) WHERE n * {held} + place <= {issues}")
        connection.execute("CHECKPOINT")


def _add(connection: duckdb.DuckDBPyConnection, which: str) -> None:
    """Add copies of those issues that there were at first."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE more AS SELECT id, n FROM"
        " (SELECT id, row_number() OVER (ORDER BY created_at) AS place FROM pylon.issues WHERE id NOT LIKE 'n%'),"
        f" {which}"
    )
    for table, names in ISSUES.items():
        changed = [f"'n' || md5(concat(t.{name}, '/', n)) AS {name}" for name in names]
        changed += [f"t.{name} - {SHIFT} AS {name}" for name in SHIFTED.get(table, ())]
        own = "id" if table == "issues" else "issue_id"
        connection.execute(
            f"INSERT INTO pylon.{table} BY NAME SELECT t.* REPLACE ({', '.join(changed)})"
            f" FROM pylon.{table} AS t JOIN more ON more.id = t.{own}"
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
