"""The settings of ``zaia``: command line, then environment, then ``.dlt/secrets.toml`` and ``.dlt/config.toml``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import fields
from inspect import signature
from typing import Any

import dlt

from pylon_elt.sources.zaia import zaia_source
from pylon_elt.sources.zaia.errors import ConfigurationError, CredentialsError
from pylon_elt.sources.zaia.settings import CLOSED, STATUSES, Settings, host

from ..base.configuration import first, refuse_unknown

NAME = "zaia"
"""What the desk, its pipeline and its source are called."""
SECTION = f"sources.{NAME}"
KEY = "ZAIA_API_KEY"
PLACEHOLDER = "<configure me>"
"""What ``dlt init`` writes where a secret belongs."""
UNUSED = "unused"
"""Stands in for the key where nothing is asked."""
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "float": ((int, float), "It must be a number."),
    "int": ((int,), "It must be a whole number."),
    "bool": ((bool,), "It must be true or false."),
    "tuple[str, ...]": ((list, tuple), 'Write a list, such as ["completed"].'),
}


def read_settings(given: Mapping[str, Any] | None = None, *, key: bool = True) -> Settings:
    """Return the settings, checked; what the command line gave goes before what is configured.

    Args:
        given: Settings from the command line by name; ``None`` where an option was not used.
        key: Whether the key is needed; without it, nothing can be asked.

    Raises:
        ConfigurationError: A value cannot be used, or a name means nothing; the message names it.
    """
    refuse_unknown(SECTION, [*_names(), "api_key"])
    found = {name: _value(name, kind) for name, kind in _names().items()}
    chosen = {name: value for name, value in (given or {}).items() if value is not None}
    values = usual() | {name: value for name, value in found.items() if value is not None} | chosen
    return Settings(
        api_key=_key() if key else UNUSED,
        **{**values, "base_url": host(str(values["base_url"]))},
    )


def lets_untested() -> bool:
    """Whether the configuration lets a copy go where none was ever compared with its workspace."""
    return bool(_value("untested_destination", "bool"))


def _names() -> dict[str, str]:
    """Return the type of each setting that is no secret, as it is written in the source."""
    return {item.name: str(item.type) for item in fields(Settings) if item.name != "api_key"}


def usual() -> dict[str, Any]:
    """Return what applies where nothing is set: what the source says, once."""
    known = {name: one.default for name, one in signature(zaia_source).parameters.items()}
    return {name: known[name] for name in _names()} | {"statuses": STATUSES, "closed_statuses": CLOSED}


def _value(name: str, kind: str) -> Any:
    value = first(dlt.config, name, SECTION)
    if value is None or kind == "str":
        return value
    kinds, remedy = _KINDS[kind]
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise _wrong(name, value, remedy) from None
    if isinstance(value, bool) is not (kind == "bool") or not isinstance(value, kinds):
        raise _wrong(name, value, remedy)
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else value


def _wrong(name: str, value: Any, remedy: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} is {value!r}.",
        f"{remedy} It stands under [{SECTION}] in .dlt/config.toml, or in the environment.",
    )


def _key() -> str:
    """Return the API key: what is exported for this run goes before what lies in a file."""
    set_ = (
        os.environ.get("SOURCES__ZAIA__API_KEY"),
        os.environ.get(KEY),
        first(dlt.secrets, "api_key", SECTION),
    )
    for text in set_:
        if text and (found := str(text).strip()) and found != PLACEHOLDER:
            return found
    raise CredentialsError(
        "No Zaia API key is set.",
        f"Set the environment variable {KEY}, or api_key under [{SECTION}] in .dlt/secrets.toml. Keys are made in"
        " Zaia's workspace settings.",
    )
