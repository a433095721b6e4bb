"""The pipeline and its destination: the only place that knows what is special about one database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import dlt
import duckdb
from dlt.common.configuration import configspec
from dlt.common.configuration.exceptions import ConfigurationException, ConfigurationValueError
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.destinations import duckdb as dlt_duckdb
from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration, DuckDbCredentials
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient
from dlt.destinations.sql_client import raise_open_connection_error

from pylon_elt.sources.pylon.copy.naming import refuse_ambiguous, refuse_unusable
from pylon_elt.sources.pylon.copy.neighbours import MARTS, OWN_STAGING
from pylon_elt.sources.pylon.copy.tested import DESTINATIONS
from pylon_elt.sources.pylon.copy.writing import refuse_destination
from pylon_elt.sources.pylon.errors import ConfigurationError

from ..base import exits
from ..base.desk import command
from ..base.memory import give_back
from ..base.sql_text import literal
from . import alchemy, duckdb_memory, modes
from .merging import MergingClient
from .resolved import Resolved

if TYPE_CHECKING:
    from dlt.common.destination import DestinationCapabilitiesContext
    from dlt.common.normalizers.naming import NamingConvention
    from dlt.common.schema import Schema
    from dlt.common.schema.typing import TSchemaTables

T = TypeVar("T")

PIPELINE = "pylon"
DATASET = "pylon"
FILE = "support.duckdb"
"""Where the copy is unless a setting says otherwise."""
FORMER_FILE = "pylon.duckdb"
"""Where earlier versions put it."""
STORAGE_VERSION = "v1.0.0"
"""The format of a new DuckDB file, by the oldest DuckDB that opens it."""
_MAKING = Lock()
"""Two threads may be the first to open a file."""
DEFAULT = "duckdb"
KNOWN = tuple(dict.fromkeys(one.named for one in DESTINATIONS.values()))
"""The destinations that are named where another was probably meant; dlt has more."""

STAGING = "staging_dataset_name_layout"
"""The setting of a destination for the name of dlt's staging dataset."""


class _SqlClient(DuckDbSqlClient):
    @raise_open_connection_error
    def open_connection(self) -> duckdb.DuckDBPyConnection:
        """Open the file; make it first where there is none."""
        if not self.credentials.read_only and isinstance(self.credentials, DuckDbCredentials):
            make_file(Path(self.credentials.database))
        return super().open_connection()

    def with_memory(self, ask: Callable[[Self], T]) -> T:
        """Return what ``ask`` finds, which may ask twice: with more memory where DuckDB runs out of our limit."""
        try:
            return ask(self)
        except Exception as error:
            if not (duckdb_memory.is_short(error) and duckdb_memory.is_ours(self.credentials.global_config)):
                raise
            return duckdb_memory.again(lambda: ask(self), error, self.execute_sql)


class _Client(MergingClient):
    def __init__(
        self, schema: Schema, config: DuckDbClientConfiguration, capabilities: DestinationCapabilitiesContext
    ) -> None:
        config.credentials.global_config = duckdb_memory.limited(config.credentials.global_config or {})
        super().__init__(schema, config, capabilities)
        plain = self.sql_client
        self.sql_client = _SqlClient(
            plain.dataset_name, plain.staging_dataset_name, config.credentials, capabilities
        )

    def update_stored_schema(self, *tables: Any, **options: Any) -> TSchemaTables | None:
        """Make room first: what follows is a load, and DuckDB works in this process."""
        if not self.in_staging_dataset_mode:  # which follows at once
            give_back()
        return super().update_stored_schema(*tables, **options)


@configspec(init=False)
class _Configuration(DuckDbClientConfiguration):
    def __str__(self) -> str:
        """Say where the file is, as dlt does after each load; it would import SQLAlchemy for that."""
        return f"duckdb:///{self.credentials.database}"

    def make_default_location(self, default_location_pat: str) -> str:  # noqa: ARG002 - dlt's signature
        """Name the file where nobody has."""
        return FILE

    def make_location(self, configured_location: str, default_location_pat: str) -> str:
        """Take ``~`` as a shell does; what comes from a file or a container never met one."""
        if configured_location and configured_location.startswith("~"):
            try:
                configured_location = str(Path(configured_location).expanduser())
            except RuntimeError as error:
                raise ConfigurationError(
                    f"There is no home folder for the DuckDB file {configured_location}.",
                    "Write out its path.",
                ) from error
        return super().make_location(configured_location, default_location_pat)


