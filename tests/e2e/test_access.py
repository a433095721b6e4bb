"""Credentials, permissions, redirects, and where the token must not be found."""

from __future__ import annotations

import logging
import zlib
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import runs, worlds

from pylon_elt import emulator
from pylon_elt.sources.pylon.api.sending import ATTEMPTS

SECRET = "pyl_9f3c1e7a55aa4b0e8d2c6b1f0a7e4d39"


def test_a_wrong_token_changes_nothing_and_says_what_to_do(loaded: Any) -> None:
    copy = loaded(options={"tables": tuple(runs.TABLES)})
    copy.world.edit_issue(copy.world.issue_ids()[0], title="New")
    before = copy.rows()
    run = copy.run(expect=3, api_key="pyl_wrong")
    assert all("does not accept the token (401 invalid_api_token)" in text for text in run.failures.values())
    assert all("PYLON_API_KEY" in text for text in run.failures.values())
    assert len(run.records) <= len(copy.tables) + 2
    after = copy.rows()
    assert {name: after[name] for name in runs.TABLES} == {name: before[name] for name in runs.TABLES}
    copy.run()
    copy.assert_equal()


def test_a_token_of_the_other_region_is_told_which_host(fresh: Any) -> None:
    copy = fresh(region="us", token_region="eu", options={"tables": ["issues", "tags"]})
    run = copy.run(expect=3)
    assert all(
        "Set region to eu (host https://api.eu.usepylon.com)" in text for text in run.failures.values()
    )


def test_a_suspended_organisation_is_called_so(fresh: Any) -> None:
    copy = fresh(suspended=True, options={"tables": ["issues", "tags"]})
    assert all("suspended" in text for text in copy.run(expect=3).failures.values())


def test_a_token_that_is_revoked_on_the_way_keeps_what_was_read(fresh: Any) -> None:
    copy = fresh(options={"tables": runs.ISSUE_TABLES})

    def revoke(record: Any) -> None:
        if record.endpoint in runs.CONVERSATIONS and copy.server.count(record.endpoint) > 10:
            copy.server.settings.token = "pyl_another"

    undo = copy.server.on_request(revoke)
    copy.run(expect=3)
    undo()
    assert len(copy.by_id("issues")) > 0
    again = copy.run()
    assert 0 < sum(again.children_asked().values()) < 3 * len(copy.world)
    copy.assert_equal()


def test_a_directory_table_without_permission_is_a_warning_and_keeps_its_rows(loaded: Any) -> None:
    copy = loaded(options={"tables": (*runs.ISSUE_TABLES, "users", "accounts"), "refresh_hours": 0})
    users = copy.rows()["users"]
    copy.server.settings.denied = ("GET /users",)
    run = copy.run()
    assert list(run.report.lacking) == ["users"]
    assert "403" in str(run.report.lacking["users"])
    assert run.asked["GET /users"] == 1
    assert not copy.run().asked["GET /users"], "once a day is enough"
    assert copy.rows()["users"] == users
    copy.assert_equal(set(copy.tables) - {"users"})


@pytest.mark.parametrize("endpoint", [runs.LIST, runs.SEARCH, runs.MESSAGES])
def test_issues_without_permission_end_with_the_code_for_it(endpoint: str, fresh: Any) -> None:
    copy = fresh(denied=(endpoint,), options={"tables": (*runs.ISSUE_TABLES, "tags")})
    run = copy.run(expect=3)
    assert any("The token may not read" in text and "403" in text for text in run.failures.values())
    assert run.asked[endpoint] <= 12
    copy.assert_equal(["tags"])
    copy.server.settings.denied = ()
    copy.run()
    copy.assert_equal()


def test_a_redirect_is_not_followed_with_the_token(serve: Any, tmp_path: Path) -> None:
    elsewhere = serve(worlds.quiet(issues=2))
    copy = runs.Copy(serve(), tmp_path, tables=("issues", "tags", "teams", "issue_messages", "issue_sync"))
    location = f"{elsewhere.base_url}/tags"
    copy.server.faults.add("redirect", "GET /tags", location=location)
    copy.server.faults.add("redirect", runs.MESSAGES, location=location)
    run = copy.run(expect=4)
    assert elsewhere.log == []
    assert "redirect (302), which is not followed" in run.failures["tags"]
    assert run.asked["GET /tags"] == ATTEMPTS, "it may pass, as any other fault"
    copy.assert_equal(["issues", "teams"])


@pytest.fixture
def everything_logged() -> Iterator[list[str]]:
    """All that is logged by anyone, at any level."""
    collector, root, dlt = runs.Everything(), logging.getLogger(), logging.getLogger("dlt")
    levels = root.level, dlt.level
    for logger in (root, dlt):
        logger.addHandler(collector)
        logger.setLevel(logging.DEBUG)
    yield collector.lines
    for logger, level in zip((root, dlt), levels, strict=True):
        logger.removeHandler(collector)
        logger.setLevel(level)


def test_the_token_is_nowhere_but_in_the_requests(
    fresh: Any, everything_logged: list[str], capfd: Any
) -> None:
    copy = fresh(
        token=SECRET,
        options={"tables": (*runs.ISSUE_TABLES, "accounts", "tags", "users")},
    )
    faults = copy.server.faults
    faults.add("status", "GET /tags", status=500, html=True)
    faults.add("redirect", "GET /users")
    faults.add("hang", "GET /accounts", seconds=5)
    faults.add("status", runs.MESSAGES, status=418, count=1)
    first = copy.run(expect=4, timeout_seconds=1)
    faults.clear()
    pending = copy.job()
    pending.pipeline.extract(_source(copy))  # a package that stays in the working folder
    wrong = copy.run(expect=3, api_key=SECRET + "wrong")
    last = copy.run()
    said = [text for run in (first, wrong, last) for text in (*run.failures.values(), *run.warnings)]
    said += [
        repr(last.job),
        repr(last.job.settings),
        repr(last.report),
        *everything_logged,
        *capfd.readouterr(),
    ]
    assert len(everything_logged) > 10
    assert not [text for text in said if SECRET in text]
    assert list(_files_with(copy.folder, SECRET)) == []
    assert not [name for name, rows in copy.rows().items() if any(SECRET in _decoded(row) for row in rows)]


def _source(copy: runs.Copy) -> Any:
    from pylon_elt.sources.pylon.api.pacing import Pacers
    from pylon_elt.sources.pylon.lanes.resources import source_of
    from pylon_elt.sources.pylon.lanes.turn import Control
    from pylon_elt.sources.pylon.lanes.turns import Turns

    settings = runs.settings_for(copy.server)
    return source_of(Turns(settings, Control(Pacers(settings.rate_limits, 1.0)))).with_resources(
        "tags", "issues"
    )


def _files_with(folder: Path, text: str) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and text.encode() in path.read_bytes():
            yield path


def _decoded(row: runs.Row) -> str:
    """A row as text, dlt's packed state included."""
    parts = [repr(row)]
    for value in row.values():
        if isinstance(value, str) and len(value) > 100:
            try:
                parts.append(zlib.decompress(b64decode(value)).decode())
            except (ValueError, zlib.error):
                continue
    return " ".join(parts)


def test_the_search_for_the_token_would_find_it(tmp_path: Path) -> None:
    from base64 import b64encode

    packed = b64encode(zlib.compress(("x" * 200 + SECRET).encode(), 0)).decode()
    assert SECRET in _decoded({"state": packed})
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_bytes(b"\0" + SECRET.encode())
    assert len(list(_files_with(tmp_path, SECRET))) == 1
    assert emulator.Settings(token=SECRET).tokens() == {SECRET}
