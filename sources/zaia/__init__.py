"""Zaia (zaia.app) as a dlt source: tickets, chats with their messages, and the directory around them."""

from __future__ import annotations

from typing import Any

import dlt
from dlt.common.typing import TSecretStrValue

from .settings import BASE_URL, CLOSED, PAGE_SIZE, STATUSES, Settings, host

__all__ = ["zaia_source"]


@dlt.source(name="zaia", section="zaia", max_table_nesting=0)
def zaia_source(
    api_key: TSecretStrValue = dlt.secrets.value,
    base_url: str = BASE_URL,
    statuses: list[str] | None = None,
    closed_statuses: list[str] | None = None,
    full_read_hours: float = 24.0,
    lookback_seconds: float = 900.0,
    page_size: int = PAGE_SIZE,
    requests_per_minute: float = 300.0,
    timeout_seconds: float = 60.0,
    attempts: int = 5,
    backoff_seconds: float = 1.0,
    confirm_removals: bool = False,
    untested_destination: bool = False,
    time_zone: str = "",
) -> Any:
    """Read a Zaia workspace incrementally: one resource for each table. No request is made before dlt extracts.

    Args:
        api_key: The API key, from the workspace settings.
        base_url: Another host.
        statuses: What the API calls the states of a ticket; by default pending, ongoing and completed.
        closed_statuses: Those of them in which nothing is expected to happen any more; by default completed.
        full_read_hours: Hours between two complete reads of a list.
        lookback_seconds: How far before the newest message that is known chats are listed again, in seconds.
        page_size: Rows per page; where the server refuses that many, fewer are asked for.
        requests_per_minute: The pace, which 429 slows down; 0 for none.
        timeout_seconds: How long an answer may take, in seconds.
        attempts: How often a request is sent that fails in a way that may pass.
        backoff_seconds: The wait before the second attempt, in seconds; it doubles from then on.
        confirm_removals: Let rows leave although they are all, or very many, of a table.
        untested_destination: Load also where no copy was ever compared with its workspace.
        time_zone: In which zone times are meant that come without one, such as ``Europe/Berlin``; by default they stay
            in ``_extra`` as they are.

    Raises:
        ConfigurationError: A value cannot be used.
    """
    from .lists import Lists
    from .resources import resources
    from .run import Run

    settings = Settings(
        api_key=str(api_key),
        base_url=host(base_url),
        statuses=tuple(statuses or STATUSES),
        closed_statuses=tuple(CLOSED if closed_statuses is None else closed_statuses),
        full_read_hours=full_read_hours,
        lookback_seconds=lookback_seconds,
        page_size=page_size,
        requests_per_minute=requests_per_minute,
        timeout_seconds=timeout_seconds,
        attempts=attempts,
        backoff_seconds=backoff_seconds,
        confirm_removals=confirm_removals,
        untested_destination=untested_destination,
        time_zone=time_zone,
    )
    return resources(Run(settings, Lists(settings)))


@dlt.source(name="zaia", section="zaia", max_table_nesting=0)
def watched_source(run: Any) -> Any:
    """Read a workspace as :func:`zaia_source` does, for whoever looks at what a run finds while it lasts.

    Args:
        run: A ``run.Run``, which holds the settings, counts requests and notes what failed.
    """
    from .resources import resources

    return resources(run)