class DuckDb(dlt_duckdb):
    """dlt's DuckDB destination, in a file that older DuckDBs open, and with each merge in one transaction."""

    spec = _Configuration
    instead: ClassVar[Path | None] = None
    """The file of the workspace that this process is about, where it is about one of several."""

    @cached_property
    def _resolved(self) -> Resolved:  # dlt reads the signature of __init__, which has to stay as it is
        return Resolved()

    @cached_property
    def files(self) -> dict[str, Path | None]:
        """The files that are known, by the name of the pipeline."""
        return {}

    def capabilities(
        self, config: DuckDbClientConfiguration | None = None, naming: NamingConvention | None = None
    ) -> DestinationCapabilitiesContext:
        """Say what DuckDB can do: dlt would resolve a configuration first, on which nothing of it depends."""
        return super().capabilities(self.spec() if config is None else config, naming)

    def configuration(
        self, initial_config: DuckDbClientConfiguration, accept_partial: bool = False
    ) -> DuckDbClientConfiguration:
        """Resolve a configuration, once for each."""
        given = initial_config or self.spec()
        resolve = partial(super().configuration, given, accept_partial)
        found = self._resolved.get(given, self.config_params, resolve, partly=accept_partial)
        if self.instead and found.credentials and "credentials" not in self.config_params:
            found.credentials.database = str(self.instead)
        return found

    def _raw_capabilities(self) -> DestinationCapabilitiesContext:
        # dlt 1.31 does not say so, and runs a merge's DELETE and INSERT apart: a kill could come between
        capabilities = super()._raw_capabilities()
        capabilities.supports_transactions = True
        # DuckDB uses all cores for one job: several at once only need their memory at once
        capabilities.loader_parallelism_strategy = "sequential"
        return capabilities

    @property
    def destination_type(self) -> str:
        """Keep dlt's name: settings stand under ``[destination.duckdb]``."""
        return "dlt.destinations.duckdb"

    @property
    def client_class(self) -> type[DuckDbClient]:
        """The client that loads."""
        return _Client


OWN: dict[str, type[Any]] = {DEFAULT: DuckDb, alchemy.NAME: alchemy.Alchemy}
"""Destinations of dlt's that a copy needs otherwise than they are."""


def make_file(file: Path) -> None:
    """Make a DuckDB file in the oldest format that holds a copy, unless it is there: it then keeps its format.

    A DuckDB that makes a file by itself makes it in its own format, which an older one, such as that of most
    tools for looking at data, cannot open.
    """
    with _MAKING:
        if file.exists():
            return
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"ATTACH {literal(str(file))} AS made (STORAGE_VERSION '{STORAGE_VERSION}')")


def open_pipeline(
    destination: str = DEFAULT,
    dataset: str = DATASET,
    *,
    name: str = PIPELINE,
    read_only: bool = False,
    moving: bool = False,
    **options: Any,
) -> dlt.Pipeline:
    """Return the pipeline that fills ``dataset`` at ``destination``; no connection is made yet.

    Args:
        destination: A destination that dlt knows, by name.
        dataset: The schema or dataset to load into; the pipeline has its name as dlt's naming makes it.
        name: What the pipeline is called: the desk that it copies.
        read_only: Open a DuckDB file without changing it; it must be there.
        moving: Do not mind a copy that is still where earlier versions put it.
        options: Further arguments of ``dlt.pipeline``, such as ``pipelines_dir``.

    Raises:
        Problem: dlt knows no such destination, or it cannot replace the rows of a parent, or a DuckDB file may not be
            called as it is.
    """
    target: Any = OWN[destination]() if destination in OWN else destination
    try:
        pipeline: dlt.Pipeline = dlt.pipeline(name, destination=target, dataset_name=dataset, **options)
    except UnknownDestinationModule as error:
        near = get_close_matches(destination, KNOWN, n=1)
        raise exits.Problem(
            f"There is no destination {destination!r}.",
            f"Did you mean {near[0]}?" if near else f"dlt knows {', '.join(KNOWN)}.",
            exits.USAGE,
        ) from error
    _require_replacement(pipeline, destination)
    _name_staging(pipeline)
    _forget_lost_schema(pipeline)  # dlt tells nothing of the destination before
    _normalize_dataset(pipeline)
    _require_file(pipeline, moving=moving)
    if read_only:
        only_read(pipeline)
    return pipeline


