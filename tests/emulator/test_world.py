"""The sample workspace and what can happen to it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any

import pytest

from pylon_elt import emulator
from pylon_elt.emulator.children_seed import issue_of_message, message_id
from pylon_elt.emulator.collection_mutations import SILENT_IN_COLLECTIONS
from pylon_elt.emulator.mutations import SILENT
from pylon_elt.emulator.times import SECOND, parse_ns, to_ns

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def truth() -> dict[str, Rows]:
    """The snapshot of a larger world that nobody changes."""
    return emulator.World.seeded(
        seed=1, issues=1500, now=datetime.fromisoformat("2026-07-01T00:00:00Z")
    ).snapshot()


class TestSample:
    """The generated workspace."""

    def test_the_same_seed_and_moment_make_the_same_world(self, now: datetime) -> None:
        one, same = (emulator.World.seeded(seed=3, issues=80, now=now) for _ in range(2))
        other = emulator.World.seeded(seed=4, issues=80, now=now)
        assert one.snapshot() == same.snapshot()
        assert one.snapshot() != other.snapshot()

    def test_the_order_of_reading_does_not_matter(self, now: datetime) -> None:
        forward, backward = (emulator.World.seeded(seed=3, issues=80, now=now) for _ in range(2))
        for ident in reversed(backward.issue_ids()):
            backward.messages(ident)
            backward.issue(ident)
        assert forward.snapshot() == backward.snapshot()

    def test_message_ids_tell_their_issue(self) -> None:
        rng = Random(1)
        for _ in range(500):
            number, index = rng.randrange(1, 10**7), rng.randrange(1000)
            assert issue_of_message(message_id(rng.randrange(100), number, index)) == number
        assert issue_of_message("no such id") is None

    def test_ids_are_unique(self, truth: dict[str, Rows]) -> None:
        for table, rows in truth.items():
            if table != "issue_followers":
                keys = [row.get("id") or row["slug"] for row in rows]
                assert len(keys) == len(set(keys)), table

    def test_times_are_in_order_and_none_is_in_the_future(self, truth: dict[str, Rows]) -> None:
        messages: dict[str, list[int]] = {}
        for row in truth["issue_messages"]:
            messages.setdefault(row["issue_id"], []).append(parse_ns(row["timestamp"]))
        for issue in truth["issues"]:
            times = messages.get(issue["id"], [])
            latest = parse_ns(issue["latest_message_time"]) if issue["latest_message_time"] else None
            assert times == sorted(times)
            assert latest == (times[-1] if times else None)
            created, updated = parse_ns(issue["created_at"]), parse_ns(issue["updated_at"])
            assert created <= (times[0] if times else created) <= (latest or updated) <= updated
            assert updated <= parse_ns("2026-07-01T00:00:00Z")

    @pytest.mark.parametrize("years", [0.01, 2.0])
    def test_nothing_has_happened_in_the_last_minute(self, now: datetime, years: float) -> None:
        snapshot = emulator.World.seeded(seed=1, issues=1500, now=now, years=years).snapshot()
        ahead = {
            "resolution_breach_time",
            "first_response_breach_time",
            "snoozed_until_time",
            "due_date",
            "end_date",
        }
        times = {
            (table, name): parse_ns(value)
            for table, rows in snapshot.items()
            for row in rows
            for name, value in row.items()
            if name not in ahead and isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", value)
            if parse_ns(value) > to_ns(now) - 60 * SECOND
        }
        assert times == {}

    def test_times_come_with_every_length_of_fraction(self, truth: dict[str, Rows]) -> None:
        lengths = Counter(len(i["updated_at"].rstrip("Z").partition(".")[2]) for i in truth["issues"])
        assert {0, 3, 6, 9} <= lengths.keys()

    def test_several_issues_share_an_instant_of_update(self, truth: dict[str, Rows]) -> None:
        assert max(Counter(issue["updated_at"] for issue in truth["issues"]).values()) > 1

    def test_custom_field_values_are_of_every_kind(self, truth: dict[str, Rows]) -> None:
        entries = [entry for issue in truth["issues"] for entry in issue["custom_fields"].values()]
        kinds = {type(entry["value"]) for entry in entries if "value" in entry}
        assert kinds == {str, int, float, bool, type(None)}
        assert {len(entry["values"]) for entry in entries if "values" in entry} >= {0, 1, 2}

    def test_slugs_differ_by_case_dash_and_underscore_only(self, truth: dict[str, Rows]) -> None:
        for slugs in (
            {slug for issue in truth["issues"] for slug in issue["custom_fields"]},
            {row["slug"] for row in truth["issue_statuses"]},
        ):
            folded = Counter(re.sub("[-_ ]", "", slug).lower() for slug in slugs)
            assert max(folded.values()) > 1

    def test_text_is_awkward(self, truth: dict[str, Rows]) -> None:
        text = "".join(i["title"] + i["body_html"] for i in truth["issues"])
        assert all(sign in text for sign in "\"\\\n🎉請<&'")

    @pytest.mark.parametrize(
        "field", ["tags", "account", "assignee", "team", "requester", "latest_message_time", "slack"]
    )
    def test_fields_are_null_on_some_issues_and_set_on_others(
        self, truth: dict[str, Rows], field: str
    ) -> None:
        assert {issue[field] is None for issue in truth["issues"]} == {True, False}

    @pytest.mark.parametrize(
        "field",
        ["attachment_urls", "csat_responses", "external_issues", "first_response_time", "resolution_time", "chat_widget_info",
         "sentiment_beta", "team_slas", "parent_issue_group", "child_issues", "snoozed_until_time"],
    )  # fmt: skip
    def test_fields_are_absent_from_some_issues(self, truth: dict[str, Rows], field: str) -> None:
        assert {field in issue for issue in truth["issues"]} == {True, False}

    def test_some_issues_have_no_messages_and_some_have_many(self, truth: dict[str, Rows]) -> None:
        counts = Counter(row["issue_id"] for row in truth["issue_messages"])
        assert len(counts) < len(truth["issues"])
        assert max(counts.values()) > 20
        assert 3 < len(truth["issue_messages"]) / len(truth["issues"]) < 5

    def test_messages_have_every_kind_of_author(self, truth: dict[str, Rows]) -> None:
        authors = [row["author"] for row in truth["issue_messages"]]
        assert any(author.get("user") for author in authors)
        assert any(author.get("contact") for author in authors)
        assert any(row["is_private"] and row.get("thread_id") for row in truth["issue_messages"])
        assert any("translated_html_beta" in row for row in truth["issue_messages"])

    def test_the_snapshot_has_no_signatures(self, truth: dict[str, Rows]) -> None:
        urls = [url for row in truth["issue_messages"] for url in row.get("file_urls") or []]
        urls += [url for row in truth["issues"] for url in row.get("attachment_urls") or []]
        assert urls
        assert not any("?" in url for url in urls)

    def test_a_large_world_is_ready_at_once(self) -> None:
        import time

        begin = time.monotonic()
        assert len(emulator.World.seeded(issues=50_000)) == 50_000
        assert time.monotonic() - begin < 30


class TestMutations:
    """Each change, and what it does to the times of the issue."""

    @pytest.fixture
    def ident(self, world: emulator.World) -> str:
        """An issue with messages, a minute after the world was made."""
        world.advance(60)
        return next(i for i in world.issue_ids() if len(world.messages(i)) > 2)

    def test_an_edit_bumps_updated_at(self, world: emulator.World, ident: str) -> None:
        assert world.edit_issue(ident, title="new", team=...)["updated_at"] == "2026-07-01T12:01:00Z"
        assert world.issue(ident)["title"] == "new"
        assert "team" not in world.issue(ident)

    def test_a_silent_touch_does_not(self, world: emulator.World, ident: str) -> None:
        before = world.issue(ident)
        after = world.touch_silently(ident, number_of_touches=99)
        assert after == before | {"number_of_touches": 99}

    def test_a_bulk_edit_gives_all_the_same_time(self, world: emulator.World) -> None:
        rows = world.bulk_edit(world.issue_ids()[:5], state="on_hold")
        assert {(row["updated_at"], row["state"]) for row in rows} == {("2026-07-01T12:00:00Z", "on_hold")}

    def test_a_message_bumps_both_times(self, world: emulator.World, ident: str) -> None:
        row = world.add_message(ident, message_html="hi", file_urls=["https://x.example/a.png"])
        issue = world.issue(ident)
        assert row["file_urls"] == ["https://x.example/a.png"]
        assert world.messages(ident)[-1] == row
        assert (
            issue["updated_at"] == issue["latest_message_time"] == row["timestamp"] == "2026-07-01T12:01:00Z"
        )

    def test_an_imported_message_goes_to_its_place(self, world: emulator.World, ident: str) -> None:
        latest = world.issue(ident)["latest_message_time"]
        row = world.add_message(ident, timestamp="2020-01-01T00:00:00Z")
        assert world.messages(ident)[0] == row
        assert world.issue(ident)["latest_message_time"] == latest
        assert world.issue(ident)["updated_at"] == "2026-07-01T12:01:00Z"

    def test_created_issues_are_numbered_and_found(self, world: emulator.World) -> None:
        issue = world.create_issue(title="t", created_at="2026-05-05T05:05:05Z")
        assert (issue["number"], issue["updated_at"]) == (121, "2026-05-05T05:05:05Z")
        assert world.issue(121) == world.issue("121") == world.issue(issue["id"]) == issue
        with pytest.raises(ValueError, match="exists"):
            world.create_issue(number=121)

    def silent(self, world: emulator.World, ident: str, kind: str) -> None:
        message, user = world.messages(ident)[0]["id"], world.rows("users")[0]["id"]
        other = next(i for i in world.issue_ids() if i != ident)
        account, survivor = world.issue(ident)["account"]["id"], world.rows("accounts")[-1]["id"]
        task = world.rows("tasks")[0]["id"]
        comment = world.create("task_comments", task_id=task)["id"]
        world.touch_silently(ident, source="phone")
        call = world.create("issue_voice_calls", issue_id=ident)["id"]
        changes: dict[str, Callable[[], object]] = {
            "follow": lambda: world.follow(ident, user),
            "unfollow": lambda: world.unfollow(ident, user),
            "set_form": lambda: world.set_form(ident, None),
            "add_thread": lambda: world.add_thread(ident),
            "delete_thread": lambda: world.delete_thread(ident, world.add_thread(ident)["id"]),
            "edit_message": lambda: world.edit_message(message, message_html="x"),
            "redact_message": lambda: world.redact_message(message),
            "delete_message": lambda: world.delete_message(message),
            "move_message": lambda: world.move_message(message, other),
            "merge_accounts": lambda: world.merge_accounts(survivor, account),
            "scrub_issue": lambda: world.scrub_issue(ident),
            "add_voice_call": lambda: world.add_voice_call(ident),
            "finish_transcript": lambda: world.finish_transcript(call),
            "add_comment": lambda: world.add_comment(task),
            "edit_comment": lambda: world.edit_comment(comment),
            "delete_comment": lambda: world.delete_comment(comment),
        }
        changes[kind]()

    @pytest.mark.parametrize("kind", [*SILENT, *SILENT_IN_COLLECTIONS])
    @pytest.mark.parametrize("bumps", [False, True])
    def test_whether_a_silent_change_bumps_is_set(
        self, world: emulator.World, ident: str, kind: str, bumps: bool
    ) -> None:
        world.bumps[kind] = bumps
        task = world.rows("tasks")[0]["id"]
        world.edit("tasks", task, updated_at="2026-01-01T00:00:00Z")
        before = world.issue(ident), world.row("tasks", task)
        self.silent(world, ident, kind)
        after = world.issue(ident), world.row("tasks", task)
        concerned = int("comment" in kind)
        assert [new["updated_at"] != old["updated_at"] for old, new in zip(before, after, strict=True)] == [
            bumps and concerned == 0,
            bumps and concerned == 1,
        ]

    def test_a_deleted_message_leaves_nothing(self, world: emulator.World, ident: str) -> None:
        first, *rest = world.messages(ident)
        world.delete_message(first["id"])
        assert world.messages(ident) == rest
        with pytest.raises(KeyError):
            world.delete_message(first["id"])

    def test_a_moved_message_keeps_its_id_and_can_move_again(self, world: emulator.World, ident: str) -> None:
        row = world.messages(ident)[1]
        other, third = [i for i in world.issue_ids() if i != ident][:2]
        for target in (other, third, ident):
            world.move_message(row["id"], target)
            assert row in world.messages(target)
        assert row not in world.messages(other) + world.messages(third)

    def test_an_edited_message_goes_to_the_place_of_its_time(self, world: emulator.World, ident: str) -> None:
        first, *rest = world.messages(ident)
        edited = world.edit_message(first["id"], timestamp="2026-07-01T12:00:30Z", file_urls=...)
        assert world.messages(ident) == [*rest, edited]
        assert "file_urls" not in edited

    def test_a_redacted_message_keeps_its_place(self, world: emulator.World, ident: str) -> None:
        row = world.messages(ident)[0]
        world.redact_message(row["id"])
        now = world.messages(ident)[0]
        assert (now["id"], now["timestamp"], now["file_urls"]) == (row["id"], row["timestamp"], [])
        assert now["message_html"] != row["message_html"]

    def test_followers_are_a_set(self, world: emulator.World, ident: str) -> None:
        user = world.rows("users")[0]["id"]
        for _ in range(2):
            world.follow(ident, user)
        assert world.followers(ident).count({"id": user, "type": "user"}) == 1
        world.unfollow(ident, user)
        assert user not in [row["id"] for row in world.followers(ident)]

    def test_merging_accounts_moves_issues_and_contacts(self, world: emulator.World) -> None:
        survivor, merged, other = [row["id"] for row in world.rows("accounts")][:3]
        moved = [
            issue["id"]
            for issue in world.issues()
            if issue["account"] and issue["account"]["id"] in (merged, other)
        ]
        world.merge_accounts(survivor, [merged, other])
        assert moved
        assert {world.issue(ident)["account"]["id"] for ident in moved} == {survivor}
        gone = {merged, other}
        assert not gone & {row["id"] for row in world.rows("accounts")}
        assert not gone & {(row["account"] or {}).get("id") for row in world.rows("contacts")}
        with pytest.raises(KeyError):
            world.merge_accounts(survivor, survivor)

    def test_a_scrubbed_issue_keeps_only_its_shell(self, world: emulator.World, ident: str) -> None:
        world.scrub_issue(ident)
        issue = world.issue(ident)
        assert (issue["title"], issue["body_html"], world.messages(ident)) == ("SCRUBBED", "", [])
        for change in (
            lambda: world.add_message(ident),
            lambda: world.add_thread(ident),
            lambda: world.follow(ident, "u"),
        ):
            with pytest.raises(ValueError, match="scrubbed"):
                change()

    def test_a_deleted_issue_takes_its_children_along(self, world: emulator.World, ident: str) -> None:
        message = world.messages(ident)[0]["id"]
        world.delete_issue(ident)
        truth = world.snapshot()
        assert all(
            ident not in (row.get("id"), row.get("issue_id")) for rows in truth.values() for row in rows
        )
        for lost in (
            lambda: world.issue(ident),
            lambda: world.redact_message(message),
            lambda: world.delete_issue(ident),
        ):
            with pytest.raises(KeyError):
                lost()

    def test_the_directory_can_be_added_to_edited_and_dropped_from(self, world: emulator.World) -> None:
        row = world.put("teams", {"name": "New"})
        assert world.row("teams", row["id"]) == {"id": row["id"], "name": "New"}
        assert world.edit("teams", row["id"], name="Newer", users=[])["name"] == "Newer"
        world.drop("teams", row["id"])
        assert world.row("teams", row["id"]) is None
        assert world.put("issue_statuses", {"slug": "odd"}) in world.snapshot()["issue_statuses"]

    def test_dropping_a_knowledge_base_drops_what_is_in_it(self, world: emulator.World) -> None:
        base = world.rows("knowledge_bases")[0]["id"]
        world.drop("knowledge_bases", base)
        truth = world.snapshot()
        left = {row["knowledge_base_id"] for name in ("kb_collections", "kb_articles") for row in truth[name]}
        assert left == {row["id"] for row in truth["knowledge_bases"]}

    def test_what_a_reader_does_with_an_answer_does_not_change_the_world(
        self, world: emulator.World, ident: str
    ) -> None:
        before = world.snapshot()
        world.issue(ident)["tags"] = ["mine"]
        world.messages(ident)[0]["author"]["name"] = "me"
        world.snapshot()["issue_messages"].clear()
        assert world.snapshot() == before


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_snapshot_is_consistent_after_many_random_changes(world: emulator.World, seed: int) -> None:
    rng = Random(seed)
    done: Counter[str] = Counter()
    for _ in range(500):
        done[world.random_mutation(rng)["do"]] += 1
        world.advance(rng.random() * 100)
    truth, where = world.snapshot(), f"seed {seed}"
    issues = {row["id"]: row for row in truth["issues"]}
    for table in ("issue_messages", "issue_threads", "issue_followers"):
        assert {row["issue_id"] for row in truth[table]} <= issues.keys(), where
        assert not [row for row in truth[table] if issues[row["issue_id"]]["title"] == "SCRUBBED"], where
    messages = [row["id"] for row in truth["issue_messages"]]
    assert len(messages) == len(set(messages)), where
    assert len(issues) == len(world) == len(world.by_created) == len(world.by_updated), where
    for index, field in ((world.by_created, "created_at"), (world.by_updated, "updated_at")):
        assert index.keys == sorted((parse_ns(row[field]), row["number"]) for row in truth["issues"]), where
    accounts = {row["id"] for row in truth["accounts"]}
    dropped = done["drop"]
    orphans = [row for row in truth["issues"] if row.get("account") and row["account"]["id"] not in accounts]
    assert not orphans or dropped, where
    assert len(done) == 18, f"{where}: {done}"


def test_what_the_api_shows_is_the_snapshot(serve: Any, connect: Any, world: emulator.World) -> None:
    seed = 5
    rng = Random(seed)
    for _ in range(300):
        world.random_mutation(rng)
    client, truth = connect(serve(world)), world.snapshot()
    pages = client.walk(lambda cursor: client.search(limit=50, **cursor))
    shown = sorted((strip(row) for page in pages for row in page), key=lambda row: row["number"])
    assert shown == truth["issues"], f"seed {seed}"
    for table, child in (
        ("issue_messages", "messages"),
        ("issue_threads", "threads"),
        ("issue_followers", "followers"),
    ):
        rows: Rows = []
        for issue in truth["issues"]:
            if issue["title"] != "SCRUBBED":
                found = client.get(f"/issues/{issue['id']}/{child}").json()["data"] or []
                rows += [strip(row) | {"issue_id": issue["id"]} for row in found]
        assert rows == truth[table], f"seed {seed}"


def strip(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without the query strings of its signed URLs."""
    for key in ("attachment_urls", "file_urls"):
        if row.get(key):
            row[key] = [url.partition("?")[0] for url in row[key]]
    return row


def test_changes_from_many_threads_are_all_kept(world: emulator.World) -> None:
    from concurrent.futures import ThreadPoolExecutor

    ident = world.issue_ids()[0]
    before = len(world.messages(ident))
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda _: (world.add_message(ident), world.create_issue()), range(200)):
            pass
    assert len(world.messages(ident)) == before + 200
    assert len(world) == 320


def test_the_clock_dates_changes(world: emulator.World) -> None:
    world.advance(1.5)
    assert parse_ns(world.edit_issue(1)["updated_at"]) == to_ns(world.now())
