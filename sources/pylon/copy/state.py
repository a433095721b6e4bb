"""How far a workspace has been read: what dlt keeps with each load. Its keys are the names of the attributes here.

dlt hands out a dictionary that it wants changed in place, with values that JSON has. So each class is a view of such a
dictionary, and what is set on it is written at once. Instants are kept as ISO 8601 text, in UTC.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar, cast

import dlt
from dlt.common.pipeline import SupportsPipeline

from ..api import windows
from ..catalog import TABLES
from ..rows.extras import Extra, Extras
from ..rows.volatile import Kind, Path, Volatile

T = TypeVar("T")

MARGIN = 2
"""How many times the largest lateness seen a lookback should be."""

_REQUIRED: Any = object()


@dataclass
class View:
    """A dictionary of the state."""

    stored: dict[str, Any] = field(default_factory=dict)


class Key(Generic[T]):
    """A value that a view keeps under the attribute's own name.

    Args:
        read: Makes it of what JSON holds.
        write: Makes what JSON holds.
        default: What it is before it was set; without one, reading it then raises ``KeyError``.
    """

    def __init__(self, read: Callable[[Any], T], write: Callable[[T], Any], default: T = _REQUIRED) -> None:
        self._read, self._write, self._default = read, write, default

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, view: View, _owner: type) -> T:
        if self._name in view.stored or self._default is _REQUIRED:
            return self._read(view.stored[self._name])
        return self._default

    def __set__(self, view: View, value: T) -> None:
        view.stored[self._name] = self._write(value)


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@dataclass(frozen=True, slots=True)
class Amid:
    """A moment of which only a part has been read: it holds more rows than a page.

    Its bounds are UTC. ``readings`` are those from its first page to its last that were made before the one under way,
    which began at ``read_at`` and goes on at ``cursor``; ``news`` tells whether that has shown rows that none before
    it did. ``lasting`` is false where a cursor was seen not to outlive the turn that was given it.
    """

    start: datetime
    end: datetime
    cursor: str = ""
    readings: int = 0
    news: bool = False
    read_at: datetime | None = None
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class Down:
    """A window that is read from its newest row down.

    All times are UTC. Its rows come newest first, by the field that windows filter on or by another; the times of the
    last row by those of the two that this may be are ``until`` and ``also_until``. Its first page was asked for at
    ``read_at``. Until that is seen to be all there is, ``above`` tells how many rows it showed above the second in
    which it ended.
    """

    start: datetime
    end: datetime
    read_at: datetime
    until: datetime | None = None
    also_until: datetime | None = None
    above: int = 0


_TIMES = ("start", "end", "read_at", "until", "also_until")


def _timed(kind: type[T]) -> Callable[[Mapping[str, Any] | None], T | None]:
    """Return what makes a dataclass with times of what JSON holds."""

    def read(stored: Mapping[str, Any] | None) -> T | None:
        if not stored:
            return None
        times = {name: _instant(stored[name]) for name in _TIMES if name in stored}
        return kind(**{**stored, **times})

    return read


def _stored(value: Amid | Down | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {name: _iso(part) if name in _TIMES else part for name, part in asdict(value).items()}


def _window(bounds: Sequence[str]) -> windows.Window:
    return windows.Window(*map(datetime.fromisoformat, bounds))


def _bounds(window: windows.Window) -> list[str]:
    return [window.start.isoformat(), window.end.isoformat()]


def _windows(stored: Sequence[Sequence[str]]) -> list[windows.Window]:
    return list(map(_window, stored))


def _stored_windows(value: Sequence[windows.Window]) -> list[list[str]]:
    return list(map(_bounds, value))


class Going(View):
    """How one direction of a stretch is gone along, so that no turn begins anew what the one before it found out."""

    width = Key[timedelta](lambda value: timedelta(seconds=value), timedelta.total_seconds, windows.WIDEST)
    """How wide the next window is to be."""
    amid = Key[Amid | None](_timed(Amid), _stored, None)
    """The moment that is being read."""
    down = Key[Down | None](_timed(Down), _stored, None)
    """The window that is being read from its newest row down."""
    ordered_by = Key[str](str, str, "")
    """The field by whose time the rows were seen to come newest first; "" where that is not known."""
    cut = Key[bool](bool, bool, default=False)
    """Whether windows are cut until they fit a page, since rows come in no order that is known."""
    failed_within = Key[windows.Window | None](
        lambda stored: stored and _window(stored), lambda window: window and _bounds(window), None
    )
    """The narrowest window that was not answered, although others are, and has not been read to its end."""
    in_vain = Key[int](int, int, 0)
    """How many moments were left out since a row came."""
    not_by = Key[list[str]](list, list, [])
    """Fields by whose time the rows were seen not to come in order."""

    def disorder(self, field: str) -> None:
        """Note that rows do not come in the order of a field."""
        self.ordered_by, self.not_by = "", [*self.not_by, field]


class Stretch(View):
    """Rows that are read by windows of time: what changed, oldest first, and all of them, back into the past.

    The issues are one such stretch; so is what an incremental table holds of each parent.

    What changed is read by *looks*. A look goes from where the one before it left the matter unsettled, since rows may
    show up late, to the present; it may take several turns, and several runs.
    """

    begun_at = Key[datetime | None](_instant, _iso, None)
    """The moment that divides the history from the changes."""
    changed_until = Key[datetime](datetime.fromisoformat, datetime.isoformat)
    """The watermark: changes have been read up to here."""
    looked_until = Key[datetime | None](_instant, _iso, None)
    """The look under way has come to here; ``None``: none is under way."""
    settled_until = Key[datetime | None](_instant, _iso, None)
    """What changed before it was read when it could not show up late any more: the next look begins here."""
    history_until = Key[datetime](datetime.fromisoformat, datetime.isoformat)
    """The history has been read back to here."""
    history_complete = Key[bool](bool, bool, default=False)
    """Whether its oldest row has been read."""
    changes_left = Key[list[windows.Window]](_windows, _stored_windows, [])
    """The moments of changes that could not be read; each run asks for them again."""
    history_left = Key[list[windows.Window]](_windows, _stored_windows, [])
    """The same of the history."""

    @property
    def begun(self) -> bool:
        """Whether it has been begun to read; before, there is neither a watermark nor a history."""
        return "changed_until" in self.stored

    @property
    def history_begun(self) -> bool:
        """Whether any of the history has been read, be it to find nothing."""
        if self.history_complete or "history_until" not in self.stored:
            return self.history_complete
        return self.history_until < (self.begun_at or self.changed_until)

    def begin(self, now: datetime) -> None:
        """Fix the moment that divides the history from the changes: the present at the first run."""
        self.begun_at = self.changed_until = now
        self.history_until = now + windows.PAD

    @property
    def forwards(self) -> Going:
        """How it is gone along to the present."""
        return Going(self.stored.setdefault("forwards", {}))

    @property
    def backwards(self) -> Going:
        """How it is gone along into the past."""
        return Going(self.stored.setdefault("backwards", {}))

    @property
    def late(self) -> Going:
        """How a moment is gone along that was left out before."""
        return Going(self.stored.setdefault("late", {}))

    def look(self, lookback: timedelta, *, anew: bool) -> datetime:
        """Return where to go on reading changes.

        Args:
            lookback: How late a row may show up.
            anew: Whether a look is to begin where none is under way; else reading goes on at the watermark.
        """
        unsettled = self.changed_until - lookback
        self.settled_until = min(unsettled, self.settled_until or unsettled)
        if anew and self.looked_until is None:
            self.looked_until = self.settled_until
        return self.looked_until or self.changed_until

    def looked(
        self, piece: windows.Window, read_at: datetime, present: datetime, lookback: timedelta
    ) -> None:
        """Note that the next piece was read to its end.

        Args:
            piece: What was read.
            read_at: When the first request for it was sent, by the earlier of two clocks: later nothing is known.
            present: The same by the later one: so far a look may go on in the next turn.
            lookback: How late a row may show up.
        """
        until, settled = min(piece.end, read_at), self.settled_until
        if settled is not None and settled >= piece.start:
            self.settled_until = max(settled, min(until, read_at - lookback))
        if self.looked_until is not None:
            self.looked_until = min(piece.end, present)
        self.changed_until = max(self.changed_until, until)

    def end_look(self) -> None:
        """Note that the look under way has come to the present."""
        self.looked_until = None
        self.forwards.stored.clear()

    def left_out(self, *, of_history: bool) -> list[windows.Window]:
        """Return the moments that could not be read, of the history or of the changes."""
        return self.history_left if of_history else self.changes_left

    def leave_out(self, moments: list[windows.Window], *, of_history: bool) -> None:
        """Keep the moments that could not be read, in the place of those that were known."""
        if of_history:
            self.history_left = moments
        else:
            self.changes_left = moments

    def set_back(self, to: datetime) -> None:
        """Let the next look begin at an instant that lies before the watermark."""
        self.changed_until = min(self.changed_until, to)
        self.begun_at = min(self.begun_at or to, to)
        self.settled_until = min(self.settled_until or to, to)
        self.end_look()

    def history_done(self, floor: datetime | None) -> bool:
        """Say whether the history was read back to ``floor``, or to the oldest row."""
        if self.history_complete or "history_until" not in self.stored:
            return self.history_complete
        return self.history_until <= (floor or windows.EARLIEST)


def instants(stored: Mapping[str, str]) -> dict[str, datetime]:
    """Return times by name, of what a state keeps of them."""
    return {name: datetime.fromisoformat(at) for name, at in stored.items()}


def stored_instants(times: Mapping[str, datetime]) -> dict[str, str]:
    """Return what a state keeps of times by name."""
    return {name: at.isoformat() for name, at in times.items()}


class HangingState(View):
    """What is read parent by parent: which of them were refused though they are there, and since when (UTC)."""

    refused = Key[Mapping[str, datetime]](instants, stored_instants, {})


class CollectionState(HangingState):
    """A collection: when it was last read whole, and how far each of its stretches has been read."""

    refreshed_at = Key[datetime | None](_instant, _iso, None)
    """When its last complete reading began."""
    filter_minded = Key[bool](bool, bool, default=False)
    """Whether its search was seen to mind the filter by which each parent is asked for."""

    @property
    def streams(self) -> dict[str, Stretch]:
        """How far the rows of each parent have been read; one that is empty where the table has no parents."""
        return {parent: Stretch(stored) for parent, stored in self._streams.items()}

    def stream(self, parent: str) -> Stretch:
        """Return how far the rows of one parent have been read."""
        return Stretch(self._streams.setdefault(parent, {}))

    def forget_all_but(self, parents: Collection[str]) -> None:
        """Forget the parents that are no more."""
        for parent in self._streams.keys() - set(parents):
            del self._streams[parent]

    @property
    def _streams(self) -> dict[str, dict[str, Any]]:
        return cast("dict[str, dict[str, Any]]", self.stored.setdefault("streams", {}))


@dataclass(frozen=True, slots=True)
class Late:
    """What is known of issues that the search showed only after the watermark had passed their ``updated_at``.

    ``beyond`` of the ``count`` came later than the lookback: only a complete listing showed them, and how late they
    were is not known, except that it was more than the lookback. ``last_at`` is when the last one was found (UTC).
    """

    count: int = 0
    beyond: int = 0
    largest_seconds: float = 0.0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hidden:
    """Issues that a complete listing left out and that stayed: how many, and which part is to be asked for next."""

    stayed: int = 0
    turn: int = 0


def suggested_lookback(late: Late, lookback_seconds: float) -> int | None:
    """Return the ``lookback_seconds`` that leaves a margin, in whole minutes; ``None`` where the present one does."""
    wanted = math.ceil(late.largest_seconds * MARGIN / 60) * 60
    return wanted if wanted > lookback_seconds else None


@dataclass(frozen=True, slots=True)
class Lack:
    """An endpoint that the workspace lacks: since when, when it was last tried (both UTC), and what it gave."""

    since: datetime
    tried_at: datetime
    why: str


def _lack(stored: Mapping[str, str]) -> Lack:
    since, tried_at = (datetime.fromisoformat(stored[name]) for name in ("since", "tried_at"))
    return Lack(since, tried_at, stored["why"])


def _late(stored: Mapping[str, Any]) -> Late:
    return Late(**{**stored, "last_at": _instant(stored.get("last_at"))})


def _stored_late(late: Late) -> dict[str, Any]:
    return {**asdict(late), "last_at": _iso(late.last_at)}


def _extras(stored: Mapping[str, Mapping[str, Sequence[Any]]]) -> Extras:
    return {
        table: {name: Extra(datetime.fromisoformat(since), misfit) for name, (since, misfit) in names.items()}
        for table, names in stored.items()
    }


def _stored_extras(extras: Extras) -> dict[str, Any]:
    return {
        table: {name: [extra.since.isoformat(), extra.misfit] for name, extra in names.items()}
        for table, names in extras.items()
    }


Volatiles = Mapping[str, Mapping[Path, Volatile]]
"""What differs at each reading, by table and place."""


def _volatiles(stored: Mapping[str, Sequence[Sequence[Any]]]) -> Volatiles:
    return {
        table: {tuple(path): Volatile(kind, datetime.fromisoformat(at)) for path, kind, at in found}
        for table, found in stored.items()
    }


def _stored_volatiles(volatiles: Volatiles) -> dict[str, Any]:
    return {
        table: [[list(path), one.kind, one.seen_at.isoformat()] for path, one in found.items()]
        for table, found in volatiles.items()
    }


class SourceState(View):
    """The whole source's state: what it has learnt, and how far each table has been read."""

    pace = Key[Mapping[str, Any]](dict, dict, {})
    """The pace learnt, as :class:`~..api.pacing.Pacers` gives and takes it."""
    paging = Key[Mapping[str, Any]](dict, dict, {})
    """How endpoints page, as :class:`~..api.paging.Paging` gives and takes it."""
    lacking = Key[Mapping[str, Lack]](
        lambda stored: {name: _lack(one) for name, one in stored.items()},
        lambda lacking: {
            name: {"since": one.since.isoformat(), "tried_at": one.tried_at.isoformat(), "why": one.why}
            for name, one in lacking.items()
        },
        {},
    )
    """What the workspace lacks, by the name of the endpoint."""
    late = Key[Late](_late, _stored_late, Late())
    """Late arrivals."""
    extra_fields = Key[Extras](_extras, _stored_extras, {})
    """Names that the API gives and the catalogue does not know, and misfits."""
    whose = Key[Mapping[str, Any]](dict, dict, {})
    """Whose workspace it is, by ``id`` and ``name``, as was told by ``GET /me``; masked if they are."""
    asked_with = Key[str](str, str, "")
    """The beginning of a digest of the token that a plain dlt pipeline used last: another one may be another's."""
    rests_on = Key[list[str]](list, list, [])
    """The first and the last load in which a plain dlt pipeline has handed on rows; the state's copy has both."""
    missed = Key[Mapping[str, datetime]](instants, stored_instants, {})
    """The issues that a ledger of the copy knows and the copy lacks, and when they were asked for (UTC); "": all."""
    reconciled_at = Key[datetime | None](_instant, _iso, None)
    """When the copy was last compared with a complete listing."""
    unlisted = Key[list[windows.Window]](_windows, _stored_windows, [])
    """When issues were created that could not be listed then."""
    unshown = Key[Hidden](lambda stored: Hidden(**stored), asdict, Hidden())
    """What is not listed and yet there; kept where it is so much that it is asked for in parts."""
    volatile = Key[Volatiles](_volatiles, _stored_volatiles, {})
    """What was seen to differ at each reading although nothing had changed."""

    @classmethod
    def current(cls) -> SourceState:
        """Return what dlt will keep with the load in progress; for a resource while it is extracted."""
        return cls(dlt.current.source_state())

    @classmethod
    def among(cls, state: Mapping[str, Any]) -> SourceState:
        """Return what is kept in the state of a pipeline, to be read only."""
        return cls(state.get("sources", {}).get("pylon", {}))

    @classmethod
    def of(cls, pipeline: SupportsPipeline) -> SourceState:
        """Return what dlt kept with the last load, to be read only."""
        return cls.among(pipeline.state)

    @property
    def issues(self) -> Stretch:
        """How far the issues have been read."""
        return Stretch(self.table("issues"))

    def collection(self, table: str) -> CollectionState:
        """Return how far a collection has been read."""
        return CollectionState(self.table(table))

    def hanging(self, table: str) -> HangingState:
        """Return what is known of a table that hangs on other rows."""
        return HangingState(self.table(table))

    @property
    def known_to_fail(self) -> list[windows.Window]:
        """When issues were created that could not be listed the last time, by the history or by a comparison."""
        known, left = self.unlisted, self.issues.history_left
        return [*known, *(window for window in left if window not in known)]

    def volatile_in(self, table: str) -> dict[Path, Kind]:
        """Return what of a table's values differs at each reading."""
        return {path: one.kind for path, one in self.volatile.get(table, {}).items()}

    def forget(self, table: str) -> None:
        """Forget how far a table has been read, and that it could not be."""
        self.table(table).clear()
        endpoints = {endpoint.name for endpoint in TABLES[table].endpoints} if table in TABLES else set()
        if lacking := self.lacking:
            self.lacking = {name: one for name, one in lacking.items() if name not in endpoints}

    def has_read(self, table: str) -> bool:
        """Whether anything is kept of a table's lane."""
        return bool(self.stored.get("resources", {}).get(table))

    def forget_all(self) -> None:
        """Forget all but what is true of the server whatever the copy is: its pace, and how it pages."""
        for name in self.stored.keys() - {"pace", "paging"}:
            del self.stored[name]

    def table(self, name: str) -> dict[str, Any]:
        """Return what is kept of one table's lane."""
        return dlt.current.resource_state(name, self.stored)
