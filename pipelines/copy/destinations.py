"""The pipeline and its destination: the only place that knows what is special about one database."""

from __future__ import annotations

from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import dlt
from dlt.common.configuration.exceptions import ConfigurationValueError
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.destinations import duckdb
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

from ..base import exits
from ..base.memory import give_back

if TYPE_CHECKING:
    from dlt.common.destination import DestinationCapabilitiesContext
    from dlt.common.schema import Schema
    from dlt.common.schema.typing import TSchemaTables
    from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration

PIPELINE = "pylon"
DATASET = "pylon"
DEFAULT = "duckdb"
KNOWN = (
    "duckdb",
    "postgres",
    "snowflake",
    "bigquery",
    "redshift",
    "databricks",
    "mssql",
    "motherduck",
    "clickhouse",
)
"""The destinations that are named where another was probably meant; dlt has more."""

DUCKDB_CONFIG = {"memory_limit": "128MB"}
"""DuckDB would keep the file in up to 80 % of the machine's memory; beyond this limit it works on disk. Users'
own ``global_config`` goes before it."""


class _QualifiedSqlClient(DuckDbSqlClient):
    """Names tables with their catalog: in ``pylon.duckdb``, ``pylon.issues`` could mean file or schema."""

    def catalog_name(self, quote: bool = True, casefold: bool = True) -> str | None:  # noqa: ARG002 - dlt's signature
        database = str(getattr(self.credentials, "database", "") or "")
        if not database or database.startswith((":", "md:")):
            return None
        name = Path(database).stem
        return self.capabilities.escape_identifier(name) if quote else name

    def warn_if_catalog_equals_dataset_name(self) -> None:
        """Say nothing: qualified names cannot be mistaken."""


class _QualifiedClient(DuckDbClient):
    def __init__(
        self, schema: Schema, config: DuckDbClientConfiguration, capabilities: DestinationCapabilitiesContext
    ) -> None:
        config.credentials.global_config = {**DUCKDB_CONFIG, **(config.credentials.global_config or {})}
        super().__init__(schema, config, capabilities)
        plain = self.sql_client
        self.sql_client = _QualifiedSqlClient(
            plain.dataset_name, plain.staging_dataset_name, config.credentials, capabilities
        )

    def update_stored_schema(self, *tables: Any, **options: Any) -> TSchemaTables | None:
        """Make room first: what follows is a load, and DuckDB works in this process."""
        give_back()
        return super().update_stored_schema(*tables, **options)


class QualifiedDuckDb(duckdb):
    """dlt's DuckDB destination, with tables named in full and each merge in one transaction."""

    def _raw_capabilities(self) -> DestinationCapabilitiesContext:
        # dlt 1.31 does not say so, and runs a merge's DELETE and INSERT apart: a kill could come between
        capabilities = super()._raw_capabilities()
        capabilities.supports_transactions = True
        # DuckDB uses all cores for one job: several at once only need their memory at once
        capabilities.loader_parallelism_strategy = "sequential"
        return capabilities

    @property
    def destination_type(self) -> str:
        """Keep dlt's name: settings stand under ``[destination.duckdb]``, and the file is ``pylon.duckdb``."""
        return "dlt.destinations.duckdb"

    @property
    def client_class(self) -> type[DuckDbClient]:
        """The client that loads."""
        return _QualifiedClient


def open_pipeline(
    destination: str = DEFAULT, dataset: str = DATASET, *, read_only: bool = False, **options: Any
) -> dlt.Pipeline:
    """Return the pipeline that fills ``dataset`` at ``destination``; no connection is made yet.

    Args:
        destination: A destination that dlt knows, by name.
        dataset: The schema or dataset to load into.
        read_only: Open a DuckDB file without changing it; it must be there.
        options: Further arguments of ``dlt.pipeline``, such as ``pipelines_dir``.

    Raises:
        Problem: dlt knows no such destination, or it cannot replace the rows of a parent.
    """
    target: Any = QualifiedDuckDb() if destination == DEFAULT else destination
    try:
        pipeline: dlt.Pipeline = dlt.pipeline(PIPELINE, destination=target, dataset_name=dataset, **options)
    except UnknownDestinationModule as error:
        near = get_close_matches(destination, KNOWN, n=1)
        raise exits.Problem(
            f"There is no destination {destination!r}.",
            f"Did you mean {near[0]}?" if near else f"dlt knows {', '.join(KNOWN)}.",
            exits.USAGE,
        ) from error
    _require_replacement(pipeline, destination)
    _forget_lost_schema(pipeline)
    if read_only and is_duckdb(pipeline):
        pipeline.destination = QualifiedDuckDb(credentials=_reading(pipeline))  # type: ignore[assignment]
    return pipeline


