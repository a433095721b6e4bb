"""Two machines and a database without locks: a lease keeps them apart, and who has lost it loads nothing.

The database is Postgres all the same, of whose locks these runs know nothing: neither the session's nor those of rows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from random import Random
from typing import Any

import dlt
import pytest
from support.ordeal import FIRST_SEED, ONE_TURN, POINTS
from support.postgres import Postgres
from support.runner import Runner, wait_until
from support.site import PostgresCopy, Site
from support.suspended import LONG, SHORT, content, other, second_leaves, stopped

from pylon_elt.pipelines.copy import destinations, fence
from pylon_elt.pipelines.copy.holder import Overtaken
from pylon_elt.sources.pylon.copy.copied import Copied


@pytest.fixture(scope="module")
def edited(open_site: Any) -> Iterator[Site]:
    """A finished copy of a world that has moved on since."""
    with open_site(seed=FIRST_SEED) as site:
        site.finish(turns=ONE_TURN, lease=SHORT)
        site.world.stir(Random(FIRST_SEED))
        yield site


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Runner]:
    with Runner() as runner:
        yield runner


def row(site: Site) -> tuple[str, float]:
    """Return who has the copy, and until when."""
    assert isinstance(site.copy, PostgresCopy)
    ((holder, until),) = site.copy.postgres.execute(
        "SELECT holder, lives_until FROM pylon._pylon_fence", site.copy.name
    )
    return holder, until


def test_the_second_of_two_runs_leaves_and_names_the_first(edited: Site, elsewhere: Runner) -> None:
    site = edited.branch("second")
    second_leaves(site, elsewhere)
    other(site, elsewhere).finish(turns=ONE_TURN, lease=LONG)


@pytest.mark.dear
@pytest.mark.parametrize("moment", ["normalized", "in the middle of the messages", "loaded, not yet counted"])
def test_who_sleeps_beyond_its_lease_changes_nothing(edited: Site, elsewhere: Runner, moment: str) -> None:
    site = edited.branch(f"sleeps-{moment.replace(' ', '-')}")
    with stopped(site, POINTS[moment], lease=SHORT) as run:
        holder, until = row(site)
        time.sleep(max(0.0, until + SHORT["RENEWAL"] - time.time()))
        site.world.stir(Random(2), deletions=False)
        second = other(site, elsewhere).start(turns=ONE_TURN, lease=SHORT)
        wait_until(lambda: row(site)[0] != holder)
        outcome = run.go_on()  # with a transaction open, at which the other one waits
        assert (outcome.code, second.wait().code) == (75, 0), outcome
    assert "Another run" in outcome.problem
    site.check()
    before = content(site)
    site.finish(turns=ONE_TURN, lease=SHORT)
    site.check()
    assert len(before["_dlt_loads"]) <= len(content(site)["_dlt_loads"])


def test_a_transaction_that_outlives_the_lease_is_not_committed(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destinations, "is_postgres", lambda _pipeline: False)
    target = dlt.destinations.postgres(postgres.create("outlives"))
    pipeline = dlt.pipeline("one", destination=target, dataset_name="desk", pipelines_dir=str(tmp_path))
    pipeline.run([{"id": "one"}], table_name="teams")
    with Copied(pipeline) as copied, fence.fenced_in(pipeline, copied, print) as holder:
        assert holder
        for seconds, may in ((600.0, True), (0.0, False)):
            with (
                pipeline.sql_client() as client,
                nullcontext() if may else pytest.raises(Overtaken),
                client.begin_transaction(),
            ):
                client.execute_sql(f"UPDATE desk.teams SET id = 'within {seconds:g}'")
                holder.lives_until = time.time() + seconds
                if not may:
                    postgres.execute("UPDATE desk._pylon_fence SET holder = 'another/1'", "outlives")
        assert postgres.execute("SELECT id FROM desk.teams", "outlives") == [("within 600",)]


@pytest.mark.dear
def test_a_run_that_takes_longer_than_its_lease_keeps_it(edited: Site, elsewhere: Runner) -> None:
    site = edited.branch("renews")
    site.server.settings.latency_seconds = 1.0
    with running(site) as run:
        wait_until(lambda: bool(row(site)[1]))
        seen: dict[str, float] = {}
        # the name changes before and after what takes long, and so would tell that the run lives
        wait_until(lambda: (now := row(site))[1] > seen.setdefault(*now) + SHORT["SECONDS"])
        assert other(site, elsewhere).start(turns=ONE_TURN, lease=SHORT).wait().code == 75
        assert run.wait().code == 0
    site.check()


@contextmanager
def running(site: Site) -> Iterator[Any]:
    try:
        yield site.start(turns=ONE_TURN, lease=SHORT)
    finally:
        site.server.settings.latency_seconds = 0.0


@pytest.mark.dear
def test_a_machine_goes_on_at_once_where_its_own_run_was_killed_and_another_one_does_not(
    edited: Site, elsewhere: Runner
) -> None:
    site = edited.branch("killed")
    site.killed(POINTS["normalized"], turns=ONE_TURN, lease=LONG)
    assert other(site, elsewhere).start(turns=ONE_TURN, lease=LONG).wait().code == 75
    site.finish(turns=ONE_TURN, lease=LONG)
    site.check()
