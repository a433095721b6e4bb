"""The settings of a run: command line, then environment, then ``.dlt/secrets.toml`` and ``.dlt/config.toml``.

The only place that asks dlt for a setting of ours. A setting has one place, ``sources.pylon.<name>``: a
variable ``REGION`` that somebody set for another program is not taken for it. One of several workspaces has a place
of its own, ``workspaces.<workspace>.<name>``, which goes before: what it does not set is as for all.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

import dlt

from pylon_elt.sources.pylon.errors import ConfigurationError
from pylon_elt.sources.pylon.misplaced import NESTED, refuse_misplaced
from pylon_elt.sources.pylon.settings import NAMES, SECRETS, Settings, included, settings
from pylon_elt.sources.pylon.tokens import Token, choose

from . import workspaces

SECTION = "sources.pylon"
SECRET = "api_key"  # noqa: S105 - the name of a setting, not a secret
MASK_KEY = "mask_key"
UNUSED = "unused"
"""Stands in for the token where nothing is asked."""

_TEXTS = ("base_url", "region")
_NUMBERS = ("rate_window_seconds", "lookback_seconds", "timeout_seconds", "reconcile_hours", "sweep_days")
_WHOLE = ("page_size",)
_TABLES = ("rate_limits", "refresh_hours", "mask")
_EXAMPLES = {
    "rate_limits": "{ low = 10 }",
    "refresh_hours": '{ "*" = 24 }',
    "mask": '{ contacts = { email = "hash" } }',
}
_LISTS = ("include", "custom_object_types")
_FLAGS = ("untested_destination",)
_DATES = ("start_date",)


def read_settings(given: Mapping[str, Any] | None = None, *, token: bool = True) -> Settings:
    """Return the settings, checked; what the command line gave goes before what is configured.

    Args:
        given: Settings from the command line by name; ``None`` where an option was not used.
        token: Whether the token is needed; without it, the settings serve to plan, not to ask.

    Raises:
        ConfigurationError: A value cannot be used, or something that was meant as a setting is none; the message names
            it.
    """
    refuse_misplaced(own_only=True)
    found = {name: value for name in NAMES if name not in SECRETS and (value := _value(name)) is not None}
    chosen = {name: value for name, value in (given or {}).items() if value is not None}
    if "region" in chosen:
        found.pop("base_url", None)  # it would silently win over the region that was just asked for
    api_key = _required_token() if token else UNUSED
    mask_key = next((key for place in _sections() if (key := first(dlt.secrets, MASK_KEY, place))), None)
    read = settings(api_key, mask_key=mask_key, **{**found, **chosen})
    if read.start_date and read.start_date > datetime.now(UTC):
        raise ConfigurationError(
            f"start_date is {read.start_date:%Y-%m-%d %H:%M} UTC, which is still to come: no issue is as young.",
            "Set it to a day that is over, or leave it out for all issues.",
        )
    return read


def configured_token() -> Token:
    """Return the token that is used, with a warning where another one is set as well."""
    if (own := workspaces.current()) is not None:
        return own.token
    return choose(first(dlt.secrets, SECRET))


def _required_token() -> str:
    """Return the token.

    Raises:
        CredentialsError: A workspace has none, or none was named of those that there are.
    """
    workspaces.require_token()
    token = configured_token().value
    if not token and (names := workspaces.known()):
        raise workspaces.none_named(names)
    return token


def include() -> tuple[str, ...]:
    """Return the tables that the configuration adds to the usual ones.

    Raises:
        ConfigurationError: There is no such table.
    """
    return included(_value("include"))


def masks() -> dict[str, dict[str, str]]:
    """Return what must not be written as it is: how to mask it, by table and column.

    Raises:
        ConfigurationError: It is no table.
    """
    return {table: dict(rules) for table, rules in (_value("mask") or {}).items()}


def lets_untested() -> bool:
    """Whether the configuration lets a copy go where none was ever compared with its workspace."""
    return bool(_value("untested_destination"))


def refuse_unknown(section: str, known: Collection[str]) -> None:
    """Make sure that a section of the files holds nothing that nobody reads.

    Raises:
        ConfigurationError: It does; the message names it, and what was probably meant.
    """
    found: Any = dlt.config.get(section)
    for name in found if isinstance(found, Mapping) else ():
        if name not in known:
            near = next(iter(get_close_matches(name, known, n=1)), None)
            raise ConfigurationError(
                f"[{section}] has a setting {name}, which means nothing.",
                f"Did you mean {near}?" if near else f"It may have {', '.join(known)}.",
            )


def first(places: Any, name: str, section: str = SECTION) -> Any:
    """Return what is set first; an empty variable is not set, and hides no mask that stands in a file."""
    for provider in places.config_providers:
        value, _ = provider.get_value(name, places.default_type, None, *section.split("."))
        if value is not None and value != "":
            return value
    return None


def _sections() -> tuple[str, ...]:
    """Return where the settings of this process stand, the one that goes before first."""
    own = workspaces.current()
    return (SECTION,) if own is None else (own.section, SECTION)


def _value(name: str) -> Any:
    """Return a setting; of a table of settings, what the workspace does not set is as for all."""
    if name == "base_url" and _own("region") is not None:
        return _own(name)  # the host of all would silently win over the region of this one
    found = [value for section in _sections() if (value := _in_section(name, section)) is not None]
    if name in NESTED and all(isinstance(value, Mapping) for value in found):
        return _merged(found) if found else None
    return found[0] if found else None


def _own(name: str) -> Any:
    """Return a setting that the workspace has itself; ``None`` where it has not, or there is none."""
    own = workspaces.current()
    return None if own is None else _in_section(name, own.section)


def _merged(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one table of settings, in which what stands first goes before: a mask for all is one for each."""
    names = dict.fromkeys(name for table in tables for name in table)
    values = {name: [table[name] for table in tables if name in table] for name in names}
    return {
        name: _merged(each) if all(isinstance(one, Mapping) for one in each) else each[0]
        for name, each in values.items()
    }


