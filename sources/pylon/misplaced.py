"""What was meant as a setting but is none: a mask that nobody reads would leave addresses in clear.

dlt asks for the names that it knows, and never says what else there is. So everything that it could read is gone
through once: whatever stands near ``[sources.pylon]`` must be a setting, or something that dlt itself reads there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from typing import Any

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers.doc import BaseDocProvider
from dlt.common.configuration.specs import PluggableRunContext

from .catalog import ALL_TABLES
from .errors import ConfigurationError
from .settings import NAMES, SECRETS

TOP, OWN = "sources", "pylon"
NEAR = 0.75
"""How alike, of 1, a section's name must be to be taken for ours: ``pylons`` is, ``python`` is not."""
NESTED = frozenset({"rate_limits", "refresh_hours", "mask"})
"""The settings that are tables."""
ONLY_OURS = ("mask", "mask_key")
"""The names that nobody gives to anything else, and whose loss nobody would see."""
DLT = frozenset(
    {
        *("schema", "extract", "normalize", "load", "data_writer", "destination"),
        *("max_table_nesting", "root_key", "schema_contract", "write_disposition", "parallelized"),
    }
)
"""What dlt looks up below the section of a source or a resource."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Misplaced:
    """Something that is set and read by nobody.

    Args:
        place: What is set, and where, as its author wrote it; never its value.
        near: What was probably meant, "" where that cannot be told.
    """

    place: str
    near: str = ""

    def as_error(self) -> ConfigurationError:
        """Return what is to be told of it."""
        remedy = f"Did you mean {self.near}?" if self.near else f"[{TOP}.{OWN}] may have {', '.join(NAMES)}."
        return ConfigurationError(f"{self.place} is set, and nobody reads it.", remedy)


def refuse_misplaced(*, own_only: bool = False) -> None:
    """Make sure that all that is set near ``[sources.pylon]`` is read by somebody.

    Args:
        own_only: Settings are read from ``[sources.pylon]`` and from nowhere else, as the command line does; dlt
            itself also looks below the names of pipelines and sources.

    Raises:
        ConfigurationError: Something is not; the message names it, and what was probably meant.
    """
    for found in misplaced(own_only=own_only):
        raise found.as_error()


def misplaced(*, own_only: bool = False) -> Iterator[Misplaced]:
    """Find what :func:`refuse_misplaced` refuses."""
    reader = _Reader(own_only=own_only)
    for name, path in variables():
        if (meant := _joined(name)) is not None or (meant := reader.meant(path)) is not None:
            yield Misplaced(f"The variable {name}", as_variable(meant))
        elif (table := _nested(path)) is not None:
            yield Misplaced(f"The variable {name}", f"{as_variable(table)}, with a table as JSON")
    first: dict[Path, str] = {}
    for file, keeps_secrets, document in documents():
        for path in leaves(document):
            table = path[:3]
            if table[:2] == (TOP, OWN) and table[-1] in NESTED and first.setdefault(table, file) != file:
                yield Misplaced(f"{quoted(path)} in {file}", f"one table, all of it in {first[table]}")
            if (meant := reader.meant(path)) is not None:
                yield Misplaced(f"{quoted(path)} in {file}", quoted(meant))
            elif not keeps_secrets and path[:2] == (TOP, OWN) and path[-1] in SECRETS:
                yield Misplaced(f"{quoted(path)} in {file}", f"{quoted(path)} in secrets.toml")


class _Reader:
    """Knows what is read.

    Args:
        own_only: Whether settings are read only from ``[sources.pylon]``.
    """

    def __init__(self, *, own_only: bool) -> None:
        self._own_only = own_only

    def meant(self, path: Path) -> Path | None:
        """Return what was meant by something that is set; ``None``: it is read, or not ours; ``()``: unknown."""
        for start in (0, 1):  # dlt also looks below the name of the pipeline
            top, own = (*path[start:], "", "")[:2]
            if _is_near(top, TOP) and _is_section(own):
                return self._below(path, start)
        first, second = (*path, "", "")[:2]
        if _is_near(first, OWN):
            ours = "" if first == OWN and not self._own_only else _nearest(second, NAMES, 0.8)
            return (TOP, OWN, ours, *path[2:]) if ours else None
        if self._own_only and first == TOP and second in ONLY_OURS:
            return (TOP, OWN, *path[1:])
        if self._own_only and first == "mask" and second in (*ALL_TABLES, "*"):
            return (TOP, OWN, *path)
        return None

    def _below(self, path: Path, start: int) -> Path | None:
        """Look at what stands below something that is called like our section."""
        rest = path[start + 2 :]
        corrected = self._named(rest)
        if path[start : start + 2] != (TOP, OWN):
            return corrected or (TOP, OWN, *rest)
        if corrected is None and start and self._own_only and rest[0] in NAMES:
            return (TOP, OWN, *rest)
        return corrected

    def _named(self, rest: Path, names: Sequence[str] = NAMES) -> Path | None:
        """Return what was meant by a name in our section, ``None`` where it is right, ``()`` where it is unknown."""
        if not rest:
            return ()
        name, *deeper = rest
        if name in DLT or (name in names and (not deeper or name in NESTED)):
            return None
        if name in ALL_TABLES:
            return _of_table(name, deeper)
        if deeper and (name == OWN or _is_clone(name)):  # dlt's long form: section and name of the source
            return self._named(tuple(deeper), () if self._own_only else NAMES)
        near = _nearest(name, NAMES, 0.6)
        return (TOP, OWN, near, *(deeper if near in NESTED else ())) if near else ()


def _of_table(name: str, deeper: Sequence[str]) -> Path | None:
    """Look at the section of a table, which dlt has for each resource."""
    if deeper and deeper[0] in DLT:
        return None
    return (TOP, OWN, "mask", name, *deeper) if deeper and deeper[0] in ALL_TABLES[name].column_names else ()


def _is_near(name: str, ours: str) -> bool:
    return name == ours or SequenceMatcher(None, name.lower(), ours).ratio() >= NEAR


def _is_section(name: str) -> bool:
    return (_is_near(name, OWN) and not _is_clone(name)) or bool(_mask_name(_after_own(name)))


def _is_clone(name: str) -> bool:
    """Whether it may be a second source of the user's, made with ``pylon_source.clone(name="pylon_eu")``."""
    return bool(rest := _after_own(name)) and not _mask_name(rest)


