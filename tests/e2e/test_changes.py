"""Everything that can happen to an issue and is told by its ``updated_at`` is in the copy after the next run."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import amounts, runs, worlds
from support.compare import assert_ledger_settled, differences

from pylon_elt import emulator
from pylon_elt.emulator.mutations import SILENT
from pylon_elt.sources.pylon.catalog import HANGING
from pylon_elt.sources.pylon.copy.agreement import Agreement
from pylon_elt.sources.pylon.copy.contents import Contents
from pylon_elt.sources.pylon.copy.copied import Copied

World = emulator.World
Change = Callable[[World], Any]


def _edit_state(world: World) -> None:
    world.edit_issue(world.issue_ids()[3], state="closed", resolution_seconds=17)


def _remove_fields(world: World) -> None:
    ref = worlds.with_messages(world)
    world.edit_issue(ref, account=None, team=..., tags=None, custom_fields={}, assignee=...)


def _create(world: World) -> None:
    issue = world.create_issue(title="New", custom_fields={"priority": {"slug": "priority", "value": "high"}})
    world.add_message(issue["id"])
    world.follow(issue["id"], world.rows("users")[0]["id"])


def _create_bare(world: World) -> None:
    world.create_issue()


def _bulk(world: World) -> None:
    world.bulk_edit(world.issue_ids()[5:25], state="on_hold")


def _add_message(world: World) -> None:
    world.add_message(world.issue_ids()[7], is_private=True, message_html="<b>note</b>")


def _add_old_message(world: World) -> None:
    world.add_message(worlds.with_messages(world, 2), timestamp="2020-02-29T23:59:59.123456789Z")


def _edit_message(world: World) -> None:
    message = world.messages(worlds.with_messages(world))[0]
    world.edit_message(message["id"], message_html="<p>Edited</p>", file_urls=["https://files.example/a?b=c"])


def _redact(world: World) -> None:
    world.redact_message(world.messages(worlds.with_messages(world, 2))[1]["id"])


def _delete_message(world: World) -> None:
    world.delete_message(world.messages(worlds.with_messages(world, 3))[1]["id"])


def _delete_all_messages(world: World) -> None:
    for message in world.messages(worlds.with_messages(world, 3)):
        world.delete_message(message["id"])


def _move_message(world: World) -> None:
    source, target = worlds.with_messages(world, 2), worlds.with_messages(world, 2, skip=1)
    world.move_message(world.messages(source)[0]["id"], target)


def _move_last_message(world: World) -> None:
    source, target = worlds.with_messages(world), worlds.with_messages(world, skip=4)
    for message in world.messages(source):
        world.move_message(message["id"], target)


def _add_thread(world: World) -> None:
    ref = next(ref for ref in world.issue_ids() if not world.threads(ref))
    world.add_thread(ref, name="Escalation", channel_id="C1", thread_id="17.2")


def _delete_thread(world: World) -> None:
    ref = worlds.with_threads(world, 2)
    world.delete_thread(ref, world.threads(ref)[0]["id"])


def _delete_last_thread(world: World) -> None:
    ref = worlds.with_threads(world)
    for thread in world.threads(ref):
        world.delete_thread(ref, thread["id"])


def _follow(world: World) -> None:
    world.follow(world.issue_ids()[0], world.rows("users")[1]["id"])
    world.follow(world.issue_ids()[0], world.rows("contacts")[1]["id"], "contact")


def _follow_twice_over(world: World) -> None:
    """One id as a user and as a contact is two followers."""
    who = world.rows("users")[2]["id"]
    world.follow(world.issue_ids()[0], who)
    world.follow(world.issue_ids()[0], who, "contact")


def _unfollow(world: World) -> None:
    ref = worlds.with_followers(world, 2)
    world.unfollow(ref, world.followers(ref)[0]["id"])


def _unfollow_last(world: World) -> None:
    ref = worlds.with_followers(world)
    for follower in world.followers(ref):
        world.unfollow(ref, follower["id"])


def _scrub(world: World) -> None:
    world.scrub_issue(worlds.with_messages(world, 3))


def _group(world: World) -> None:
    first, second = world.issue_ids()[:2]
    world.edit_issue(first, child_issues=[{"id": second, "number": 2}])
    world.edit_issue(second, parent_issue_group={"id": first, "number": 1})


CHANGES: dict[str, Change] = {
    "an edited state": _edit_state,
    "removed fields": _remove_fields,
    "a new issue with its conversation": _create,
    "a new issue without anything": _create_bare,
    "a new message": _add_message,
    "a message of long ago": _add_old_message,
    "an edited message": _edit_message,
    "a redacted message": _redact,
    "a deleted message": _delete_message,
    "the last message gone": _delete_all_messages,
    "a moved message": _move_message,
    "the last message moved away": _move_last_message,
    "a first thread": _add_thread,
    "a deleted thread": _delete_thread,
    "the last thread gone": _delete_last_thread,
    "new followers": _follow,
    "a user and a contact with one id": _follow_twice_over,
    "a follower gone": _unfollow,
    "the last follower gone": _unfollow_last,
    "a scrubbed issue": _scrub,
    "a group of issues": _group,
}


class Untouched:
    """A world of which only those issues are shown to which nothing has happened."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.happened: dict[str, str] = {}
        """What happened to which issue."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def issue_ids(self) -> list[str]:
        return [ref for ref in self._world.issue_ids() if ref not in self.happened]

    def let(self, name: str, change: Change) -> None:
        """Let something happen, and note to which issues it did."""
        before = _by_issue(self._world.snapshot())
        change(self)  # type: ignore[arg-type]
        after = _by_issue(self._world.snapshot())
        touched = [ref for ref in before.keys() | after.keys() if before.get(ref) != after.get(ref)]
        assert touched, f"{name}: nothing happened"
        assert not self.happened.keys() & set(touched), f"{name}: something else happened there too"
        self.happened |= dict.fromkeys(touched, name)


def _by_issue(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return all that is known of each issue."""
    found: dict[str, list[Any]] = {}
    for table in ("issues", "issue_messages", "issue_threads", "issue_followers"):
        for row in rows[table]:
            found.setdefault(row["id"] if table == "issues" else row["issue_id"], []).append(row)
    return found


