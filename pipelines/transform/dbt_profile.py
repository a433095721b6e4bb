"""How dbt reaches the copy: a profile made for one command, in a folder that goes away with it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import exits
from ..base.redaction import remember
from ..copy import destinations, ducklake

if TYPE_CHECKING:
    import dlt

PASSWORD = "DBT_ENV_SECRET_PYLON_PASSWORD"  # noqa: S105 - a name, by which dbt knows what to keep out of its logs
THREADS = {"duckdb": 2, "ducklake": 1, "postgres": 4}
"""Models that are built at a time; DuckDB shares one set of cores among them, and each table of a lake is a commit."""
_SECRET = f"{{{{ env_var('{PASSWORD}') }}}}"
_POSTGRES_OPTIONS = ("sslmode", "sslcert", "sslkey", "sslrootcert")


def adapter(pipeline: dlt.Pipeline, destination: str) -> str:
    """Return the kind of a destination, of those in which dbt can build.

    Raises:
        Problem: The command cannot build there.
    """
    if destinations.is_ducklake(pipeline):
        return "ducklake"
    if destinations.is_duckdb(pipeline) and destinations.database_file(pipeline) is not None:
        return "duckdb"
    if destinations.is_postgres(pipeline):
        return "postgres"
    raise exits.Problem(
        f"pylon transform builds in DuckDB, DuckLake and Postgres, not in {destination}.",
        "Name the folder analytics/ as a local package in a dbt project of your own; its README says how.",
        exits.USAGE,
    )


@contextmanager
def written(pipeline: dlt.Pipeline, folder: Path, schema: str, kind: str) -> Iterator[None]:
    """Write ``profiles.yml`` into a folder. The password is never in it: dbt takes it from the environment."""
    target, password = {"duckdb": _duckdb, "ducklake": _ducklake, "postgres": _postgres}[kind](pipeline)
    target |= {"schema": schema, "threads": THREADS[kind]}
    profile = {"pylon": {"target": "copy", "outputs": {"copy": target}}}
    file = folder / "profiles.yml"
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(json.dumps(profile), encoding="utf-8")  # which is YAML too
    before = os.environ.get(PASSWORD)
    os.environ[PASSWORD] = password
    remember(password)
    try:
        with _reaching_files(pipeline) if kind == "ducklake" else nullcontext():
            yield
    finally:
        os.environ.pop(PASSWORD)
        if before is not None:
            os.environ[PASSWORD] = before


def _reaching_files(pipeline: dlt.Pipeline) -> AbstractContextManager[None]:
    from . import dbt_secrets  # which imports dbt

    return dbt_secrets.given(ducklake.lake_of(pipeline).secrets)


def _duckdb(pipeline: dlt.Pipeline) -> tuple[dict[str, Any], str]:
    file = destinations.database_file(pipeline)
    return {"type": "duckdb", "path": str(file), "settings": {"TimeZone": "UTC"}}, ""


def _ducklake(pipeline: dlt.Pipeline) -> tuple[dict[str, Any], str]:
    lake = ducklake.lake_of(pipeline)
    attached = {
        "path": _SECRET if lake.is_secret else lake.path,
        "alias": lake.name,
        "is_ducklake": True,
        # where it keeps small tables in its catalog, DuckLake has no column row_id but its own
        "options": lake.options | {"DATA_INLINING_ROW_LIMIT": 0},
    }
    target = {
        "type": "duckdb",
        "path": ":memory:",
        "database": lake.name,
        "attach": [attached],
        "config_options": lake.config,
        "plugins": [{"module": f"{__package__}.dbt_secrets"}],
        "settings": {"TimeZone": "UTC"},
    }
    return target, lake.path if lake.is_secret else ""


def _postgres(pipeline: dlt.Pipeline) -> tuple[dict[str, Any], str]:
    known: Any = pipeline.destination_client().config.credentials
    query = known.get_query()
    target = {
        "type": "postgres",
        "host": query.get("host") or known.host,
        "port": known.port,
        "user": known.username or "",
        "password": _SECRET,
        "dbname": known.database,
        "connect_timeout": known.connect_timeout,
    }
    return target | {name: query[name] for name in _POSTGRES_OPTIONS if name in query}, known.password or ""
