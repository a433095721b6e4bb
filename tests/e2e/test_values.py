"""Whatever stands in a field, none of it is lost and none of it fails a run."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from support import runs, worlds

from pylon_elt.pipelines.copy import duckdb_memory
from pylon_elt.sources.pylon.api.transport import Reply, Transport

ODD: dict[str, Any] = {
    "title": 17,
    "state": None,
    "type": ["ticket"],
    "link": {"href": "https://x.example"},
    "body_html": "",
    "first_response_seconds": "12",
    "resolution_seconds": 12.5,
    "business_hours_resolution_seconds": 2**63,
    "number_of_touches": True,
    "active_time_seconds": -(2**63),
    "customer_portal_visible": "yes",
    "author_unverified": 1,
    "first_response_time": "never",
    "resolution_time": 1700000000,
    "snoozed_until_time": "2026-02-30T00:00:00Z",
    "requester": "someone",
    "account": {"id": 5},
    "assignee": ["a", {"id": "b"}],
    "tags": "bug",
    "attachment_urls": ["https://files.example/a#b", "no url at all", ""],
    "custom_fields": {
        "a": {"value": [1, 2.0, None, {"deep": {"er": "\u2028"}}]},
        "": {},
        "A ": {"value": 10**18},
    },
    "time_in_status_seconds": {"in progress": 1, "in_progress": 2, "In Progress": 3},
    "brand_new_field": {"nested": [1, {"two": None}]},
    "_synced_at": "a field of this name",
    "_removed": True,
    "issue_id": "another",
    "Title": "case differs",
    "sentiment beta": 0.25,
}


def test_undocumented_fields_and_values_that_do_not_fit_are_kept(loaded: Any) -> None:
    copy = loaded()
    ref = copy.world.issue_ids()[8]
    copy.world.edit_issue(ref, **ODD)
    run = copy.run()
    copy.assert_equal()
    row = copy.by_id("issues")[ref]
    assert row["title"] is None
    assert row["_extra"]["title"] == 17
    assert row["_extra"]["brand_new_field"] == {"nested": [1, {"two": None}]}
    assert row["resolution_seconds"] is None
    assert row["active_time_seconds"] == -(2**63)
    assert row["account_id"] is None
    assert {"title", "brand_new_field", "number_of_touches"} <= run.report.extra_fields["issues"]


def test_odd_values_in_children_and_directory(fresh: Any) -> None:
    world = worlds.bump_all(worlds.quiet(issues=10))
    ref = worlds.with_messages(world)
    world.add_message(
        ref, message_html=None, author="nobody", is_private="no", file_urls="https://f.example/?s=1"
    )
    world.add_message(
        ref, author={"name": 7, "user": [], "contact": {"id": None}}, issue_id="elsewhere", edited=True
    )
    world.add_thread(ref, name=["a"], channel_id=0, pinned=False)
    world.follow(ref, "no such user", "bot")
    world.edit(
        "accounts", world.rows("accounts")[0]["id"], name=None, owner="x", is_disabled=0, tags={"a": 1}
    )
    world.edit(
        "kb_articles", world.rows("kb_articles")[0]["id"], approval_info={"reviewed_by_user_id": 3}, url=...
    )
    world.edit("custom_fields", world.rows("custom_fields")[0]["id"], default_value=4, default_values="x")
    copy = fresh(world)
    copy.run()
    copy.assert_equal()


def test_nul_characters_do_not_fail_a_load(loaded: Any) -> None:
    copy = loaded()
    ref = copy.world.issue_ids()[8]
    plain = "a backslash before u0000: \\u0000, two: \\\\u0000"
    copy.world.edit_issue(
        ref,
        title="before\0after",
        body_html=plain,
        custom_fields={"k\0ey": {"value": "\0"}},
        brand_new="\0\0",
        tags=["\\\0"],
    )
    copy.world.add_message(ref, message_html="\0<p>\0</p>")
    copy.run()
    copy.assert_equal()
    row = copy.by_id("issues")[ref]
    assert row["title"] == "before\ufffdafter"
    assert row["body_html"] == plain


def test_times_of_every_precision_and_age(loaded: Any) -> None:
    copy = loaded()
    refs = iter(copy.world.issue_ids())
    for time in (
        "0001-01-01T00:00:00Z",  # Go's zero time
        "1969-12-31T23:59:59.999999999Z",
        "2026-01-01T00:00:00+02:00",
        "2026-01-01T00:00:00.1-11:30",
        "2026-01-01T00:00:00.123456789Z",
        "2262-04-12T00:00:00.123456789Z",
        "9999-12-31T23:59:59.999999Z",
    ):
        copy.world.edit_issue(next(refs), resolution_time=time)
        copy.world.edit_issue(next(refs), snoozed_until_time=time, first_response_time=None)
    copy.run()
    copy.assert_equal()


def test_a_large_conversation_with_large_texts(loaded: Any) -> None:
    copy = loaded()
    ref = copy.world.issue_ids()[8]
    for number in range(300):
        copy.world.add_message(ref, message_html=f"{number} ⚙️ 'quoted' \"twice\" \\ ; -- /* {'x' * 3000}")
    copy.world.edit_issue(ref, body_html="é" * 300_000)
    copy.run()
    copy.assert_equal()


def test_no_column_beside_the_catalogue_is_made(loaded: Any) -> None:
    copy = loaded()
    copy.world.edit_issue(copy.world.issue_ids()[8], **ODD)
    copy.run()
    for name in copy.tables:
        columns = {column for row in copy.rows()[name][:1] for column in row}
        assert columns <= {*runs.TABLES[name].column_names, "_removed"}


@pytest.fixture
def on_the_wire(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[bytes, bytes]], None]:
    """Let pieces of the answers be others: what the emulator's own library cannot write."""
    send = Transport.send

    def replacing(pieces: dict[bytes, bytes]) -> None:
        async def spoilt(self: Transport, request: Any) -> Reply:
            reply = await send(self, request)
            content = reply.content
            for piece, other in pieces.items():
                content = content.replace(piece, other)
            return replace(reply, content=content)

        monkeypatch.setattr(Transport, "send", spoilt)

    return replacing


