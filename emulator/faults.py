"""Faults that can be switched on while the server runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar, Literal

KINDS: dict[str, str] = {
    "status": "an error status, as JSON or HTML; 429 carries the headers of the rate limiter",
    "redirect": "302 to `location`",
    "not_json": "200 with an HTML page",
    "reset": "the connection is reset before any answer",
    "hang": "no answer for `seconds` seconds, then the proper one",
    "truncate": "the body is cut; see `cut`",
    "trickle": "the body takes `seconds` seconds to arrive",
    "null_page": "`data` is null and `has_next_page` true; the same cursor answers properly next time",
    "absent_data": "like null_page, but `data` is left out",
    "stuck_cursor": "the cursor that was sent comes back with `has_next_page` true",
    "empty_cursor": "`has_next_page` is true and the cursor empty",
    "no_pagination": "`pagination` is left out",
    "overlap": "a later page begins with the last row of the page before it",
}
PAGE_KINDS = frozenset(
    {"null_page", "absent_data", "stuck_cursor", "empty_cursor", "no_pagination", "overlap"}
)


@dataclass
class Fault:
    """What goes wrong, and on which requests.

    A request matches by endpoint name ("GET /issues", or "*"), by the `{id}` in its path and by `page`. Of
    those that match, the first `after` are spared; of the rest every `every`-th is hit with `probability`,
    until `count` have been. With `streak`, the same request is hit at most so many times in a row.
    """

    KINDS: ClassVar[Mapping[str, str]] = KINDS
    kind: str
    endpoint: str = "*"
    id: str | None = None
    page: Literal["first", "later"] | None = None
    """Only requests without ("first") or with ("later") a cursor."""
    count: int | None = None
    after: int = 0
    every: int = 1
    probability: float = 1.0
    streak: int | None = None
    """So that retries, which may come as regularly as `every`, are sure to get through in the end."""
    seed: int = 0
    """Seed of the draws for `probability`."""
    status: int = 500
    code: str | None = None
    """The `code` in the JSON body of an error; by default the one that goes with the status."""
    html: bool = False
    """Answer an error with an HTML page."""
    seconds: float | None = None
    """Duration of a hang (30 by default) or a trickle (1), or the wait that a 429 announces (1)."""
    location: str = "https://elsewhere.invalid/login"
    cut: Literal["length", "chunked", "short"] = "length"
    """"length": Content-Length agrees with the cut body; "chunked", "short": the connection closes within the
    body, which is chunked or announced in full."""
    keep: float = 0.5
    """The part of a truncated body that is sent."""
    played: int = 0
    """How many requests were hit."""
    _seen: int = field(default=0, repr=False)
    _rng: Random = field(default_factory=Random, repr=False)
    _in_a_row: dict[tuple[str, str | None, bool], int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Check the kind and seed the draws."""
        if self.kind not in self.KINDS:
            raise ValueError(f"no such fault: {self.kind}; there are {', '.join(self.KINDS)}")
        if self.kind == "overlap" and self.page is None:
            self.page = "later"
        self._rng = Random(self.seed)

    def hits(self, endpoint: str, ident: str | None, has_cursor: bool) -> bool:
        """Tell whether this request is hit, and count it."""
        if self.endpoint not in ("*", endpoint) or self.id not in (None, ident):
            return False
        if self.page is not None and has_cursor != (self.page == "later"):
            return False
        if self.count is not None and self.played >= self.count:
            return False
        request = endpoint, ident, has_cursor
        in_a_row = self._in_a_row.get(request, 0)
        hit = self._is_due() and (self.streak is None or in_a_row < self.streak)
        self._in_a_row[request] = in_a_row + 1 if hit else 0
        self.played += hit
        return hit

    def _is_due(self) -> bool:
        self._seen += 1
        if self._seen <= self.after or (self._seen - self.after) % self.every:
            return False
        return self.probability >= 1 or self._rng.random() < self.probability

    def wait(self, default: float) -> float:
        """Return the fault's duration in seconds."""
        return default if self.seconds is None else self.seconds


class Faults:
    """The faults that are switched on."""

    def __init__(self, make: type[Fault] = Fault) -> None:
        """Start without faults; those that are given by their fields become a `make`."""
        self.make = make
        self._lock = threading.Lock()
        self._active: list[Fault] = []

    def add(self, fault: Fault | str, endpoint: str = "*", **options: object) -> Fault:
        """Switch a fault on, given whole or by its kind and fields, and return it."""
        if isinstance(fault, str):
            fault = self.make(fault, endpoint, **options)  # type: ignore[arg-type]
        with self._lock:
            self._active.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Switch a fault off; nothing happens if it is off."""
        with self._lock:
            self._active = [active for active in self._active if active is not fault]

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._active = []

    def __iter__(self) -> Iterator[Fault]:
        """Iterate over the faults that are switched on."""
        return iter(list(self._active))

    def pick(self, endpoint: str, ident: str | None, has_cursor: bool) -> list[Fault]:
        """Return the faults to play on a request."""
        with self._lock:
            return [fault for fault in self._active if fault.hits(endpoint, ident, has_cursor)]
