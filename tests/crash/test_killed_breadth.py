"""kill -9 between the tables of a package of tasks, comments, surveys and the like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from support.compare import assert_equal_copy
from support.ordeal import FIRST_SEED, ONE_TURN, POINTS, after_merge_of, before_merge_of, share
from support.runner import Runner
from support.site import Site, duckdb_site
from support.worlds import truth

pytestmark = pytest.mark.soak

TABLES = ("tasks", "task_comments", "projects", "milestones", "surveys", "survey_responses", "parent_sync")
ALL_DUE = {"refresh_hours": {"*": 0}, "lookback_seconds": 1.0}
SEARCHED = {"lookback_seconds": 1.0}


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Iterator[Site]:
    """A finished copy of a world that has moved on since."""
    with duckdb_site(tmp_path_factory.mktemp("breadth"), runner, FIRST_SEED, issues=40) as site:
        site.finish(turns=ONE_TURN, tables=TABLES, settings=ALL_DUE)
        stir(site)
        yield site


def stir(site: Site) -> None:
    """Let rows come, change and go, and a task lose its last comment."""
    world, rng = site.world, Random(FIRST_SEED)
    tasks = world.rows("tasks")
    talked_about = [row["task_id"] for row in world.rows("task_comments")]
    world.drop("tasks", talked_about[0])
    world.bumps.update(delete_comment=True, edit_comment=True)
    for row in world.rows("task_comments"):
        if row["task_id"] == talked_about[-1]:
            world.delete_comment(row["id"])
    for row in rng.sample(tasks, 3):
        if world.row("tasks", row["id"]):
            world.add_comment(row["id"])
    world.add_comment(world.create("tasks", title="New")["id"])
    world.drop("projects", world.rows("projects")[0]["id"])
    world.drop("survey_responses", world.rows("survey_responses")[0]["id"])
    world.create("survey_responses", survey_id=world.rows("surveys")[0]["id"])
    world.advance(5)


def recover(site: Site, *, fresh: bool) -> None:
    """Finish a copy with two runs that read whole only what is due; check it."""
    if fresh:
        site.machine.replace()
    for settings in (ALL_DUE, SEARCHED):
        site.finish(turns=ONE_TURN, tables=TABLES, settings=settings)
    assert_equal_copy(truth(site.world), site.copy.read(), TABLES)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("table", share(["tasks", "task_comments", "parent_sync"]))
def test_killed_when_one_table_of_a_package_was_loaded(edited: Site, table: str) -> None:
    site = edited.branch(f"only-{table}")
    point = after_merge_of(table)
    site.killed(point, first=[table], turns=ONE_TURN, tables=TABLES, settings=ALL_DUE)
    recover(site, fresh=True)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("table", share(["task_comments", "tasks", "survey_responses", "parent_sync"]))
def test_killed_when_all_but_one_table_of_a_package_were_loaded(edited: Site, table: str) -> None:
    site = edited.branch(f"but-{table}")
    site.killed(before_merge_of(table), last=[table], turns=ONE_TURN, tables=TABLES, settings=ALL_DUE)
    recover(site, fresh=True)


def test_comments_whose_ledger_was_loaded_without_them_are_read_again(edited: Site) -> None:
    """Without a listing, and though no task has moved since."""
    site = edited.branch("ledger-only")
    point = after_merge_of("parent_sync")
    site.killed(point, first=["parent_sync"], turns=ONE_TURN, tables=TABLES, settings=SEARCHED)
    site.machine.replace()
    site.finish(turns=ONE_TURN, tables=TABLES, settings=SEARCHED)
    rows = site.copy.read()
    there = {row["id"] for row in rows["task_comments"]}
    tasks = {row["id"] for row in site.world.rows("tasks")}
    assert {row["id"] for row in site.world.rows("task_comments") if row["task_id"] in tasks} <= there
    recover(site, fresh=False)


def test_killed_before_the_package_counted(edited: Site) -> None:
    site = edited.branch("not-counted")
    point = POINTS["loaded, not yet counted"]
    site.killed(point, turns=ONE_TURN, tables=TABLES, settings=ALL_DUE)
    recover(site, fresh=False)


def test_a_first_load_that_is_killed_again_and_again_ends(runner: Runner, tmp_path: Path) -> None:
    """Small pages and small turns: the history is saved window by window."""
    settings = {**SEARCHED, "page_size": 3}
    with duckdb_site(tmp_path, runner, FIRST_SEED, issues=40) as site:
        for nth in (60, 200, 350):
            site.start(kill=".", nth=nth, tables=TABLES, settings=settings).wait()
            site.machine.replace()
        site.finish(tables=TABLES, settings=settings)
        assert_equal_copy(truth(site.world), site.copy.read(), TABLES)
