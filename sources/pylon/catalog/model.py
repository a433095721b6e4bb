"""The vocabulary of the catalogue: what a column, an endpoint and a table are. Plain data, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeGuard, TypeVar

ColumnType = Literal["text", "timestamp", "bigint", "double", "bool", "json", "urls"]
"""``urls`` is a list of signed URLs, or of objects with fields called ``…_url``: JSON without the URLs' signatures,
which change on every read (``rows/addresses.py``)."""

Tier = Literal["low", "medium", "high"]
"""How often an endpoint may be asked; see ``RATE_LIMITS``."""

Scope = Literal["row", "parent", "version"]
"""What one read replaces: the rows that it brought, or all rows of one parent; ``version``: nothing, but a tombstone
still removes all rows of a parent."""

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


# -- where the parents of a table come from ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """A fixed list; a server may know fewer of them."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Configured:
    """What the user names in a setting."""

    setting: str


@dataclass(frozen=True, slots=True)
class RowsOf:
    """The ids of another table's rows."""

    table: str


@dataclass(frozen=True, slots=True)
class Per:
    """A table that is read parent by parent: the column with the parent's id, and where the ids come from.

    The column has the name of the path placeholder, the query parameter or the search field that names the parent.
    """

    column: str
    parents: Listed | Configured | RowsOf


# -- how a table is read ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Issues:
    """By the issue lanes: changes by ``search``, the backfill by ``endpoint``."""

    endpoint: Endpoint
    search: Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class PerParent:
    """Once for each row of another table, and again when that moved."""

    endpoint: Endpoint
    of: str
    """The table whose rows are the parents."""
    asked_by: str
    """The column and path placeholder with the id that is asked for; ``id``: the row's own, which a parent mentions."""
    ledger: str
    """The table that tells when each parent was last read."""
    refer: tuple[str, ...] = ("id",)
    """Where the parent's row holds the id to ask for."""
    moves: tuple[tuple[str, str], ...] = ()
    """Columns of the parent that tell of a change, each with the ledger's column that holds what was known."""
    only: tuple[str, str] | None = None
    """A column of the parent and the value that it has wherever there is anything to read."""
    witness: Endpoint | None = None
    """Asked for a parent whose rows are refused: only where it is gone too are they given up."""
    rows_at: str | None = None
    """The field of the answer's object that holds the rows."""
    is_told_by_times: bool = False
    """Whether a parent with a ``latest_message_time`` has had at least one."""
    is_null_if_none: bool = False
    """Whether the API is known to answer without a list where there is none."""
    refresh_hours: float | None = None
    """How old a reading may become although nothing moved, unless the user sets another interval."""

    @property
    def is_mentioned(self) -> bool:
        """Whether a parent only mentions the row, which is asked for by its own id."""
        return self.asked_by == "id"

    @property
    def is_of_issues(self) -> bool:
        """Whether it hangs on issues."""
        return self.of == "issues"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """To the end, at an interval."""

    endpoint: Endpoint
    refresh_hours: float
    """How often, unless the user sets another interval."""
    per: Per | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What changed since the last run, by a time filter; now and then whole, by ``endpoint``."""

    endpoint: Endpoint
    search: Endpoint
    """Asked for what lies in a stretch of time."""
    changed: str
    """The column by which changes are found."""
    created: str
    """The column along which the first load goes back."""
    refresh_hours: float | None
    """How often it is listed whole unless the user sets another interval; ``None``: never, since nothing in it is
    edited or deleted."""
    per: Per | None = None
    bounds: tuple[str, str] | None = None
    """The query parameters of a stretch; ``None``: it is a filter in the body of a search."""
    lookback_seconds: float = 0.0
    """How far back each run asks again where rows come later than their time; the user's lookback if that is longer."""
    excerpt_of: str = ""
    """The table that holds the same objects whole, where this one keeps only some of their fields."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Not from the API: the connector writes down when it has read what."""


@dataclass(frozen=True, slots=True)
class Versions:
    """Not from the API: the connector writes down each change that it sees in another table."""

    watches: str
    """The table whose changes are recorded."""
    subject: tuple[tuple[str, str], ...]
    """Columns that tell what a version is about, each with the watched table's column; the last one is its id."""


@dataclass(frozen=True, slots=True)
class Deletions:
    """Not from the API: the connector writes down what it has removed."""


FromApi: TypeAlias = Issues | PerParent | Whole | Feed
Read: TypeAlias = FromApi | Ledger | Versions | Deletions

if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    # ``Table`` alone means a table that is read in any way, as it can be said without a type checker from Python 3.13
    R_co = TypeVarWithDefault("R_co", bound=Read, covariant=True, default=Read)
else:
    R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R", bound=Read)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[R_co]):
    """One table: its columns, its key and how it is read, which says what kind of table it is."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    read: R_co
    off: str = ""
    """Why it is not read until selected; ``""``: it is read."""
    sort: str = "_synced_at"
    """Of several rows with one key in one load, the one with the highest value here is kept."""

    @property
    def endpoint(self) -> Endpoint | None:
        """What lists it; ``None`` where the connector writes it itself."""
        return self.read.endpoint if isinstance(self.read, FromApi) else None

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """All that fill it, each once; first the one that shows some of its rows most cheaply."""
        match self.read:
            case Issues():
                return self.read.search, self.read.endpoint
            case Feed():
                return tuple(dict.fromkeys((self.read.endpoint, self.read.search)))
            case _:
                return (self.endpoint,) if self.endpoint else ()

    @property
    def per(self) -> Per | None:
        """How a collection is read parent by parent, if it is."""
        return self.read.per if isinstance(self.read, Whole | Feed) else None

    @property
    def parent(self) -> str | None:
        """The column with the id of what a row belongs to, if it belongs to anything."""
        match self.read:
            case PerParent():
                return None if self.read.is_mentioned else self.read.asked_by
            case Versions():
                return self.read.subject[-1][0]
            case _:
                return self.per.column if self.per else None

    @property
    def parent_table(self) -> str | None:
        """The table whose rows give the ids to ask for, if one does."""
        if isinstance(self.read, PerParent):
            return self.read.of
        return self.per.parents.table if self.per and isinstance(self.per.parents, RowsOf) else None

    @property
    def scope(self) -> Scope:
        """What one read replaces."""
        match self.read:
            case PerParent():
                return "row" if self.read.is_mentioned else "parent"
            case Versions():
                return "version"
            case _:
                return "row"

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)


def is_read(table: Table, how: type[R]) -> TypeGuard[Table[R]]:
    """Say whether a table is read in one way."""
    return isinstance(table.read, how)


SYNCED_AT = Column(
    "_synced_at", "timestamp", "When the row was read from Pylon, in UTC by the server's clock.", given=True
)
EXTRA = Column(
    "_extra", "json", "Fields that have no column and values that did not fit theirs, by name.", given=True
)
REMOVED = "_removed"
"""The column of tombstones: a row with ``true`` here is never stored, it only says what to delete."""
TAIL = (SYNCED_AT, EXTRA)
"""The last columns of every table that is read from the API."""
