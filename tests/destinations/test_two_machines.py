"""Two machines and one database without a lock for all of a run: the lease in the copy tells, and a session's lock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from random import Random
from typing import Any

import pytest
from support import ducklake
from support.destinations import IN_A_BUCKET, MariaDbCopy
from support.ordeal import ONE_TURN, POINTS, after_merge_of
from support.runner import Runner, wait_until
from support.site import Site
from support.soak import SOAK
from support.suspended import LONG, SHORT, content, other, second_leaves, stopped

from pylon_elt.pipelines.copy.session_lock import InPostgres, Session, Words, in_mysql, in_postgres

pytestmark = pytest.mark.dear

LOCKED_BY_A_FILE = ("ducklake-sqlite", "ducklake-s3")
LOCKED_BY_A_SESSION = ("mariadb", "ducklake-postgres", "ducklake-s3-postgres")
BY_HAND = {
    "by an earlier version": "UPDATE pylon._pylon_fence SET called = 'process 1 on old since yesterday'",
    "on another server": "UPDATE pylon._pylon_fence SET called = 'process 1 on old; by lock 0123456789abcdef'",
}


@pytest.fixture
def site(open_site: Any) -> Iterator[Site]:
    with open_site() as one:
        one.finish(turns=ONE_TURN, lease=SHORT)
        one.world.stir(Random(1))
        yield one


def test_the_copy_is_the_truth_and_the_second_of_two_runs_leaves_and_names_the_first(
    site: Site, elsewhere: Runner
) -> None:
    second_leaves(site, elsewhere)
    other(site, elsewhere).finish(turns=ONE_TURN, lease=LONG)
    site.check()


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


class InMariaDb:
    """A session of the server of a copy."""

    def __init__(self, copy: MariaDbCopy) -> None:
        self._connection = copy.server.connect()

    def ask(self, sql: str) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def close(self) -> None:
        self._connection.close()


def require_session(kind: str) -> None:
    """Skip a test of a lock that is had in a session where there is none, or where it is that of another kind."""
    if kind not in LOCKED_BY_A_SESSION:
        pytest.skip("no session has a lock there")
    if kind in IN_A_BUCKET and not SOAK:
        pytest.skip("PYLON_SOAK=1 make ducklake")


def session(site: Site) -> tuple[Session, Words]:
    """Return a session of the server that keeps the lock of a copy, and how it is asked."""
    if isinstance(site.copy, MariaDbCopy):
        return InMariaDb(site.copy), in_mysql("pylon")
    assert isinstance(site.copy, ducklake.PostgresLake)
    return InPostgres(site.copy.catalog), in_postgres(f"{ducklake.NAME}.pylon")


def end_session(site: Site) -> None:
    """Let the server end the session that has the lock, as it does with one that it takes for gone."""
    asked, words = session(site)
    with closing(asked):
        if isinstance(site.copy, MariaDbCopy):
            name = words.take.partition("(")[2].partition(",")[0]
            ((ident,),) = asked.ask(f"SELECT IS_USED_LOCK({name})")
            asked.ask(f"KILL {ident}")
        else:
            found = asked.ask(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            assert found == [(True,)]


def free(site: Site) -> bool:
    """Whether nobody has the lock."""
    asked, words = session(site)
    with closing(asked):
        ((has,),) = asked.ask(words.take)
        return bool(has)


def test_who_was_killed_is_not_waited_for_where_the_server_knows_that_its_session_is_over(
    kind: str, site: Site, elsewhere: Runner
) -> None:
    if kind in LOCKED_BY_A_FILE:
        pytest.skip("a lock file needs no lease")
    site.killed(after_merge_of("issues"), turns=ONE_TURN, lease=LONG)
    second = other(site, elsewhere)
    if kind not in LOCKED_BY_A_SESSION:
        assert second.start(turns=ONE_TURN, lease=LONG).wait().code == 75
        return
    second.finish(turns=ONE_TURN, lease=LONG)
    site.check()
    wait_until(lambda: free(site))  # a server ends a session when it comes to it


def test_who_cannot_be_known_to_be_gone_is_waited_for(kind: str, site: Site, elsewhere: Runner) -> None:
    require_session(kind)
    site.killed(POINTS["normalized"], turns=ONE_TURN, lease=LONG)
    second = other(site, elsewhere)
    asked, words = session(site)
    with closing(asked):  # as that of a machine that has vanished without a word
        wait_until(lambda: bool(asked.ask(words.take)[0][0]))
        assert second.start(turns=ONE_TURN, lease=LONG).wait().code == 75
    for how, sql in BY_HAND.items():
        site.copy.execute(sql)  # type: ignore[attr-defined]
        outcome = second.start(turns=ONE_TURN, lease=LONG).wait()
        assert (outcome.code, "process 1 on old" in outcome.problem) == (75, True), how
        assert "by lock" not in outcome.problem
    asked, words = session(site)
    with closing(asked):  # the lock refuses nobody by itself
        wait_until(lambda: bool(asked.ask(words.take)[0][0]))
        site.finish(turns=ONE_TURN, lease=LONG)
    site.check()


def test_a_run_that_has_lost_its_session_goes_on_unless_another_one_has_begun(
    kind: str, site: Site, elsewhere: Runner
) -> None:
    require_session(kind)
    with stopped(site, POINTS["normalized"], lease=LONG) as run:
        end_session(site)
        assert run.go_on().code == 0
    site.check()
    site.world.stir(Random(2), deletions=False)
    with stopped(site, POINTS["normalized"], lease=LONG) as run:
        end_session(site)
        other(site, elsewhere).finish(turns=ONE_TURN, lease=LONG)
        site.check()
        before = content(site)
        assert run.go_on().code == 75
    assert content(site) == before
