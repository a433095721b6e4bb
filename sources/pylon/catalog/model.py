"""The vocabulary of the catalogue: what a column, an endpoint and a table are. Plain data, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["text", "timestamp", "bigint", "double", "bool", "json", "urls"]
"""``urls`` is a list of signed URLs, or of objects with fields called ``…_url``: JSON without the URLs' query strings,
which change on every read."""

Tier = Literal["low", "medium", "high"]
"""How often an endpoint may be asked; see ``RATE_LIMITS``."""

Scope = Literal["row", "parent", "whole", "version"]
"""What one read replaces: the rows that it brought, all rows of one parent, or the whole table; ``version``: nothing,
but a tombstone still removes all rows of a parent."""

Kind = Literal["issues", "child", "directory", "incremental", "nested", "ledger", "history", "deletions"]
"""Who fills a table.

``issues``: the issue lanes. ``child``: once for each issue that moved. ``directory``: read whole at an interval.
``incremental``: what changed since the last run, by a time filter. ``nested``: once for each parent, other than an
issue, that moved. ``ledger``, ``history`` and ``deletions``: the connector itself.
"""

RATE_LIMITS: dict[Tier, int] = {"low": 10, "medium": 20, "high": 60}
"""Requests a minute by tier as documented in July 2026; later limits are higher, so learning starts here."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, and where its value comes from."""

    name: str
    type: ColumnType
    description: str
    path: tuple[str, ...] = ()
    """Where the value stands in the API's object; ``()`` means the field called ``name``."""
    given: bool = False
    """Filled by the reader and never from the object, even where the object has a field of that name."""

    @property
    def source(self) -> tuple[str, ...]:
        """The full path of the value in the API's object."""
        return self.path or (self.name,)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One way of asking the API, with its limits. The name is also that of its lane and its pacer."""

    name: str
    method: Literal["GET", "POST"]
    path: str
    """A placeholder has the name of the column that holds its value: ``{issue_id}``."""
    tier: Tier
    paged: bool
    """The answer may carry ``pagination``: follow the cursor if one comes."""
    page_size: int | None = None
    """Sent as ``limit`` unless the user sets another; ``None``: no ``limit`` is sent."""
    max_page_size: int | None = None
    """The largest ``limit`` that the API takes; ``None``: it takes none, or none is known."""
    query: tuple[str, ...] = ()
    """Query parameters that a request must carry besides ``cursor`` and ``limit``."""
    fixed: tuple[tuple[str, str], ...] = ()
    """Query parameters that every request carries with the same value."""
    single: bool = False
    """The answer is one object instead of a list."""
    note: str = ""
    """Where these facts come from, and what is known to differ."""

    @property
    def label(self) -> str:
        """The endpoint as users see it: ``GET /issues/{issue_id}/messages``."""
        return f"{self.method} {self.path}".strip()


@dataclass(frozen=True, slots=True)
class Feed:
    """How a table is asked for what lies in a stretch of time."""

    endpoint: Endpoint
    changed: str
    """The column by which changes are found."""
    created: str
    """The column along which the first load goes back."""
    bounds: tuple[str, str] | None = None
    """The query parameters of a stretch; ``None``: it is a filter in the body of a search."""
    lookback_seconds: float = 0.0
    """How far back each run asks again where rows come later than their time; the user's lookback if that is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table: its columns, its key, the endpoint that fills it and what one read of it replaces."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    endpoint: Endpoint
    """``UNREAD`` for a table that the connector writes itself."""
    scope: Scope
    kind: Kind
    parent: str | None = None
    """The column with the parent's id, and the path placeholder or query parameter of the same name."""
    parent_table: str | None = None
    """The table whose ``id`` gives the parents to ask for."""
    parents: tuple[str, ...] = ()
    """The parents to ask for where they are a fixed list instead of a table."""
    parents_setting: str | None = None
    """The setting that lists the parents to ask for."""
    refer: tuple[str, ...] = ("id",)
    """Where the parent's row holds the id to ask for; another place than ``id`` where the parent only mentions it."""
    only: tuple[str, str] | None = None
    """A column of the parent and the value that it has wherever there is anything to read."""
    witness: Endpoint | None = None
    """Asked for a parent whose rows are refused: only where it is gone too are they given up."""
    moves: tuple[tuple[str, str], ...] = ()
    """Columns of the parent that tell of a change, each with the ledger's column that holds what was known."""
    ledger: str | None = None
    """The table that tells when each parent was last read."""
    watches: str = ""
    """The table whose changes a history records."""
    subject: tuple[tuple[str, str], ...] = ()
    """Columns of a history that tell what it is about, each with the watched table's column."""
    rows_at: str | None = None
    """The field of the answer's object that holds the rows."""
    feed: Feed | None = None
    """How an incremental table is asked for changes; ``endpoint`` lists it whole."""
    append_only: bool = False
    """Nothing in it is edited or deleted, so that it is never listed whole."""
    off: str = ""
    """Why it is not read until selected; ``""``: it is read."""
    refresh_hours: float | None = None
    """How often a table is read whole unless the user sets another interval; of a nested one, each parent."""
    sort: str = "_synced_at"
    """Of several rows with one key in one load, the one with the highest value here is kept."""

    @property
    def mentions(self) -> bool:
        """Whether it keeps only some fields of objects that another table holds whole."""
        return self.endpoint is not UNREAD and EXTRA not in self.columns

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)


UNREAD = Endpoint(
    "unread", "GET", "", "low", paged=False, note="Stands in where the connector writes a table itself."
)

SYNCED_AT = Column(
    "_synced_at", "timestamp", "When the row was read from Pylon, in UTC by the server's clock.", given=True
)
EXTRA = Column(
    "_extra", "json", "Fields that have no column and values that did not fit theirs, by name.", given=True
)
TAIL = (SYNCED_AT, EXTRA)
"""The last columns of every table that is read from the API."""
