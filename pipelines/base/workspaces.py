"""Several workspaces in one configuration: ``[workspaces.acme]`` holds what ``[sources.pylon]`` may hold, and a place.

One process is about one of them, or about none. Everything that could be read is gone through, as for
``[sources.pylon]``: a mask in a section that nobody reads would leave addresses in clear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher, get_close_matches
from typing import Any

import dlt

from pylon_elt.sources.pylon.errors import ConfigurationError, CredentialsError
from pylon_elt.sources.pylon.misplaced import NEAR, NESTED, as_variable, documents, leaves, quoted, variables
from pylon_elt.sources.pylon.settings import NAMES, SECRETS, filled_in
from pylon_elt.sources.pylon.tokens import Token

from . import exits

TOP = "workspaces"
EVERY = "all"
"""What the union of all is called, and so no workspace."""
PLACES = ("destination", "dataset", "file")
KEYS = (*NAMES, *PLACES)
"""What ``[workspaces.acme]`` may hold."""
_USABLE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""A name is a part of names of variables, files and schemas, and has to be the same in all of them."""
SECRET = "api_key"  # noqa: S105 - the name of a setting, not a secret

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workspace:
    """One of several workspaces; read it with :func:`read`.

    Args:
        name: What it is called in ``[workspaces.<name>]``.
        destination: Where its copy goes, by dlt's name; "" where it does not say.
        dataset: The schema of its copy; "" where it does not say.
        file: The DuckDB file of its copy; "" where it does not say.
        token: Its own token; no other one is ever used for it.
    """

    name: str
    destination: str = ""
    dataset: str = ""
    file: str = ""
    token: Token = field(default=Token(""), repr=False)

    @property
    def section(self) -> str:
        """Where its settings stand."""
        return f"{TOP}.{self.name}"

    def variable(self, setting: str) -> str:
        """Return the name of the variable of a setting."""
        return as_variable((TOP, self.name, setting))


_current: Workspace | None = None


def use(workspace: Workspace) -> None:
    """Let this process be about a workspace."""
    global _current  # noqa: PLW0603 - as with argv, there is one command line in a process
    _current = workspace


def current() -> Workspace | None:
    """Return the workspace that this process is about; ``None`` for that of ``[sources.pylon]``."""
    return _current


def require_token() -> None:
    """Make sure that the workspace has a token of its own, or, where there is none, that no other was meant.

    Raises:
        CredentialsError: It has not. That of another workspace would fill its copy with the other one's rows.
    """
    if (own := _current) is not None and not own.token.value:
        raise CredentialsError(
            f"The workspace {own.name} has no API token.",
            f"Set the environment variable {own.variable(SECRET)}, or {SECRET} under [{own.section}] in"
            " .dlt/secrets.toml. No other token is used for it.",
        )


def known() -> tuple[str, ...]:
    """Return the names of the workspaces that are configured: they have a section in a file, or a token in a variable.

    Raises:
        ConfigurationError: Something is set for a workspace that there is not; it may be a mask of one that there is.
    """
    tables = [table for _, _, document in documents() if isinstance(table := document.get(TOP), Mapping)]
    in_files = [str(name) for table in tables for name, value in table.items() if isinstance(value, Mapping)]
    in_variables = [path[1] for _, path in variables() if path[0] == TOP and path[2:] == (SECRET,)]
    names = tuple(dict.fromkeys([*in_files, *in_variables]))
    for place, meant in (*_strays_in_files(names), *_strays_in_variables(names)):
        raise _nobody_reads(place, meant, f"A workspace is a section, such as [{TOP}.acme].")
    return names


def read(name: str) -> Workspace:
    """Return a workspace.

    Raises:
        Problem: There is none of this name (exit code 2).
        ConfigurationError: Its name, or something in it, cannot be used.
    """
    names = known()
    if name not in names:
        raise _unknown(name, names)
    _refuse_name(name)
    for place, meant in _misplaced(name):
        raise _nobody_reads(place, meant, f"[{TOP}.{name}] may have {', '.join(KEYS)}.")
    places = {key: _text(name, key) for key in PLACES}
    return Workspace(name, **places, token=token_of(name))


def token_of(name: str) -> Token:
    """Return a workspace's own token: the variable goes before the file, and where both are set, that is told."""
    found = [
        value
        for provider in dlt.secrets.config_providers
        if (value := filled_in(_get(provider, name, SECRET)) or "").strip()
    ]
    values = [str(value).strip() for value in found]
    if len(set(values)) < 2:
        return Token(values[0] if values else "")
    variable = as_variable((TOP, name, SECRET))
    return Token(
        values[0],
        f"Two different tokens are set: {variable} is used, {SECRET} under [{TOP}.{name}] is not."
        " Take one of them away.",
    )


def _get(provider: Any, name: str, key: str) -> Any:
    value, _ = provider.get_value(key, dlt.secrets.default_type, None, TOP, name)
    return value or None


def _text(name: str, key: str) -> str:
    for provider in dlt.config.config_providers:
        value, _ = provider.get_value(key, dlt.config.default_type, None, TOP, name)
        if value is None or value == "":
            continue
        if not isinstance(value, str) or not value.strip():
            raise ConfigurationError(
                f"{key} of the workspace {name} is {value!r}.", f"Write it in quotes under [{TOP}.{name}]."
            )
        return str(value)
    return ""


def _refuse_name(name: str) -> None:
    if _USABLE.fullmatch(name) and name != EVERY:
        return
    near = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    usable = _USABLE.fullmatch(near) and near != EVERY
    raise ConfigurationError(
        f"A workspace cannot be called {name!r}: its name is a part of files, schemas and variables"
        f"{', and the union of all has it' if name == EVERY else ''}.",
        f"Call it {near}."
        if usable
        else "Take small letters, digits and single underscores, such as acme_eu.",
    )


