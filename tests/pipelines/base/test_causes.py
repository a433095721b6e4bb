"""Exceptions of libraries, and the screens they become."""

from __future__ import annotations

import errno

import duckdb
import pytest

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.base.causes import chain, explain
from pylon_elt.pipelines.run.failures import SHOWN, problems
from pylon_elt.sources.pylon.errors import (
    ConfigurationError,
    CredentialsError,
    PermissionDenied,
    PylonError,
    Unanswered,
    Unavailable,
)
from pylon_elt.sources.pylon.lanes.report import Failure


def wrapped(error: BaseException) -> Exception:
    """Wrap an exception as dlt does: in attributes, and in what it was raised from."""
    outer = RuntimeError("Pipeline execution failed")
    inner = RuntimeError("Connection failed")
    inner.inner_exc = error  # type: ignore[attr-defined]
    outer.exception = inner  # type: ignore[attr-defined]
    return outer


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (exits.Problem("x", code=exits.DATA_CHECK), exits.DATA_CHECK),
        (ConfigurationError("x"), exits.CONFIGURATION),
        (CredentialsError("x"), exits.CONFIGURATION),
        (Unavailable("GET /x", "is away", ""), exits.UNAVAILABLE),
        (OSError(errno.ENOSPC, "No space left on device", "/data/x"), exits.FAILED),
        (OSError(errno.EACCES, "Permission denied", "/data/x"), exits.CONFIGURATION),
        (OSError(errno.EROFS, "Read-only file system", "/data/x"), exits.CONFIGURATION),
        (OSError(errno.ENAMETOOLONG, "File name too long", "x" * 300), exits.CONFIGURATION),
        (ZeroDivisionError("x"), exits.FAILED),
    ],
)
def test_the_cause_decides_the_code_however_deep_it_lies(error: Exception, code: int) -> None:
    assert explain(error).code == code
    assert explain(wrapped(error)).code == code


def test_files_are_named() -> None:
    assert (
        explain(OSError(errno.ENOSPC, "No space left on device", "/data/x")).what
        == "The disk is full: /data/x cannot be written."
    )
    assert (
        "/data/x cannot be used: permission denied"
        in explain(PermissionError(errno.EACCES, "Permission denied", "/data/x")).what
    )


@pytest.mark.parametrize(
    ("kind", "text", "phrase", "code"),
    [
        (
            "OperationalError",
            'FATAL:  password authentication failed for user "reader"',
            "refuses the login",
            exits.CONFIGURATION,
        ),
        (
            "OperationalError",
            'FATAL:  no pg_hba.conf entry for host "10.0.0.1"',
            "refuses the login",
            exits.CONFIGURATION,
        ),
        (
            "OperationalError",
            'FATAL:  database "nowhere" does not exist',
            "no such database",
            exits.CONFIGURATION,
        ),
        (
            "OperationalError",
            'FATAL:  role "nobody" does not exist',
            "refuses the login",
            exits.CONFIGURATION,
        ),
        (
            "OperationalError",
            "permission denied for database support",
            "does not allow it",
            exits.CONFIGURATION,
        ),
        ("OperationalError", "could not translate host name", "cannot be reached", exits.CONFIGURATION),
        ("OperationalError", "server closed the connection unexpectedly", "broke", exits.FAILED),
        (
            "OperationalError",
            'could not extend file "base/1/2": No space left on device',
            "disk is full",
            exits.FAILED,
        ),
        (
            "ReadOnlySqlTransaction",
            "cannot execute CREATE SCHEMA in a read-only transaction",
            "lets nothing be written",
            exits.CONFIGURATION,
        ),
        ("QueryCanceled", "canceling statement due to statement timeout", "gave up", exits.FAILED),
        ("LockNotAvailable", "canceling statement due to lock timeout", "gave up", exits.FAILED),
        ("ForeignKeyViolation", 'violates foreign key constraint "notes_fkey"', "refuses rows", exits.FAILED),
        ("RaiseException", "no", "refuses rows", exits.FAILED),
        ("StringDataRightTruncation", "value too long for type character varying(8)", "type", exits.FAILED),
        ("UndefinedFunction", "operator does not exist: text > timestamp", "another type", exits.FAILED),
        (
            "InsufficientPrivilege",
            'new row violates row-level security policy for table "issues"',
            "hides rows",
            exits.CONFIGURATION,
        ),
        ("OperationalError", 'role "loader" is not permitted to log in', "the login", exits.CONFIGURATION),
        ("OperationalError", 'FATAL:  too many connections for role "loader"', "nobody else", exits.FAILED),
    ],
)
def test_what_postgres_says_is_understood(kind: str, text: str, phrase: str, code: int) -> None:
    psycopg2 = pytest.importorskip("psycopg2")
    made = getattr(psycopg2.errors, kind, None) or getattr(psycopg2, kind)
    problem = explain(wrapped(made(text)))
    assert phrase in problem.what
    assert problem.code == code
    assert problem.remedy
    assert "not expected" not in problem.remedy


