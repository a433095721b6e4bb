"""Where the copy of one of several workspaces is: in DuckDB a file for each, elsewhere a dataset for each.

A DuckDB file takes one run at a time, so that copies in one file could not be brought up to date side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlt.common.normalizers.naming.snake_case import NamingConvention

from pylon_elt.sources.pylon.copy.naming import catalog_of
from pylon_elt.sources.pylon.copy.neighbours import DLT_STAGING, MARTS, OWN_STAGING
from pylon_elt.sources.pylon.errors import ConfigurationError

from ..base import workspaces
from ..base.workspaces import EVERY, Workspace
from .destinations import DATASET, DEFAULT, FILE


@dataclass(frozen=True, slots=True)
class Place:
    """Where a copy is.

    Args:
        destination: The destination, by dlt's name.
        dataset: The schema, as it was given.
        file: The DuckDB file; ``None`` elsewhere.
    """

    destination: str
    dataset: str
    file: Path | None = None

    @property
    def database(self) -> str:
        """What may be the same for two copies: the file, or the destination."""
        return f"{self.destination} {self.file.resolve()}" if self.file else self.destination

    @property
    def schema(self) -> str:
        """The schema as dlt calls it."""
        return NamingConvention().normalize_identifier(self.dataset)


def file_of(plain: Path, name: str, given: str = "") -> Path:
    """Return the DuckDB file of a workspace: the one it names, else a sibling of the one for all.

    Args:
        plain: The file of a copy of no named workspace, such as ``/data/support.duckdb``.
        name: The workspace; that file becomes ``/data/support_acme.duckdb``.
        given: What the workspace says.
    """
    if given:
        return Path(given).expanduser().absolute()
    first = catalog_of(plain)
    if first.endswith(f"_{name}"):
        return plain  # which has the name already
    return plain.with_name(plain.name.replace(first, f"{first}_{name}", 1))


def place_of(workspace: Workspace, plain: Path | None, destination: str = "", dataset: str = "") -> Place:
    """Return where the copy of a workspace is.

    Args:
        workspace: The workspace.
        plain: The DuckDB file of a copy of no named workspace; ``None``: DuckDB is configured to be no file.
        destination: Where it is instead, "" for where the workspace says.
        dataset: The same for the schema.

    Raises:
        ConfigurationError: A file is named for what is not in a file.
    """
    kind = destination or workspace.destination or DEFAULT
    if workspace.file and kind != DEFAULT and not destination:
        raise ConfigurationError(
            f"file of the workspace {workspace.name} is {workspace.file!r}, but it is copied to {kind}.",
            f"Take the file out of [{workspace.section}], or set dataset there instead.",
        )
    file = None
    if kind == DEFAULT and (plain or workspace.file):
        file = file_of(plain or Path(FILE), workspace.name, workspace.file)
    usual = DATASET if file else f"{DATASET}_{workspace.name}"
    return Place(kind, dataset or workspace.dataset or usual, file)


def union_of(destination: str, plain: Path | None) -> Place:
    """Return where the union of all workspaces is that are copied to a destination."""
    if destination == DEFAULT and plain is not None:
        return Place(destination, DATASET, file_of(plain, EVERY))
    return Place(destination, f"{DATASET}_{EVERY}")


def refuse_shared(workspace: Workspace, place: Place, plain: Path | None) -> None:
    """Make sure that a workspace shares neither its token nor its place with another one.

    Args:
        workspace: The workspace.
        place: Where its copy is.
        plain: As of :func:`place_of`.

    Raises:
        ConfigurationError: It does; the message names both. Nothing was asked.
    """
    for name in workspaces.known():
        if name == workspace.name:
            continue
        token = workspaces.token_of(name).value
        if token and token == workspace.token.value:
            raise ConfigurationError(
                f"The workspaces {workspace.name} and {name} have one token, so that both would be copies of the same.",
                f"Give each its own; api_key stands under [{workspace.section}] and [{workspaces.TOP}.{name}].",
            )
        other = _readable(name, plain)
        if other is not None and (what := _shared(place, other)):
            raise ConfigurationError(
                f"The copies of the workspaces {workspace.name} and {name} would be in one place: {what}.",
                f"Set another dataset or file under [{workspace.section}].",
            )
    union = union_of(place.destination, plain)
    if what := _shared(place, union):
        raise ConfigurationError(
            f"The copy of the workspace {workspace.name} would be where the union of all is made: {what}.",
            f"Set another dataset or file under [{workspace.section}].",
        )


def _readable(name: str, plain: Path | None) -> Place | None:
    """Return the place of another workspace; what is wrong with that is told where it is run itself."""
    try:
        return place_of(workspaces.read(name), plain)
    except ConfigurationError:
        return None


def _shared(one: Place, other: Place) -> str:
    """Return what two copies would share, "" for nothing."""
    if one.database != other.database:
        return ""
    both = f"{one.file or one.destination}, dataset "
    if one.schema == other.schema:
        return both + one.schema
    found = _beside(one.schema, other.schema) or _beside(other.schema, one.schema)
    return both + found if found else ""


def _beside(schema: str, other: str) -> str:
    """Return a schema if it belongs to what is kept beside another one."""
    ends = (DLT_STAGING, OWN_STAGING, *MARTS)
    return f"{schema}, which belongs to {other}" if schema in {f"{other}{end}" for end in ends} else ""


def together(places: Sequence[tuple[str, Place]]) -> Iterator[list[str]]:
    """Yield the names whose copies are in one DuckDB file, which takes one run at a time."""
    files: dict[str, list[str]] = {}
    for name, place in places:
        files.setdefault(place.database if place.file else name, []).append(name)
    yield from files.values()