def _unknown(name: str, names: tuple[str, ...]) -> exits.Problem:
    what = f"There is no workspace {name!r}."
    if not names:
        return exits.Problem(
            what, f"Configure it in a section [{TOP}.{name}] in .dlt/config.toml.", exits.USAGE
        )
    if name == EVERY:
        return exits.Problem(
            "The union of all workspaces is there for pylon query alone.",
            f"Name one of them: there {_are(names)}.",
            exits.USAGE,
        )
    near = next(iter(get_close_matches(name.lower(), names, n=1)), "")
    meant = f"Did you mean {near}? " if near else ""
    return exits.Problem(what, f"{meant}There {_are(names)}.", exits.USAGE)


def _are(names: tuple[str, ...]) -> str:
    return f"{'is' if len(names) == 1 else 'are'} {', '.join(names)}"


def none_named(names: tuple[str, ...]) -> CredentialsError:
    """Return what is told where workspaces are configured, none was named, and there is no token for none."""
    return CredentialsError(
        f"No workspace was named, and [sources.pylon] has no token. There {_are(names)}.",
        f"Name one with --workspace {names[0]}, or take them all with --all.",
    )


def _nobody_reads(place: str, meant: str, otherwise: str) -> ConfigurationError:
    return ConfigurationError(
        f"{place} is set, and nobody reads it.", f"Did you mean {meant}?" if meant else otherwise
    )


def _misplaced(name: str) -> Iterator[tuple[str, str]]:
    """Yield what is set for a workspace and read by nobody, with what was meant, "" where that cannot be told."""
    first: dict[str, str] = {}
    for file, keeps_secrets, document in documents():
        for path in (path for path in leaves(document) if path[:2] == (TOP, name)):
            place, key = f"{quoted(path)} in {file}", path[2]
            if (meant := _meant(path)) is not None:
                yield place, quoted(meant)
            elif key in SECRETS and not keeps_secrets:
                yield place, f"{quoted(path)} in secrets.toml"
            elif key in NESTED and first.setdefault(key, file) != file:
                yield place, f"one table, all of it in {first[key]}"
    for variable, path in variables():
        if path[:2] == (TOP, name) and len(path) > 2:
            if (meant := _meant(path)) is not None:
                yield f"The variable {variable}", as_variable(meant)
            elif len(path) > 3:
                yield f"The variable {variable}", f"{as_variable(path[:3])}, with a table as JSON"


def _meant(path: Path) -> Path | None:
    """Return what was meant by what is set for a workspace; ``None``: it is read; ``()``: unknown."""
    key, deeper = path[2], path[3:]
    if key in KEYS and (not deeper or key in NESTED):
        return None
    near = _nearest(key, KEYS)
    return (*path[:2], near, *(deeper if near in NESTED else ())) if near and near != key else ()


def _nearest(name: str, names: tuple[str, ...]) -> str:
    return next(iter(get_close_matches(name.lower(), names, n=1, cutoff=0.6)), "")


def _strays_in_files(names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for file, _, document in documents():
        for path in leaves(document):
            if path[0] == TOP and len(path) == 2:
                yield f"{quoted(path)} in {file}", ""
            elif path[0] == TOP and (meant := _of_another(path, names)):
                yield f"{quoted(path)} in {file}", quoted((TOP, meant, *path[2:]))
            elif _is_astray(path, names):
                yield f"{quoted(path)} in {file}", quoted((TOP, *path[1:]))


def _of_another(path: Path, names: tuple[str, ...]) -> str:
    """Return the workspace for which a mask was probably meant that stands in the section of none.

    A section that has a mask and no token, and is called almost as another one, is taken for a slip of the pen.
    """
    others = tuple(name for name in names if name != path[1])
    if path[1].lower() in others:
        return path[1].lower()
    near = next(iter(get_close_matches(path[1], others, n=1, cutoff=NEAR)), "")
    return near if near and path[2] == "mask" and not token_of(path[1]).value else ""


def _strays_in_variables(names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for variable, path in variables():
        place = f"The variable {variable}"
        if path[0] == TOP and len(path) > 1 and (len(path) == 2 or path[1] not in names):
            near = _nearest(path[1], names) if len(path) > 2 else ""
            yield place, as_variable((TOP, near, *path[2:])) if near else _joined(variable, names)
        elif _is_astray(path, names):
            yield place, as_variable((TOP, *(part.lower() for part in path[1:])))
        elif "__" not in variable and (meant := _joined(variable, names)):
            yield place, meant


def _is_astray(path: Path, names: tuple[str, ...]) -> bool:
    """Whether something stands in a section that is called nearly as ours, and can hardly be somebody else's."""
    if len(path) < 3 or path[0] == TOP or not _is_near(path[0]):
        return False
    return path[1].lower() in names and bool(_nearest(path[2], KEYS))


def _is_near(top: str) -> bool:
    return SequenceMatcher(None, top.lower(), TOP).ratio() >= NEAR


def _joined(variable: str, names: tuple[str, ...]) -> str:
    """Return what was meant by a variable with too few underscores, such as ``WORKSPACES_ACME_MASK``."""
    first, *rest = [part for part in variable.lower().split("_") if part] or [""]
    if not _is_near(first):
        return ""
    for name in names:
        parts = name.split("_")
        if rest[: len(parts)] == parts and (key := _nearest("_".join(rest[len(parts) :]), KEYS)):
            return as_variable((TOP, name, key))
    return ""
