"""Serve the emulator in the foreground."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from random import Random
from typing import Any

from .server import running
from .settings import CHOICES, TIERS, Settings
from .world import World

SHORTCUTS = {
    "token": "token",
    "tier": "tier",
    "window_seconds": "window_seconds",
    "latency": "latency_seconds",
    "jitter": "latency_jitter_seconds",
    "index_lag": "index_lag_seconds",
}
"""Options of the command line that are settings; `--set` reaches the others."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; print one line with the URL and the token once ready."""
    parser = _parser()
    options = parser.parse_args(argv)
    settings = Settings()
    try:
        settings.update({field: getattr(options, name) for name, field in SHORTCUTS.items()})
        settings.update({"lacking": tuple(options.lacking)} | dict(options.set))
    except ValueError as error:
        parser.error(str(error))
    with _until_signalled() as done:
        size = (options.issues, options.years, options.messages_mean)
        world = World.seeded(options.seed, *size, options.now, others=options.others)
        try:
            with running(world, settings, options.port) as server:
                sys.stdout.write(f"{server.base_url} token={server.token}\n")
                sys.stdout.flush()
                _live(world, options, done)
        except OSError as error:
            sys.stderr.write(f"cannot listen on port {options.port}: {error.strerror}\n")
            return 1
    return 0


def _live(world: World, options: argparse.Namespace, done: threading.Event) -> None:
    """Change the world at random, at an even pace, until `done`."""
    rng, pace = Random(options.seed), options.changes_per_minute
    while not done.wait(60 / pace if pace > 0 else None):
        world.random_mutation(rng, others=options.others > 0)


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pylon emulator",
        description="A stand-in for the Pylon API.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=int, default=8765, help="port on 127.0.0.1; 0 takes a free one")
    add("--seed", type=int, default=0, help="seed of the sample workspace")
    add("--issues", type=int, default=2000, help="number of issues")
    add("--years", type=float, default=2.0, help="age of the workspace in years")
    add("--messages-mean", type=float, default=4.0, help="messages per issue")
    add("--others", type=float, default=1.0, help="scale of tasks, surveys, audit logs and so on; 0 for none")
    add("--now", type=_moment, help="moment at which the world's clock starts; the present if not given")
    add("--changes-per-minute", type=float, default=0.0, help="random changes to the workspace")
    add("--token", default="pyl_test", help="the token that is let in")
    add("--tier", choices=tuple(TIERS), default="none", help="rate limits")
    add("--window-seconds", type=float, default=60.0, help="length of a rate window")
    add("--latency", type=float, default=0.0, help="seconds before each answer")
    add("--jitter", type=float, default=0.0, help="up to so many seconds more")
    add("--index-lag", type=float, default=0.0, help="seconds that the search trails the writes")
    add(
        "--lacking",
        action="append",
        default=[],
        metavar="ENDPOINT",
        help="an endpoint that an older server does not have",
    )
    names = ", ".join(CHOICES)
    add(
        "--set",
        type=_assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"any setting: {names}…",
    )
    return parser


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("needs an offset, such as 2026-07-01T00:00:00Z")
    return moment


def _assignment(text: str) -> tuple[str, Any]:
    """Read `name=value`; the value is JSON, or else a plain string."""
    name, sign, value = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError("needs the form name=value")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


if __name__ == "__main__":
    sys.exit(main())
