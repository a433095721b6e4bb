"""What the command lines of the emulators share."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, Protocol, TypeVar

from .loopback import Loopback

APIS = ("pylon", "zaia")
"""Whose API can be served."""


class Updated(Protocol):
    """Settings that may be changed by their names."""

    def update(self, changes: Mapping[str, Any]) -> None:
        """Set several; raise ValueError for what cannot be."""


Served = TypeVar("Served", bound=Loopback)


def parser(api: str, port: int) -> argparse.ArgumentParser:
    """Return a parser with the options that every emulator has; `port` is the one it listens on by default."""
    found = argparse.ArgumentParser(
        prog="pylon emulator",
        description=f"A stand-in for the {api.capitalize()} API.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = found.add_argument
    add("--api", choices=APIS, default=api, help="whose API; --api zaia --help has the options of that one")
    add("--port", type=int, default=port, help="port on 127.0.0.1; 0 takes a free one")
    add("--seed", type=int, default=0, help="seed of the sample workspace")
    add("--now", type=moment, help="moment at which the world's clock starts; the present if not given")
    add("--changes-per-minute", type=float, default=0.0, help="random changes to the workspace")
    add("--latency", type=float, default=0.0, help="seconds before each answer")
    return found


def add_settings(found: argparse.ArgumentParser, lacking: str, kind: str, names: str) -> None:
    """Add the options that reach the settings: what is lacking, and any other by its name."""
    found.add_argument("--lacking", action="append", default=[], metavar=kind, help=lacking)
    found.add_argument(
        "--set",
        type=assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"any setting: {names}…",
    )


def set_up(
    found: argparse.ArgumentParser,
    options: argparse.Namespace,
    settings: Updated,
    shortcuts: Mapping[str, str],
) -> None:
    """Take over into the settings what the options say; a mistake ends the command.

    `shortcuts` are the options that are settings, each with the setting's name.
    """
    try:
        settings.update({field: getattr(options, name) for name, field in shortcuts.items()})
        settings.update({"lacking": tuple(options.lacking)} | dict(options.set))
    except ValueError as error:
        found.error(str(error))


def moment(text: str) -> datetime:
    """Read a time with its offset."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError("needs an offset, such as 2026-07-01T00:00:00Z")
    return found


def assignment(text: str) -> tuple[str, Any]:
    """Read `name=value`; the value is JSON, or else a plain string."""
    name, sign, value = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError("needs the form name=value")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def serve(
    running: Callable[[], AbstractContextManager[Served]],
    line: Callable[[Served], str],
    change: Callable[[], object],
    options: argparse.Namespace,
) -> int:
    """Serve until SIGTERM or SIGINT, and change the world meanwhile; print one line once ready.

    Returns the exit code.
    """
    with _until_signalled() as done:
        try:
            with running() as server:
                sys.stdout.write(line(server) + "\n")
                sys.stdout.flush()
                pace = options.changes_per_minute
                while not done.wait(60 / pace if pace > 0 else None):
                    change()
        except OSError as error:
            sys.stderr.write(f"cannot listen on port {options.port}: {error.strerror}\n")
            return 1
    return 0


@contextmanager
def _until_signalled() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM and SIGINT set in place of ending the process."""
    done = threading.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    previous = {number: signal.signal(number, lambda *_: done.set()) for number in numbers}
    try:
        yield done
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
