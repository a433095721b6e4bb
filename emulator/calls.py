"""One request as the handlers see it, and the paging that they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from .paging import Key, Place, check_limit, decode, digest, encode, read_limit
from .records import JSON
from .replies import Page, bad_request
from .search import Searcher, cut
from .settings import Settings
from .tables import UNSAID, Placed
from .world import World


@dataclass
class Call:
    """A request that was let in."""

    world: World
    settings: Settings
    searcher: Searcher
    endpoint: str
    id: str
    """The id, or what else the path names first."""
    query: dict[str, str]
    body: JSON = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    """All that the path names."""
    step_back: int = 0
    """How many rows of the page before are to come again (a fault)."""

    @property
    def cursor(self) -> str:
        """The cursor of the request; empty if there is none."""
        found: Any = self.body.get("cursor") if self.endpoint.startswith("POST") else self.query.get("cursor")
        return found or ""

    def place(self, query: str) -> Place | None:
        """Return where the requested page starts; None for the first page."""
        return decode(self.cursor, query) if self.cursor else None

    def next(self, query: str, offset: int, key: Key) -> str:
        """Return the cursor of the page after `offset` rows, the last of which has `key`."""
        return encode(offset if self.settings.cursor_kind == "offset" else key, query)


Handler = Callable[[Call], Page]


def whole(rows: Sequence[JSON]) -> Page:
    """Return an unpaged list."""
    return Page([orjson.dumps(row) for row in rows])


def paged(call: Call, rows: Sequence[tuple[Key, JSON]], limit: int, *scope: str) -> Page:
    """Return the requested page of `rows`, which are in ascending order of their keys."""
    query = digest(call.endpoint, call.params, *scope)
    place = call.place(query)
    if place is None:
        start = 0
    elif isinstance(place, int):
        start = place
    else:
        start = next((index for index, (key, _) in enumerate(rows) if key > place), len(rows))
    start = max(0, start - (call.step_back if place is not None else 0))
    page = rows[start : start + limit]
    data = [orjson.dumps(row) for _, row in page]
    end = start + len(page)
    more = call.next(query, end, page[-1][0]) if page and end < len(rows) else None
    return Page(data, more, paged=True, query=query)


def limit_of(call: Call, high: int, default: int) -> int:
    """Return the `limit` of the query string, from 1 to `high`."""
    return read_limit(call.query, 1, high, default)


def body_limit_of(call: Call, high: int, default: int) -> int:
    """Return the `limit` of the body, from 1 to `high`."""
    limit = call.body.get("limit")
    if limit is None:
        return default
    if not isinstance(limit, int) or isinstance(limit, bool):
        raise bad_request("limit must be an integer")
    return check_limit(limit, 1, high)


def newest_first(call: Call, rows: Sequence[tuple[Key, JSON]], limit: int, *scope: Any) -> Page:
    """Return the requested page of `rows`, which are in descending order of their keys."""
    query = digest(call.endpoint, call.params, *scope)
    place = call.place(query)
    objects = dict(rows)
    keys, end = cut(list(objects), place, limit, call.step_back if place is not None else 0)
    more = call.next(query, end, keys[-1]) if keys and end < len(rows) else None
    return Page([orjson.dumps(objects[key]) for key in keys], more, paged=True, query=query)


def shown(collection: str, placed: Placed) -> JSON:
    """Return a row as the API shows it: without the parent, which is in the path."""
    hidden = UNSAID.get(collection)
    if hidden is None:
        return placed.row
    return {name: value for name, value in placed.row.items() if name != hidden}