@pytest.mark.dear
def test_numbers_of_any_size_keep_their_digits(loaded: Any, on_the_wire: Any) -> None:
    copy = loaded(options={"tables": (*runs.ISSUE_TABLES, "issue_snapshots")})
    ref = copy.world.issue_ids()[8]
    copy.world.edit_issue(
        ref, first_response_seconds="HUGE", custom_fields={"a": {"value": "HUGE"}}, brand_new=["LARGE"]
    )
    copy.world.add_message(ref, message_html="HUGE")
    on_the_wire({b'"HUGE"': b"12345678901234567890123", b'"LARGE"': b"1e400"})
    run = copy.run()
    assert not run.warnings
    row = copy.by_id("issues")[ref]
    assert row["first_response_seconds"] is None
    assert row["_extra"] == {"first_response_seconds": 12345678901234567890123, "brand_new": ["1e400"]}
    assert row["custom_fields"] == {"a": {"value": 12345678901234567890123}}
    on_the_wire({b'"HUGE"': b"12345678901234567890124"})
    assert copy.job().reconcile().mended == 1, "a difference in the last digit is one"


@pytest.mark.dear
@pytest.mark.parametrize("depth", [300, 500, 2000])
def test_what_is_nested_deep_costs_no_run(depth: int, loaded: Any, on_the_wire: Any) -> None:
    copy = loaded(options={"tables": (*runs.ISSUE_TABLES, "issue_snapshots")})
    ref = copy.world.issue_ids()[8]
    copy.world.edit_issue(
        ref, custom_fields={"a": {"value": "DEEP"}, "b": 1}, title="DEEP", tags=["DEEP"], brand_new="DEEP"
    )
    copy.world.add_message(ref, author={"name": "x", "more": "DEEP"})
    copy.world.edit("accounts", copy.world.rows("accounts")[0]["id"], custom_fields="DEEP")
    deep = (b'[{"d":' * (depth // 2) + b"1" + b"}]" * (depth // 2)).ljust(depth)
    on_the_wire({b'"DEEP"': deep})
    run = copy.run()
    assert any("nested too deep" in warning for warning in run.warnings)
    row = copy.by_id("issues")[ref]
    assert row["custom_fields"]["b"] == 1
    assert set(row["_extra"]["nested_too_deep"]) == {"custom_fields", "title", "tags", "brand_new"}
    assert copy.job().reconcile().mended == 0


@pytest.mark.dear
@pytest.mark.parametrize(("count", "size"), [(40, 1_000_000), (2, 20_000_000)])
def test_a_conversation_that_duckdb_has_no_room_for_gets_more(
    count: int, size: int, loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD__RAISE_ON_MAX_RETRIES", "1")
    copy = loaded()
    ref = copy.world.issue_ids()[8]
    rng = random.Random(1)
    for number in range(count):
        copy.world.add_message(ref, message_html=f"{number} {rng.randbytes(size // 2).hex()}")
    copy.run()
    copy.assert_equal()
    assert duckdb_memory.limit() == "64MB"
    assert not copy.run().children_asked()
