"""A full refresh drops what can be read anew, and nothing else: no row goes before its next reading is in sight."""

from __future__ import annotations

from typing import Any

import pytest
from support import runs, worlds
from support.days import let_a_day_pass

pytestmark = pytest.mark.dear


@pytest.mark.parametrize("status", [403, 404, 501, 500])
def test_what_is_not_given_stays_and_the_rest_is_read_anew(loaded: Any, status: int) -> None:
    copy = loaded(options={"tables": ["users", "tags"]})
    before = copy.rows()
    assert before["users"]
    copy.server.faults.add("status", "GET /users", status=status)
    run = copy.run(full_refresh=True, expect=None)
    after = copy.rows()
    assert after["users"] == before["users"]
    copy.assert_equal(["tags"])
    assert {row["_synced_at"] for row in after["tags"]}.isdisjoint(
        row["_synced_at"] for row in before["tags"]
    )
    (told,) = [text for text in run.warnings if "Not dropped" in text]
    assert "users" in told
    assert "tags" not in told
    # what has failed is a failure; what the workspace lacks is none, as in any run
    assert (run.code == 0) == (status != 500)


def test_all_that_answers_again_is_read_anew(loaded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = loaded(options={"tables": ["users", "tags"]})
    copy.server.faults.add("status", "GET /users", status=403)
    copy.run(full_refresh=True)
    copy.server.faults.clear()
    let_a_day_pass(monkeypatch)
    assert not copy.run(full_refresh=True).warnings
    copy.assert_equal()


@pytest.mark.parametrize("refused", [runs.MESSAGES, runs.SEARCH])
def test_children_and_issues_stay_each_for_itself(loaded: Any, refused: str) -> None:
    copy = loaded(options={"tables": runs.ISSUE_TABLES})
    before = copy.rows()
    copy.server.faults.add("status", refused, status=403)
    copy.run(full_refresh=True, expect=None)
    after = copy.rows()
    for name in ("issue_messages", *(["issues", "issue_threads"] if refused == runs.SEARCH else [])):
        assert after[name] == before[name], name
    copy.server.faults.clear()
    with pytest.MonkeyPatch.context() as patch:
        let_a_day_pass(patch)
        copy.run()
    copy.assert_equal()


def test_nothing_that_answers_means_nothing_is_dropped(loaded: Any) -> None:
    copy = loaded(options={"tables": ["users"]})
    before = copy.rows()
    copy.server.faults.add("status", "GET /users", status=403)
    copy.run(full_refresh=True)
    after = copy.rows()
    assert {name: after[name] for name in runs.TABLES} == {name: before[name] for name in runs.TABLES}


def test_a_scrubbed_issue_says_nothing_about_messages(loaded: Any) -> None:
    copy = loaded(options={"tables": runs.ISSUE_TABLES})
    copy.world.scrub_issue(worlds.with_messages(copy.world))
    newest = max(copy.world.issues(), key=lambda issue: issue["created_at"])["id"]
    copy.world.scrub_issue(newest)
    assert not copy.run(full_refresh=True).warnings
    copy.assert_equal()
