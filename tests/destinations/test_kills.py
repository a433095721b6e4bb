"""kill -9 at each named moment of a load package, in each destination, in place and on a fresh machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from support.destinations import IN_A_BUCKET
from support.ordeal import (
    FIRST_SEED,
    ONE_TURN,
    POINTS,
    after_merge_of,
    before_merge_of,
    one_way_each,
    recover,
    share,
)
from support.site import TABLES, Site
from support.soak import SOAK
from support.suspended import SHORT

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def edited(open_site: Any) -> Iterator[Site]:
    """A finished copy of a world that has moved on since."""
    with open_site(seed=FIRST_SEED) as site:
        site.finish(turns=ONE_TURN, lease=SHORT)
        site.world.stir(Random(FIRST_SEED))
        yield site


def recovered(site: Site, *, fresh: bool) -> None:
    """Finish a copy; on another machine, only once the killed run would have said that it lives."""
    if fresh:
        time.sleep(SHORT["SECONDS"])
    recover(site, fresh=fresh, lease=SHORT)


@pytest.mark.sampled(6)
@pytest.mark.parametrize(("moment", "fresh"), share(one_way_each(POINTS), 3))
def test_killed_at_a_moment_of_a_package(edited: Site, moment: str, fresh: bool) -> None:
    site = edited.branch(f"{moment}-{fresh}".replace(" ", "-"))
    site.killed(POINTS[moment], turns=ONE_TURN, lease=SHORT)
    recovered(site, fresh=fresh)


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("table", "alone"), share(one_way_each(TABLES), 3))
def test_killed_between_the_tables_of_one_package(kind: str, edited: Site, table: str, alone: bool) -> None:
    if kind in IN_A_BUCKET and not SOAK:
        pytest.skip("what stands between two tables is in the catalog: PYLON_SOAK=1 make ducklake")
    site = edited.branch(f"{'only' if alone else 'but'}-{table}")
    if alone:
        site.killed(after_merge_of(table), first=[table], turns=ONE_TURN, lease=SHORT)
    else:
        site.killed(before_merge_of(table), last=[table], turns=ONE_TURN, lease=SHORT)
    recovered(site, fresh=True)


@pytest.mark.sampled(2)
def test_a_killed_merge_leaves_the_former_rows(edited: Site) -> None:
    site = edited.branch("former-rows")
    before = site.copy.read()["issue_messages"]
    site.killed(POINTS["in the middle of the messages"], turns=ONE_TURN, lease=SHORT)
    assert site.copy.read()["issue_messages"] == before
