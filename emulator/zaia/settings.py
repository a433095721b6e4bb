"""How the emulated service behaves; every field may be changed while it serves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from .faults import Given

Hook = Callable[[str, dict[str, list[str]]], object]
"""Called with the path and the query of a request before it is answered."""

CHOICES: dict[str, tuple[Any, ...]] = {
    "shape": ("array", "data", "items"),
    "order": ("newest", "oldest", "id"),
    "retry_after": ("seconds", "date", None),
    "unknown_chat": ("empty", "missing"),
}


@dataclass
class Settings:
    """One behaviour of the service per field; what its reference leaves open has the most plausible default."""

    key: str = "zaia_test"
    """The key that is let in."""
    shape: Literal["array", "data", "items"] = "array"
    """How lists answer: a bare array, or an object that has the rows in `data` or `items`, and `total`."""
    order: Literal["newest", "oldest", "id"] = "newest"
    """The order of lists: by `createdAt` and then `id`, or by `id` alone."""
    most: int = 100
    """The largest page, in rows."""
    refuse_above: bool = True
    """Answer a larger `pageSize` with 400; else it is cut without a word."""
    statuses: Sequence[str] = ("pending", "ongoing", "completed")
    """What the states of a ticket are called, in this order; another `status` is answered by 400, which lists them."""
    lacking: Collection[str] = ()
    """Lists ("tags") that this server does not have: 404."""
    forbidden: Collection[str] = ()
    """Lists that the key may not read: 403."""
    unpaged: Collection[str] = ("chat_threads",)
    """Lists that answer whole, whatever page is asked for."""
    shows_removed: Collection[str] = ()
    """Lists that show removed rows too; those of chats and teams are marked by `isRemoved`."""
    keeps_removed: bool = True
    """Whether `includeRemoved` shows removed tickets; else they are gone for good."""
    unknown_chat: Literal["empty", "missing"] = "empty"
    """What the threads and messages of a chat that is not there are: an empty list, or 404."""
    extra: bool = False
    """Add fields to every row that the reference does not have."""
    requests_per_minute: int | None = None
    """How many requests are let through in any stretch of `window_seconds`; None: any number."""
    window_seconds: float = 60.0
    """Length of that stretch in seconds."""
    retry_after: Literal["seconds", "date"] | None = "seconds"
    """What `Retry-After` of a 429 is; None: there is none."""
    latency_seconds: float = 0.0
    """Delay before each answer, in seconds."""
    faults: Iterable[Given] = ()
    """What goes wrong with the requests to come that are let in, one for each; see `faults.Given`."""
    before_request: list[Hook] = field(default_factory=list)
    """Called before each request is answered: they may change the world between two pages."""

    def __post_init__(self) -> None:
        """Check what was given; ValueError for what cannot be."""
        _check(vars(self))

    def update(self, changes: Mapping[str, Any]) -> None:
        """Set several fields; raise ValueError for a name that does not exist or a value that cannot be."""
        known = {item.name for item in fields(self)}
        for name in changes:
            if name not in known:
                raise ValueError(f"no such setting: {name}")
        _check(changes)
        for name, value in changes.items():
            setattr(self, name, value)


def _check(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if name in CHOICES and value not in CHOICES[name]:
            raise ValueError(f"{name} must be one of {', '.join(map(str, CHOICES[name]))}")
        if name in ("most", "requests_per_minute") and not _is_count(value, name):
            raise ValueError(f"{name} must be a whole number from 1")
        if name.endswith("_seconds") and not (_is_number(value) and value >= 0):
            raise ValueError(f"{name} must be a number of seconds")
        if name == "statuses" and (isinstance(value, str) or len(value) < 3):
            raise ValueError("statuses must be at least three, one for each state")


def _is_count(value: Any, name: str) -> bool:
    return (value is None and name != "most") or (isinstance(value, int) and _is_number(value) and value > 0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
