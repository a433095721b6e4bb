"""kill -9 with Postgres as destination: between the tables of one package, and anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from support import amounts
from support.ordeal import (
    FIRST_SEED,
    ONE_TURN,
    POINTS,
    after_merge_of,
    before_merge_of,
    one_way_each,
    ordeal,
    recover,
    share,
)
from support.site import TABLES, Site

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def edited(open_site: Any) -> Iterator[Site]:
    """A finished copy of a world that has moved on since."""
    with open_site(seed=FIRST_SEED) as site:
        site.finish(turns=ONE_TURN)
        site.world.stir(Random(FIRST_SEED))
        yield site


@pytest.mark.sampled(4)
@pytest.mark.parametrize("moment", share(POINTS))
def test_killed_at_a_moment_of_a_package(edited: Site, moment: str) -> None:
    site = edited.branch(moment.replace(" ", "-"))
    site.killed(POINTS[moment], turns=ONE_TURN)
    recover(site, fresh=True)


@pytest.mark.sampled(6)
@pytest.mark.parametrize(("table", "alone"), one_way_each(TABLES))
def test_killed_between_the_tables_of_one_package(edited: Site, table: str, alone: bool) -> None:
    site = edited.branch(f"{'only' if alone else 'but'}-{table}")
    if alone:
        site.killed(after_merge_of(table), first=[table], turns=ONE_TURN)
    else:
        site.killed(before_merge_of(table), last=[table], turns=ONE_TURN)
    recover(site, fresh=True)


def test_a_working_folder_that_lost_its_schema_is_settled(edited: Site) -> None:
    site = edited.branch("no-schema")
    site.killed(POINTS["normalized"], turns=ONE_TURN)
    for schema in site.machine.folder.glob("*/schemas/*.json"):
        schema.unlink()
    recover(site, fresh=False)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + amounts.KILLED_IN_POSTGRES.now))
def test_killed_at_random_the_copy_ends_equal(open_site: Any, seed: int) -> None:
    with open_site(seed=seed) as site:
        ordeal(site, seed, kills=amounts.KILLS_IN_POSTGRES.now, fresh_share=0.8)
