"""Worlds for tests: small, made some minutes ago, and with a clock that reads about now."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pylon_elt import emulator

MINUTES = 10
BEGAN = datetime.fromisoformat(
    os.environ.get("PYLON_TESTS_BEGAN") or datetime.now(UTC).replace(microsecond=0).isoformat()
)
"""When the tests began, in all of their processes."""
MADE = BEGAN - timedelta(minutes=MINUTES)
"""When the worlds of the tests were made; the same for all, so that one seed is one world."""


def quiet(
    seed: int = 1, issues: int = 40, years: float = 0.3, *, rest: float = 300, **options: Any
) -> emulator.World:
    """Return a world in which nothing has happened for ``rest`` seconds.

    Rows that are stamped in whole seconds and read within moments of their update stay due for another reading;
    here none is.
    """
    world = emulator.World.seeded(seed=seed, issues=issues, years=years, now=MADE, **options)
    since = datetime.now(UTC) - timedelta(minutes=MINUTES) - MADE
    world.advance(rest + max(0.0, since.total_seconds()))  # else it would lag the longer the tests take
    return world


def bump_all(world: emulator.World) -> emulator.World:
    """Let every mutation move ``updated_at``."""
    world.bumps.update(dict.fromkeys(world.bumps, True))
    return world


def with_messages(world: emulator.World, at_least: int = 1, skip: int = 0) -> str:
    """Return an issue that has so many messages."""
    return _find(world, lambda ref: len(world.messages(ref)) >= at_least, skip)


def with_threads(world: emulator.World, at_least: int = 1, skip: int = 0) -> str:
    """Return an issue that has so many threads."""
    return _find(world, lambda ref: len(world.threads(ref)) >= at_least, skip)


def with_followers(world: emulator.World, at_least: int = 1, skip: int = 0) -> str:
    """Return an issue that has so many followers."""
    return _find(world, lambda ref: len(world.followers(ref)) >= at_least, skip)


def _find(world: emulator.World, fits: Callable[[str], bool], skip: int) -> str:
    found = [ref for ref in world.issue_ids() if fits(ref)]
    return found[skip]


def stir(world: emulator.World, rng: random.Random, times: int, *, pause: float = 0.0) -> list[str]:
    """Do random things to a world, and return what was done."""
    done = []
    for _ in range(times):
        done.append(world.random_mutation(rng)["do"])
        if pause:
            world.advance(rng.random() * pause)
    return done


def truth(world: emulator.World) -> dict[str, list[dict[str, Any]]]:
    """Return what a copy should hold, by table: also what the API shows only inside of other objects."""
    evidence = [
        {**piece, "feature_request_id": row["id"], "position": place}
        for row in world.rows("feature_requests")
        for place, piece in enumerate(row.get("evidence") or [])
    ]
    return {**world.snapshot(), "feature_request_evidence": evidence}


def rfc3339(moment: datetime) -> str:
    """Return an instant as the API writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
