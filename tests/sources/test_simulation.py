"""Whole runs against a server and a database in this process, with random edits, faults, kills and time between them.

After the last fault, the copy equals the source, every row and column. ``PYLON_SEED`` replays seeds.
"""

from __future__ import annotations

import os

import pytest
from support import amounts, soak
from support.simulation import live

pytestmark = pytest.mark.soak
COUNT = amounts.LIVES.now
FIRST = int(os.environ.get("TEST_SEED") or 0) if soak.SOAK else 0
SEEDS = [int(seed) for seed in os.environ.get("PYLON_SEED", "").split() if seed.isdigit()] or range(
    FIRST, FIRST + COUNT
)


@pytest.mark.sampled(8)
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_the_copy_is_the_source_in_the_end(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(seed, monkeypatch)
