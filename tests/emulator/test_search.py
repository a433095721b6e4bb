"""`POST /issues/search`: filters against a plain reading of the truth, bounds, order, limits and errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from pylon_elt import emulator
from pylon_elt.emulator.times import parse_ns, to_ns

Issue = dict[str, Any]
Test = Callable[[Issue], bool]


@pytest.fixture(scope="module")
def client(request: pytest.FixtureRequest) -> Any:
    """One client for the tests that change nothing."""
    import httpx

    now = datetime.fromisoformat("2026-07-01T12:00:00Z")
    served = emulator.World.seeded(seed=7, issues=120, now=now, years=0.5, clock=lambda: now)
    with (
        emulator.running(served) as server,
        httpx.Client(base_url=server.base_url, headers={"Authorization": "Bearer pyl_test"}) as client,
    ):
        client.world = served  # type: ignore[attr-defined]
        yield client


def ask(client: Any, tree: Any, **body: Any) -> list[str]:
    answer = client.post("/issues/search", json={"filter": tree, "limit": 999, **body})
    assert answer.status_code == 200, answer.text
    return [issue["id"] for issue in answer.json()["data"]]


def expect(client: Any, test: Test) -> list[str]:
    rows = [issue for issue in client.world.issues() if test(issue)]
    rows.sort(key=lambda issue: (parse_ns(issue["created_at"]), issue["number"]), reverse=True)
    return [issue["id"] for issue in rows]


def custom(issue: Issue, slug: str) -> Any:
    return issue["custom_fields"].get(slug, {}).get("value")


def has_id(issue: Issue, key: str, wanted: str) -> bool:
    return (issue[key] or {}).get("id") == wanted


def one(field: str, operator: str, value: str) -> Issue:
    return {"field": field, "operator": operator, "value": value}


def many(field: str, operator: str, *values: str) -> Issue:
    return {"field": field, "operator": operator, "values": list(values)}


def both(*parts: Issue, operator: str = "and") -> Issue:
    return {"field": "", "operator": operator, "subfilters": list(parts)}


CASES: list[tuple[Issue | None, Test]] = [
    (None, lambda _: True),
    (one("state", "equals", "closed"), lambda i: i["state"] == "closed"),
    (many("state", "in", "new", "on_hold"), lambda i: i["state"] in ("new", "on_hold")),
    (many("state", "not_in", "closed"), lambda i: i["state"] != "closed"),
    (one("issue_type", "equals", "ticket"), lambda i: i["type"] == "ticket"),
    ({"field": "account_id", "operator": "is_unset"}, lambda i: i["account"] is None),
    ({"field": "assignee_id", "operator": "is_set"}, lambda i: i["assignee"] is not None),
    ({"field": "team_id", "operator": "is_set"}, lambda i: i["team"] is not None),
    ({"field": "ticket_form_id", "operator": "is_set"}, lambda issue: issue["source"] == "form"),
    (one("tags", "contains", "bug"), lambda i: "bug" in (i["tags"] or [])),
    (one("tags", "does_not_contain", "bug"), lambda i: "bug" not in (i["tags"] or [])),
    (many("tags", "in", "bug", "api"), lambda i: bool({"bug", "api"} & set(i["tags"] or []))),
    (one("title", "string_contains", "EXPORT"), lambda i: "export" in i["title"].lower()),
    (one("title", "string_does_not_contain", "export"), lambda i: "export" not in i["title"].lower()),
    (one("body_html", "string_contains", "3 < 5"), lambda i: "3 < 5" in i["body_html"]),
    (one("priority", "equals", "high"), lambda i: custom(i, "priority") == "high"),
    (one("priority", "not_equals", "high"), lambda i: custom(i, "priority") != "high"),
    (one("products", "contains", "api"), lambda i: "api" in i["custom_fields"].get("products", {}).get("values", [])),
    (one("Sev_Level", "equals", "true"), lambda i: custom(i, "Sev_Level") is True),
    (one("sev_level", "greater_than", "9.5"), lambda i: (custom(i, "sev_level") or 0) > 9.5),
    (one("sev_level", "less_than_or_equals", "3"), lambda i: custom(i, "sev_level") is not None and custom(i, "sev_level") <= 3),
    ({"field": "cost", "operator": "is_set"}, lambda _: False),
    ({"field": "sev-level", "operator": "is_set"}, lambda i: "sev-level" in i["custom_fields"]),
    (both(one("state", "equals", "closed"), one("tags", "contains", "bug")), lambda i: i["state"] == "closed" and "bug" in (i["tags"] or [])),
    (both(one("state", "equals", "new"), one("tags", "contains", "bug"), operator="or"), lambda i: i["state"] == "new" or "bug" in (i["tags"] or [])),
    (
        both(one("issue_type", "equals", "ticket"), both(one("state", "equals", "new"), one("state", "equals", "closed"), operator="or")),
        lambda i: i["type"] == "ticket" and i["state"] in ("new", "closed"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "test"), CASES, ids=[str(index) for index in range(len(CASES))])
def test_a_filter_finds_what_a_plain_reading_finds(client: Any, tree: Issue | None, test: Test) -> None:
    assert ask(client, tree) == expect(client, test)


@pytest.mark.parametrize("field", ["created_at", "updated_at", "resolved_at", "latest_message_activity_at"])
def test_time_filters_on_each_time(client: Any, field: str) -> None:
    key = {"resolved_at": "resolution_time", "latest_message_activity_at": "latest_message_time"}.get(
        field, field
    )
    times = sorted(parse_ns(issue[key]) for issue in client.world.issues() if issue.get(key))
    low, high = times[len(times) // 4], times[len(times) // 2]
    low_text, high_text = (emulator.times.format_ns(at) for at in (low, high))

    def at(issue: Issue) -> int | None:
        return parse_ns(issue[key]) if issue.get(key) else None

    assert ask(client, many(field, "time_range", low_text, high_text)) == expect(
        client, lambda i: (found := at(i)) is not None and low <= found <= high
    )
    assert ask(client, one(field, "time_is_after", high_text)) == expect(
        client, lambda i: (at(i) or 0) >= high
    )
    before = expect(client, lambda i: (found := at(i)) is not None and found <= low)
    assert ask(client, one(field, "time_is_before", low_text)) == before


def test_filters_by_ids_of_accounts_people_and_channels(client: Any) -> None:
    issues = list(client.world.issues())
    for field, key in (("account_id", "account"), ("requester_id", "requester"), ("assignee_id", "assignee")):
        wanted = next(issue[key]["id"] for issue in issues if issue[key])
        test: Test = partial(has_id, key=key, wanted=wanted)
        assert ask(client, one(field, "equals", wanted)) == expect(client, test)
    channel = next(issue["slack"]["channel_id"] for issue in issues if issue["slack"])
    assert len(ask(client, many("slack_channel_id", "in", channel))) == 1


def test_filter_by_follower(client: Any) -> None:
    user = client.world.rows("users")[3]["id"]
    following = [
        i for i in client.world.issue_ids() if user in [row["id"] for row in client.world.followers(i)]
    ]
    assert following
    assert set(ask(client, one("follower_user_id", "equals", user))) == set(following)
    assert ask(client, one("follower_contact_id", "equals", user)) == []


def test_a_new_follower_is_found_at_once(serve: Any, connect: Any, world: emulator.World) -> None:
    client = connect(serve(world))
    tree = one("follower_user_id", "equals", "somebody")
    assert client.search(tree).json()["data"] == []
    world.follow(9, "somebody")
    assert [issue["number"] for issue in client.search(tree).json()["data"]] == [9]
    world.unfollow(9, "somebody")
    assert client.search(tree).json()["data"] == []


def test_search_text_is_intersected_with_the_filter(client: Any) -> None:
    expected = expect(
        client, lambda i: i["state"] == "closed" and "webhook" in (i["title"] + i["body_html"]).lower()
    )
    assert ask(client, one("state", "equals", "closed"), search_text="WebHook") == expected


@pytest.mark.parametrize(
    "tree",
    [
        [], "state", {}, {"field": "state"}, {"operator": "equals"},
        one("nonsense", "equals", "x"), one("arr", "equals", "x"), one("state", "contains", "x"),
        one("created_at", "equals", "2026-01-01T00:00:00Z"), one("state", "no_such", "x"), one("updated_at", "time_is_after", "soon"),
        {"field": "state", "operator": "equals"}, {"field": "state", "operator": "equals", "value": 3},
        {"field": "state", "operator": "in", "value": "new"}, many("updated_at", "time_range", "2026-01-01T00:00:00Z"),
        both(), {"field": "", "operator": "and"}, both(both(both(one("state", "equals", "new")))), one("sev_level", "greater_than", "many"),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_filter_is_400(client: Any, tree: Any) -> None:
    answer = client.post("/issues/search", json={"filter": tree})
    assert answer.status_code == 400
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "body",
    [{"limit": 0}, {"limit": 1000}, {"limit": -1}, {"limit": "5"}, {"limit": True}, {"limit": 2.5}, {"cursor": 7},
     {"cursor": "nonsense"}, {"search_text": 7}, [], "text", 7],
    ids=str,
)  # fmt: skip
def test_a_wrong_body_is_400(client: Any, body: Any) -> None:
    assert client.post("/issues/search", json=body).status_code == 400


def test_a_body_that_is_not_json_is_400(client: Any) -> None:
    assert client.post("/issues/search", content=b'{"limit":').status_code == 400


def test_unknown_fields_of_the_body_are_ignored_without_a_word(client: Any) -> None:
    misspelt = client.post("/issues/search", json={"filters": one("state", "equals", "new"), "limt": 3})
    assert len(misspelt.json()["data"]) == 100


def test_no_body_means_everything_a_hundred_at_a_time(client: Any) -> None:
    answer = client.post("/issues/search").json()
    assert len(answer["data"]) == 100
    assert answer["pagination"]["has_next_page"] is True


@pytest.mark.parametrize("bounds", ["[]", "[)", "(]", "()"])
def test_whether_a_bound_belongs_to_the_range(
    serve: Any, connect: Any, world: emulator.World, bounds: str
) -> None:
    client = connect(serve(world, bounds=bounds))
    low, high = (issue["updated_at"] for issue in client.search(limit=100).json()["data"][20:41:20][::-1])
    low, high = sorted((low, high), key=parse_ns)
    found = [
        i["updated_at"] for i in client.search(many("updated_at", "time_range", low, high)).json()["data"]
    ]
    assert (low in found, high in found) == (bounds[0] == "[", bounds[1] == "]")
    after = client.search(one("updated_at", "time_is_after", low)).json()["data"]
    assert (low in [issue["updated_at"] for issue in after]) == (bounds[0] == "[")
    before = client.search(one("updated_at", "time_is_before", high)).json()["data"]
    assert (high in [issue["updated_at"] for issue in before]) == (bounds[1] == "]")


def test_a_server_that_truncates_bounds_loses_the_fraction_at_the_end(
    serve: Any, connect: Any, now: datetime
) -> None:
    world = emulator.World.empty(now=now)
    world.create_issue(created_at="2026-06-01T00:00:00.4Z")
    server = serve(world)
    client = connect(server)
    tree = many("updated_at", "time_range", "2026-05-31T00:00:00Z", "2026-06-01T00:00:00.5Z")
    assert len(client.search(tree).json()["data"]) == 1
    assert len(client.issues("2026-05-31T00:00:00Z", "2026-06-01T00:00:00.5Z").json()["data"]) == 1
    server.settings.truncate_bounds = True
    assert client.search(tree).json()["data"] == []
    assert client.issues("2026-05-31T00:00:00Z", "2026-06-01T00:00:00.5Z").json()["data"] == []


def test_a_server_may_cap_the_range_of_a_search(serve: Any, connect: Any) -> None:
    client = connect(serve(search_cap_days=30))
    assert client.search(
        many("updated_at", "time_range", "2026-05-01T00:00:00Z", "2026-05-31T00:00:00Z")
    ).is_success
    too_long = many("updated_at", "time_range", "2026-05-01T00:00:00Z", "2026-05-31T00:00:01Z")
    assert client.search(too_long).status_code == 400


def test_order_by_update_if_set(serve: Any, connect: Any, world: emulator.World) -> None:
    rows = connect(serve(world, search_sort="updated")).search(limit=100).json()["data"]
    times = [parse_ns(issue["updated_at"]) for issue in rows]
    assert times == sorted(times, reverse=True)


class TestIndexLag:
    """A search sees the world as it was some seconds ago; everything else sees it as it is."""

    @pytest.fixture
    def lagging(self, serve: Any, connect: Any, world: emulator.World) -> Any:
        return connect(serve(world, index_lag_seconds=10))

    def titles(self, client: Any, *ids: str) -> list[str | None]:
        rows = {issue["id"]: issue["title"] for issue in client.search(limit=999).json()["data"]}
        return [rows.get(ident) for ident in ids]

    def test_an_edit_shows_the_old_version_until_its_time(self, lagging: Any, world: emulator.World) -> None:
        ident = world.issue_ids()[5]
        old = world.issue(ident)["title"]
        world.edit_issue(ident, title="first")
        world.advance(4)
        world.edit_issue(ident, title="second")
        assert lagging.get(f"/issues/{ident}").json()["data"]["title"] == "second"
        assert self.titles(lagging, ident) == [old]
        world.advance(6)
        assert self.titles(lagging, ident) == ["first"]
        world.advance(4)
        assert self.titles(lagging, ident) == ["second"]

    def test_the_old_version_is_found_under_its_old_time(
        self, lagging: Any, world: emulator.World, now: datetime
    ) -> None:
        ident = world.issue_ids()[5]
        world.advance(1)
        world.edit_issue(ident, title="new")
        tree = one("updated_at", "time_is_after", (now + timedelta(milliseconds=1)).isoformat())
        assert lagging.search(tree).json()["data"] == []
        world.advance(10)
        assert [issue["title"] for issue in lagging.search(tree).json()["data"]] == ["new"]

    def test_a_new_issue_is_missing_and_a_deleted_one_stays(
        self, lagging: Any, world: emulator.World
    ) -> None:
        gone = world.issue_ids()[3]
        title = world.issue(gone)["title"]
        fresh = world.create_issue(title="fresh")["id"]
        world.delete_issue(gone)
        assert lagging.get(f"/issues/{gone}").status_code == 404
        assert self.titles(lagging, fresh, gone) == [None, title]
        world.advance(10)
        assert self.titles(lagging, fresh, gone) == ["fresh", None]

    def test_an_issue_made_and_deleted_within_the_lag_shows_for_as_long(
        self, lagging: Any, world: emulator.World
    ) -> None:
        ident = world.create_issue(title="brief")["id"]
        world.advance(3)
        world.delete_issue(ident)
        assert self.titles(lagging, ident) == [None]
        world.advance(7)
        assert self.titles(lagging, ident) == ["brief"]
        world.advance(3)
        assert self.titles(lagging, ident) == [None]

    def test_without_lag_the_search_is_up_to_date(
        self, serve: Any, connect: Any, world: emulator.World
    ) -> None:
        client = connect(serve(world))
        ident = world.issue_ids()[0]
        world.edit_issue(ident, title="now")
        assert self.titles(client, ident) == ["now"]
        world.delete_issue(ident)
        assert self.titles(client, ident) == [None]


def test_the_search_index_agrees_with_the_world_after_many_changes(world: emulator.World) -> None:
    from random import Random

    seed = 11
    rng = Random(seed)
    for _ in range(300):
        world.random_mutation(rng)
        world.advance(1)
        world.view.catch_up(to_ns(world.now()) - 20 * 10**9)
    world.view.catch_up(to_ns(world.now()))
    assert world.view.by_created.keys == world.by_created.keys, f"seed {seed}"
    assert world.view.by_updated.keys == world.by_updated.keys, f"seed {seed}"
