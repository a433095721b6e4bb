"""The command line of the emulated Zaia."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from random import Random

from .. import command
from ..times import OffsetClock
from .server import running
from .settings import CHOICES, Settings
from .world import World

SHORTCUTS = {
    "key": "key",
    "shape": "shape",
    "order": "order",
    "latency": "latency_seconds",
    "requests_per_minute": "requests_per_minute",
}
"""Options of the command line that are settings; `--set` reaches the others."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; print one line with the URL and the key once ready."""
    parser = _parser()
    options = parser.parse_args(argv)
    settings = Settings()
    command.set_up(parser, options, settings, SHORTCUTS)
    live = OffsetClock(start=options.now)
    world = World.seeded(options.seed, options.tickets, now=live(), days=options.days, live=live)
    rng = Random(options.seed)
    return command.serve(
        lambda: running(world, settings, options.port),
        lambda server: f"{server.url} key={server.key}",
        lambda: world.change(rng),
        options,
    )


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("zaia", 8902)
    add = parser.add_argument
    add("--tickets", type=int, default=60, help="number of tickets")
    add("--days", type=float, default=90.0, help="age of the workspace in days")
    add("--key", default="zaia_test", help="the key that is let in")
    add("--shape", choices=CHOICES["shape"], default="array", help="how lists answer")
    add("--order", choices=CHOICES["order"], default="newest", help="the order of lists")
    add("--requests-per-minute", type=int, help="rate limit over all lists; none if not given")
    command.add_settings(
        parser, "a list that this server does not have, such as tags", "LIST", "most, statuses, extra"
    )
    return parser
