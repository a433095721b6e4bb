"""Where tables are published: an Iceberg catalogue, and the folder or bucket in which their files are."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from pyiceberg.table import Table
from pyiceberg.utils.config import Config

from ..base import exits
from ..base.redaction import cover_logs, remember
from ..copy import lock
from . import commits, troubles
from .patience import bounded

NAME = "lake"
"""What the catalogue in a folder is called, where a reader asks for a name."""
FILE = "catalog.db"
LOCK = ".publish.lock"
GRACE = timedelta(days=1)
"""How old a file must be that no table knows, before it counts as left behind, where others may be writing."""
_IO = {"py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO"}
_SECRET = (
    *("secret", "token", "password", "credential", "access-key", "account-key", "sas"),
    *("authorization", "api-key", "apikey"),  # of headers that are sent along
)


@dataclass(frozen=True)
class Lake:
    """A catalogue that is open.

    Args:
        catalog: The catalogue.
        namespace: Where in it the tables are.
        told: How users know it; no secrets.
        grace: How old a file must be that no table knows, before it may be removed.
    """

    catalog: Catalog
    namespace: str
    told: str
    grace: timedelta

    def table(self, name: str) -> Table | None:
        """Return a table as it is now; ``None``: there is none."""
        try:
            found = self.catalog.load_table((self.namespace, name))
        except (NoSuchTableError, NoSuchNamespaceError):
            return None
        _hide(found.io.properties)  # among them the keys of the bucket that a catalogue lends
        return found

    def has_moved(self, table: Table) -> bool:
        """Whether somebody else has committed since a table was looked at; files that it knew may be gone by now."""
        now = self.table(table.name()[-1])
        return now is None or now.metadata_location != table.metadata_location


@contextmanager
def opened(to: str, catalog: str, namespace: str) -> Iterator[Lake]:
    """Open the place where tables are published.

    Args:
        to: A folder, which gets a catalogue of its own; with ``catalog``, the warehouse of that one.
        catalog: A catalogue by the name that pyiceberg's configuration gives it; "" for that of the folder.
        namespace: Where in it the tables are.

    Raises:
        Problem: It cannot be used, or another publish is at work in the folder (exit code 75).
    """
    logging.getLogger("pyiceberg").setLevel(logging.ERROR)
    cover_logs("pyiceberg", *(f"pyiceberg.{name}" for name in ("table", "catalog", "io.pyarrow")))
    if catalog:
        with bounded(), _reached(catalog, {"warehouse": to} if to else {}, namespace) as found:
            yield Lake(found, namespace, f"{catalog}.{namespace}", GRACE)
        return
    folder = folder_of(to)
    _make(folder)
    with lock.hold(folder / LOCK):
        places = {"uri": f"sqlite:///{folder / FILE}", "warehouse": folder.as_uri()}
        with load_catalog(NAME, type="sql", **places, **_IO) as found:
            _make_namespace(found, namespace, str(folder))
            yield Lake(found, namespace, f"{namespace} in {folder}", timedelta(0))


def folder_of(to: str) -> Path:
    """Return the folder that a path, or a ``file:`` URI, names.

    Raises:
        Problem: It is the URI of something else.
    """
    parts = urlsplit(to)
    if parts.scheme == "file":
        return Path(unquote(parts.path)).absolute()
    if "://" in to:
        raise exits.Problem(
            f"--to {to}: a bucket has no catalogue in it.",
            "Name one with --catalog, as .pyiceberg.yaml calls it; it may keep its files there.",
            exits.USAGE,
        )
    return Path(to).expanduser().absolute()


def _make(folder: Path) -> None:
    """Make the folder, or make sure that it is one of ours, or empty."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = [one.name for one in folder.iterdir() if one.name not in (FILE, LOCK)]
    except OSError as error:
        raise exits.Problem(
            f"{folder} cannot be used: {error.strerror}.", "Name another folder with --to.", exits.USAGE
        ) from error
    if others and not (folder / FILE).exists():
        raise exits.Problem(
            f"{folder} holds other things, such as {min(others)}.",
            "Name another folder with --to.",
            exits.USAGE,
        )


@contextmanager
def _reached(name: str, given: dict[str, str], namespace: str) -> Iterator[Catalog]:
    try:
        _hide(Config().get_catalog_config(name) or {})  # what it answers may repeat what it was shown
        found = load_catalog(name, **_IO, **given)
        _hide(found.properties)
        is_there = found.namespace_exists(namespace)
    except Exception as error:
        raise troubles.of_opening(name, error) from error
    with found:
        if not is_there:
            _make_namespace(found, namespace, name)
        commits.be_sure(found)
        yield found


def _make_namespace(catalog: Catalog, namespace: str, told: str) -> None:
    try:
        catalog.create_namespace_if_not_exists(namespace)
    except Exception as error:
        raise exits.Problem(
            f"The namespace {namespace} cannot be made in {told}: {troubles.words(error)}",
            "Make it there, or name another with --namespace.",
            exits.CONFIGURATION,
        ) from error


def _hide(properties: Mapping[str, Any]) -> None:
    for key, value in properties.items():
        if isinstance(value, Mapping):
            _hide(value)
        elif isinstance(value, str) and any(mark in key.lower() for mark in _SECRET):
            remember(value)
            remember(value.partition(":")[2])  # a credential is an id, a colon and a secret
