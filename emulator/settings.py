"""How the emulated service behaves; every field may be changed while it serves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

WindowKind = Literal["fixed", "sliding", "bucket"]
RateHeaders = Literal[
    "retry-after", "retry-after-fraction", "retry-after-date", "x-retry-after", "ratelimit", "none"
]
Bounds = Literal["[]", "[)", "(]", "()"]

SEARCHED = (
    *("issues", "accounts", "contacts", "users", "tasks", "projects", "surveys", "feature-requests"),
    *("call-recordings", "audit-logs", "custom-objects/{type}"),
)
"""What can be searched."""
TIERS: dict[str, dict[str, int]] = {
    "july": {"low": 10, "medium": 20, "high": 60},
    "autumn": {"low": 30, "medium": 120, "high": 300},
    "reads": {
        "GET /issues": 30,
        **dict.fromkeys((f"POST /{what}/search" for what in SEARCHED), 120),
        "*": 300,
    },
    "none": {},
}
"""Requests a minute by endpoint, by rate or for all; which of them a workspace has is not known."""
OBJECT_TYPES = ("account", "issue", "contact", "task", "project", "meeting", "opportunity")

CHOICES: dict[str, tuple[str, ...]] = {
    "region": ("us", "eu"),
    "token_region": ("us", "eu"),
    "window_kind": ("fixed", "sliding", "bucket"),
    "rate_headers": (
        "retry-after",
        "retry-after-fraction",
        "retry-after-date",
        "x-retry-after",
        "ratelimit",
        "none",
    ),
    "cursor_kind": ("offset", "keyset"),
    "bounds": ("[]", "[)", "(]", "()"),
    "search_sort": ("created", "updated"),
    "last_page": ("present", "null", "absent"),
    "empty_data": ("list", "null", "absent"),
    "log": ("full", "counts"),
}


@dataclass
class Settings:
    """One behaviour of the service per field; the defaults are the July 2026 contract without rate limits."""

    token: str | Collection[str] = "pyl_test"  # noqa: S105
    """The token, or the tokens, that are let in."""
    region: Literal["us", "eu"] = "us"
    """The region that this server serves."""
    token_region: Literal["us", "eu"] | None = None
    """The region of the tokens; None means the server's. Another than it is answered `wrong_region_token`."""
    suspended: bool = False
    """Answer everything with 401 `organization_suspended`."""
    denied: Collection[str] = ()
    """Endpoint names ("GET /users") that answer 403 `permission_denied`."""
    lacking: Collection[str] = ()
    """Endpoint names or paths ("/email-suppressions") that an older server does not have: 404 `not_found`."""

    tier: str | Mapping[str, int] = "none"
    """"july", "autumn", "reads", "none", or requests per window by class (low, medium, high), endpoint name or "*"."""
    window_seconds: float = 60.0
    """Length of a rate window in seconds."""
    window_kind: WindowKind = "fixed"
    """"fixed": windows aligned to the clock; "sliding": any stretch of `window_seconds`; "bucket": filled evenly."""
    bucket_size: int = 5
    """How many requests a "bucket" lets through at once."""
    refused_counts: bool = False
    """Whether a refused request also uses up allowance."""
    rate_headers: RateHeaders = "retry-after"
    """What a 429 says about when to come back ("ratelimit": X-RateLimit-* on every answer)."""
    other_client_share: int | Mapping[str, int] = 0
    """Requests per window that another client takes: of each endpoint, or by endpoint name (or "*")."""

    window_cap_days: float = 30.0
    """Longest range that `GET /issues` accepts, in days."""
    search_cap_days: float | None = None
    """Longest `time_range` that a search accepts, in days; None: any."""
    issues_paged: bool = True
    """False: the older `GET /issues`, which ignores cursor and limit and sends no pagination."""
    messages_paged: bool = True
    """False: `GET /issues/{id}/messages` ignores cursor and limit and sends no pagination."""
    cursor_kind: Literal["offset", "keyset"] = "offset"
    """What a cursor remembers: how many rows were read, or the last row's place in the order."""
    bounds: Bounds = "[]"
    """Whether the start and the end of a time range belong to it."""
    truncate_bounds: bool = False
    """Cut the bounds of time filters to whole seconds before they are compared."""
    search_sort: Literal["created", "updated"] = "created"
    """The time by which search results are ordered, newest first."""
    ignored_filters: Collection[str] = ()
    """Fields by which a search of issues ignores its filter without a word."""
    index_lag_seconds: float = 0.0
    """How far the search index trails the writes, in seconds."""
    last_page: Literal["present", "null", "absent"] = "present"
    """What `pagination` is on the last page."""
    empty_data: Literal["list", "null", "absent"] = "list"
    """What `data` is when a list has no rows."""
    volatile: Collection[str] = ()
    """What differs at each reading though nothing changed: "links" (signed, in bodies), "order" (of tags), "ticking"
    (seconds in a status), "whole" (bodies, beyond their links)."""
    object_types: Collection[str] = OBJECT_TYPES
    """What `GET /custom-fields` accepts; an older server knows only account, issue and contact."""

    latency_seconds: float = 0.0
    """Delay before each answer, in seconds."""
    latency_jitter_seconds: float = 0.0
    """Up to so many seconds more, drawn evenly."""
    log: Literal["full", "counts"] = "full"
    """Keep a record of each request, or only counts."""
    extra_headers: Mapping[str, str] = field(default_factory=dict)
    """Headers added to every answer."""

    def tokens(self) -> frozenset[str]:
        """Return all tokens that are let in."""
        return frozenset({self.token} if isinstance(self.token, str) else self.token)

    def allowance(self, endpoint: str, rate: str) -> int | None:
        """Return the requests per window for an endpoint of the rate class `rate`; None if unlimited."""
        tier = TIERS[self.tier] if isinstance(self.tier, str) else self.tier
        for key in (endpoint, rate, "*"):
            if key in tier:
                return tier[key]
        return None

    def share(self, endpoint: str) -> int:
        """Return how many requests per window another client takes at an endpoint."""
        taken = self.other_client_share
        return taken if isinstance(taken, int) else taken.get(endpoint, taken.get("*", 0))

    def update(self, changes: Mapping[str, Any]) -> None:
        """Set several fields; raise ValueError for a name or a choice that does not exist."""
        known = {item.name for item in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"no such setting: {name}")
            allowed = CHOICES.get(name)
            if allowed and value not in allowed and not (name == "token_region" and value is None):
                raise ValueError(f"{name} must be one of {', '.join(allowed)}")
            if name == "tier" and isinstance(value, str) and value not in TIERS:
                raise ValueError(f"tier must be one of {', '.join(TIERS)}")
            if name.endswith("_seconds") and not _is_duration(value, name):
                raise ValueError(f"{name} must be a number of seconds")
        for name, value in changes.items():
            setattr(self, name, value)


def _is_duration(value: Any, name: str) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and (value > 0 or (value == 0 and name != "window_seconds"))
