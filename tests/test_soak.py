"""``make soak`` ends when its time is up, and goes through the tests in an order of its own each time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIVES = "tests/sources/test_simulation.py"


def soak(*arguments: str, seed: int) -> str:
    known = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    known.pop("PYLON_TESTS_BEGAN", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", LIVES, *arguments],
        cwd=ROOT,
        env={**known, "PYLON_SOAK": "1", "PYLON_SOAK_MINUTES": "0.0001", "TEST_SEED": str(seed)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout


@pytest.mark.dear
def test_it_begins_nothing_once_its_time_is_up_and_says_how_much_is_left() -> None:
    told = soak("-rs", seed=5)
    assert "SKIPPED [3000] " in told
    assert "the time of make soak is up" in told
    assert "passed" not in told


@pytest.mark.dear
def test_each_begins_with_others() -> None:
    one, other = (soak("--collect-only", seed=seed).splitlines()[:5] for seed in (7, 4000))
    assert not set(one) & set(other)
    assert all(line.startswith(LIVES) for line in one)