def _check(copy: runs.Copy, happened: dict[str, str]) -> None:
    """Expect the copy to be the truth; where it is not, say what happened to the issue."""
    truth, stored = worlds.truth(copy.world), copy.rows()
    issue_of = {
        row["id"]: row["issue_id"]
        for rows in (stored, truth)
        for table in ("issue_messages", "issue_threads")
        for row in rows[table]
    }
    wrong = []
    for one in differences(truth, stored, copy.tables):
        parts = one.key.split("/")
        what = {happened[ref] for ref in (*parts, *map(issue_of.get, parts)) if ref in happened}
        wrong.append(f"after {sorted(what) or 'nothing'}: {one}")
    assert not wrong, "\n".join(wrong)


def test_is_in_the_copy_after_the_next_run(loaded: Any) -> None:
    """Each change has issues of its own, of which nothing else tells: one run has to find them all."""
    copy = loaded()
    world = Untouched(copy.world)
    for name, change in CHANGES.items():
        world.let(name, change)
    copy.world.advance(5)
    copy.run()
    _check(copy, world.happened)


@pytest.mark.dear
@pytest.mark.parametrize("name", ["a deleted message", "a bulk edit"])
def test_is_in_the_copy_after_the_next_run_though_nothing_else_happens(name: str, loaded: Any) -> None:
    copy = loaded()
    world = Untouched(copy.world)
    world.let(name, (CHANGES | {"a bulk edit": _bulk})[name])
    copy.world.advance(5)
    copy.run()
    _check(copy, world.happened)


def test_merged_accounts_are_merged_in_the_copy(loaded: Any) -> None:
    copy = loaded(options={"tables": ("issues", "accounts", "contacts"), "refresh_hours": 0})
    survivor, *merged = (account["id"] for account in copy.world.rows("accounts")[:3])
    copy.world.merge_accounts(survivor, merged)
    copy.run()
    copy.assert_equal()


def test_every_kind_of_silent_mutation_was_tried() -> None:
    """A mutation that the emulator learns must be tried here too."""
    tried = {name for change in CHANGES.values() for name in change.__code__.co_names}
    elsewhere = {"merge_accounts", "set_form"}  # the test above, test_issue_forms
    assert set(SILENT) - elsewhere <= tried


def test_an_issue_touched_many_times_costs_one_request_for_each_child(loaded: Any) -> None:
    copy = loaded()
    ref = worlds.with_messages(copy.world)
    for number in range(7):
        copy.world.edit_issue(ref, title=f"Edit {number}")
        copy.world.add_message(ref)
        copy.world.add_thread(ref)
        copy.world.advance(20)
    run = copy.run()
    assert set(run.asked) == {runs.SEARCH, *runs.CONVERSATIONS}
    assert set(run.asked.values()) == {1}
    copy.assert_equal()


