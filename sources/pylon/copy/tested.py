"""Which destinations copies were made in and compared row for row, and what was done to them there.

What a run refuses, what it recommends, and ``docs/destinations.md`` all follow from this table. That dlt can write to a
database says little: how it binds NULL, spells times or ends a transaction decides whether a copy is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import UntestedDestination

Part = Literal["first load", "nothing to do", "edits", "deletions", "kills", "fresh machine", "two machines"]

PARTS: dict[Part, str] = {
    "first load": "every row and column of the copy is the workspace's",
    "nothing to do": "a second run changes nothing",
    "edits": "edited, moved and emptied things are so in the copy after the next run",
    "deletions": "what is deleted in the workspace leaves the copy",
    "kills": "`kill -9` at each named moment of a load; the next run finishes the copy",
    "fresh machine": "another machine, which has only the database, goes on",
    "two machines": "of two runs at once one leaves with 75, and nothing is doubled",
}
"""What can be done to a copy, after each of which it is compared with the workspace."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One destination.

    Args:
        name: What it is called: by dlt, or by SQLAlchemy where dlt reaches it by that.
        lock: What keeps two runs apart.
        by: Which test does what, by its path; a part that is not named was not tried.
        known: What is known besides.
    """

    name: str
    lock: str
    by: dict[Part, str] = field(default_factory=dict)
    known: str = ""
    before_duckdb: int = 0
    """From which release of DuckDB on dlt does not reach it; 0: it is all the same."""
    by_sqlalchemy: bool = False
    """Whether dlt reaches it by SQLAlchemy, which is then what ``--destination`` names."""

    @property
    def named(self) -> str:
        """What dlt calls it."""
        return "sqlalchemy" if self.by_sqlalchemy else self.name

    @property
    def is_tested(self) -> bool:
        """Whether all was done to it."""
        return self.by.keys() == PARTS.keys()


_LEASE = "a lease in the copy, looked at before each commit"
_TELLS = "tells that a killed run is gone"
_SUITE: dict[Part, str] = {
    "first load": "tests/destinations/test_exact.py",
    "nothing to do": "tests/destinations/test_exact.py",
    "edits": "tests/destinations/test_exact.py",
    "deletions": "tests/destinations/test_exact.py",
    "kills": "tests/destinations/test_kills.py",
    "fresh machine": "tests/destinations/test_kills.py",
    "two machines": "tests/destinations/test_two_machines.py",
}
IN_A_FILE = "ducklake in DuckDB"
_ALIKE = {"mariadb": "mysql"}
"""Names that SQLAlchemy has for one kind of database."""

DESTINATIONS = {
    one.name: one
    for one in (
        Destination(
            "duckdb",
            "a file lock beside the database",
            {
                "first load": "tests/e2e/test_first_load.py",
                "nothing to do": "tests/e2e/test_first_load.py",
                "edits": "tests/e2e/test_changes.py",
                "deletions": "tests/e2e/test_reconcile.py",
                "kills": "tests/crash/test_every_point.py",
                "fresh machine": "tests/crash/test_every_point.py",
                "two machines": "tests/crash/test_two_machines.py",
            },
        ),
        Destination(
            "postgres",
            "an advisory lock, and a row that each transaction of a load locks",
            {
                "first load": "tests/postgres/test_postgres.py",
                "nothing to do": "tests/postgres/test_postgres.py",
                "edits": "tests/postgres/test_postgres.py",
                "deletions": "tests/postgres/test_postgres.py",
                "kills": "tests/postgres/test_kills.py",
                "fresh machine": "tests/postgres/test_kills.py",
                "two machines": "tests/postgres/test_fence.py",
            },
            "PostgreSQL 18 is what tests run, and 15, the oldest that is maintained, what some of them do.",
        ),
        Destination("sqlite", _LEASE, _SUITE, by_sqlalchemy=True),
        Destination(
            "mysql",
            f"{_LEASE}; `GET_LOCK` {_TELLS}",
            _SUITE,
            "MariaDB 10.11 is what tests run; MySQL itself was not run.",
            by_sqlalchemy=True,
        ),
        Destination(
            "bigquery",
            _LEASE,
            known="dlt does not load JSON columns there from the files that are written for it.",
        ),
        Destination("snowflake", _LEASE),
        Destination("redshift", _LEASE),
        Destination("databricks", _LEASE),
        Destination("mssql", _LEASE),
        Destination("motherduck", _LEASE),
        Destination(
            "clickhouse",
            _LEASE,
            known="Its outer joins give '' in place of NULL unless told otherwise, which would count as read.",
        ),
        Destination(
            "ducklake",
            f"a lock file beside a catalog in SQLite; in Postgres {_LEASE}, and an advisory lock that {_TELLS}",
            _SUITE,
            "Its catalog was in SQLite and in Postgres, its files beside either in a folder and in a bucket, for which"
            " moto's server for S3 stood in, also one that refuses the keys or goes away in the middle; with DuckDB"
            " 1.5.5: DuckDB 2.0 had no extension for it.",
            before_duckdb=2,
        ),
        Destination(
            IN_A_FILE,
            "a lock file beside the catalog",
            known="DuckDB opens a file only once at a time, and dlt opens a catalog more often: have it in SQLite or in"
            " Postgres.",
        ),
    )
}
"""All that are known by name; dlt has more."""


def tested() -> list[str]:
    """Return the names of the destinations to which all was done."""
    return [name for name, one in DESTINATIONS.items() if one.is_tested]


def kind(pipeline: Any) -> str:
    """Return what the destination of a pipeline is, whatever the user calls it; of SQLAlchemy's, which database.

    Raises:
        ConfigurationException: That is a matter of its configuration, which is not complete.
    """
    name = str(pipeline.destination.destination_type).rpartition(".")[2]
    if name not in ("sqlalchemy", "ducklake"):
        return name
    credentials = pipeline.destination_client().config.credentials
    if name == "ducklake":
        return IN_A_FILE if credentials.catalog.drivername == "duckdb" else name
    drivername: str = credentials.drivername
    dialect = drivername.partition("+")[0]
    return _ALIKE.get(dialect, dialect)


def untested(pipeline: Any) -> str | None:
    """Return what is to be told of a destination to which not all was done; ``None``: it was."""
    name = kind(pipeline)
    one = DESTINATIONS.get(name)
    if one is None or not one.by:
        told = f"No copy in {name} was ever compared with its workspace: rows could be lost there without a word."
    elif one.before_duckdb and int((version := _duckdb_version()).partition(".")[0]) >= one.before_duckdb:
        return (
            f"dlt does not reach {name} with DuckDB {version}, which is installed; copies were compared with an older"
            f" one: pip install 'duckdb<{one.before_duckdb}'."
        )
    elif one.is_tested:
        return None
    else:
        missing = ", ".join(part for part in PARTS if part not in one.by)
        told = (
            f"Copies in {name} were compared with their workspace, but not after all that can happen to them"
            f" (not tried: {missing})."
        )
    return f"{told} {one.known}" if one and one.known else told


def _duckdb_version() -> str:
    import duckdb

    return duckdb.__version__


def choose() -> str:
    """Return the advice to take one that was tested."""
    *others, last = tested()
    return f"Choose {', '.join(others)} or {last}."


def require_tested(pipeline: Any, *, allowed: bool) -> str | None:
    """Refuse a destination to which not all was done, unless that is allowed.

    Returns:
        What the user is to be told of it; ``None``: all was done to it.

    Raises:
        UntestedDestination: It is one, and not allowed.
    """
    told = untested(pipeline)
    if told and not allowed:
        raise UntestedDestination(told, choose())
    return told
