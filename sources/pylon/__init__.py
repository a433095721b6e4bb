"""Pylon (usepylon.com) as a dlt source: issues, their conversations, and the directory around them."""

from __future__ import annotations

from typing import Any

import dlt
from dlt.common.typing import TSecretStrValue

from .errors import ConfigurationError
from .lanes.selection import PylonSource
from .misplaced import refuse_misplaced
from .settings import LOOKBACK_SECONDS, Settings, settings
from .tokens import injected

__all__ = ["PylonSource", "pylon_source"]


@dlt.source(name="pylon", section="pylon", max_table_nesting=0, _impl_cls=PylonSource)
def pylon_source(
    api_key: TSecretStrValue | None = None,
    base_url: str | None = None,
    region: str | None = None,
    start_date: str | None = None,
    rate_limits: dict[str, int] | None = None,
    rate_window_seconds: float = 60.0,
    lookback_seconds: float = LOOKBACK_SECONDS,
    page_size: int | None = None,
    refresh_hours: dict[str, float] | None = None,
    timeout_seconds: float = 60.0,
    include: list[str] | None = None,
    custom_object_types: list[str] | None = None,
    untested_destination: bool = False,
    mask: dict[str, dict[str, str]] | None = None,
    mask_key: TSecretStrValue | None = None,
) -> Any:
    """Read a Pylon workspace incrementally: one resource for each table. No request is made before dlt extracts.

    What is not given is taken from ``[sources.pylon]`` in dlt's configuration, or from ``SOURCES__PYLON__…``.

    Args:
        api_key: The API token. Where it is not given, the environment variable ``SOURCES__PYLON__API_KEY``,
            ``PYLON_API_KEY``, or ``secrets.toml``, in this order.
        base_url: Another host than the region's.
        region: ``us`` (default) or ``eu``.
        start_date: Issues created before it are left out; without it, all are read.
        rate_limits: Requests per window at which learning the pace starts: ``low``, ``medium``, ``high``.
        rate_window_seconds: The length of the API's rate window, in seconds.
        lookback_seconds: How far before the last run changes are searched again, in seconds.
        page_size: Rows per page where an endpoint takes a limit.
        refresh_hours: Hours between two complete reads of a table, by its name, ``*`` for all.
        timeout_seconds: How long to wait for an answer, in seconds.
        include: Tables to read besides the usual ones: expensive or personal (``Table.off`` says why).
        custom_object_types: The types of custom objects to read; the API does not list them.
        untested_destination: Load also where no copy was ever compared with its workspace.
        mask: ``drop``, ``hash`` or ``redact`` by table and column; the table ``*`` means all that have the column.
        mask_key: The secret key of the digests that ``hash`` leaves.

    Raises:
        ConfigurationError: A value cannot be used, or something that was meant as a setting is none.
    """
    given = locals()
    refuse_misplaced()
    return _resources(settings(**{**given, "api_key": injected(api_key)}))


def _resources(config: Settings) -> Any:
    """Import what reads only now: ``dlt init`` looks at this module where nothing but dlt is installed."""
    try:
        from .lanes.resources import resources
        from .lanes.turns import Turns
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"The module {error.name} is missing.", "Install it with: pip install -r requirements.txt"
        ) from error
    return resources(Turns(config))
