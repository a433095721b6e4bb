"""The settings of a reader, checked before the first request."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pendulum

from .catalog import (
    RATE_LIMITS,
    TABLES,
    USUAL,
    Endpoint,
    PerParent,
    Table,
    suggest,
    with_ledgers,
)
from .errors import ConfigurationError, CredentialsError
from .rows.masking import Masks, masks

HOSTS = {"us": "https://api.usepylon.com", "eu": "https://api.eu.usepylon.com"}
"""The API's hosts by region."""

TOKEN_VARIABLE = "PYLON_API_KEY"  # noqa: S105 - the name of a variable, not a secret

PLACEHOLDER = "<configure me>"
"""What ``dlt init`` writes where a secret is to be filled in: as good as nothing."""

LOOKBACK_SECONDS = 900.0
"""How long an edit may stay out of the search index without being missed."""

RECONCILE_HOURS = 24.0
"""How often the copy's issues are compared with a complete listing; 0 for never."""

SWEEP_DAYS = 7.0
"""How old the verification of a conversation must be for the sweep to read it again; 0: it never does."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a reader needs to know. Build it with :func:`settings`, which checks the values."""

    api_key: str = field(repr=False)
    base_url: str
    region: str
    start_date: datetime | None
    rate_limits: dict[str, int]
    rate_window_seconds: float
    lookback_seconds: float
    page_size: int | None
    refresh_hours: dict[str, float]
    reconcile_hours: float
    sweep_days: float
    timeout_seconds: float
    include: tuple[str, ...]
    custom_object_types: tuple[str, ...]
    untested_destination: bool
    masks: Masks

    def limit(self, endpoint: Endpoint) -> int | None:
        """Return the page size to ask an endpoint for, in rows; ``None``: send no limit."""
        if self.page_size is None or endpoint.page_size is None:
            return endpoint.page_size
        return min(self.page_size, endpoint.max_page_size or self.page_size)

    def interval_hours(self, table: str, default: float) -> float:
        """Return how often a table is read anew, in hours."""
        return self.refresh_hours.get(table, self.refresh_hours.get("*", default))

    def cutoff(self, table: Table[PerParent], now: datetime) -> datetime | None:
        """Return the instant before which a reading is too old, ``None`` where none ever is."""
        if table.read.refresh_hours is None:
            return None
        return now - timedelta(hours=self.interval_hours(table.name, table.read.refresh_hours))

    @property
    def usual(self) -> tuple[str, ...]:
        """The tables that are read unless others are selected."""
        return with_ledgers({*USUAL, *self.include})


SECRETS = ("api_key", "mask_key")
"""The settings that are secrets."""

NAMES = (*(part.name for part in fields(Settings) if part.name != "masks"), "mask", "mask_key")
"""The names of all settings, as they stand under ``[sources.pylon]``."""


def settings(
    api_key: str | None = None,
    *,
    base_url: str | None = None,
    region: str | None = None,
    start_date: str | datetime | None = None,
    rate_limits: Mapping[str, int] | None = None,
    rate_window_seconds: float = 60.0,
    lookback_seconds: float = LOOKBACK_SECONDS,
    page_size: int | None = None,
    refresh_hours: float | Mapping[str, float] | None = None,
    reconcile_hours: float = RECONCILE_HOURS,
    sweep_days: float = SWEEP_DAYS,
    timeout_seconds: float = 60.0,
    include: Sequence[str] | None = None,
    custom_object_types: Sequence[str] | None = None,
    untested_destination: bool = False,
    mask: Mapping[str, Mapping[str, str]] | None = None,
    mask_key: str | None = None,
) -> Settings:
    """Check and complete the settings; a value that cannot be used raises ``ConfigurationError``, which names it."""
    where = _region(region)
    return Settings(
        api_key=_token(api_key),
        base_url=_url(base_url or HOSTS[where]),
        region=where,
        start_date=parse_date("start_date", start_date),
        rate_limits=_rates(rate_limits),
        rate_window_seconds=_positive("rate_window_seconds", rate_window_seconds),
        lookback_seconds=_positive("lookback_seconds", lookback_seconds),
        page_size=None if page_size is None else int(_positive("page_size", page_size)),
        refresh_hours=_hours(refresh_hours),
        reconcile_hours=_not_negative("reconcile_hours", reconcile_hours),
        sweep_days=_not_negative("sweep_days", sweep_days),
        timeout_seconds=_positive("timeout_seconds", timeout_seconds),
        include=included(include),
        custom_object_types=_texts("custom_object_types", custom_object_types),
        untested_destination=_flag("untested_destination", untested_destination),
        masks=masks(_rules(mask), filled_in(mask_key)),
    )


def _region(region: str | None) -> str:
    where = (region or "us").lower()
    if where not in HOSTS:
        raise ConfigurationError(f"region is {region!r}.", "Set it to us or eu.")
    return where


