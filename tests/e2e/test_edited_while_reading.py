"""The workspace changes between any two requests of a run; the copy is equal right after the next one."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from support import runs, worlds

from pylon_elt import emulator

PAGE = 9


def stirring(world: emulator.World, rng: random.Random, every: float, most: int) -> Callable[[Any], None]:
    """Return a hook that does something random to the world before one request in ``every``."""
    left = [most]

    def hook(_record: Any) -> None:
        if left[0] and rng.random() < 1 / every:
            left[0] -= 1
            world.random_mutation(rng)

    return hook


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("kind", "sort"), [("offset", "created"), ("offset", "updated"), ("keyset", "created")]
)
def test_random_changes_during_a_first_load(kind: Any, sort: Any, seed: int, fresh: Any) -> None:
    rng = random.Random(seed)
    world = worlds.bump_all(worlds.quiet(seed=rng.randrange(1000), issues=60))
    options = {"tables": (*runs.ISSUE_TABLES, "accounts", "contacts"), "page_size": PAGE, "refresh_hours": 0}
    copy = fresh(world, options=options, cursor_kind=kind, search_sort=sort)
    undo = copy.server.on_request(stirring(world, rng, every=2, most=120))
    copy.run()
    undo()
    world.bulk_edit(world.issue_ids(), tags=["told"])  # some of the changes tell nothing
    world.advance(20)
    copy.run()
    copy.assert_equal(ignore_deleted_issues=True)


def test_random_changes_during_every_run(seed: int, loaded: Any) -> None:
    rng = random.Random(seed)
    copy = loaded(options={"page_size": PAGE})
    for _ in range(2):
        done = worlds.stir(copy.world, rng, 25)
        undo = copy.server.on_request(stirring(copy.world, rng, every=2, most=30))
        copy.run()
        undo()
        assert done
    copy.world.bulk_edit(copy.world.issue_ids(), tags=["told"])
    copy.world.advance(20)
    copy.run()
    copy.assert_equal(ignore_deleted_issues=True)


def test_an_edit_after_the_search_page_and_before_the_children(loaded: Any) -> None:
    copy = loaded()
    ref = worlds.with_messages(copy.world, 2)
    copy.world.edit_issue(ref, title="Found")
    copy.world.advance(20)
    once = []

    def hook(record: Any) -> None:
        if record.endpoint in runs.CONVERSATIONS and not once:
            once.append(record)
            copy.world.delete_message(copy.world.messages(ref)[0]["id"])
            copy.world.add_message(ref)

    undo = copy.server.on_request(hook)
    copy.run()
    undo()
    copy.run()
    assert once
    copy.assert_equal()


def test_an_edit_between_the_children_of_an_issue(loaded: Any) -> None:
    copy = loaded()
    ref = worlds.with_followers(copy.world)
    copy.world.edit_issue(ref, title="Found")
    changed: set[str] = set()

    def hook(record: Any) -> None:
        """As each child has been read, change it."""
        if record.endpoint in runs.CONVERSATIONS and record.endpoint not in changed:
            for other in changed:
                if other == runs.MESSAGES:
                    copy.world.add_message(ref)
                elif other == runs.THREADS:
                    copy.world.add_thread(ref)
                else:
                    copy.world.unfollow(ref, copy.world.followers(ref)[0]["id"]) if copy.world.followers(
                        ref
                    ) else None
            changed.add(record.endpoint)

    undo = copy.server.on_request(hook)
    copy.run()
    undo()
    copy.world.advance(5)
    copy.run()
    copy.assert_equal()


def test_a_message_that_moves_while_both_issues_are_read_belongs_to_the_later_reading(loaded: Any) -> None:
    """Only the issue that lost it tells of the move, so the other is not read again."""
    copy = loaded(bumps=False)
    world = copy.world
    refs = [worlds.with_messages(world, 2, skip=skip) for skip in range(2)]
    refs.sort(key=lambda ref: world.issue(ref)["created_at"], reverse=True)  # the younger one is read first
    source, target = refs
    message = world.messages(source)[0]["id"]
    world.bulk_edit(refs, title="Both due")
    world.advance(20)
    asked: list[str] = []

    def hook(record: Any) -> None:
        if record.endpoint == runs.MESSAGES:
            asked.append(record.path)
            if target in record.path and len(asked) == 2:
                world.move_message(message, target)
                world.edit_issue(source)

    undo = copy.server.on_request(hook)
    copy.run()
    undo()
    assert [source in asked[0], target in asked[1]] == [True, True]
    copy.run()
    copy.assert_equal()


def test_a_delete_at_the_seam_of_two_directory_pages_loses_no_row_of_the_copy(fresh: Any) -> None:
    """Offsets: as a row of the first page goes, the first row of the second page moves up and is not read."""
    world = worlds.quiet(accounts=30)
    copy = fresh(world, options={"tables": ["accounts"], "page_size": 10, "refresh_hours": 0})
    copy.run()
    copy.assert_equal()
    gone = world.rows("accounts")[2]["id"]

    def hook(record: Any) -> None:
        if record.query.get("cursor") and world.row("accounts", gone):
            world.drop("accounts", gone)

    undo = copy.server.on_request(hook)
    copy.run()
    undo()
    assert {row["id"] for row in world.rows("accounts")} < copy.by_id("accounts").keys()
    copy.run()
    copy.assert_equal()


def test_a_delete_at_the_seam_of_two_directory_pages_loses_no_row_of_the_first_load(fresh: Any) -> None:
    world = worlds.quiet(accounts=30)
    copy = fresh(world, options={"tables": ["accounts"], "page_size": 10})
    gone = world.rows("accounts")[2]["id"]

    def hook(record: Any) -> None:
        if record.query.get("cursor") and world.row("accounts", gone):
            world.drop("accounts", gone)

    undo = copy.server.on_request(hook)
    copy.run()
    undo()
    assert {row["id"] for row in world.rows("accounts")} < copy.by_id("accounts").keys()
    copy.run(refresh_hours=0)
    copy.assert_equal()


def test_an_issue_deleted_while_the_history_is_read_takes_no_other_with_it(fresh: Any) -> None:
    world = worlds.quiet(issues=50)
    copy = fresh(world, options={"tables": runs.ISSUE_TABLES, "page_size": PAGE})
    victims = iter(world.issue_ids()[::7])

    def hook(record: Any) -> None:
        if record.endpoint == runs.LIST and (ref := next(victims, None)):
            world.delete_issue(ref)

    undo = copy.server.on_request(hook)
    copy.run()
    undo()
    copy.assert_equal(ignore_deleted_issues=True)
