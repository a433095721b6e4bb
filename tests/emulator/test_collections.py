"""The endpoints beyond issues and the directory: paging, filters, refusals, and what the search trails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.places import paths

from pylon_elt import emulator
from pylon_elt.emulator.endpoints import ENDPOINTS
from pylon_elt.emulator.search_routes import SEARCHES
from pylon_elt.emulator.times import parse_ns

Rows = list[dict[str, Any]]
COLLECTION = {endpoint: spec.collection for endpoint, spec in SEARCHES.items()}
PAGED = {
    "GET /tasks": "tasks",
    "GET /audit-logs": "audit_logs",
    "GET /email-suppressions": "email_suppressions",
    "GET /surveys/{id}/responses": "survey_responses",
    "GET /custom-objects/{type}": "custom_objects",
    **{endpoint: spec.collection for endpoint, spec in SEARCHES.items() if spec.paged},
}


@pytest.fixture
def desk(world: emulator.World, serve: Any, connect: Any) -> Callable[..., tuple[emulator.Server, Any]]:
    """Serve the world with settings by name, and open a client."""

    def start(**settings: Any) -> tuple[emulator.Server, Any]:
        server = serve(world, **settings)
        return server, connect(server)

    return start


def ask(client: Any, endpoint: str, path: str, **fields: Any) -> Any:
    method = endpoint.split(maxsplit=1)[0]
    return client.request(method, path, **({"json": fields} if method == "POST" else {"params": fields}))


def ids(rows: Rows) -> list[str]:
    return [row["id"] for row in rows]


def found(client: Any, path: str, field: str, operator: str, *values: str, **fields: Any) -> Rows:
    many = operator in ("in", "not_in", "time_range")
    tree = {"field": field, "operator": operator, **({"values": list(values)} if many else {})}
    if not many and values:
        tree["value"] = values[0]
    answer = client.post(path, json={"filter": tree, "limit": 100, **fields})
    assert answer.status_code == 200, answer.text
    rows: Rows = answer.json()["data"]
    return rows


class TestPaging:
    @pytest.mark.parametrize("kind", ["offset", "keyset"])
    @pytest.mark.parametrize("endpoint", PAGED)
    def test_pages_make_up_the_whole(
        self, desk: Any, world: emulator.World, endpoint: str, kind: str
    ) -> None:
        _, client = desk(cursor_kind=kind)
        path = paths(world, endpoint)[0]
        whole = ask(client, endpoint, path, limit=100).raise_for_status().json()
        assert len(whole["data"]) > 2
        assert not whole["pagination"]["has_next_page"] or len(whole["data"]) == 100
        pages = client.walk(lambda cursor: ask(client, endpoint, path, limit=2, **cursor))
        assert all(len(page) == 2 for page in pages[:-1])
        rows = [row for page in pages for row in page]
        assert rows[:100] == whole["data"]
        assert len(ids(rows)) == len(set(ids(rows)))

    @pytest.mark.parametrize("endpoint", PAGED)
    def test_a_cursor_of_another_request_is_refused(
        self, desk: Any, world: emulator.World, endpoint: str
    ) -> None:
        _, client = desk()
        cursor = client.get("/contacts", params={"limit": 1}).json()["pagination"]["cursor"]
        assert ask(client, endpoint, paths(world, endpoint)[0], cursor=cursor).status_code == 400

    @pytest.mark.parametrize("endpoint", PAGED)
    @pytest.mark.parametrize("limit", [0, -1, 1001, "many"])
    def test_a_limit_that_is_out_of_bounds_is_refused(
        self, desk: Any, world: emulator.World, endpoint: str, limit: Any
    ) -> None:
        _, client = desk()
        assert ask(client, endpoint, paths(world, endpoint)[0], limit=limit).status_code == 400

    @pytest.mark.parametrize(
        ("path", "largest", "default"),
        [("/tasks", 999, 100), ("/audit-logs", 999, 100), ("/email-suppressions", 1000, 100)],
    )
    def test_page_sizes(
        self, desk: Any, world: emulator.World, path: str, largest: int, default: int
    ) -> None:
        _, client = desk()
        for _ in range(120):
            world.create(path[1:].replace("-", "_"))
        assert len(client.get(path).json()["data"]) == default
        assert client.get(path, params={"limit": largest}).status_code == 200
        assert client.get(path, params={"limit": largest + 1}).status_code == 400

    def test_custom_objects_come_in_small_pages(self, desk: Any, world: emulator.World) -> None:
        _, client = desk()
        for _ in range(120):
            world.create("custom_objects", type="boats")
        assert len(client.get("/custom-objects/boats").json()["data"]) == 25
        assert len(client.post("/custom-objects/boats/search", json={}).json()["data"]) == 25
        assert len(client.get("/custom-objects/boats", params={"limit": 100}).json()["data"]) == 100
        assert client.get("/custom-objects/boats", params={"limit": 101}).status_code == 400
        assert client.post("/custom-objects/boats/search", json={"limit": 101}).status_code == 400

    @pytest.mark.parametrize(
        ("path", "collection"), [("surveys", "surveys"), ("feature-requests", "feature_requests")]
    )
    def test_searches_without_a_cursor_show_no_more_than_their_limit(
        self, desk: Any, world: emulator.World, path: str, collection: str
    ) -> None:
        _, client = desk()
        for _ in range(5):
            world.create(collection)
        answer = client.post(f"/{path}/search", json={"limit": 3}).json()
        assert len(answer["data"]) == 3
        assert "pagination" not in answer
        assert (
            client.post(f"/{path}/search", json={"limit": 3, "cursor": "x"}).json()["data"] == answer["data"]
        )

    def test_a_row_that_leaves_takes_another_along_with_offset_cursors_only(
        self, desk: Any, world: emulator.World
    ) -> None:
        server, client = desk()
        truth = set(ids(world.rows("tasks")))
        for kind, lost in (("offset", 1), ("keyset", 0)):
            server.settings.cursor_kind = kind
            first = client.post("/tasks/search", json={"limit": 4}).json()
            gone = first["data"][0]["id"]
            row = world.row("tasks", gone)
            world.tables.write("tasks", gone, None, world.now_ns())
            cursor = first["pagination"]["cursor"]
            rest = client.post("/tasks/search", json={"limit": 100, "cursor": cursor}).json()["data"]
            assert len(truth) - len({*ids(first["data"]), *ids(rest)}) == lost
            world.put("tasks", row)


class TestSearches:
    @pytest.mark.parametrize("endpoint", SEARCHES)
    @pytest.mark.parametrize(
        "tree",
        [
            {"field": "secret", "operator": "equals", "value": "x"},
            {"field": "updated_at", "operator": "string_contains", "value": "x"},
            {"operator": "and", "subfilters": []},
            {"operator": "or"},
            {"field": "name"},
            "name = x",
        ],
    )
    def test_refuses_what_cannot_be_filtered(
        self, desk: Any, world: emulator.World, endpoint: str, tree: Any
    ) -> None:
        answer = ask(desk()[1], endpoint, paths(world, endpoint)[0], filter=tree)
        assert answer.status_code == 400
        assert answer.json()["errors"]

    @pytest.mark.parametrize("endpoint", [*SEARCHES, "POST /feature-requests/search"])
    def test_ignores_what_it_does_not_know(self, desk: Any, world: emulator.World, endpoint: str) -> None:
        _, client = desk()
        path = paths(world, endpoint)[0]
        plain = ask(client, endpoint, path, limit=50).json()["data"]
        odd = ask(client, endpoint, path, limit=50, fliter={"field": "x"}, sort="asc").json()["data"]
        assert odd == plain

    @pytest.mark.parametrize(
        ("path", "collection", "field"),
        [
            ("/tasks/search", "tasks", "created_at"),
            ("/tasks/search", "tasks", "updated_at"),
            ("/tasks/search", "tasks", "due_date"),
            ("/projects/search", "projects", "updated_at"),
            ("/surveys/search", "surveys", "updated_at"),
            ("/audit-logs/search", "audit_logs", "action_happened_at"),
            ("/call-recordings/search", "call_recordings", "start_time"),
            ("/custom-objects/companies/search", "custom_objects", "updated_at"),
        ],
    )
    def test_times(self, desk: Any, world: emulator.World, path: str, collection: str, field: str) -> None:
        server, client = desk()
        rows = [row for row in world.rows(collection) if "/custom" not in path or row["type"] == "companies"]
        timed = sorted((row for row in rows if row.get(field)), key=lambda row: parse_ns(row[field]))
        low, middle, high = timed[0], timed[len(timed) // 2], timed[-1]
        before = ids(timed[: len(timed) // 2 + 1])
        after = ids(timed[len(timed) // 2 :])
        assert set(ids(found(client, path, field, "time_is_before", middle[field]))) == set(before)
        assert set(ids(found(client, path, field, "time_is_after", middle[field]))) == set(after)
        assert len(found(client, path, field, "time_range", low[field], high[field])) == len(timed)
        server.settings.bounds = "()"
        assert len(found(client, path, field, "time_range", low[field], high[field])) <= len(timed) - 2
        server.settings.search_cap_days = 0.0
        tree = {"field": field, "operator": "time_range", "values": [low[field], high[field]]}
        assert client.post(path, json={"filter": tree}).status_code == 400

    @pytest.mark.parametrize(
        ("path", "collection", "field", "read"),
        [
            ("/tasks/search", "tasks", "status", lambda row: row["status"]),
            ("/tasks/search", "tasks", "account_id", lambda row: (row["account"] or {}).get("id")),
            ("/tasks/search", "tasks", "milestone_id", lambda row: (row.get("milestone") or {}).get("id")),
            ("/tasks/search", "tasks", "assignee_id", lambda row: ((row["assignee"] or {}).get("user") or {}).get("id")),
            ("/projects/search", "projects", "owner_id", lambda row: row["owner_id"]),
            ("/call-recordings/search", "call_recordings", "source", lambda row: row["source"]),
            ("/audit-logs/search", "audit_logs", "action", lambda row: row["action"]),
            ("/accounts/search", "accounts", "owner_id", lambda row: (row["owner"] or {}).get("id")),
            ("/accounts/search", "accounts", "name", lambda row: row["name"]),
            ("/contacts/search", "contacts", "account_id", lambda row: (row["account"] or {}).get("id")),
            ("/users/search", "users", "email", lambda row: row["email"]),
        ],
    )  # fmt: skip
    def test_choices(
        self, desk: Any, world: emulator.World, path: str, collection: str, field: str, read: Any
    ) -> None:
        _, client = desk()
        rows = world.rows(collection)
        value = next(read(row) for row in rows if read(row))
        wanted = {row["id"] for row in rows if read(row) == value}
        assert set(ids(found(client, path, field, "equals", value))) == wanted
        assert set(ids(found(client, path, field, "in", value, "none"))) == wanted
        assert set(ids(found(client, path, field, "not_in", value))) == set(ids(rows)) - wanted

    def test_fields_with_operators_of_their_own(self, desk: Any, world: emulator.World) -> None:
        _, client = desk()
        archived = {row["id"] for row in world.rows("projects") if row["is_archived"]}
        world.edit("projects", (one := world.rows("projects")[0])["id"], is_archived=not one["is_archived"])
        archived ^= {one["id"]}
        assert set(ids(found(client, "/projects/search", "is_archived", "equals", "true"))) == archived
        due = {row["id"] for row in world.rows("tasks") if row.get("due_date")}
        assert set(ids(found(client, "/tasks/search", "due_date", "is_set"))) == due
        external = [row for row in world.rows("accounts") if row["external_ids"]]
        value = external[0]["external_ids"][0]["external_id"]
        assert ids(found(client, "/accounts/search", "external_ids", "equals", value)) == [external[0]["id"]]
        assert ids(found(client, "/accounts/search", "domains", "contains", external[0]["domain"])) == [
            external[0]["id"]
        ]

    def test_custom_fields_are_filtered_by_their_slug(self, desk: Any, world: emulator.World) -> None:
        _, client = desk()
        field = world.put("custom_fields", {"object_type": "task", "slug": "size"})
        row = world.create("tasks", custom_fields={"size": {"slug": "size", "value": "XL"}})
        assert ids(found(client, "/tasks/search", "size", "equals", "XL")) == [row["id"]]
        world.drop("tasks", row["id"])
        assert found(client, "/tasks/search", "size", "equals", "XL") == []
        world.drop("custom_fields", field["id"])
        tree = {"field": "size", "operator": "equals", "value": "XL"}
        assert client.post("/tasks/search", json={"filter": tree}).status_code == 400

    def test_text_is_looked_for_where_the_document_says_so(self, desk: Any, world: emulator.World) -> None:
        _, client = desk()
        name = world.rows("accounts")[0]["name"]
        assert ids(client.post("/accounts/search", json={"search_text": name.upper()}).json()["data"]) == [
            row["id"] for row in reversed(world.rows("accounts")) if name in row["name"]
        ]
        everything = client.post("/tasks/search", json={"search_text": "no such words"}).json()["data"]
        assert len(everything) == len(world.rows("tasks"))

    def test_results_come_newest_first_by_the_time_that_is_set(
        self, desk: Any, world: emulator.World
    ) -> None:
        server, client = desk()
        for sort in ("created", "updated"):
            server.settings.search_sort = sort
            times = [
                parse_ns(row[f"{sort}_at"]) for row in client.post("/tasks/search", json={}).json()["data"]
            ]
            assert times == sorted(times, reverse=True)

    def test_feature_requests_have_filters_of_their_own(self, desk: Any, world: emulator.World) -> None:
        _, client = desk()
        account = world.rows("accounts")[0]["id"]
        one = world.create("feature_requests", title="Zebra", evidence=[{"account_id": account}])
        world.edit("feature_requests", one["id"], request_status="parked")

        def ask_for(**wanted: Any) -> list[str]:
            return ids(client.post("/feature-requests/search", json=wanted).json()["data"])

        assert ask_for(request_statuses=["parked", "lost"]) == [one["id"]]
        assert ask_for(query="zebra") == [one["id"]]
        assert one["id"] in ask_for(account_ids=[account])
        assert all(
            account in world.row("feature_requests", key)["account_ids"]
            for key in ask_for(account_ids=[account])
        )
        for wrong in ({"request_statuses": "parked"}, {"account_ids": [1]}, {"query": 1}, {"limit": 1001}):
            assert client.post("/feature-requests/search", json=wrong).status_code == 400


class TestLag:
    @pytest.mark.parametrize(
        "endpoint", ["POST /tasks/search", "POST /custom-objects/{type}/search", "POST /accounts/search"]
    )
    def test_a_search_trails_the_writes(self, desk: Any, world: emulator.World, endpoint: str) -> None:
        server, client = desk(index_lag_seconds=30)
        collection, path = COLLECTION[endpoint], paths(world, endpoint)[0]
        before = ask(client, endpoint, path, limit=100).json()["data"]
        fields = {"type": path.split("/")[2]} if collection == "custom_objects" else {}
        new = world.create(collection, name="New", title="New", **fields)
        world.edit(collection, before[0]["id"], name="Other", title="Other")
        world.drop(collection, before[1]["id"])
        assert ask(client, endpoint, path, limit=100).json()["data"] == before
        world.advance(29)
        assert ask(client, endpoint, path, limit=100).json()["data"] == before
        world.advance(1)
        after = {row["id"]: row for row in ask(client, endpoint, path, limit=100).json()["data"]}
        assert after.keys() == {*ids(before), new["id"]} - {before[1]["id"]}
        assert after[before[0]["id"]]["name"] == "Other"
        server.settings.index_lag_seconds = 1000
        assert {row["id"]: row for row in ask(client, endpoint, path, limit=100).json()["data"]} == after

    def test_lists_and_reads_by_id_do_not_trail(self, desk: Any, world: emulator.World) -> None:
        _, client = desk(index_lag_seconds=30)
        row = world.create("tasks")
        assert row in client.get("/tasks", params={"limit": 999}).json()["data"]
        assert client.get(f"/tasks/{row['id']}").json()["data"] == row
        assert row not in client.post("/tasks/search", json={}).json()["data"]


class TestLists:
    def test_comments_come_oldest_first(self, desk: Any, world: emulator.World) -> None:
        _, client = desk()
        for task in world.rows("tasks"):
            world.add_comment(task["id"], created_at="2020-01-01T00:00:00Z")
            times = [
                parse_ns(row["created_at"])
                for row in client.get(f"/tasks/{task['id']}/comments").json()["data"]
            ]
            assert times == sorted(times)
            assert len(times) == sum(row["task_id"] == task["id"] for row in world.rows("task_comments"))

    def test_macros_of_a_group(self, desk: Any, world: emulator.World) -> None:
        _, client = desk()
        sizes = []
        for group in world.rows("macro_groups"):
            rows = client.get("/macros", params={"macro_group_id": group["id"]}).json()["data"]
            assert {row["macro_group_id"] for row in rows} <= {group["id"]}
            sizes.append(len(rows))
        assert sizes[-1] == 0
        assert 0 < sum(sizes) < len(client.get("/macros").json()["data"]) == len(world.rows("macros"))

    def test_responses_of_a_survey_and_their_filters(self, desk: Any, world: emulator.World) -> None:
        server, client = desk()
        survey = world.rows("surveys")[0]["id"]
        rows = [row for row in world.rows("survey_responses") if row["survey_id"] == survey]
        at = sorted(rows, key=lambda row: parse_ns(row["submitted_at"]))[len(rows) // 2]["submitted_at"]
        contact = next(row["contact_id"] for row in rows if row.get("contact_id"))

        def ask_for(**query: Any) -> list[str]:
            return ids(client.get(f"/surveys/{survey}/responses", params=query).json()["data"])

        assert set(ask_for()) == set(ids(rows))
        after = {row["id"] for row in rows if parse_ns(row["submitted_at"]) >= parse_ns(at)}
        assert set(ask_for(submitted_after=at)) == after
        assert len(ask_for(submitted_after=at, submitted_before=at)) == 1
        server.settings.bounds = "()"
        assert len(ask_for(submitted_after=at)) == len(after) - 1
        assert set(ask_for(contact_id=contact)) == {
            row["id"] for row in rows if row.get("contact_id") == contact
        }
        assert ask_for(account_id="none") == []
        wrong = client.get(f"/surveys/{survey}/responses", params={"submitted_after": "yesterday"})
        assert wrong.status_code == 400

    def test_what_the_path_says_is_not_said_again(self, desk: Any, world: emulator.World) -> None:
        _, client = desk()
        survey, call = world.rows("surveys")[0]["id"], world.rows("issue_voice_calls")[0]
        assert all(
            "survey_id" not in row for row in client.get(f"/surveys/{survey}/responses").json()["data"]
        )
        calls = client.get(f"/issues/{call['issue_id']}/voice-calls").json()["data"]
        assert call["id"] in ids(calls)
        assert all("issue_id" not in row for row in calls)

    def test_only_relationships_of_the_child_are_shown(self, desk: Any, world: emulator.World) -> None:
        _, client = desk()
        for account in world.rows("accounts"):
            rows = client.get(f"/accounts/{account['id']}/relationships").json()["data"]
            key = account["id"]
            assert rows == [
                row for row in world.rows("account_relationships") if row["child_account_id"] == key
            ]

    def test_suppressions_come_newest_first_or_for_one_address(
        self, desk: Any, world: emulator.World
    ) -> None:
        _, client = desk()
        row = world.create(
            "email_suppressions", email="who+else@sample.example", created_at="2026-01-02T03:04:05Z"
        )
        rows = client.get("/email-suppressions").json()["data"]
        times = [parse_ns(one["created_at"]) for one in rows]
        assert len(times) == len(world.rows("email_suppressions"))
        assert times == sorted(times, reverse=True)
        asked = {"email": row["email"]}
        assert client.get("/email-suppressions", params=asked).json()["data"] == [row]
        asked["email"] = "nobody+knows@sample.example"
        assert client.get("/email-suppressions", params=asked).json()["data"] == []

    def test_an_object_is_found_under_its_own_type_only(self, desk: Any, world: emulator.World) -> None:
        _, client = desk()
        row = world.rows("custom_objects")[0]
        assert client.get(f"/custom-objects/{row['type']}/{row['id']}").json()["data"] == row
        assert client.get(f"/custom-objects/work-orders/{row['id']}").status_code == 404
        for unknown in (
            client.get("/custom-objects/boats"),
            client.post("/custom-objects/boats/search", json={}),
        ):
            assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")

    def test_a_feature_request_shows_evidence_if_asked(self, desk: Any, world: emulator.World) -> None:
        _, client = desk()
        row = next(row for row in world.rows("feature_requests") if row["evidence"])
        path = f"/feature-requests/{row['id']}"
        plain = {name: value for name, value in row.items() if name not in ("evidence", "account_ids")}
        assert client.get(path).json()["data"] == plain
        full = client.get(path, params={"fetch_evidence": "true"}).json()["data"]
        assert full == plain | {"evidence": row["evidence"]}
        assert client.get(path, params={"fetch_evidence": "maybe"}).status_code == 400

    def test_signed_urls_of_recordings_differ_on_each_read(self, desk: Any, world: emulator.World) -> None:
        _, client = desk()
        issue = world.create_issue(source="phone")["id"]
        call = world.add_voice_call(issue)
        assert call["recordings"] == []
        world.finish_transcript(call["id"])
        one, other = (
            client.get(f"/issues/{issue}/voice-calls").json()["data"][-1]["recordings"][0]["download_url"]
            for _ in range(2)
        )
        assert one != other
        path = world.row("issue_voice_calls", call["id"])["recordings"][0]["download_url"]
        assert one.partition("?")[0] == other.partition("?")[0] == path

    def test_calls_of_a_scrubbed_issue_are_refused(self, desk: Any, world: emulator.World) -> None:
        _, client = desk()
        issue = world.rows("issue_voice_calls")[0]["issue_id"]
        world.scrub_issue(issue)
        assert client.get(f"/issues/{issue}/voice-calls").status_code == 400
        assert issue not in [row["issue_id"] for row in world.rows("issue_voice_calls")]


class TestEveryEndpoint:
    """What the engine does for all of them, the new ones among them."""

    @pytest.mark.parametrize("endpoint", [endpoint.name for endpoint in ENDPOINTS])
    def test_can_be_denied(self, desk: Any, world: emulator.World, endpoint: str) -> None:
        server, client = desk(denied={endpoint})
        answer = ask(client, endpoint, paths(world, endpoint)[0])
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        others = [record.status for record in server.log if record.endpoint != endpoint]
        assert others == []

    @pytest.mark.parametrize("endpoint", [endpoint.name for endpoint in ENDPOINTS])
    def test_can_fail_for_one_path(self, desk: Any, world: emulator.World, endpoint: str) -> None:
        server, client = desk()
        path = paths(world, endpoint)[0]
        ident = None if "{" not in endpoint else path.split("/")[2]
        if "{type}/{id}" in endpoint:
            ident = path.split("/")[3]
        server.faults.add("status", endpoint, status=503, id="elsewhere")
        assert ask(client, endpoint, path).status_code != 503
        server.faults.add("status", endpoint, status=503, id=ident, count=1)
        assert ask(client, endpoint, path).status_code == 503
        assert ask(client, endpoint, path).status_code != 503

    @pytest.mark.parametrize("endpoint", PAGED)
    def test_paged_ones_play_the_faults_of_pages(
        self, desk: Any, world: emulator.World, endpoint: str
    ) -> None:
        server, client = desk()
        path = paths(world, endpoint)[0]
        first = ask(client, endpoint, path, limit=2).json()
        cursor = first["pagination"]["cursor"]
        second = ask(client, endpoint, path, limit=2, cursor=cursor).json()["data"]
        server.faults.add("overlap", endpoint, count=1)
        again = ask(client, endpoint, path, limit=2, cursor=cursor).json()["data"]
        assert again == [first["data"][1], second[0]]
        server.faults.add("null_page", endpoint, count=1)
        nothing = ask(client, endpoint, path, limit=2, cursor=cursor).json()
        assert (nothing["data"], nothing["pagination"]["has_next_page"]) == (None, True)
        assert ask(client, endpoint, path, limit=2, cursor=cursor).json()["data"] == second

    @pytest.mark.parametrize("shape", ["null", "absent"])
    def test_an_empty_list_may_be_null_or_absent(self, desk: Any, world: emulator.World, shape: str) -> None:
        _, client = desk(empty_data=shape)
        survey, account = world.rows("surveys")[-1]["id"], world.create("accounts")["id"]
        for path in (
            f"/surveys/{survey}/responses",
            f"/accounts/{account}/relationships",
        ):
            answer = client.get(path).json()
            assert answer.get("data") is None
            assert ("data" in answer) == (shape == "null")
