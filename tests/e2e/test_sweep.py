"""What moves no time is found all the same, with the time that a run has to spare; and nothing that is due waits for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest
from support import runs, worlds

from pylon_elt.pipelines.run import job

AT_ONCE = 1e-9
"""``sweep_days`` by which everything has been verified long ago."""
SPARE = {"max_minutes": 5.0, "sweep_days": AT_ONCE}


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns end early, so that a sweep takes several."""
    monkeypatch.setattr(job, "TURN_DUE", 25)


def edit_silently(copy: runs.Copy) -> set[str]:
    """Change every kind of child without moving ``updated_at``, and return the issues."""
    world = copy.world
    redacted, emptied = worlds.with_messages(world, 2), worlds.with_messages(world, 1, skip=3)
    threads, followers = worlds.with_threads(world), worlds.with_followers(world)
    world.redact_message(world.messages(redacted)[0]["id"])
    for message in world.messages(emptied):
        world.delete_message(message["id"])
    for thread in world.threads(threads):
        world.delete_thread(threads, thread["id"])
    world.unfollow(followers, world.followers(followers)[0]["id"])
    return {redacted, emptied, threads, followers}


def verified(copy: runs.Copy) -> dict[tuple[str, str], datetime]:
    return {(row["issue_id"], row["child"]): row["synced_at"] for row in copy.rows()["issue_sync"]}


def test_silent_edits_are_found_with_time_to_spare(loaded: Any) -> None:
    copy = loaded(bumps=False)
    edit_silently(copy)
    with pytest.raises(AssertionError, match="differs from the truth"):
        copy.assert_equal()
    before = verified(copy)
    assert copy.world.now() < datetime.now(UTC), (
        "the age is taken by the server's clock: else this would not end"
    )
    run = copy.run(**SPARE)
    copy.assert_equal()
    assert run.job.swept == 120
    truth = worlds.truth(copy.world)
    for path, count in run.children_asked().items():
        _, _, issue_id, child = path.split("/")
        held = any(row["issue_id"] == issue_id for row in truth[f"issue_{child}"])
        assert count == 1 or (count == 2 and not held), (
            "each conversation once; what is empty now says so twice"
        )
    assert all(stamp > before[key] for key, stamp in verified(copy).items())
    assert run.job.unfinished is False


@pytest.mark.parametrize(
    "options",
    [
        {"sweep_days": AT_ONCE},
        {"max_minutes": 5.0},
        {"max_minutes": 5.0, "sweep_days": 0.0},
        {**SPARE, "tables": ["issues"]},
    ],
    ids=["no time given", "verified of late", "switched off", "no child selected"],
)
def test_a_run_with_nothing_to_sweep_ends_at_once(loaded: Any, options: dict[str, Any]) -> None:
    run = loaded(bumps=False).run(**options)
    assert run.asked == {runs.SEARCH: 1}
    assert run.job.swept is None


def test_what_is_due_goes_first(loaded: Any) -> None:
    copy = loaded(bumps=False)
    edited = copy.world.issue_ids()[11]
    copy.world.edit_issue(edited, title="Due")
    copy.world.advance(30)
    run = copy.run(**SPARE)
    paths = [record.path for record in run.records if record.endpoint in runs.CONVERSATIONS]
    assert {path.split("/")[2] for path in paths[:3]} == {edited}
    copy.assert_equal()


def test_the_oldest_are_swept_first_and_a_later_run_goes_on(loaded: Any) -> None:
    copy = loaded(bumps=False, options={"tables": ("issues", "issue_messages", "issue_sync")})
    order = [key for key, _ in sorted(verified(copy).items(), key=lambda item: (item[1], item[0]))]
    expected = [issue for issue, child in order if child == "issue_messages"]

    swept = stopped_after(copy, 2)
    assert sorted(swept) == sorted(expected[: len(swept)]), "several are asked for at once"
    assert 25 <= len(swept) < 40
    rest = copy.run(**SPARE)
    first = [record.path.split("/")[2] for record in rest.requests(runs.MESSAGES)][: 40 - len(swept)]
    assert sorted(first) == sorted(expected[len(swept) :]), "what the first run verified goes last"


def stopped_after(copy: runs.Copy, turns: int) -> list[str]:
    """Run until some turns are over, and return the issues whose messages were swept, in order."""
    mark = len(copy.server.log)
    run = copy.job(**SPARE)
    run.on_turn = lambda number: run.stop() if number == turns else None
    assert run.run() == 0
    return [
        record.path.split("/")[2]
        for record in list(copy.server.log)[mark:]
        if record.endpoint == runs.MESSAGES
    ]


def test_what_changes_during_a_sweep_is_read_by_the_next_run(loaded: Any) -> None:
    copy = loaded(bumps=False)
    made: list[str] = []

    def meanwhile(turn: int) -> None:
        copy.world.edit_issue(copy.world.issue_ids()[turn], title="While it sweeps")
        copy.world.add_message(copy.world.issue_ids()[turn + 5])
        made.append(copy.world.create_issue(title="New")["id"])
        copy.world.advance(5)

    copy.run(**SPARE, on_turn=meanwhile)
    assert len(made) >= 3
    copy.world.advance(60)
    copy.run()
    copy.assert_equal()


def test_a_failing_endpoint_ends_its_own_sweep_only(loaded: Any) -> None:
    copy = loaded(bumps=False)
    edit_silently(copy)
    copy.server.faults.add("status", runs.THREADS, status=500)
    run = copy.run(**SPARE, expect=4)
    assert set(run.failures) == {"issue_threads"}
    copy.assert_equal(["issue_messages", "issue_followers"])
    copy.server.faults.clear()
    copy.run(**SPARE)
    copy.assert_equal()


def test_nothing_is_swept_where_something_failed(loaded: Any) -> None:
    copy = loaded(bumps=False)
    copy.server.faults.add("status", runs.SEARCH, status=500)
    run = copy.run(**SPARE, expect=4)
    assert run.children_asked() == {}


def test_what_fails_elsewhere_for_good_does_not_keep_conversations_from_being_swept(loaded: Any) -> None:
    copy = loaded(bumps=False)
    edit_silently(copy)
    copy.server.faults.add("status", "GET /accounts", status=500)
    run = copy.run(**SPARE, tables=[*copy.tables, "accounts"], refresh_hours={"*": 1e-9}, expect=4)
    assert set(run.failures) == {"accounts"}
    assert run.job.swept == 120
    copy.assert_equal()


@pytest.mark.dear
def test_what_a_clock_stamped_in_the_future_is_swept_as_well(loaded: Any) -> None:
    copy = loaded(bumps=False)
    edit_silently(copy)
    with duckdb.connect(str(copy.database)) as connection:
        connection.execute("UPDATE pylon.issue_sync SET synced_at = synced_at + INTERVAL 1 YEAR")
    assert copy.run(max_minutes=5.0, sweep_days=30).job.swept == 120
    copy.assert_equal()
    assert max(verified(copy).values()) < datetime.now(UTC)
    assert not copy.run(max_minutes=5.0, sweep_days=30).job.swept