def _in_section(name: str, section: str) -> Any:
    value = first(dlt.config, name, section)
    if value is None:
        return None
    if name in _TEXTS and not isinstance(value, str):
        raise _wrong(name, value, "Write it in quotes.", section)
    return str(value) if name in _DATES else _structured(name, value, section)


def _structured(name: str, value: Any, section: str) -> Any:
    if name in _NUMBERS:
        return _parsed(name, value, (int, float), "It must be a number.", section)
    if name in _WHOLE:
        return _parsed(name, value, (int,), "It must be a whole number.", section)
    if name in _FLAGS:
        return _parsed(name, value, (bool,), "It must be true or false.", section)
    if name in _LISTS:
        example = f'Write a list, such as ["{"audit_logs" if name == "include" else "companies"}"].'
        return _parsed(name, value, (list, tuple), example, section)
    if name in _TABLES:
        example = _EXAMPLES[name]
        kinds: tuple[type, ...] = (Mapping, int, float) if name == "refresh_hours" else (Mapping,)
        remedy = f"Write a table, such as {example}; as a variable, the same as JSON."
        return _parsed(name, value, kinds, remedy, section)
    return value


def _parsed(name: str, value: Any, kinds: tuple[type, ...], remedy: str, section: str) -> Any:
    """Return a value of one of some types; what comes from the environment is text and is read as JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise _wrong(name, value, remedy, section) from error
    if isinstance(value, bool) is not (kinds == (bool,)) or not isinstance(value, kinds):
        raise _wrong(name, value, remedy, section)
    return value


def _wrong(name: str, value: Any, remedy: str, section: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} is {value!r}.",
        f"{remedy} It stands under [{section}] in .dlt/config.toml, or in the environment.",
    )
