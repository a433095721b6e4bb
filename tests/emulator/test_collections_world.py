"""The sample of the collections beyond the directory, and what can happen to them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from random import Random
from typing import Any

import httpx
import pytest
from support.places import paths

from pylon_elt import emulator
from pylon_elt.emulator.tables import BEYOND_DIRECTORY, COLLECTIONS, DIRECTORY, UNSAID
from pylon_elt.emulator.times import parse_ns

Rows = list[dict[str, Any]]
BEFORE = ("issues", "issue_messages", "issue_threads", "issue_followers", *DIRECTORY)
STAMPED = sorted(
    set(BEYOND_DIRECTORY)
    - {"organization", "surveys", "survey_responses", "issue_voice_calls", "activity_types", "audit_logs"}
    - {"email_suppressions"}
)


def ids(rows: Rows) -> set[str]:
    return {row["id"] for row in rows}


def mini(row: dict[str, Any], name: str) -> str | None:
    return (row.get(name) or {}).get("id")


class TestSample:
    def test_nothing_else_depends_on_it(self, now: datetime) -> None:
        full, bare, double = (
            emulator.World.seeded(seed=3, issues=300, now=now, others=others).snapshot()
            for others in (1, 0, 2)
        )
        for table in BEFORE[1:]:
            assert full[table] == bare[table] == double[table]
        phones = {row["id"] for row in full["issues"] if row["source"] == "phone"}
        for with_phones, without in zip(full["issues"], bare["issues"], strict=True):
            wanted = {name: without[name] for name in without if name != "chat_widget_info"}
            by_phone = with_phones == wanted | {"source": "phone", "slack": None}
            assert by_phone if without["id"] in phones else with_phones == without
        assert len(phones) == 9
        assert {row["issue_id"] for row in full["issue_voice_calls"]} < phones
        assert {table for table in BEYOND_DIRECTORY if bare[table]} == {"organization"}
        assert all(full[table] for table in BEYOND_DIRECTORY)
        assert len(double["tasks"]) == 2 * len(full["tasks"]) == 60

    def test_one_collection_draws_nothing_from_another(self, now: datetime) -> None:
        small, large = (
            emulator.World.seeded(seed=3, issues=300, contacts=50, accounts=n, now=now) for n in (15, 30)
        )
        for table in ("activity_types", "macro_groups", "surveys"):
            assert small.rows(table) == large.rows(table)

    def test_sizes_go_with_the_workspace(self, now: datetime) -> None:
        sizes = {
            issues: {
                table: len(rows)
                for table, rows in emulator.World.seeded(seed=1, issues=issues, now=now).snapshot().items()
            }
            for issues in (0, 2000)
        }
        assert sizes[2000]["tasks"] == 200
        assert sizes[2000]["projects"] == 10
        assert 20 <= sizes[2000]["milestones"] <= 40
        assert 200 < sizes[2000]["task_comments"] < 800
        assert 40 < sizes[2000]["issue_voice_calls"] < 120
        assert sizes[0]["issue_voice_calls"] == 0
        assert sizes[0]["tasks"] >= sizes[0]["milestones"] > 0

    def test_what_refers_to_a_row_refers_to_one_that_exists(self, now: datetime) -> None:
        truth = emulator.World.seeded(seed=5, issues=2000, now=now).snapshot()
        known = {
            table: ids(rows)
            for table, rows in truth.items()
            if table in COLLECTIONS and table != "issue_statuses"
        }
        for row in truth["tasks"]:
            assert mini(row, "account") in known["accounts"] | {None}
            assert mini(row, "project") in known["projects"] | {None}
            assert row.get("parent_task_id") in known["tasks"] | {None}
            assert set(row.get("subtask_ids") or ()) <= known["tasks"]
        subtasks = {(row["id"], child) for row in truth["tasks"] for child in row.get("subtask_ids") or ()}
        assert (
            subtasks
            == {(p, row["id"]) for row in truth["tasks"] if (p := row.get("parent_task_id"))}
            != set()
        )
        for table, name, parent in (
            ("task_comments", "task_id", "tasks"),
            ("survey_responses", "survey_id", "surveys"),
            ("issue_voice_calls", "issue_id", "issues"),
        ):
            assert {row[name] for row in truth[table]} <= ids(truth[parent])
        for row in truth["account_relationships"]:
            assert {row["child_account_id"], row["parent_account_id"]} <= known["accounts"]

    @pytest.mark.parametrize("issues", [0, 40, 2000])
    def test_every_milestone_is_named_by_a_task(self, now: datetime, issues: int) -> None:
        truth = emulator.World.seeded(seed=1, issues=issues, now=now).snapshot()
        assert ids(truth["milestones"]) == {mini(row, "milestone") for row in truth["tasks"]} - {None}

    def test_nothing_is_updated_before_it_is_made(self, now: datetime) -> None:
        truth = emulator.World.seeded(seed=1, issues=2000, now=now).snapshot()
        for table in STAMPED:
            gaps = [parse_ns(row["updated_at"]) - parse_ns(row["created_at"]) for row in truth[table]]
            assert min(gaps) >= 0
            assert max(gaps) > 0

    def test_values_are_awkward(self, now: datetime) -> None:
        truth = emulator.World.seeded(seed=1, issues=2000, now=now).snapshot()
        values = [
            entry
            for table in ("tasks", "projects", "custom_objects", "feature_requests")
            for row in truth[table]
            for entry in (row.get("custom_fields") or {}).values()
        ]
        assert {type(entry["value"]) for entry in values if "value" in entry} == {
            str,
            int,
            float,
            bool,
            type(None),
        }
        assert {len(entry["values"]) for entry in values if "values" in entry} >= {0, 1, 2}
        counts = Counter(row["task_id"] for row in truth["task_comments"])
        assert {counts[row["id"]] for row in truth["tasks"]} == {0, 1, 2, 3, 4}
        assert len({len(row["updated_at"]) for row in truth["tasks"]}) >= 4


class TestMutations:
    @pytest.fixture
    def later(self, world: emulator.World) -> emulator.World:
        """The world a minute after it was made."""
        world.advance(60)
        return world

    @pytest.mark.parametrize("collection", [name for name in BEYOND_DIRECTORY if name != "organization"])
    def test_a_row_is_made_changed_and_dropped(self, later: emulator.World, collection: str) -> None:
        needed = {
            "custom_objects": {"type": "companies"},
            "task_comments": {"task_id": later.rows("tasks")[0]["id"]},
            "survey_responses": {"survey_id": later.rows("surveys")[0]["id"]},
            "issue_voice_calls": {"issue_id": later.create_issue(source="phone")["id"]},
        }
        row = later.create(collection, extra=1, **needed.get(collection, {}))
        times = {value for name, value in row.items() if name.endswith(("_at", "_time"))}
        assert times == (set() if collection == "activity_types" else {"2026-07-01T12:01:00Z"})
        later.advance(60)
        edited = later.edit(collection, row["id"], extra=2, other=True)
        stamp = {"updated_at": "2026-07-01T12:02:00Z"} if "updated_at" in row else {}
        assert edited == row | {"extra": 2, "other": True} | stamp
        assert later.put(collection, edited | {"extra": 3})["extra"] == 3
        assert later.row(collection, row["id"]) == edited | {"extra": 3}
        shows = [one["extra"] for one in later.snapshot()[collection] if one["id"] == row["id"]]
        assert shows == [3]
        later.drop(collection, row["id"])
        assert later.row(collection, row["id"]) is None
        for lost in (later.drop, later.edit):
            with pytest.raises(KeyError):
                lost(collection, row["id"])

    @pytest.mark.parametrize(
        ("collection", "fields"),
        [
            ("task_comments", {}),
            ("task_comments", {"task_id": "none"}),
            ("survey_responses", {"survey_id": "none"}),
            ("issue_voice_calls", {"issue_id": "none"}),
            ("custom_objects", {}),
            ("cats", {}),
        ],
    )
    def test_what_no_endpoint_would_show_is_not_taken(
        self, later: emulator.World, collection: str, fields: dict[str, str]
    ) -> None:
        before = later.snapshot()
        with pytest.raises(KeyError):
            later.create(collection, **fields)
        assert later.snapshot() == before

    def test_a_time_that_is_none_is_no_time(self, later: emulator.World, serve: Any, connect: Any) -> None:
        rows = [later.create("tasks", created_at=at, due_date=at) for at in ("soon", None, 7)]
        client = connect(serve(later))
        tree = {"field": "due_date", "operator": "time_is_after", "value": "2000-01-01T00:00:00Z"}
        shown = client.post("/tasks/search", json={"filter": tree}).raise_for_status().json()["data"]
        assert not ids(rows) & ids(shown)
        assert ids(rows) <= ids(client.post("/tasks/search", json={}).raise_for_status().json()["data"])

    def test_new_rows_share_nothing(self, later: emulator.World) -> None:
        one, other = later.create("feature_requests"), later.create("feature_requests")
        one["evidence"].append("mine")
        assert other["evidence"] == []

    def test_a_directory_row_keeps_its_time(self, later: emulator.World) -> None:
        row = next(row for row in later.rows("accounts") if row.get("updated_at"))
        assert later.edit("accounts", row["id"], name="New") == row | {"name": "New"}

    def test_comments_come_change_and_go(self, later: emulator.World) -> None:
        task = later.rows("tasks")[0]
        comment = later.add_comment(task["id"], body_html="<p>1</p>")
        assert comment["task_id"] == task["id"]
        assert later.row("tasks", task["id"])["updated_at"] == comment["created_at"] == "2026-07-01T12:01:00Z"
        later.advance(60)
        edited = later.edit_comment(comment["id"], body_html="<p>2</p>")
        assert edited["last_edited_at"] == edited["updated_at"] == "2026-07-01T12:02:00Z"
        later.delete_comment(comment["id"])
        assert later.row("task_comments", comment["id"]) is None
        assert later.row("tasks", task["id"])["updated_at"] == "2026-07-01T12:01:00Z"
        for lost in (later.delete_comment, later.edit_comment, later.add_comment):
            with pytest.raises(KeyError):
                lost("none")

    def test_an_option_gets_another_label(self, later: emulator.World) -> None:
        field = next(row for row in later.rows("custom_fields") if row["slug"] == "priority")
        before = field["select_metadata"]["options"]
        after = later.rename_option(field["id"], "high", "Very high")
        wanted = [one | ({"label": "Very high"} if one["slug"] == "high" else {}) for one in before]
        assert after["select_metadata"]["options"] == wanted != before
        assert after["updated_at"] == "2026-07-01T12:01:00Z"
        with pytest.raises(KeyError):
            later.rename_option(field["id"], "none", "x")

    def test_calls_belong_to_living_issues(self, later: emulator.World) -> None:
        issue = later.create_issue(source="phone")["id"]
        call = later.add_voice_call(issue, duration_sec=7)
        assert (call["duration_sec"], call["issue_id"], call["recordings"]) == (7, issue, [])
        assert len(later.finish_transcript(call["id"])["recordings"]) == 1
        url = later.finish_transcript(call["id"])["recordings"][1]["download_url"]
        assert "?" not in later.row("issue_voice_calls", call["id"])["recordings"][1]["download_url"]
        assert (
            url.partition("?")[0]
            == later.snapshot()["issue_voice_calls"][-1]["recordings"][1]["download_url"]
        )
        later.delete_issue(issue)
        assert later.row("issue_voice_calls", call["id"]) is None
        scrubbed = later.create_issue(source="phone")["id"]
        later.scrub_issue(scrubbed)
        for lost in (lambda: later.add_voice_call(issue), lambda: later.finish_transcript(call["id"])):
            with pytest.raises(KeyError):
                lost()
        with pytest.raises(ValueError, match="scrubbed"):
            later.add_voice_call(scrubbed)
        with pytest.raises(ValueError, match="telephone"):
            later.add_voice_call(later.create_issue(source="email")["id"])

    def test_what_is_within_goes_along_and_what_refers_lets_go(self, later: emulator.World) -> None:
        truth = later.snapshot()
        task = next(row for row in truth["tasks"] if row.get("subtask_ids"))
        later.add_comment(task["id"])
        later.drop("tasks", task["id"])
        assert not [row for row in later.rows("task_comments") if row["task_id"] == task["id"]]
        for child in task["subtask_ids"]:
            assert later.row("tasks", child)["parent_task_id"] is None
        parent = later.create("tasks")["id"]
        subtasks = [later.create("tasks", parent_task_id=parent)["id"] for _ in range(2)]
        later.edit("tasks", parent, subtask_ids=subtasks)
        later.drop("tasks", subtasks[0])
        assert later.row("tasks", parent)["subtask_ids"] == subtasks[1:]
        milestone = truth["milestones"][0]["id"]
        later.drop("milestones", milestone)
        assert milestone not in {mini(row, "milestone") for row in later.rows("tasks")}
        project = truth["projects"][1]["id"]
        later.drop("projects", project)
        left = {mini(row, "project") for name in ("tasks", "milestones") for row in later.rows(name)}
        assert project not in left
        survey = truth["surveys"][0]["id"]
        later.drop("surveys", survey)
        assert survey not in {row["survey_id"] for row in later.rows("survey_responses")}
        group = truth["macro_groups"][0]["id"]
        later.drop("macro_groups", group)
        assert group not in {row["macro_group_id"] for row in later.rows("macros")}
        account = truth["account_relationships"][0]["child_account_id"]
        later.drop("accounts", account)
        left = {value for row in later.rows("account_relationships") for value in row.values()}
        assert account not in left

    def test_evidence_says_who_asked(self, later: emulator.World) -> None:
        one, other = [row["id"] for row in later.rows("accounts")][:2]
        row = later.create("feature_requests", evidence=[{"account_id": one}, {"account_id": one}, {}])
        assert (row["account_ids"], row["evidence_count"]) == ([one], 3)
        row = later.edit("feature_requests", row["id"], evidence=[{"account_id": other}])
        assert (row["account_ids"], row["evidence_count"]) == ([other], 1)

    def test_a_row_that_gets_another_parent_is_found_there(
        self, later: emulator.World, serve: Any, connect: Any
    ) -> None:
        client = connect(serve(later))

        def of(group: str) -> set[str]:
            return ids(client.get("/macros", params={"macro_group_id": group}).json()["data"])

        one, other = [row["id"] for row in later.rows("macro_groups")][:2]
        macro = next(iter(of(one)))
        for odd in (other, None, ["x"], one):
            later.edit("macros", macro, macro_group_id=odd)
            assert [macro in of(one), macro in of(other)] == [odd == one, odd == other]

    def test_a_new_type_of_object_is_known(self, later: emulator.World) -> None:
        later.create("custom_objects", type="boats")
        assert "boats" in later.custom_types


class TestAccountsAndAudit:
    def owners(self, world: emulator.World, account: str) -> Counter[str]:
        """Return how many rows of each table mention an account."""
        return Counter(
            table
            for table, rows in world.snapshot().items()
            for row in rows
            if table not in ("accounts", "audit_logs", "issue_messages") and account in str(row)
        )

    @pytest.mark.parametrize("bumps", [False, True])
    def test_a_merge_moves_everything(self, bumps: bool, now: datetime) -> None:
        world = emulator.World.seeded(seed=1, issues=300, now=now, clock=lambda: now)
        world.advance(60)
        world.bumps["merge_accounts"] = bumps
        survivor, merged = [row["id"] for row in world.rows("accounts")][:2]
        owner = {"account": {"id": merged, "external_ids": None}}
        for collection in ("tasks", "projects", "milestones"):
            world.create(collection, **owner, updated_at="2026-01-01T00:00:00Z")
        for collection in ("survey_responses", "call_recordings"):
            world.create(collection, account_id=merged, survey_id=world.rows("surveys")[0]["id"])
        related = [{"object_type": "account", "object_id": merged}]
        world.create("custom_objects", type="companies", relations=related)
        evidence = [{"account_id": merged}, {"account_id": survivor}]
        request = world.create(
            "feature_requests", evidence=evidence, portal_visible_to_account_ids=[merged, survivor]
        )["id"]
        third = world.rows("accounts")[2]["id"]
        both = {"parent_account_id": survivor, "related_object_id": survivor}
        own = world.create("account_relationships", child_account_id=merged, **both)["id"]
        kept = world.create("account_relationships", child_account_id=third, parent_account_id=merged)["id"]
        before = self.owners(world, merged)
        assert before.keys() >= {
            "issues", "contacts", "tasks", "projects", "milestones", "survey_responses", "call_recordings",
            "custom_objects", "feature_requests", "account_relationships",
        }  # fmt: skip
        world.merge_accounts(survivor, merged)
        assert self.owners(world, merged) == Counter()
        row = world.row("feature_requests", request)
        assert row["account_ids"] == row["portal_visible_to_account_ids"] == [survivor]
        assert world.row("account_relationships", own) is None
        assert world.row("account_relationships", kept)["parent_account_id"] == survivor
        task = world.rows("tasks")[-1]
        assert task["account"]["id"] == survivor
        assert task["updated_at"] == ("2026-07-01T12:01:00Z" if bumps else "2026-01-01T00:00:00Z")

    def test_the_audit_log_tells_of_what_went(self, world: emulator.World) -> None:
        before = len(world.rows("audit_logs"))
        survivor, merged, dropped = [row["id"] for row in world.rows("accounts")][:3]
        issue, task = world.issue_ids()[0], world.rows("tasks")[0]["id"]
        world.merge_accounts(survivor, merged)
        world.delete_issue(issue)
        world.drop("tasks", task)
        world.drop("accounts", dropped)
        new = world.rows("audit_logs")[before:]
        assert [(row["action"], row["object_type"], row["object_id"]) for row in new] == [
            ("account_merged", "account", merged),
            ("issue_deleted", "issue", issue),
            ("task_deleted", "task", task),
            ("account_deleted", "account", dropped),
        ]
        assert new[0]["attributes"]["survivor_account_id"] == survivor
        assert {row["action_happened_at"] for row in new} == {"2026-07-01T12:00:00Z"}

    def test_without_an_audit_log_nothing_does(self, world: emulator.World) -> None:
        world.audited = False
        before = world.rows("audit_logs")
        survivor, merged = [row["id"] for row in world.rows("accounts")][:2]
        world.merge_accounts(survivor, merged)
        world.delete_issue(1)
        assert world.rows("audit_logs") == before


@pytest.mark.parametrize("seed", [1, 2])
def test_the_api_shows_the_snapshot_after_many_random_changes(
    serve: Any, connect: Any, world: emulator.World, seed: int
) -> None:
    rng = Random(seed)
    done: Counter[str] = Counter()
    for _ in range(800):
        done[world.random_mutation(rng, others=True)["do"]] += 1
        world.advance(rng.random() * 100)
    assert done.keys() >= {
        "create", "edit", "put", "drop", "add_comment", "edit_comment", "delete_comment", "rename_option",
        "add_voice_call", "finish_transcript", "add_message", "merge_accounts",
    }, f"seed {seed}"  # fmt: skip
    client, truth = connect(serve(world)), world.snapshot()
    for table, rows in shown(client, world).items():
        wanted = [{name: row[name] for name in row if name != UNSAID.get(table)} for row in truth[table]]
        assert by_id(rows) == by_id(wanted), f"seed {seed}: {table}"
    named = {mini(row, "milestone") for row in truth["tasks"]} - {None}
    assert named == ids(truth["milestones"]), f"seed {seed}"


def by_id(rows: Rows) -> dict[str, dict[str, Any]]:
    found = {row["id"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def shown(client: Any, world: emulator.World) -> dict[str, Rows]:
    """Return what the API shows of the other collections, by table."""

    def get(path: str) -> Rows:
        rows = client.get(path).raise_for_status().json()["data"]
        return rows if isinstance(rows, list) else [rows]

    def pages(path: str) -> Rows:
        return [row for page in client.walk(lambda cursor: client.get(path, params=cursor)) for row in page]

    def search(path: str) -> Rows:
        def ask(cursor: dict[str, Any]) -> httpx.Response:
            answer: httpx.Response = client.post(path, json={"limit": 7, **cursor})
            return answer

        return [row for page in client.walk(ask) for row in page]

    def each(endpoint: str) -> Rows:
        return [row for path in dict.fromkeys(paths(world, endpoint)) for row in get(path)]

    calls = [row for ref in world.issue_ids() if world.issue(ref)["title"] != "SCRUBBED" for row in get(f"/issues/{ref}/voice-calls")]  # fmt: skip
    for call in calls:
        for one in call["recordings"] or []:
            one["download_url"] = one["download_url"].partition("?")[0]
    return {
        "organization": get("/me"),
        "tasks": pages("/tasks"),
        "task_comments": each("GET /tasks/{id}/comments"),
        "projects": search("/projects/search"),
        "milestones": each("GET /milestones/{id}"),
        "macros": get("/macros"),
        "macro_groups": get("/macro-groups"),
        "surveys": get("/surveys"),
        "survey_responses": [
            row for survey in get("/surveys") for row in pages(f"/surveys/{survey['id']}/responses")
        ],
        "feature_requests": client.post("/feature-requests/search", json={"limit": 1000}).json()["data"],
        "call_recordings": search("/call-recordings/search"),
        "issue_voice_calls": calls,
        "activity_types": get("/activity-types"),
        "audit_logs": pages("/audit-logs"),
        "custom_objects": [
            row for kind in world.custom_types for row in search(f"/custom-objects/{kind}/search")
        ],
        "training_data": get("/training-data"),
        "account_relationships": [
            row
            for account in get("/accounts?limit=999")
            for row in get(f"/accounts/{account['id']}/relationships")
        ],
        "email_suppressions": pages("/email-suppressions"),
    }
