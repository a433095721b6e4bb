"""The settings of the dbt package: ``[transform]`` in ``.dlt/config.toml``, or the environment."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import dlt

from pylon_elt.sources.pylon.errors import ConfigurationError

from ..base.configuration import refuse_unknown
from . import checks, package

SECTION = "transform"


def read_settings() -> dict[str, Any]:
    """Return the settings of the dbt package that are configured, by name.

    Raises:
        ConfigurationError: A name means nothing, or a value is of the wrong kind.
    """
    known = package.defaults()
    refuse_unknown(SECTION, known)
    found: dict[str, Any] = {name: dlt.config.get(f"{SECTION}.{name}") for name in known}
    return {name: _like(name, value, known[name]) for name, value in found.items() if value is not None}


def _like(name: str, value: Any, default: Any) -> Any:
    """Return a value of the kind of its default; ``auto`` may be replaced by a list."""
    if isinstance(value, str) and (not isinstance(default, str) or value.startswith("[")):
        with suppress(ValueError):
            value = json.loads(value)
    value = value.unwrap() if hasattr(value, "unwrap") else value  # what tomlkit read
    kinds: tuple[type, ...] = (type(default),)
    if isinstance(default, float | int):
        kinds = (int, float)
    elif default == "auto":
        kinds = (str, list)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise _unlike(name, value, f"Its default is {json.dumps(default)}.")
    if remedy := checks.fault(name, value):
        raise _unlike(name, value, remedy)
    return value


def _unlike(name: str, value: Any, remedy: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} is {value!r}.",
        f"{remedy} It stands under [{SECTION}] in .dlt/config.toml, or in the environment.",
    )
