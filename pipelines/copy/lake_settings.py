"""How a DuckLake is kept small: ``[ducklake]`` in ``.dlt/config.toml``, or the environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import dlt

from pylon_elt.sources.pylon.errors import ConfigurationError

from ..base.configuration import refuse_unknown

SECTION = "ducklake"
NEVER = "never"
LONGEST_DAYS = 36_500.0
DAYS = 7.0
"""How long a former state can be read unless it is said otherwise."""
NAMES = ("expire_snapshots_after_days", "merge_small_files", "remove_unknown_files")
_WORDS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What is done with a lake after a run.

    Args:
        keep: How long a former state can be read once another one has taken its place; ``None``: for ever.
        is_said: Whether somebody has said so.
        merge: Whether small files become larger ones.
        unknown: Whether files go that no state knows.
    """

    keep: timedelta | None = timedelta(days=DAYS)
    is_said: bool = False
    merge: bool = True
    unknown: bool = False


def read() -> Upkeep:
    """Return what is configured.

    Raises:
        ConfigurationError: A name means nothing, or a value cannot be used.
    """
    refuse_unknown(SECTION, NAMES)
    found: list[Any] = [dlt.config.get(f"{SECTION}.{name}") for name in NAMES]
    days, merge, unknown = found
    return Upkeep(
        _span(NAMES[0], DAYS if days is None else days),
        days is not None,
        _flag(NAMES[1], True if merge is None else merge),
        _flag(NAMES[2], False if unknown is None else unknown),
    )


def _span(name: str, value: Any) -> timedelta | None:
    if str(value).strip().lower() == NEVER:
        return None
    try:
        days = float("x" if isinstance(value, bool) else value)
        if 0 <= days <= LONGEST_DAYS:
            return timedelta(days=days)
    except (TypeError, ValueError):
        pass
    raise _wrong(name, value, f'It must be a number of days, 0 or more, or "{NEVER}".')


def _flag(name: str, value: Any) -> bool:
    found = value if isinstance(value, bool) else _WORDS.get(str(value).strip().lower())
    if found is None:
        raise _wrong(name, value, "It must be true or false.")
    return found


def _wrong(name: str, value: Any, remedy: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} is {value!r}.",
        f"{remedy} It stands under [{SECTION}] in .dlt/config.toml, or in the environment.",
    )
