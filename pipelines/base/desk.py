"""What a support desk is to the verbs: one small object, which ``desks/`` makes for each of them.

One process is one command, ``pylon`` or ``zaia``; texts name verbs as their reader can type them.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol

import typer

from . import exits

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.copy.copied import Copied

NAMES = ("pylon", "zaia")
"""What the desks are called, and the schemas of their sources."""
_COPY = ("workspace", "destination", "dataset")
_MARTS = (*_COPY, "schema")
PLACES: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("run", "check", "status", "reconcile", "verify"), _COPY),
    **dict.fromkeys(("transform", "query", "ask", "export", "report", "dashboard", "mcp", "publish"), _MARTS),
    "move": ("dataset",),
}
"""The options that say where the copy is, by verb."""
USUAL = "pylon"
"""What a process is called that no command line has begun."""


@dataclass(frozen=True)
class Run:
    """What ``run`` was asked for.

    Args:
        select: Only these tables, as they were typed; none means the usual ones.
        exclude: All but these.
        destination: Where to load, by dlt's name.
        dataset: The schema that holds the tables.
        max_minutes: When to end although something is due; ``None`` for never.
        full_refresh: Drop the tables and read everything anew.
        adopt: Go on with another organisation's copy.
        confirm: Let rows leave however many they are.
        yes: Do not ask.
        progress: How to show progress.
        as_json: Whether to write for machines.
        settings: Settings from the command line by name; ``None`` where an option was not used.
    """

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    destination: str = "duckdb"
    dataset: str = USUAL
    max_minutes: float | None = None
    full_refresh: bool = False
    adopt: bool = False
    confirm: bool = False
    yes: bool = False
    progress: str = "auto"
    as_json: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verify:
    """What ``verify`` was asked for.

    Args:
        destination: Where the copy is, by dlt's name.
        dataset: The schema that holds it.
        sample: How many conversations to compare.
        seed: Draws the same sample again; ``None`` for any.
        as_json: Whether to write for machines.
        settings: Settings from the command line by name; ``None`` where an option was not used.
    """

    destination: str
    dataset: str
    sample: int
    seed: int | None
    as_json: bool
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that ``check`` looked at."""

    what: str
    verdict: Literal["ok", "failed", "denied", "unknown"]
    text: str
    remedy: str = ""
    code: int = exits.DONE


@dataclass(frozen=True, slots=True)
class Described:
    """What the catalogue says of a table.

    Args:
        key: The columns by which its rows are told from each other.
        types: The catalogue's type of each column.
        told: What each column means.
    """

    key: tuple[str, ...]
    types: Mapping[str, str]
    told: Mapping[str, str]


class Desk(Protocol):
    """A support desk that can be copied."""

    @property
    def name(self) -> str:
        """What its command, its pipeline and its usual dataset are called, and ``[sources.<name>]``."""

    def tables(self) -> tuple[str, ...]:
        """Return the names of all tables that a copy may have, ledgers included."""

    def described(self, table: str) -> Described | None:
        """Return what the catalogue says of a table of a copy; ``None``: it has no such table."""

    def whose(self, held: Callable[[str, str, str], str]) -> str:
        """Return the id of the workspace that a copy holds, "" where the copy does not say.

        Args:
            held: Returns a value of the first row of a table, by the table, the column, and SQL that says which row is
                first; "" where there is none.
        """

    def run(self, asked: Run) -> int:
        """Copy what is new or changed, show it, and return the exit code."""

    def check(
        self, select: Sequence[str], exclude: Sequence[str], given: Mapping[str, Any]
    ) -> Iterator[Finding]:
        """Ask the API for one row of each table, and yield what was found."""

    def status(self, destination: str, dataset: str, *, as_json: bool) -> int:
        """Print what the copy holds, how fresh it is and what is due, and return the exit code."""

    def verify(self, asked: Verify) -> int:
        """Compare the copy with what the API has, and return the exit code."""

    def require_tested(self, pipeline: dlt.Pipeline) -> None:
        """Refuse a destination in which no copy was ever compared with its workspace, unless that is configured.

        Raises:
            Exception: It is one; a problem, or an error of the source.
        """

    def built_from(self, dataset: str) -> Mapping[str, str]:
        """Return the variables by which the dbt package finds a copy."""

    def require_built_from(self, pipeline: dlt.Pipeline, copied: Copied) -> None:
        """Make sure that there is something to build tables for analysis from.

        Raises:
            Problem: There is not.
        """


_current: Desk | None = None


def use(desk: Desk) -> None:
    """Let this process be about a desk."""
    global _current  # noqa: PLW0603 - as with argv, there is one command line in a process
    _current = desk


def current() -> Desk:
    """Return the desk that this process is about."""
    assert _current is not None  # noqa: S101 - each command line begins with use()
    return _current


def writes(table: str) -> bool:
    """Whether a copy of the desk of this process has a table, whoever fills it."""
    return _current is not None and table in _current.tables()


def name() -> str:
    """Return what the command of this process is called."""
    return _current.name if _current else USUAL


def command(verb: str, *, another: str = "") -> str:
    """Return a verb as it can be typed, such as ``pylon run``, with where the copy is as it was typed just now.

    Args:
        verb: The verb.
        another: An option that is to be given otherwise, such as ``dataset``.
    """
    wanted = [f"--{another} NAME"] if another else []
    return " ".join([name(), verb, *_given(verb, another), *wanted])


def _given(verb: str, another: str) -> Iterator[str]:
    """Yield those options of the command under way that say where the copy is, and which another verb has too."""
    for option in PLACES.get(verb, ()):
        if option != another and was_given(option):
            yield f"--{option} {shlex.quote(str(_context().params[option]))}"


def was_given(option: str) -> bool:
    """Whether an option of the command under way was typed, by the name of its parameter."""
    context = _context()
    source = context.get_parameter_source(option) if context else None
    return source is not None and source.name == "COMMANDLINE"


def _context() -> Any:
    """Return the command under way, as the library for command lines knows it, which typer brings or has in itself."""
    library = typer.Context.__mro__[1].__module__.rpartition(".")[0]
    return import_module(f"{library}.globals").get_current_context(silent=True)
