"""kill -9 at one point after the other of a load, and between any two tables of a package.

The points are all statements and all renamed files of a run. After the kill the copy is finished, in place or on a
machine that has only the database.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from support import amounts
from support.ordeal import (
    FIRST_SEED,
    ONE_TURN,
    POINTS,
    SOAK,
    after_merge_of,
    after_staging_of,
    before_merge_of,
    one_way_each,
    recover,
    share,
    sweep,
)
from support.runner import Runner
from support.site import TABLES, Site, duckdb_site

pytestmark = pytest.mark.soak

SHARDS = range(4 if SOAK else 2)
CHILD_OR_LEDGER = ("issue_messages", "issue_sync")
"""What is killed each time: a ledger that is loaded without its messages is the worst that there is."""
OTHERS = [table for table in TABLES if table not in CHILD_OR_LEDGER]


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Iterator[Site]:
    """A finished copy of a world that has moved on since."""
    with duckdb_site(tmp_path_factory.mktemp("edited"), runner, FIRST_SEED, issues=30) as site:
        site.finish(turns=ONE_TURN)
        site.world.stir(Random(FIRST_SEED))
        yield site


@pytest.fixture(scope="module")
def normalized(edited: Site) -> Site:
    """The same, killed when its package was normalized."""
    site = edited.lasting("normalized")
    site.killed(POINTS["normalized"], turns=ONE_TURN)
    return site


@pytest.mark.sampled(6)
@pytest.mark.parametrize(("moment", "fresh"), one_way_each(POINTS))
def test_killed_at_a_moment_of_a_package(edited: Site, moment: str, fresh: bool) -> None:
    site = edited.branch(f"{moment}-{fresh}")
    site.killed(POINTS[moment], turns=ONE_TURN)
    recover(site, fresh=fresh)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("table", [*CHILD_OR_LEDGER, *share(OTHERS, 4)])
def test_killed_when_one_table_of_a_package_was_loaded(edited: Site, table: str) -> None:
    for fresh in (False, True) if table in CHILD_OR_LEDGER else (True,):
        site = edited.branch(f"only-{table}-{fresh}")
        site.killed(after_merge_of(table), first=[table], turns=ONE_TURN)
        recover(site, fresh=fresh)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("table", [*CHILD_OR_LEDGER, *share(OTHERS, 4)])
def test_killed_when_all_but_one_table_of_a_package_were_loaded(edited: Site, table: str) -> None:
    site = edited.branch(f"but-{table}")
    site.killed(before_merge_of(table), last=[table], turns=ONE_TURN)
    recover(site, fresh=True)


@pytest.mark.dear
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_when_a_merge_waits(edited: Site, when: str) -> None:
    """It is written down which files it merges, and the last of them is, or is not yet, where the others are."""
    site = edited.branch(f"waits-{when}")
    site.killed(after_staging_of("issue_messages").replace("after", when, 1), turns=ONE_TURN)
    assert list(site.machine.folder.glob("**/new_jobs/issue_messages.*.sql"))
    recover(site, fresh=False)


def test_a_killed_merge_leaves_the_former_rows(edited: Site) -> None:
    site = edited.branch("former-rows")
    before = site.copy.read()["issue_messages"]
    site.killed(POINTS["in the middle of the messages"], turns=ONE_TURN)
    assert site.copy.read()["issue_messages"] == before


def test_a_ledger_without_its_messages_is_not_believed(edited: Site) -> None:
    site = edited.branch("ledger-only")
    before = site.saved()
    site.killed(after_merge_of("issue_sync"), first=["issue_sync"], turns=ONE_TURN)
    rows = site.copy.read()
    assert {row["load_id"] for row in rows["issue_sync"]} - {row["load_id"] for row in rows["_dlt_loads"]}
    assert site.saved() <= before
    recover(site, fresh=True)


@pytest.mark.sampled(2)
@pytest.mark.slow
@pytest.mark.parametrize("shard", SHARDS)
def test_killed_at_points_all_over_an_update(edited: Site, tmp_path: Path, shard: int) -> None:
    _sweep(edited, tmp_path, amounts.DISTANCE, shard)


@pytest.mark.sampled(2)
@pytest.mark.slow
@pytest.mark.parametrize("shard", SHARDS)
def test_killed_at_points_all_over_a_first_load(tmp_path: Path, runner: Runner, shard: int) -> None:
    with duckdb_site(tmp_path, runner, FIRST_SEED, issues=20) as site:
        _sweep(site, tmp_path, amounts.DISTANCE_OF_FIRST_LOAD, shard)


def _sweep(site: Site, tmp_path: Path, distance: amounts.Amount, shard: int) -> None:
    """Kill at every so many points of a run: in the ones of one shard, or all of them in a soak."""
    step = distance.now * (1 if SOAK else len(SHARDS))
    offset = (FIRST_SEED + shard * step // len(SHARDS)) % step
    sweep(site, tmp_path, FIRST_SEED + 1, step=step, offset=offset, both=SOAK)


def test_a_working_folder_that_lost_its_schema_is_settled(normalized: Site) -> None:
    """As after a kill while the folder was being deleted."""
    site = normalized.branch("no-schema")
    for schema in site.machine.folder.glob("*/schemas/*.json"):
        schema.unlink()
    recover(site, fresh=False)


@pytest.mark.dear
@pytest.mark.parametrize("place", ["normalize/extracted", "load/normalized", "load"])
def test_a_working_folder_that_was_half_deleted_is_settled(normalized: Site, place: str) -> None:
    site = normalized.branch(f"half-{place.replace('/', '-')}")
    (found,) = site.machine.folder.glob(f"*/{place}")
    shutil.rmtree(found)
    recover(site, fresh=False)


@pytest.mark.dear
@pytest.mark.parametrize(
    ("name", "set_aside"), [("0123456789abcdef" * 2, 0), ("0123456789abcdef", 0), ("what is this", 1)]
)
def test_a_package_with_a_file_that_dlt_cannot_read_stops_no_run(
    normalized: Site, name: str, set_aside: int
) -> None:
    """As after a kill while dlt moved a file into it from a temporary folder on another disk."""
    site = normalized.branch(f"file-{name}")
    (jobs,) = site.machine.folder.glob("*/load/normalized/*/new_jobs")
    (jobs / name).write_bytes(b"half of")
    recover(site, fresh=False)
    assert len(list(site.machine.folder.glob("*.set_aside/*"))) == set_aside


@pytest.mark.dear
@pytest.mark.parametrize("place", ["load/normalized", "load"])
def test_a_package_that_was_not_yet_normalized_waits_without_the_folders_of_the_next_step(
    normalized: Site, place: str
) -> None:
    site = normalized.branch(f"before-{place.replace('/', '-')}")
    (work,) = (folder.parent for folder in site.machine.folder.glob("*/normalize"))
    (package,) = (work / "load" / "normalized").iterdir()
    extracted = work / "normalize" / "extracted" / package.name
    if not extracted.exists():  # as good as one: a package that cannot be read is set aside
        shutil.copytree(package, extracted)
    shutil.rmtree(work / place)
    recover(site, fresh=False)


def test_killed_twice_before_anything_was_loaded(tmp_path: Path, runner: Runner) -> None:
    """The database knows the dataset but no state, and the second machine's package no schema."""
    with duckdb_site(tmp_path, runner, FIRST_SEED, issues=20) as site:
        site.killed(POINTS["loaded, not yet counted"])
        site.machine.replace()
        site.killed(POINTS["extracted, its state not yet saved"])
        recover(site, fresh=False)
