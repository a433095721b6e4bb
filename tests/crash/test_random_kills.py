"""kill -9 at any moment, in place or on a machine that has only the database, through a first load and two rounds of edits.

``TEST_SEED=17 pytest tests/crash`` starts from another seed, ``make soak`` takes its time.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support import amounts
from support.ordeal import FIRST_SEED, ordeal
from support.runner import Runner
from support.site import duckdb_site

pytestmark = pytest.mark.soak


@pytest.mark.sampled(2)
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + amounts.KILLED.now))
def test_killed_at_random_the_copy_ends_equal(tmp_path: Path, runner: Runner, seed: int) -> None:
    with duckdb_site(tmp_path, runner, seed) as site:
        ordeal(site, seed, kills=amounts.KILLS.now)