@pytest.mark.parametrize(
    ("status", "text", "phrase", "code"),
    [
        (
            403,
            "HTTP Error: Unable to connect to URL s3://lake/y.parquet: Forbidden (HTTP code 403)\n\nInvalidAccessKeyId: The key",
            "refuses the DuckLake (HTTP 403, InvalidAccessKeyId: s3://lake/y.parquet).",
            exits.CONFIGURATION,
        ),
        (
            404,
            "HTTP Error: HTTP GET error reading 's3://nowhere/y.parquet?X=hush' in region 'us-east-1' (HTTP 404 Not Found)",
            "is not there (HTTP 404: s3://nowhere/y.parquet).",
            exits.CONFIGURATION,
        ),
        (
            301,
            "HTTP Error: HTTP GET error reading 's3://lake/x.parquet' in region 'us-east-1' (HTTP 301 Moved Permanently)",
            "does not take what DuckDB asks (HTTP 301: s3://lake/x.parquet).",
            exits.CONFIGURATION,
        ),
        (
            503,
            "HTTP Error: Request returned HTTP 503 for HTTP PUT to 'http://me:hush@127.0.0.1:9/lake/y.parquet'",
            "fails (HTTP 503: http://127.0.0.1:9/lake/y.parquet).",
            exits.FAILED,
        ),
        (
            None,
            "IO Error: Could not resolve hostname error for HTTP HEAD to 'http://nohost.invalid/lake/y.parquet'",
            "cannot be reached: could not resolve hostname at http://nohost.invalid/lake/y.parquet.",
            exits.CONFIGURATION,
        ),
        (
            None,
            'Invalid Input Error: DATA_PATH parameter "s3://b/" does not match existing data path in the catalog "s3://a/".',
            "has its files in s3://a/, and bucket_url is s3://b/.",
            exits.CONFIGURATION,
        ),
        (
            None,
            "An error occurred while trying to automatically install the required extension 'ducklake':\nFailed",
            "could not fetch its extension ducklake.",
            exits.CONFIGURATION,
        ),
    ],
)
def test_what_duckdb_says_of_the_files_of_a_lake_is_understood(
    status: int | None, text: str, phrase: str, code: int
) -> None:
    error = duckdb.HTTPException(text) if status else duckdb.IOException(text)
    if status:
        error.status_code = status  # type: ignore[union-attr]
    problem = explain(wrapped(error))
    assert problem.what.endswith(phrase)
    assert "hush" not in problem.what
    assert problem.code == code
    assert problem.remedy


def test_a_chain_that_bites_its_tail_ends() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert [str(error) for error in chain(one)] == ["one", "two"]


def test_what_nobody_expected_names_itself_and_says_how_to_see_more() -> None:
    problem = explain(wrapped(ZeroDivisionError("first line\nsecond line")))
    assert problem.what == "ZeroDivisionError: first line"
    assert "--debug" in problem.remedy


# -- lanes that fail -----------------------------------------------------------------------------------------------


def unreachable(label: str) -> Failure:
    return Failure(label, Unanswered(f"GET /{label}", "the host is away, 6 times"))


def test_many_lanes_that_fail_for_one_reason_are_one_problem() -> None:
    (problem,) = problems([unreachable("teams"), unreachable("tags"), unreachable("users")])
    assert problem.what == "GET /teams and 2 other endpoints could not be read: the host is away, 6 times."
    (alone,) = problems([unreachable("teams")])
    assert alone.what == "GET /teams could not be read: the host is away, 6 times."


def test_a_permission_names_the_table_to_leave_out() -> None:
    denied = PermissionDenied("GET /x", "permission_denied")
    told = [
        problem.remedy for problem in problems([Failure("issue_threads", denied), Failure("history", denied)])
    ]
    assert told == [
        f"Give the token's owner the permission, or leave the table out with --exclude {name}."
        for name in ("issue_threads", "issues")
    ]


def test_problems_beyond_one_screen_are_counted() -> None:
    failures = [Failure(f"lane{number}", PylonError(f"problem {number}")) for number in range(SHOWN + 4)]
    told = problems(failures)
    assert len(told) == SHOWN + 1
    assert told[-1].what == "4 more problems like these."