def included(names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the tables to read besides the usual ones.

    Raises:
        ConfigurationError: There is no such table.
    """
    found = _texts("include", names)
    for name in found:
        if name not in TABLES:
            near = suggest(name)
            remedy = f"Did you mean {near}?" if near else f"There are {', '.join(TABLES)}."
            raise ConfigurationError(f"include names {name!r}, which is no table.", remedy)
    return found


def _texts(name: str, values: Sequence[str] | None) -> tuple[str, ...]:
    """Check a list of texts; a single text is a list of one."""
    given = [values] if isinstance(values, str) else list(values or ())
    if not all(isinstance(value, str) and value.strip() for value in given):
        raise ConfigurationError(f"{name} is {values!r}.", "Give a list of names.")
    return tuple(dict.fromkeys(value.strip() for value in given))


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name} is {value!r}.", "It must be true or false.")
    return value


def _rules(mask: object) -> Mapping[str, Mapping[str, str]] | None:
    if mask is None:
        return None
    if not isinstance(mask, Mapping) or not all(isinstance(columns, Mapping) for columns in mask.values()):
        raise ConfigurationError(
            f"mask is {mask!r}.",
            'Name tables, in them columns, and for each drop, hash or redact: { contacts = { email = "hash" } }.',
        )
    return mask


def parse_date(name: str, value: str | datetime | None) -> datetime | None:
    """Return a date or an instant in UTC; a date without a zone is taken as UTC.

    Raises:
        ConfigurationError: The text is no date.
    """
    if value is None or value == "":
        return None
    try:
        parsed = pendulum.instance(value) if isinstance(value, datetime) else pendulum.parse(str(value))
    except (ValueError, TypeError) as error:
        raise _bad_date(name, value) from error
    if not isinstance(parsed, pendulum.DateTime):
        raise _bad_date(name, value)
    return parsed.in_timezone("UTC")


def _bad_date(name: str, value: object) -> ConfigurationError:
    return ConfigurationError(f"{name} is {value!r}, which is no date.", "Write it as 2025-01-31.")


def filled_in(secret: str | None) -> str | None:
    """Return a secret, ``None`` where only the place for one is there."""
    return None if secret == PLACEHOLDER else secret


def _token(api_key: str | None) -> str:
    token = (filled_in(api_key) or os.environ.get(TOKEN_VARIABLE) or "").strip()
    if not token:
        raise CredentialsError(
            "No Pylon API token is set.",
            f"Set the environment variable {TOKEN_VARIABLE}, or api_key under [sources.pylon] in"
            " .dlt/secrets.toml. Admins make tokens in Pylon under Settings, API tokens.",
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise CredentialsError(
            "The Pylon API token holds characters that no token has.",
            "Copy it again, without quotes and line breaks.",
        )
    return token


def _url(base_url: str) -> str:
    """Return the host to ask; a message shows it only where it cannot hold a password."""
    if not base_url.startswith(("https://", "http://")):
        raise ConfigurationError(f"base_url is {_without_login(base_url)!r}.", "It must start with https://.")
    if wrong := _wrong_in(base_url):
        raise ConfigurationError(
            f"base_url {wrong}: {_without_login(base_url)!r}.",
            "Write it as https://host or https://host:port/path.",
        )
    return base_url.rstrip("/")


def _wrong_in(url: str) -> str:
    """Return what is wrong with a URL to which paths are added, "" for nothing."""
    if not url.isprintable() or " " in url or "\\" in url:
        return "holds a character that no URL has"
    if "?" in url or "#" in url:
        return "has a query or a fragment"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:  # UnicodeError is one
        return "has a host or a port that cannot be one"
    if "@" in parts.netloc:
        return "has a user or a password; the token is all that is sent"
    if not host:
        return "has no host"
    return "has a port that cannot be one" if port == 0 else ""


def _without_login(url: str) -> str:
    return re.sub(r"(?s)//.*@", "//…@", url)


def _rates(rate_limits: Mapping[str, int] | None) -> dict[str, int]:
    given = dict(rate_limits or {})
    unknown = set(given) - set(RATE_LIMITS)
    if unknown or not all(isinstance(rate, int) and rate > 0 for rate in given.values()):
        raise ConfigurationError(
            f"rate_limits is {given!r}.",
            "Give whole numbers above 0 for low, medium and high (requests per window).",
        )
    known: dict[str, int] = {str(tier): rate for tier, rate in RATE_LIMITS.items()}
    return known | given


def _hours(refresh_hours: float | Mapping[str, float] | None) -> dict[str, float]:
    if refresh_hours is None:
        return {}
    given = dict(refresh_hours) if isinstance(refresh_hours, Mapping) else {"*": refresh_hours}
    for name, value in given.items():
        if not isinstance(value, (int, float)) or value < 0:
            raise ConfigurationError(f"refresh_hours of {name} is {value!r}.", "Give hours, 0 or more.")
    return {name: float(value) for name, value in given.items()}


def _not_negative(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ConfigurationError(f"{name} is {value!r}.", "It must be a number, 0 or more.")
    return float(value)


def _positive(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise ConfigurationError(f"{name} is {value!r}.", "It must be a number above 0.")
    return value
