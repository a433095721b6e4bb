"""A run that was suspended in the middle of a load, and wakes when another machine has the copy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import dlt
import pyarrow as pa
import pytest
from support import amounts
from support.ordeal import ANYTHING, FIRST_SEED, ONE_TURN, POINTS, after_staging_of
from support.postgres import Postgres
from support.runner import Runner
from support.site import PostgresCopy, Site
from support.suspended import content, other, stopped

from pylon_elt.pipelines.copy import fence
from pylon_elt.pipelines.copy.holder import Overtaken
from pylon_elt.sources.pylon.copy.copied import Copied

pytestmark = pytest.mark.dear

LOCKS = "application_name LIKE 'pylon run%'"
LOOK = r"before sql SELECT 1 FROM .*_pylon_fence.* FOR SHARE"
IMPATIENT = {"PATIENCE": 0.5}
COMPLETE = ("marked, not yet put away", "put away")
"""Moments at which a load is complete, so that another one may build on it."""


@pytest.fixture(scope="module")
def edited(open_site: Any) -> Iterator[Site]:
    """A finished copy of a world that has moved on since."""
    with open_site(seed=FIRST_SEED) as site:
        site.finish(turns=ONE_TURN)
        site.world.stir(Random(FIRST_SEED))
        yield site


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Runner]:
    with Runner() as runner:
        yield runner


def disconnect(site: Site, which: str = "true") -> None:
    """Let the server close sessions, as it does with those of whom it has not heard for long."""
    assert isinstance(site.copy, PostgresCopy)
    site.copy.postgres.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{site.copy.name}' AND {which}"
    )


@pytest.mark.parametrize("moment", POINTS)
def test_who_sleeps_while_another_machine_loads_changes_nothing(
    edited: Site, elsewhere: Runner, moment: str
) -> None:
    site = edited.branch(f"sleeps-{moment.replace(' ', '-')}")
    with stopped(site, POINTS[moment]) as run:
        disconnect(site)
        site.world.stir(Random(2), deletions=False)
        other(site, elsewhere).finish(turns=ONE_TURN)
        site.check()
        before = content(site)
        outcome = run.go_on()
    assert content(site) == before
    assert outcome.code in ((0, 75) if moment in COMPLETE else (75,)), outcome
    assert "Another run" in outcome.problem or not outcome.code
    site.finish(turns=ONE_TURN)
    site.check()


def test_a_transaction_looks_once_and_what_only_reads_does_not_look(edited: Site) -> None:
    site = edited.branch("looks")
    trace = site.machine.folder.parent / "trace"
    site.finish(turns=ONE_TURN, trace=trace)
    passed = [
        point for point in trace.read_text(encoding="utf-8").splitlines() if point.startswith("before ")
    ]
    looks = [nth for nth, point in enumerate(passed) if re.match(LOOK, point)]
    commits = [nth for nth, point in enumerate(passed) if point == "before commit" and nth > looks[0]]
    assert len(looks) == len(commits) > 10
    assert all(look < commit for look, commit in zip(looks, commits, strict=True))
    assert all(commit < look for look, commit in zip(looks[1:], commits, strict=False))


def test_while_a_transaction_of_who_lost_the_lock_is_open_nobody_else_begins(
    edited: Site, elsewhere: Runner
) -> None:
    for moment in ("staged", "in the middle of the messages", "loaded, not yet counted"):
        site = edited.branch(f"open-{moment.replace(' ', '-')}")
        with stopped(site, POINTS[moment]) as run:
            disconnect(site, LOCKS)
            second = other(site, elsewhere).start(turns=IMPATIENT).wait()
            assert (second.code, run.go_on().code) == (75, 0)
        assert f"process {run.pid} on" in second.problem
        site.check()


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + amounts.SUSPENDED.now))
def test_who_sleeps_between_any_two_statements_changes_nothing(
    edited: Site, elsewhere: Runner, seed: int
) -> None:
    site, rng = edited.branch(f"anywhere-{seed}"), Random(seed)
    trace = site.machine.folder.parent / "trace"
    site.branch(f"trace-{seed}").finish(turns=ONE_TURN, trace=trace)
    points = trace.read_text(encoding="utf-8").splitlines()
    begun = next(nth for nth, point in enumerate(points) if "to pylon/load/normalized/" in point)
    counted = next(nth for nth, point in enumerate(points) if '"_dlt_loads"' in point and "INSERT" in point)
    with stopped(site, ANYTHING, nth=rng.randrange(begun, counted)) as run:
        disconnect(site, LOCKS)
        site.world.stir(rng, deletions=False)
        if other(site, elsewhere).start(turns=ONE_TURN | IMPATIENT).wait().code == 75:
            assert run.go_on().code == 0
        else:
            site.check()
            before = content(site)
            assert run.go_on().code == 75
            assert content(site) == before
    site.finish(turns=ONE_TURN)
    site.check()


@pytest.mark.parametrize("by_hand", ["DROP TABLE pylon.issue_threads", "DELETE FROM pylon.issue_messages"])
def test_a_ledger_forgets_nothing_for_who_has_lost_the_lock(
    edited: Site, elsewhere: Runner, by_hand: str
) -> None:
    site = edited.branch(f"forgets-{by_hand.rsplit('.', maxsplit=1)[-1]}")
    assert isinstance(site.copy, PostgresCopy)
    site.finish(turns=ONE_TURN)
    site.copy.postgres.execute(by_hand, site.copy.name)
    options: dict[str, Any] = {"settings": {"reconcile_hours": 1e-9}, "turns": ONE_TURN}
    trace = site.machine.folder.parent / "trace"
    site.branch("forgets").finish(**options, trace=trace)
    points = trace.read_text(encoding="utf-8").splitlines()
    forgets = next(
        nth
        for nth, point in enumerate(points)
        if 'sql DELETE FROM "pylon"."issue_sync" WHERE "child"' in point
    )
    nth = sum(bool(re.match(LOOK, point)) for point in points[:forgets])
    with stopped(site, LOOK, nth=nth, **options) as run:
        disconnect(site, LOCKS)
        other(site, elsewhere).finish(**options)
        before = content(site)
        assert run.go_on().code == 75
    assert content(site) == before
    site.check()


@pytest.mark.parametrize("moment", ["normalized", "staged", "in the middle of the messages"])
def test_a_backup_that_is_put_in_the_place_of_the_copy_gets_nothing_that_was_read_before(
    edited: Site, moment: str
) -> None:
    site = edited.branch(f"restored-{moment.replace(' ', '-')}")
    assert isinstance(site.copy, PostgresCopy)
    backup, server = site.copy.branch("backup"), site.copy.postgres
    site.finish(turns=ONE_TURN)
    site.world.stir(Random(3), deletions=False)
    with stopped(site, POINTS[moment]) as run:
        server.drop(site.copy.name)
        server.clone(site.copy.name, backup.name)
        before = content(site)
        assert run.go_on().code == 75
    assert content(site) == before
    site.finish(turns=ONE_TURN)
    site.check()
    backup.discard()


def test_a_package_that_waits_is_given_up_where_another_run_has_begun_a_load(
    edited: Site, elsewhere: Runner
) -> None:
    site = edited.branch("begun")
    first, *_ = site.world.issue_ids()
    site.world.add_message(first, message_html="first")
    site.killed(after_staging_of("issue_messages"), turns=ONE_TURN, first=["issue_messages"])
    other(site, elsewhere).killed(POINTS["staged"], nth=2, turns=ONE_TURN)
    site.finish(turns=ONE_TURN)
    site.check()


@pytest.mark.skipif(
    find_spec("adbc_driver_postgresql") is None, reason="adbc-driver-postgresql is not installed"
)
def test_what_is_loaded_over_a_connection_of_another_kind_looks_as_well(
    postgres: Postgres, tmp_path: Path
) -> None:
    target = dlt.destinations.postgres(postgres.create("adbc"))
    pipeline = dlt.pipeline("adbc", destination=target, dataset_name="desk", pipelines_dir=str(tmp_path))

    def load(name: str) -> None:
        pipeline.run(pa.Table.from_pylist([{"id": name}]), table_name="tags", loader_file_format="parquet")

    with Copied(pipeline) as copied, pytest.raises(Overtaken), fence.fenced_in(pipeline, copied, print):
        load("ours")
        load("ours too")
        postgres.execute("UPDATE desk._pylon_fence SET holder = 'another/1'", "adbc")
        load("stale")
    assert postgres.execute("SELECT id FROM desk.tags ORDER BY id", "adbc") == [("ours",), ("ours too",)]
