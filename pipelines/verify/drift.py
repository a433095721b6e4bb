"""``pylon drift``: where Pylon's OpenAPI document says something else than the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pylon_elt.sources.pylon.catalog import (
    ENDPOINTS,
    READ,
    Column,
    Feed,
    FromApi,
    Table,
    is_read,
)
from pylon_elt.sources.pylon.catalog.not_read import NOT_READ

from ..base import exits, screens
from ..base.wording import count
from .openapi import Document, anonymous, read

Kind = Literal["new endpoint", "endpoint gone", "new field", "field gone", "type changed", "not described"]


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that the document says otherwise: ``where`` is an endpoint, or a table with its column."""

    kind: Kind
    where: str
    what: str = ""


def run(file: Path, *, as_json: bool) -> int:
    """Compare the catalogue with a document, and print where they differ.

    Raises:
        Problem: The file is no OpenAPI document.
    """
    found = list(compare(read(file)))
    if as_json:
        screens.event("drift", drift=[asdict(one) for one in found])
    else:
        screens.tell("\n".join(_lines(found)))
    if not found:
        return exits.DONE
    problem = exits.Problem(
        f"The document differs from the catalogue in {count(len(found), 'place')}.",
        "Fields without a column are kept in _extra meanwhile. A line in the catalogue (sources/pylon/catalog/,"
        " endpoints.py) makes them columns and tables.",
        exits.DATA_CHECK,
    )
    screens.show(problem, as_json=as_json)
    return exits.DATA_CHECK


def compare(document: Document, tables: Collection[Table[FromApi]] = READ) -> Iterator[Drift]:
    """Yield where a document and the catalogue differ: endpoints first, then the fields of each table."""
    yield from _endpoints(document)
    for table in tables:
        yield from _table(document, table)


def _endpoints(document: Document) -> Iterator[Drift]:
    known = {anonymous(label) for label in (*(one.label for one in ENDPOINTS.values()), *NOT_READ)}
    for label in document.reads():
        if anonymous(label) not in known:
            yield Drift("new endpoint", label)
    for endpoint in ENDPOINTS.values():
        if document.operation(endpoint) is None:
            yield Drift("endpoint gone", endpoint.label)


def _table(document: Document, table: Table[FromApi]) -> Iterator[Drift]:
    if document.operation(table.read.endpoint) is None:
        return  # told already
    try:
        properties = document.row(table)
    except KeyError:
        yield Drift("not described", table.name, f"the answer of {table.read.endpoint.label}")
        return
    own = {column.source[0] for column in table.columns if len(column.source) == 1}
    for name in () if is_read(table, Feed) and table.read.excerpt_of else properties:
        if name not in own:
            yield Drift(
                "new field", f"{table.name}.{name}", " or ".join(sorted(document.types(properties[name])))
            )
    for column in table.columns:
        if not column.given:
            yield from _column(document, table, column)


def _column(document: Document, table: Table[FromApi], column: Column) -> Iterator[Drift]:
    where = f"{table.name}.{column.name}"
    try:
        types = document.types(document.described(table, column))
    except KeyError:
        yield Drift("field gone", where, ".".join(column.source) if column.path else "")
        return
    if column.type not in types:
        yield Drift("type changed", where, f"{column.type} here, {' or '.join(sorted(types))} there")


def _lines(found: Collection[Drift]) -> Iterator[str]:
    if not found:
        fields = sum(not column.given for table in READ for column in table.columns)
        yield (
            f"No drift: {len(ENDPOINTS)} endpoints and {fields:,} columns of {len(READ)} tables are as the document"
            " says."
        )
    for one in found:
        yield f"  {one.kind:<14} {one.where}{f' ({one.what})' if one.what else ''}"
