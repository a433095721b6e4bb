"""The search index shows a write late; the lookback is there for it."""

from __future__ import annotations

import random
from typing import Any

from support import runs, worlds

from pylon_elt.sources.pylon.lanes.children import FOLLOWS

LAG = 240.0


def test_an_edit_that_shows_late_is_found_by_a_later_run(loaded: Any) -> None:
    copy = loaded(index_lag_seconds=LAG)
    ref = worlds.with_messages(copy.world)
    copy.world.edit_issue(ref, title="Shown late")
    copy.world.add_message(ref)
    copy.world.advance(10)
    early = copy.run()
    assert early.children_asked() == {}
    copy.world.advance(LAG)
    late = copy.run()
    assert len(late.children_asked()) == 3
    copy.assert_equal()


def test_an_issue_that_shows_late_is_found_though_runs_went_by(loaded: Any) -> None:
    copy = loaded(index_lag_seconds=LAG)
    made = copy.world.create_issue(title="Shown late")["id"]
    copy.world.add_message(made)
    for _ in range(3):
        copy.world.advance(LAG / 4)
        copy.run()
        assert made not in copy.by_id("issues")
    copy.world.advance(LAG)
    copy.run()
    copy.assert_equal()


def test_the_first_load_is_equal_once_the_index_has_caught_up(fresh: Any) -> None:
    world = worlds.bump_all(worlds.quiet())
    copy = fresh(world, options={"tables": runs.ISSUE_TABLES}, index_lag_seconds=LAG)
    worlds.stir(world, random.Random(4), 40, pause=2)
    world.bulk_edit(world.issue_ids(), tags=["told"])
    world.create_issue()
    copy.run()
    world.advance(LAG + 1)
    copy.run()
    copy.assert_equal(ignore_deleted_issues=True)


def test_an_older_version_in_the_index_does_not_stay_in_the_copy(loaded: Any) -> None:
    """The history reads the new version, the search then shows the old one, and the new one again."""
    copy = loaded()
    world, ref = copy.world, copy.world.issue_ids()[6]
    world.edit_issue(ref, title="First")
    world.advance(30)
    copy.run()
    copy.server.settings.index_lag_seconds = LAG
    world.edit_issue(ref, title="Second")
    world.add_message(ref)
    world.advance(30)
    copy.run()
    assert copy.by_id("issues")[ref]["title"] == "First"
    world.edit_issue(ref, title="Third")
    for _ in range(2):
        world.advance(LAG / 2 + 20)
        copy.run()
    copy.assert_equal()
    assert copy.run().children_asked() == {}


def test_of_two_versions_in_one_run_the_newer_one_stays(fresh: Any) -> None:
    """The list shows what is, the search what was: whichever comes last, the newer version counts."""
    world = worlds.quiet(issues=12, years=0.02)
    copy = fresh(world, options={"tables": ["issues"]}, index_lag_seconds=LAG)
    for ref in world.issue_ids():
        world.edit_issue(ref, title="Old")
    world.advance(LAG)
    copy.run()  # empties the queue of the index, so that what comes now is late
    for ref in world.issue_ids():
        world.edit_issue(ref, title="New")
    world.advance(20)
    copy.run(full_refresh=True)
    copy.assert_equal()
    world.advance(LAG)
    copy.run()
    copy.assert_equal()


def test_the_lookback_can_be_set(loaded: Any) -> None:
    copy = loaded(index_lag_seconds=3600, options={"lookback_seconds": 4000})
    copy.world.edit_issue(copy.world.issue_ids()[3], title="Shown very late")
    copy.world.advance(60)
    copy.run()
    copy.world.advance(3600)
    copy.run()
    copy.assert_equal()


def _announced(world: Any) -> tuple[str, dict[str, Any], str]:
    """Let an issue tell of a new message that its list does not show."""
    ref = worlds.with_messages(world)
    message = world.add_message(ref, message_html="<p>Later than its issue</p>")
    moved = world.issue(ref)["updated_at"]
    world.delete_message(message["id"])
    world.touch_silently(ref, updated_at=moved)
    world.advance(20)
    return ref, message, moved


def test_a_message_that_its_issue_tells_of_before_the_list_shows_it_is_asked_for_again(loaded: Any) -> None:
    copy = loaded(bumps=False)
    world = copy.world
    ref, message, moved = _announced(world)
    copy.run()
    world.add_message(ref, timestamp=message["timestamp"], message_html="<p>Later than its issue</p>")
    world.touch_silently(ref, updated_at=moved)
    world.advance(20)
    assert copy.run().children_asked() == {f"/issues/{ref}/messages": 1}
    copy.assert_equal()
    assert not copy.run().children_asked()


def test_a_message_that_never_shows_is_asked_for_no_more_after_some_minutes(loaded: Any) -> None:
    copy = loaded(bumps=False)
    ref, *_ = _announced(copy.world)
    copy.run()
    copy.world.advance(FOLLOWS.total_seconds())
    assert copy.run().children_asked() == {f"/issues/{ref}/messages": 1}
    assert not copy.run().children_asked()
    copy.assert_equal()
