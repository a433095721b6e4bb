"""The settings of the source, checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .errors import ConfigurationError

BASE_URL = "https://api.endless.zaia.app"
API = "/api/v1/"
STATUSES = ("pending", "ongoing", "completed")
"""Inferred from the columns ongoingAt and completedAt: the documentation does not spell them out."""
CLOSED = ("completed",)
PAGE_SIZE = 100
"""The documented maximum."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What :func:`zaia_source` was given; it says what each means.

    Raises:
        ConfigurationError: A value cannot be used.
    """

    api_key: str
    base_url: str
    statuses: tuple[str, ...]
    closed_statuses: tuple[str, ...]
    full_read_hours: float
    lookback_seconds: float
    page_size: int
    requests_per_minute: float
    timeout_seconds: float
    attempts: int
    backoff_seconds: float
    confirm_removals: bool
    untested_destination: bool
    time_zone: str = ""

    @property
    def zone(self) -> tzinfo | None:
        """In which times are meant that are written without a zone; ``None``: nobody knows."""
        return ZoneInfo(self.time_zone) if self.time_zone else None

    def __post_init__(self) -> None:
        """Refuse what could only fail later, or show the key when it does."""
        key = self.api_key
        if not key or not key.isascii() or not key.isprintable() or key != key.strip():
            raise ConfigurationError(
                "The API key is empty, or holds a blank or a character that no header may have.",
                "Give it as sources.zaia.api_key, as it stands in the workspace settings.",
            )
        parts = urlsplit(self.base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise ConfigurationError("base_url is no http(s) address without a user.", f"Such as {BASE_URL}.")
        if parts.query or parts.fragment:
            raise ConfigurationError("base_url has a query or a fragment.", f"Such as {BASE_URL}.")
        if not self.statuses or not set(self.closed_statuses) <= set(self.statuses):
            raise ConfigurationError("closed_statuses must be among statuses, of which there must be one.")
        try:
            _ = self.zone
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise ConfigurationError(
                f"time_zone {self.time_zone!r} is not known here.", "Such as Europe/Berlin, or UTC."
            ) from None
        limits = {"page_size": 1, "attempts": 1, "full_read_hours": 0, "lookback_seconds": 0}
        for name, least in {
            **limits,
            "requests_per_minute": 0,
            "timeout_seconds": 0.001,
            "backoff_seconds": 0,
        }.items():
            if getattr(self, name) < least:
                raise ConfigurationError(f"{name} must be at least {least}.")


def host(base_url: str) -> str:
    """Return an address without what the source adds to it itself."""
    return base_url.strip().rstrip("/").removesuffix(API.rstrip("/"))
