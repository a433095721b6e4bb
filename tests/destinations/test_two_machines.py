"""Two machines and one database that has no lock for us, or whose lock nobody asks for: the lease in the copy tells."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from support.ordeal import ONE_TURN, POINTS, after_merge_of
from support.runner import Runner
from support.site import Site
from support.suspended import LONG, SHORT, content, other, second_leaves, stopped

LOCKED_BY_A_FILE = ("ducklake-sqlite", "ducklake-s3")


@pytest.fixture
def site(open_site: Any) -> Iterator[Site]:
    with open_site() as one:
        one.finish(turns=ONE_TURN, lease=SHORT)
        one.world.stir(Random(1))
        yield one


@pytest.mark.sampled(2)
def test_the_copy_is_the_truth_and_the_second_of_two_runs_leaves_and_names_the_first(
    site: Site, elsewhere: Runner
) -> None:
    second_leaves(site, elsewhere)
    other(site, elsewhere).finish(turns=ONE_TURN, lease=LONG)
    site.check()


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "point", [POINTS["normalized"], after_merge_of("issues")], ids=["read", "half loaded"]
)
def test_who_sleeps_beyond_its_lease_changes_nothing(
    kind: str, site: Site, elsewhere: Runner, point: str
) -> None:
    if kind in LOCKED_BY_A_FILE:
        pytest.skip("a lock file is held as long as the run is there, asleep or not")
    with stopped(site, point, lease=SHORT) as run:
        time.sleep(SHORT["SECONDS"])
        site.world.stir(Random(2), deletions=False)
        other(site, elsewhere).finish(turns=ONE_TURN, lease=SHORT)
        site.check()
        before = content(site)
        assert run.go_on().code == 75
    assert content(site) == before
    site.finish(turns=ONE_TURN, lease=SHORT)
    site.check()
