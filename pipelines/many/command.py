"""``--all``: one verb for all workspaces, each in a process of its own, one line for each, the worst exit code last."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from signal import SIGTERM
from threading import Lock
from typing import Any

from pylon_elt.sources.pylon.errors import ConfigurationError

from ..base import exits, screens, workspaces
from ..copy import destinations, places
from . import lines, means
from .children import Child
from .crew import Crew, Ended


@dataclass(frozen=True)
class Asked:
    """What was asked for.

    Args:
        workspace: One that was named as well.
        every: Whether all are meant.
        at_once: The most at a time; ``None`` for what the machine can take.
        destination: Where the copies are instead of where the workspaces say; "" for there.
        of_one: The options that were given and can be about one copy only.
        as_json: Whether to write for machines.
        quiet: Whether to leave out how far each is.
    """

    workspace: str | None
    every: bool
    at_once: int | None
    destination: str
    of_one: tuple[str, ...]
    as_json: bool
    quiet: bool = False


@dataclass
class Story:
    """What one command has said."""

    name: str
    started: float
    last: dict[str, Any] | None = None


def run(asked: Asked) -> int:
    """Do it for all workspaces, and return the worst exit code.

    Raises:
        Problem: The options do not go together, or there are no workspaces.
        ConfigurationError: Something is set for a workspace that there is not.
    """
    _refuse(asked)
    verb, *arguments = without_ours(sys.argv[1:])
    found = _places(asked.destination)
    lanes = list(places.together(found))
    most = asked.at_once or means.side_by_side(verb, len(lanes), means.cpus(), means.memory())
    office = Office(verb, arguments, as_json=asked.as_json, quiet=asked.quiet)
    crew = Crew(office.begin)
    codes = [office.close(ended) for lane in crew.run(lanes, most) for ended in lane]
    if verb == "transform" and not crew.received:
        codes.append(_unite(found, as_json=asked.as_json))
    code = exits.worst(codes)
    if asked.as_json:
        screens.event("all_finished", exit=code, meaning=exits.MEANINGS.get(code, ""), exits=office.exits)
    return code


def _unite(found: Sequence[tuple[str, places.Place]], *, as_json: bool) -> int:
    """Make the union of the tables for analysis, say so in a line, and return the exit code."""
    from .uniting import unite

    codes = []
    for one in unite(found):
        if isinstance(one, exits.Problem):
            codes.append(one.code)
            screens.show(one, as_json=as_json)
        elif as_json:
            screens.event("united", **asdict(one))
        else:
            for name, why in one.left_out.items():
                screens.say(f"{name} | Left out of the union of all: {why}.")
            screens.tell(lines.united(one))
    return exits.worst(codes)


def _refuse(asked: Asked) -> None:
    what = ""
    if not asked.every:
        what = "--at-once is about --all."
    elif asked.workspace is not None:
        what = "--workspace names one, --all means all of them."
    elif asked.of_one:
        what = f"{' and '.join(asked.of_one)} can be about one workspace only: the copies of all would fall together."
    if what:
        raise exits.Problem(what, "Take one of the two.", exits.USAGE)


def _places(destination: str) -> list[tuple[str, places.Place]]:
    """Return where the copies of all workspaces are; one that cannot be used says so itself, and shares nothing.

    Raises:
        Problem: There are no workspaces.
    """
    names = workspaces.known()
    if not names:
        raise exits.Problem(
            "No workspaces are configured.",
            f"Give each a section, such as [{workspaces.TOP}.acme], in .dlt/config.toml; or leave --all out.",
            exits.CONFIGURATION,
        )
    plain = destinations.plain_file()
    found = []
    for name in names:
        place = places.Place("", name)
        with suppress(ConfigurationError):
            place = places.place_of(workspaces.read(name), plain, destination)
        found.append((name, place))
    return found


def without_ours(arguments: Sequence[str]) -> list[str]:
    """Return a command line without what is said to all, so that it can be said to one."""
    kept, skip = [], False
    for argument in arguments:
        if not skip and argument != "--all" and not argument.startswith("--at-once"):
            kept.append(argument)
        skip = argument == "--at-once"
    return kept


class Office:
    """Starts the commands, and tells what they say and how they end.

    Args:
        verb: What each does.
        arguments: Its options.
        as_json: Whether to write for machines.
        quiet: Whether to leave out how far each is.
    """

    def __init__(self, verb: str, arguments: Sequence[str], *, as_json: bool, quiet: bool) -> None:
        self._verb, self._arguments = verb, tuple(arguments)
        self._as_json, self._quiet = as_json, quiet
        self._stories: dict[str, Story] = {}
        self._lock = Lock()
        self.exits: dict[str, int] = {}
        """The exit code of each that has ended."""

    def begin(self, name: str) -> Child:
        """Start the command of a workspace."""
        story = self._stories[name] = Story(name, time.monotonic())
        mine = ("--workspace", name, "--log-format", "json")
        return Child(
            [self._verb, *self._arguments, *mine], lambda stream, line: self._hear(story, stream, line)
        )

    def close(self, ended: Ended) -> int:
        """Tell how a command ended, in one line, and return its exit code."""
        code = self.exits[ended.name] = _code(ended)
        story = self._stories.get(ended.name)
        if self._as_json:
            seconds = round(time.monotonic() - story.started, 1) if story else 0.0
            screens.event("workspace_finished", workspace=ended.name, exit=code, seconds=seconds)
        elif story is None:
            screens.tell(f"{ended.name}: not begun, since a signal came before")
        else:
            seconds = time.monotonic() - story.started
            screens.tell(lines.result(ended.name, self._verb, code, story.last, seconds, datetime.now(UTC)))
        return code

    def _hear(self, story: Story, stream: str, line: str) -> None:
        with self._lock:
            event = _event(line) if stream == "out" else None
            if event is None:
                if line.strip():
                    screens.say(f"{story.name} | {line}")
                return
            if event["event"] == lines.LAST[self._verb]:
                story.last = event
            if self._as_json:
                screens.tell(line)
            elif (text := lines.said(event)) and not (self._quiet and event["event"] in ("turn", "progress")):
                screens.say(f"{story.name} | {text}")


def _event(line: str) -> dict[str, Any] | None:
    with suppress(ValueError):
        found = json.loads(line)
        if isinstance(found, dict) and "event" in found:
            return found
    return None


def _code(ended: Ended) -> int:
    """Return the exit code of one, as if it had been alone when a signal came."""
    if ended.code is None and ended.stopped_by == SIGTERM:
        return exits.DONE  # as a run that SIGTERM ends
    if ended.code is None or (ended.stopped_by and ended.code < 0):
        return exits.INTERRUPTED
    return ended.code if ended.code >= 0 else exits.FAILED
