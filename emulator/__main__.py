"""Serve an emulator in the foreground."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from random import Random

from . import command
from .server import running
from .settings import CHOICES, TIERS, Settings
from .world import World
from .zaia import command as zaia

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
    which = argparse.ArgumentParser(add_help=False)
    which.add_argument("--api", default="pylon")
    chosen, _ = which.parse_known_args(argv)
    return zaia.main(argv) if chosen.api == "zaia" else _pylon(argv)


def _pylon(argv: Sequence[str] | None) -> int:
    parser = _parser()
    options = parser.parse_args(argv)
    settings = Settings()
    command.set_up(parser, options, settings, SHORTCUTS)
    size = (options.issues, options.years, options.messages_mean)
    world = World.seeded(options.seed, *size, options.now, others=options.others)
    rng = Random(options.seed)
    return command.serve(
        lambda: running(world, settings, options.port),
        lambda server: f"{server.base_url} token={server.token}",
        lambda: world.random_mutation(rng, others=options.others > 0),
        options,
    )


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("pylon", 8765)
    add = parser.add_argument
    add("--issues", type=int, default=2000, help="number of issues")
    add("--years", type=float, default=2.0, help="age of the workspace in years")
    add("--messages-mean", type=float, default=4.0, help="messages per issue")
    add("--others", type=float, default=1.0, help="scale of tasks, surveys, audit logs and so on; 0 for none")
    add("--token", default="pyl_test", help="the token that is let in")
    add("--tier", choices=tuple(TIERS), default="none", help="rate limits")
    add("--window-seconds", type=float, default=60.0, help="length of a rate window")
    add("--jitter", type=float, default=0.0, help="up to so many seconds more")
    add("--index-lag", type=float, default=0.0, help="seconds that the search trails the writes")
    lacking = "an endpoint that an older server does not have"
    command.add_settings(parser, lacking, "ENDPOINT", ", ".join(CHOICES))
    return parser


if __name__ == "__main__":
    sys.exit(main())