def _after_own(name: str) -> str:
    found = re.fullmatch(rf"{OWN}[_-](.+)", name.lower())
    return found[1] if found else ""


def _nearest(name: str, names: Sequence[str], cutoff: float) -> str:
    return next(iter(get_close_matches(name.lower(), names, n=1, cutoff=cutoff)), "")


def _mask_name(name: str) -> str:
    return _nearest(name, ONLY_OURS, 0.85)


def variables() -> Iterator[tuple[str, Path]]:
    """Yield the names of the environment's variables, and the places that they stand for."""
    for name, value in os.environ.items():
        if value:
            # dlt asks in capitals; what is not written so is not found, and is no place of ours either
            yield name, tuple(name.swapcase().split("__"))


def _joined(name: str) -> Path | None:
    """Return which mask was meant by a variable with too few or too many underscores."""
    first, *rest = [part for part in name.lower().split("_") if part] or [""]
    if rest and _is_near(first, TOP) and _is_near(rest[0], OWN):
        rest = rest[1:]
    elif "__" in name or not _is_near(first, OWN):
        return None
    meant = (TOP, OWN, _mask_name("_".join(rest)))
    return meant if meant[2] and name != as_variable(meant) else None


def _nested(path: Path) -> Path | None:
    """Return the setting into whose table a variable reaches, which dlt does not look for."""
    for end in range(3, len(path)):
        if (TOP, OWN) in (path[:2], path[1:3]) and path[end - 1] in NESTED:
            return path[:end]
    return None


def as_variable(path: Path) -> str:
    """Return a place as the environment has it."""
    return "__".join(path).upper()


def documents() -> Iterator[tuple[str, bool, Mapping[str, Any]]]:
    """Yield what dlt has read from files and the like: name, whether it is for secrets, content."""
    for provider in Container()[PluggableRunContext].providers.providers:
        if isinstance(provider, BaseDocProvider):
            # dlt gives out single values only, by names that one has to know
            yield provider.name, provider.supports_secrets, provider._config_doc  # noqa: SLF001


def leaves(document: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    """Yield the places of all values of a document."""
    for name, value in document.items():
        here = (*above, str(name))
        if isinstance(value, Mapping):
            yield from leaves(value, here)
        else:
            yield here


def quoted(path: Path) -> str:
    """Return a place as TOML has it."""
    return ".".join(name if re.fullmatch(r"[\w-]+", name) else f'"{name}"' for name in path)
