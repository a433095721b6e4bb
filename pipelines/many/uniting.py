"""Makes the union of the tables for analysis of all workspaces: one for each destination that they are copied to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from tempfile import TemporaryDirectory

from ..base import exits
from ..base.causes import explain
from ..copy import destinations, places
from ..copy.places import Place
from . import union_duckdb, union_postgres
from .union import Made

Make = Callable[[Mapping[str, Place], Place], Made]


def unite(found: Sequence[tuple[str, Place]]) -> Iterator[Made | exits.Problem]:
    """Make the unions, and yield each, or why it could not be made; what was there before stays then.

    Args:
        found: The copies, by workspace; one without a destination could not be told.
    """
    plain = destinations.plain_file()
    for destination in dict.fromkeys(place.destination for _, place in found if place.destination):
        here = {name: place for name, place in found if place.destination == destination}
        if (make := _maker(destination, here)) is None:
            continue  # nothing was built there, as each has said
        try:
            yield make(here, places.union_of(destination, plain))
        except Exception as error:  # noqa: BLE001 - explain() knows them all
            yield explain(error)


def _maker(destination: str, here: Mapping[str, Place]) -> Make | None:
    if all(place.file for place in here.values()):
        return union_duckdb.make
    with TemporaryDirectory() as scratch:
        pipeline = destinations.open_pipeline(destination, pipelines_dir=scratch)
        return union_postgres.make if destinations.is_postgres(pipeline) else None