def _reading(pipeline: dlt.Pipeline) -> DuckDbCredentials:
    """Return the credentials that are configured, made to read only."""
    known: Any = pipeline.destination_client().config.credentials
    names = ("extensions", "global_config", "pragmas", "statements", "local_config", "session_timezone")
    return DuckDbCredentials(known.database, read_only=True, **{name: getattr(known, name) for name in names})


def _forget_lost_schema(pipeline: dlt.Pipeline) -> None:
    """Let a working folder that was killed while it was being deleted count as one without a schema.

    dlt would not even connect: it asks for the schema first. What is in the folder is settled under the lock.
    """
    if pipeline.default_schema_name and not pipeline.schemas.has_schema(pipeline.default_schema_name):
        pipeline.default_schema_name = None


def _require_replacement(pipeline: dlt.Pipeline, destination: str) -> None:
    """Whether rows can go is a capability; without it, removed messages would stay for ever."""
    assert pipeline.destination is not None  # noqa: S101 - dlt.pipeline has just set it
    strategies = pipeline.destination.capabilities().supported_merge_strategies or []
    if "delete-insert" not in strategies:
        raise exits.Problem(
            f"{destination} cannot replace the rows of an issue: dlt offers no delete-insert merge for it.",
            "Choose a SQL destination, such as duckdb, postgres, snowflake or bigquery.",
            exits.CONFIGURATION,
        )


def open_own_pipeline(destination: str = DEFAULT, dataset: str = DATASET) -> dlt.Pipeline:
    """Return the same pipeline with a working folder that belongs to this one copy.

    Two copies that shared a folder would load what a killed run of the one left behind into the other.

    Raises:
        Problem: As :func:`open_pipeline`.
    """
    with TemporaryDirectory() as scratch:
        folder = working_folder(open_pipeline(destination, dataset, pipelines_dir=scratch))
    return open_pipeline(destination, dataset, pipelines_dir=str(folder))


def working_folder(pipeline: dlt.Pipeline) -> Path:
    """Return where the runs of one copy keep their files: below dlt's own folder, named after its place."""
    place = f"{location(pipeline)} {pipeline.dataset_name}"
    return Path(get_dlt_pipelines_dir()) / f"{PIPELINE}-{sha256(place.encode()).hexdigest()[:8]}"


def location(pipeline: dlt.Pipeline) -> str:
    """Return which database a pipeline fills, as users know it: file, or host, port and name; no secrets."""
    assert pipeline.destination is not None  # noqa: S101 - open_pipeline has set it
    name = pipeline.destination.destination_name
    database = database_file(pipeline)
    if database is not None:
        return f"{name} at {database}"
    try:
        place = pipeline.destination_client().config.data_location()
    except ConfigurationValueError:
        return name
    return f"{name} at {place}" if place else name


def database_file(pipeline: dlt.Pipeline) -> Path | None:
    """Return the file of a DuckDB destination; ``None`` for servers and for databases in memory."""
    with_client = pipeline.sql_client  # reads the configuration, opens nothing
    database = str(getattr(with_client().credentials, "database", "") or "")
    if not is_duckdb(pipeline) or not database or database.startswith((":", "md:")):
        return None
    return Path(database).absolute()


def is_duckdb(pipeline: dlt.Pipeline) -> bool:
    """Whether the destination is DuckDB, which allows one writer and locks the file."""
    return isinstance(pipeline.destination, duckdb)


def is_postgres(pipeline: dlt.Pipeline) -> bool:
    """Whether the destination is Postgres, which has advisory locks."""
    return bool(pipeline.destination and pipeline.destination.destination_type.endswith(".postgres"))
