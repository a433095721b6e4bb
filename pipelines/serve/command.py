"""``pylon serve``: from the options to an exit code."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory

from pylon_elt.sources.pylon.errors import ConfigurationError

from ..base import exits, screens, workspaces
from ..base.listening import LOOPBACK, listen
from ..base.redaction import remember
from ..copy import destinations, places
from ..copy.places import Place
from ..copy.rung import Rung
from .daemon import Daemon
from .schedule import seconds_of

HOST, PORT = "127.0.0.1", 2720
SECRET = "PYLON_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
SHORTEST = 16


@dataclass(frozen=True)
class Options:
    """The command line of ``pylon serve``."""

    every: str
    workspace: str | None
    all: bool
    destination: str
    """Where the copies are instead of where the configuration says; "" for there."""
    dataset: str
    host: str
    port: int
    hooks: bool
    as_json: bool


def run(options: Options) -> int:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        Problem: The options do not go together, a secret is missing, the port is taken, or nothing could be run.
        ConfigurationError: The workspaces are configured so that none can be told.
    """
    every = seconds_of(options.every)
    found = _places(options)
    bells = {name: (_secrets(name), _rung(place)) for name, place in found.items()} if options.hooks else {}
    _refuse_one_secret_for_two(bells)
    given = (("destination", options.destination), ("dataset", options.dataset))
    arguments = tuple(part for name, value in given if value for part in (f"--{name}", value))
    lanes = list(places.together(list(found.items())))
    with listen(options.host, (options.port,)) as listening:
        daemon = Daemon(every, arguments, lanes, bells, as_json=options.as_json)
        if options.host not in LOOPBACK:
            screens.say(
                "Others on the network reach it: put a proxy with TLS before it that hands on /hooks alone."
            )
        return asyncio.run(daemon.serve(listening, options.host))


def _places(options: Options) -> dict[str, Place]:
    """Return where the copies are, by workspace; one that cannot be used says so itself once it is run."""
    if options.all and (options.workspace is not None or options.dataset):
        raise exits.Problem(
            "--all means all workspaces, --workspace and --dataset are about one.",
            "Take one of the two.",
            exits.USAGE,
        )
    plain = destinations.plain_file()
    if not options.all and options.workspace is None:
        kind = options.destination or destinations.DEFAULT
        file = plain if kind == destinations.DEFAULT else None
        return {"": Place(kind, options.dataset or destinations.DATASET, file)}
    names = workspaces.known() if options.all else (options.workspace or "",)
    if not names:
        raise exits.Problem(
            "No workspaces are configured.",
            f"Give each a section, such as [{workspaces.TOP}.acme], in .dlt/config.toml; or leave --all out.",
            exits.CONFIGURATION,
        )
    found = {}
    for name in names:
        found[name] = Place("", name)
        try:
            workspace = workspaces.read(name)
            if workspace.token.value:
                remember(workspace.token.value)
            found[name] = places.place_of(workspace, plain, options.destination, options.dataset)
        except ConfigurationError:
            if not options.all:
                raise
    return found


def _rung(place: Place) -> Rung | None:
    """Return where the rings of a copy are kept; ``None``: nobody knows where it is.

    Raises:
        Problem: They cannot be kept there.
    """
    if not place.destination:
        return None
    with TemporaryDirectory() as scratch:
        destinations.DuckDb.instead = place.file
        pipeline = destinations.open_pipeline(place.destination, place.dataset, pipelines_dir=scratch)
        rung = Rung(destinations.working_folder(pipeline))
        file = destinations.database_file(pipeline)
    try:
        rung.make(file)
    except (OSError, sqlite3.Error) as error:
        raise exits.Problem(
            f"What rings cannot be kept in {rung.file}: {error}.",
            "Let this user write there, or set DLT_DATA_DIR to a folder where that is so.",
            exits.CONFIGURATION,
        ) from error
    return rung


def _secrets(name: str) -> tuple[str, ...]:
    """Return the secrets of a workspace's webhooks: those of its variable, with blanks between.

    Raises:
        Problem: There is none, or one that could be guessed.
    """
    variable = f"{SECRET}_{name.upper()}" if name else SECRET
    found = tuple(os.environ.get(variable, "").split())
    for secret in found:
        remember(secret)
    if not found:
        raise exits.Problem(
            f"--hooks needs the secret of the webhooks{f' of {name}' if name else ''}, and {variable} is not set.",
            f"Set {variable} to the secret that Pylon showed when the trigger was made; to change it without a gap,"
            " to the old one, a blank, and the new one.",
            exits.CONFIGURATION,
        )
    if min(map(len, found)) < SHORTEST:
        raise exits.Problem(
            f"{variable} has a secret of fewer than {SHORTEST} characters, which could be guessed.",
            "Set it to the secret that Pylon showed.",
            exits.CONFIGURATION,
        )
    return found


def _refuse_one_secret_for_two(bells: Mapping[str, tuple[Sequence[str], Rung | None]]) -> None:
    """Make sure that what one workspace signed rings at no other one."""
    owner: dict[str, str] = {}
    for name, (secrets, _) in bells.items():
        for secret in secrets:
            if owner.setdefault(secret, name) != name:
                raise exits.Problem(
                    f"The workspaces {owner[secret]} and {name} have one webhook secret.",
                    f"Set {SECRET}_{name.upper()} to its own.",
                    exits.CONFIGURATION,
                )