def only_read(pipeline: dlt.Pipeline, instead: Path | None = None) -> None:
    """Let a pipeline open a DuckDB file without changing it, its own or another ``instead``; it must be there."""
    if is_duckdb(pipeline):
        pipeline.destination = DuckDb(credentials=_reading(pipeline, instead))  # type: ignore[assignment]
        _name_staging(pipeline)


def _normalize_dataset(pipeline: dlt.Pipeline) -> None:
    """Call the dataset as the destination does: ``Support-Desk`` is ``support_desk`` there, for whoever asks it."""
    with suppress(
        ConfigurationException
    ):  # a server may not be configured yet, which is told where it is reached
        pipeline.dataset_name = pipeline.sql_client().dataset_name or pipeline.dataset_name


def _name_staging(pipeline: dlt.Pipeline) -> None:
    """Give dlt's staging dataset a name that nobody gives to a copy, unless its layout is configured.

    dlt's own layout makes ``pylon_staging`` of ``pylon``, which is just what the copy of a staging workspace is called.
    """
    kind = pipeline.destination
    assert kind is not None  # noqa: S101 - dlt.pipeline has just set it
    places = (f"destination.{kind.destination_name}", "destination")
    own = (f"{pipeline.pipeline_name}.", "")
    configured = [f"{first}{place}.{STAGING}" for first in own for place in places]
    if STAGING in kind.spec.get_resolvable_fields() and all(
        dlt.config.get(name) is None for name in configured
    ):
        kind.config_params.setdefault(STAGING, f"%s{OWN_STAGING}")


def _reading(pipeline: dlt.Pipeline, instead: Path | None) -> DuckDbCredentials:
    """Return the credentials that are configured, made to read only, of another file if one is given."""
    known: Any = pipeline.destination_client().config.credentials
    names = ("extensions", "global_config", "pragmas", "statements", "local_config", "session_timezone")
    file = str(instead) if instead else known.database
    return DuckDbCredentials(file, read_only=True, **{name: getattr(known, name) for name in names})


def _forget_lost_schema(pipeline: dlt.Pipeline) -> None:
    """Let a working folder that was killed while it was being deleted count as one without a schema.

    dlt would not even connect: it asks for the schema first. What is in the folder is settled under the lock.
    """
    if pipeline.default_schema_name and not pipeline.schemas.has_schema(pipeline.default_schema_name):
        pipeline.default_schema_name = None


def _require_replacement(pipeline: dlt.Pipeline, destination: str) -> None:
    """Whether rows can go is a capability; without it, removed messages would stay for ever."""
    assert pipeline.destination is not None  # noqa: S101 - dlt.pipeline has just set it
    try:
        refuse_destination(pipeline.destination.capabilities(), destination)
    except ConfigurationError as error:
        raise exits.Problem(error.message, error.remedy, exits.CONFIGURATION) from error


def _require_file(pipeline: dlt.Pipeline, *, moving: bool) -> None:
    """Make sure that a DuckDB file may be called as it is, and that no copy waits under the name of earlier versions.

    Raises:
        Problem: It is named as a schema in it or as nothing may be, or there is only a copy of an earlier version.
    """
    file = database_file(pipeline) if is_duckdb(pipeline) else None  # a server may not be configured yet
    if file is None:
        return
    former = file.with_name(FORMER_FILE)
    if not moving and file.name == FILE and former.exists() and not file.exists():
        raise exits.Problem(
            f"The copy is in {former}, as earlier versions called it; it is looked for in {file} now.",
            f"Move it with: {command('move')} {former}. To begin anew, move it away, or set another file:"
            f" DESTINATION__DUCKDB__CREDENTIALS={file.with_name('copy.duckdb')}",
            exits.CONFIGURATION,
        )
    try:
        refuse_unusable(file)
        refuse_ambiguous(pipeline)
    except ConfigurationError as error:
        raise exits.Problem(
            error.message,
            f"Set another file, such as DESTINATION__DUCKDB__CREDENTIALS={file.with_name(FILE)}, and move the copy"
            f" there with: {command('move')} {file}",
            exits.CONFIGURATION,
        ) from error


