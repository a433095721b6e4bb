"""Why a command failed, told from the exception: one table for what can go wrong outside of our own code.

Every entry names what happened and where, what to do next, and the exit code. Libraries are recognised by the
names of their exceptions, so that none is imported for it.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import advice, exits
from .bucket_causes import bucket
from .exits import Problem
from .mysql_causes import mysql
from .refusals import chain as chain  # noqa: PLC0414 - who asks for causes walks to them
from .refusals import said

KEPT = "Nothing is lost: what was saved stays, the rest is read by the next run."
_FULL = r"No space left on device|File too large|Disk quota exceeded|could not extend file"


def explain(error: BaseException) -> Problem:
    """Return the problem behind an exception, whatever was wrapped around it."""
    causes = list(chain(error))
    for teller in TELLERS:
        for cause in causes:
            if (problem := teller(cause)) is not None:
                return problem
    last = causes[-1]
    return Problem(
        f"{type(last).__name__}: {said(last, error)}",
        "This was not expected. Run again with --debug for the traceback, and report it. " + KEPT,
        exits.FAILED,
    )


def _ours(error: BaseException) -> Problem | None:
    if isinstance(error, Problem):
        return error
    if isinstance(error, Exception) and isinstance(error, exits.Told):
        return Problem(error.message, advice.remedy(error), exits.of(error))
    return None


def _disk(error: BaseException) -> Problem | None:
    text = str(error)
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
    if full or re.search(_FULL, text):
        file = re.search(rf'"([^"]+)": (?:{_FULL})', text)
        where = getattr(error, "filename", None) or (file and file[1])
        return Problem(
            f"The disk is full{f': {where} cannot be written' if where else ''}.",
            f"Make room and run again. {KEPT}",
            exits.FAILED,
        )
    return None


def _memory(error: BaseException) -> Problem | None:
    if type(error).__name__ == "OutOfMemoryException":
        return Problem(
            f"DuckDB ran out of memory: {said(error)}",
            'Let it have more, such as DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG=\'{"memory_limit": "1GB"}\','
            f" and run again. {KEPT}",
            exits.FAILED,
        )
    return None


def _duckdb(error: BaseException) -> Problem | None:
    if "duckdb" not in type(error).__module__:
        return None
    text = str(error)
    return next((tell(text) for pattern, tell in _DUCKDB.items() if re.search(pattern, text)), None)


def _locked(text: str) -> Problem:
    found = re.search(r'lock on file "(.+?)"(?:: Conflicting lock is held in (.+?) \(PID (\d+)\))?', text)
    file, program, process = found.groups() if found else ("", None, None)
    holder = f"{program.rsplit('/', 1)[-1]} (process {process})" if program else "another program"
    return Problem(
        f"{file} is in use by {holder}.",
        "DuckDB lets nobody write while another program has the file open: close it there, and run again."
        f" {KEPT}",
        exits.LOCKED,
    )


def _no_database(text: str) -> Problem:
    return Problem(
        f"{_quoted(text)} is no DuckDB database.",
        "Move it away, or set another file: DESTINATION__DUCKDB__CREDENTIALS=/path/to/support.duckdb",
        exits.CONFIGURATION,
    )


def _other_version(text: str) -> Problem:
    import duckdb

    age, remedy = "an older", "Write it anew with a DuckDB that reads it, or set another file."
    if "newer version" in text:
        age, remedy = "a newer", "Install a newer one: pip install --upgrade duckdb"
    here = f"than {duckdb.__version__}, which is installed here"
    return Problem(f"The database file was written by {age} DuckDB {here}.", remedy, exits.CONFIGURATION)


def _not_allowed(text: str) -> Problem:
    return Problem(
        f"{_quoted(text)} cannot be opened: {text.rsplit(': ', 1)[-1].lower()}.",
        "Check the path, and the rights of the file and of its folder, which must be writable too; or set"
        " another file: DESTINATION__DUCKDB__CREDENTIALS=/path/to/support.duckdb",
        exits.CONFIGURATION,
    )


def _corrupt(text: str) -> Problem:
    return Problem(
        f"The database file is damaged: {text.splitlines()[0]}",
        "Restore it from a backup, or move it away and run again: everything can be read anew.",
        exits.FAILED,
    )


_DUCKDB: dict[str, Callable[[str], Problem]] = {
    r"Could not set lock on file": _locked,
    r"not a valid DuckDB database": _no_database,
    r"storage version number|newer version of DuckDB": _other_version,
    r"Corrupt database": _corrupt,
    r"(Cannot open|Could not read from) (file|database)|read-only|Read-only|Permission denied": _not_allowed,
}


def _postgres(error: BaseException) -> Problem | None:
    if not type(error).__module__.startswith("psycopg2"):
        return None
    text = said(error)
    for pattern, (what, remedy, code) in _POSTGRES.items():
        if re.search(pattern, f"{type(error).__name__} {text}"):
            return Problem(f"{what}: {text}", remedy, code, passing=what == _AWAY)
    return None


_AWAY = "Postgres cannot be reached"
_CREDENTIALS = "Check DESTINATION__POSTGRES__CREDENTIALS, or [destination.postgres] in .dlt/secrets.toml."
_POSTGRES: dict[str, tuple[str, str, int]] = {
    r"authentication failed|no password supplied|pg_hba|role .* does not exist|permitted to log|accepting conn": (
        "Postgres refuses the login", _CREDENTIALS, exits.CONFIGURATION),
    r"database .* does not exist": (
        "Postgres has no such database", f"Create it, or set another. {_CREDENTIALS}", exits.CONFIGURATION),
    r"row-level security": (
        "Postgres hides rows of the copy from its own role",
        "Take FORCE ROW LEVEL SECURITY off the table, or give the role BYPASSRLS.", exits.CONFIGURATION),
    r"InsufficientPrivilege|permission denied": (
        "Postgres does not allow it",
        "Give the role CREATE on the database, or make it owner of the schema and its tables.", exits.CONFIGURATION),
    r"read-only transaction": (
        "Postgres lets nothing be written",
        ("The role or the database has default_transaction_read_only, or the server is a replica: change that, or set"
        f" another. {_CREDENTIALS}"), exits.CONFIGURATION),
    r"QueryCanceled|LockNotAvailable|idle-in-transaction": (
        "Postgres gave up",
        ("Where another program holds locks on the copy's tables, run again once it has ended. Where statement_timeout"
        f" or lock_timeout is too short for the role: ALTER ROLE … SET statement_timeout = 0. {KEPT}"), exits.FAILED),
    r"ConfigurationLimitExceeded": (
        "Postgres lets the role write no more",
        ("Where it is temp_file_limit, let the role have more, or more memory, which needs fewer files, such as"
        f" ALTER ROLE … SET work_mem = '64MB'. {KEPT}"), exits.FAILED),
    r"(ForeignKey|Check|NotNull|Unique|Exclusion)Violation|RaiseException": (
        "Postgres refuses rows",
        ("A constraint or trigger that is not the copy's own stands on one of its tables, or refers to it. Take it away"
        f" (a table of your own can have it), and run again. {KEPT}"), exits.FAILED),
    r"StringDataRightTruncation|NumericValueOutOfRange|DatatypeMismatch|InvalidTextRepresentation|operator does not": (
        "A column in Postgres has another type than the copy's",
        f"Give it back the type that docs/tables.md names, or begin anew with --full-refresh. {KEPT}", exits.FAILED),
    r"too many (connections|clients)|remaining connection slots": (
        "Postgres lets nobody else in",
        f"A run takes some three connections. Let the role have them, or run again later. {KEPT}", exits.FAILED),
    r"refused|translate host name|timeout expired|No route|Network is unreachable|No such file": (
        _AWAY,
        f"Is the server up, and are host and port right? {_CREDENTIALS}", exits.CONFIGURATION),
    r"OperationalError|closed the connection|AdminShutdown|terminating connection": (
        "The connection to Postgres broke", f"Run again. {KEPT}", exits.FAILED),
}  # fmt: skip


def _files(error: BaseException) -> Problem | None:
    """Files and folders of our own, the working folder above all."""
    if isinstance(error, OSError) and error.errno in (
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.ELOOP,
    ):
        return Problem(
            f"{error.filename or 'A file'} cannot be used: {(error.strerror or 'no access').lower()}.",
            "Check its name, and the rights of the file and its folder. DLT_DATA_DIR moves the working folder.",
            exits.CONFIGURATION,
        )
    return None


def _configuration(error: BaseException) -> Problem | None:
    """Tell what dlt says about its configuration, without the values, which may be secrets."""
    if not isinstance(error, Exception) or not type(error).__module__.startswith("dlt."):
        return None
    name = type(error).__name__
    inner = type(getattr(error, "inner_exception", None)).__name__
    tell = _DLT.get(inner) or _DLT.get(name)
    return tell(getattr(error, "inner_exception", error) if inner in _DLT else error) if tell else None


def _missing(error: Any) -> Problem:
    name, fields = _missing_fields(error)
    *sections, key = name.lower().split("__")
    places = (
        f"Set {name.upper()} in the environment, or {key} under [{'.'.join(sections)}] in .dlt/secrets.toml."
    )
    return Problem(
        f"The destination is not configured: {', '.join(fields)} missing.", places, exits.CONFIGURATION
    )


def _missing_fields(error: Any) -> tuple[str, list[str]]:
    """Return the variable to set, and the names of the fields that are missing."""
    for field, traces in error.traces.items():
        for trace in traces:
            inner = getattr(trace, "traces", None)
            if inner is not None and getattr(trace, "resolved_fields_set", None):
                # given in part: name what is missing inside
                return _missing_fields(trace)[0], [f"{field}.{name}" for name in inner]
            if inner is not None:
                return _missing_fields(trace)[0].rpartition("__")[0] or field, [field]
            if "DESTINATION" in trace.key and not trace.key.startswith("PYLON__"):
                return trace.key, [field]
    return "DESTINATION__NAME__CREDENTIALS", list(error.traces)


def _broken_toml(error: Any) -> Problem:
    files = [path for path in error.full_paths if Path(path).exists()]
    place = re.search(r"at line \d+ col \d+|at end of file", str(error))
    return Problem(
        f"{' or '.join(files) or error.file_name} is no valid TOML{f' ({place[0]})' if place else ''}.",
        "Correct it: each value stands as name = value below its [section], text in quotes.",
        exits.CONFIGURATION,
    )


def _bad_value(error: Any) -> Problem:
    field = getattr(error, "field_name", None)
    what = (
        f"The setting {field} has a value of the wrong kind."
        if field
        else f"A setting cannot be used: {said(error)}"
    )
    return Problem(
        what, "Correct it in .dlt/config.toml, .dlt/secrets.toml or the environment.", exits.CONFIGURATION
    )


def _connection_string(error: Any) -> Problem:
    form = re.search(r"`(\S+://\S+)`", str(error))
    return Problem(
        "The destination's credentials are no connection string.",
        f"Write them as {form[1] if form else 'scheme://username:password@host:port/database'},"
        " with % codes for special characters in the password.",
        exits.CONFIGURATION,
    )


def _in_memory(_error: Any) -> Problem:
    return Problem(
        "A DuckDB database in memory would be gone at the end of the run.",
        "Set a file: DESTINATION__DUCKDB__CREDENTIALS=/path/to/support.duckdb",
        exits.CONFIGURATION,
    )


def _driver(error: Any) -> Problem:
    return Problem(
        f"A driver is missing for the {error.caller}.",
        f"Install it with: pip install {' '.join(repr(name) for name in error.dependencies)}",
        exits.CONFIGURATION,
    )


def _no_upgrade(error: Any) -> Problem:
    return Problem(
        f"The copy was written by another version of dlt: {said(error)}",
        "Install at least the version that wrote it.",
        exits.CONFIGURATION,
    )


_DLT: dict[str, Callable[[Any], Problem]] = {
    "ConfigFieldMissingException": _missing,
    "TomlProviderReadException": _broken_toml,
    "InvalidConnectionString": _connection_string,
    "InvalidInMemoryDuckdbCredentials": _in_memory,
    "ConfigValueCannotBeCoercedException": _bad_value,
    "InvalidNativeValue": _bad_value,
    "ConfigurationValueError": _bad_value,
    "MissingDependencyException": _driver,
    "PipelineStateEngineNoUpgradePathException": _no_upgrade,
}


def _connection(error: BaseException) -> Problem | None:
    """Any other destination that cannot be reached, in its own words."""
    if type(error).__name__ != "DestinationConnectionError":
        return None
    inner = getattr(error, "inner_exc", error)
    return Problem(
        f"The destination cannot be reached: {said(inner)}",
        f"Check its credentials and the network, then run again. {KEPT}",
        exits.CONFIGURATION,
        passing=True,
    )


TELLERS: tuple[Callable[[BaseException], Problem | None], ...] = (
    _ours, _disk, _memory, bucket, _duckdb, _postgres, mysql, _configuration, _files, _connection,
)  # fmt: skip
"""In this order: what says most comes first."""


def _quoted(text: str) -> str:
    found = re.search(r'"([^"]+)"', text)
    return found[1] if found else ""