def test_a_moved_message_is_not_there_twice_when_only_its_new_issue_tells(loaded: Any) -> None:
    copy = loaded(bumps=False)
    source, target = worlds.with_messages(copy.world, 2), worlds.with_messages(copy.world, 2, skip=1)
    moved = copy.world.messages(source)[0]["id"]
    copy.world.move_message(moved, target)
    copy.world.edit_issue(target)
    copy.run()
    assert copy.by_id("issue_messages")[moved]["issue_id"] == target
    copy.assert_equal(["issues", "issue_messages"])


def test_a_message_moved_twice_is_where_it_ended(loaded: Any) -> None:
    copy = loaded()
    refs = [worlds.with_messages(copy.world, 2, skip=skip) for skip in range(3)]
    message = copy.world.messages(refs[0])[0]["id"]
    for target in (refs[1], refs[0], refs[2]):
        copy.world.move_message(message, target)
        copy.run()
        copy.assert_equal()


def test_a_deleted_issue_disturbs_nothing(loaded: Any) -> None:
    copy = loaded()
    first, second = copy.world.issue_ids()[4:6]
    copy.world.delete_issue(first)
    copy.world.edit_issue(second)
    copy.run()
    copy.assert_equal(ignore_deleted_issues=True)
    assert copy.run().asked == {runs.SEARCH: 1}


def test_what_was_scrubbed_before_its_children_were_read_has_none_and_what_was_deleted_waits_for_the_listing(
    loaded: Any,
) -> None:
    copy = loaded()
    scrubbed, deleted = worlds.with_messages(copy.world, 3), worlds.with_messages(copy.world, 3, skip=1)
    copy.world.edit_issue(deleted)
    copy.world.edit_issue(scrubbed)
    undo = copy.server.on_request(lambda record: _remove(copy.world, scrubbed, deleted, record))
    copy.run()
    undo()
    copy.run()
    stored = copy.rows()
    for child in ("issue_messages", "issue_threads", "issue_followers"):
        assert not [row for row in stored[child] if row["issue_id"] == scrubbed]
    assert [row for row in stored["issue_messages"] if row["issue_id"] == deleted]
    assert copy.run().children_asked() == {}
    copy.run(reconcile_hours=1e-6)
    copy.assert_equal()


def _remove(world: World, scrubbed: str, deleted: str, record: Any) -> None:
    if record.endpoint in runs.CONVERSATIONS and world.find(deleted):
        world.delete_issue(deleted)
        world.scrub_issue(scrubbed)


def test_a_silent_edit_within_the_lookback_is_found_for_the_issue_itself(loaded: Any) -> None:
    copy = loaded(bumps=False)
    ref = copy.world.issue_ids()[2]
    copy.world.edit_issue(ref, title="Told")
    copy.run()
    copy.world.touch_silently(ref, title="Not told")
    copy.world.advance(60)
    copy.run()
    copy.assert_equal()


def test_a_full_refresh_finds_silent_edits_and_removals(loaded: Any) -> None:
    copy = loaded(bumps=False)
    world = copy.world
    world.touch_silently(world.issue_ids()[2], title="Not told")
    world.delete_issue(world.issue_ids()[3])
    world.delete_message(world.messages(worlds.with_messages(world, 2))[0]["id"])
    world.follow(world.issue_ids()[9], world.rows("users")[0]["id"])
    copy.run()
    copy.run(full_refresh=True)
    copy.assert_equal()
    assert copy.run().asked == {runs.SEARCH: 1}


@pytest.mark.sampled(2)
@pytest.mark.soak
@pytest.mark.parametrize("_round", range(amounts.CHANGES.now))
def test_many_random_changes_are_in_the_copy(_round: int, seed: int, loaded: Any) -> None:
    rng = random.Random(seed + _round)
    copy = loaded(options={"tables": tuple(runs.TABLES), "refresh_hours": 0})
    for _ in range(2):
        done = worlds.stir(copy.world, rng, 60, pause=3)
        while "touch_silently" in done:  # told once more, as nothing tells of it
            done.remove("touch_silently")
            copy.world.bulk_edit(copy.world.issue_ids(), tags=["stirred"])
        copy.world.advance(5)
        copy.run()
        copy.assert_equal(ignore_deleted_issues=True)
    assert_ledger_settled(copy.rows)


@pytest.mark.dear
def test_after_a_run_the_ledger_says_of_each_issue_what_the_issue_says(loaded: Any, tmp_path: Path) -> None:
    copy = loaded(bumps=False)
    copy.run()
    _bulk(copy.world)
    copy.world.advance(60)
    copy.run()
    with Copied(runs.pipeline_in(tmp_path, "reader")) as copied:
        agreement = Agreement(Contents(copied))
        found = {name: agreement.differing(HANGING[name]) for name in ("issue_messages", "issue_followers")}
    assert found == {"issue_messages": (), "issue_followers": ()}, "else each run joins all of them"