def open_own_pipeline(
    destination: str = DEFAULT, dataset: str = DATASET, *, name: str = PIPELINE
) -> dlt.Pipeline:
    """Return the same pipeline with a working folder that belongs to this one copy.

    Two copies that shared a folder would load what a killed run of the one left behind into the other.

    Raises:
        Problem: As :func:`open_pipeline`.
    """
    with TemporaryDirectory() as scratch:
        pipeline = open_pipeline(destination, dataset, name=name, pipelines_dir=scratch)
        folder = working_folder(pipeline)
        modes.narrow(folder, database_file(pipeline))
    return open_pipeline(destination, dataset, name=name, pipelines_dir=str(folder))


def working_folder(pipeline: dlt.Pipeline) -> Path:
    """Return where the runs of one copy keep their files: below dlt's own folder, named after its place."""
    return _folder(location(pipeline), pipeline.dataset_name, pipeline.pipeline_name)


def folder_of(database: Path, dataset: str) -> Path:
    """Return the same for a copy in a DuckDB file."""
    return _folder(f"{DEFAULT} at {database}", dataset)


def _folder(place: str, dataset: str, name: str = PIPELINE) -> Path:
    digest = sha256(f"{place} {dataset}".encode()).hexdigest()[:8]
    return Path(get_dlt_pipelines_dir()) / f"{name}-{digest}"


def marts(pipeline: dlt.Pipeline, schema: str = "") -> tuple[str, str]:
    """Return where the tables for analysis are, and where what they are made from is.

    Args:
        pipeline: The pipeline of the copy that they are built from.
        schema: Where they are asked for; "" for beside the copy.
    """
    first, second = MARTS
    if schema:
        return schema, f"{schema}{second.removeprefix(first)}"
    return f"{pipeline.dataset_name}{first}", f"{pipeline.dataset_name}{second}"


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


def plain_file() -> Path | None:
    """Return the DuckDB file of a copy of no named workspace; ``None`` where DuckDB is configured to be no file."""
    with TemporaryDirectory() as scratch:
        return database_file(open_pipeline(pipelines_dir=scratch, moving=True, name=PIPELINE))


def database_file(pipeline: dlt.Pipeline) -> Path | None:
    """Return the file of a DuckDB destination; ``None`` for servers and for databases in memory."""
    known = pipeline.destination.files if isinstance(pipeline.destination, DuckDb) else {}
    if pipeline.pipeline_name not in known:
        known[pipeline.pipeline_name] = _database_file(pipeline)
    return known[pipeline.pipeline_name]


def _database_file(pipeline: dlt.Pipeline) -> Path | None:
    with_client = pipeline.sql_client  # reads the configuration, opens nothing
    database = str(getattr(with_client().credentials, "database", "") or "")
    if not is_duckdb(pipeline) or not database or database.startswith((":", "md:")):
        return None
    return Path(database).absolute()


def catalog_file(pipeline: dlt.Pipeline) -> Path | None:
    """Return the file of SQLite or DuckDB that holds a DuckLake's catalog; ``None``: there is none."""
    if not is_ducklake(pipeline):
        return None
    credentials: Any = pipeline.destination_client().config.credentials
    catalog = credentials.catalog
    return Path(catalog.database).absolute() if catalog.drivername in ("sqlite", "duckdb") else None


def is_limited(pipeline: dlt.Pipeline) -> bool:
    """Whether DuckDB has the limit of memory that we give it, and users have set none."""
    if not isinstance(pipeline.destination, DuckDb):
        return False
    credentials: Any = pipeline.destination_client().config.credentials
    return duckdb_memory.is_ours(credentials.global_config)


def is_duckdb(pipeline: dlt.Pipeline) -> bool:
    """Whether the destination is DuckDB, which allows one writer and locks the file."""
    return isinstance(pipeline.destination, dlt_duckdb)


def is_ducklake(pipeline: dlt.Pipeline) -> bool:
    """Whether the destination is a DuckLake."""
    return bool(pipeline.destination and pipeline.destination.destination_type.endswith(".ducklake"))


def is_postgres(pipeline: dlt.Pipeline) -> bool:
    """Whether the destination is Postgres, which has advisory locks."""
    return bool(pipeline.destination and pipeline.destination.destination_type.endswith(".postgres"))
