"""Every answer against the schemas that Pylon publishes.

The published document and the live service disagree; where they do, the emulator follows the service. Such
differences are tolerated here one by one, each for its reason, and nothing else is.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft4Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]
from support.places import paths
from support.published import document, facts, known

from pylon_elt import emulator
from pylon_elt.emulator.endpoints import ENDPOINTS
from pylon_elt.emulator.search_routes import SEARCHES
from pylon_elt.emulator.tables import UNSAID

TOLERATED = {
    "null": "optional fields, `data` and `pagination` are null in live answers though hardly any is declared nullable",
    "custom": "custom field values arrive as numbers and booleans though `value` is declared a string",
}
UNDOCUMENTED = "_beta"
"""How fields end that the emulator adds on some rows, so that readers prove to keep what they do not know."""
WINDOW = {"start_time": "2026-06-02T00:00:00Z", "end_time": "2026-07-01T12:00:00Z"}


@cache
def validator(endpoint: str, status: str) -> Draft4Validator:
    method, path = endpoint.split()
    answer = document()["paths"][path][method.lower()]["responses"][status]
    return Draft4Validator(
        {**answer["content"]["application/json"]["schema"], "components": document()["components"]}
    )


def tolerated(error: ValidationError) -> str | None:
    if error.validator in ("type", "enum") and error.instance is None:
        return "null"
    steps = list(error.absolute_path)
    if error.validator == "type" and "custom_fields" in steps and steps[-1] == "value":
        return "custom" if isinstance(error.instance, int | float) else None
    return None


def check(endpoint: str, answer: Any, status: str = "200") -> set[str]:
    """Validate an answer and return which tolerated differences it had."""
    assert str(answer.status_code) == status, answer.text
    found = [(tolerated(error), error) for error in validator(endpoint, status).iter_errors(answer.json())]
    assert not [error.message for reason, error in found if reason is None]
    return {reason for reason, _ in found if reason}


@pytest.fixture(scope="module")
def live() -> Iterator[tuple[emulator.World, Any]]:
    from datetime import datetime

    import httpx

    now = datetime.fromisoformat("2026-07-01T12:00:00Z")
    world = emulator.World.seeded(seed=2, issues=1200, years=0.3, now=now, clock=lambda: now)
    with (
        emulator.running(world) as server,
        httpx.Client(base_url=server.base_url, headers={"Authorization": "Bearer pyl_test"}) as client,
    ):
        yield world, client


@pytest.fixture(scope="module")
def wide() -> emulator.World:
    """A world with so many accounts that it has many projects."""
    return emulator.World.seeded(seed=2, issues=1200, accounts=800)


def queries(endpoint: str) -> dict[str, str]:
    known = {
        "GET /issues": WINDOW,
        "GET /accounts": {"limit": "999"},
        "GET /custom-fields": {"object_type": "issue"},
        "GET /feature-requests/{id}": {"fetch_evidence": "true"},
    }
    return known.get(endpoint, {})


@pytest.mark.parametrize("endpoint", [endpoint.name for endpoint in ENDPOINTS])
def test_success_conforms(live: tuple[emulator.World, Any], endpoint: str) -> None:
    world, client = live
    method = endpoint.split(maxsplit=1)[0]
    limit = 100 if "custom-objects" in endpoint else 999
    for path in paths(world, endpoint):
        options = {"json": {"limit": limit}} if method == "POST" else {"params": queries(endpoint)}
        check(endpoint, client.request(method, path, **options))


@pytest.mark.parametrize(
    ("endpoint", "path", "query", "status"),
    [
        ("GET /issues", "/issues", {}, "400"),
        ("GET /accounts", "/accounts", {"limit": "0"}, "400"),
        ("GET /custom-fields", "/custom-fields", {"object_type": "cat"}, "400"),
        ("GET /issues/{id}", "/issues/none", {}, "404"),
        ("GET /issues/{id}/messages", "/issues/none/messages", {}, "404"),
        ("GET /knowledge-bases/{id}/articles", "/knowledge-bases/none/articles", {}, "404"),
        ("GET /tasks", "/tasks", {"limit": "1000"}, "400"),
        ("GET /audit-logs", "/audit-logs", {"limit": "0"}, "400"),
        ("GET /custom-objects/{type}", "/custom-objects/companies", {"limit": "101"}, "400"),
        ("GET /email-suppressions", "/email-suppressions", {"limit": "1001"}, "400"),
        ("GET /custom-objects/{type}", "/custom-objects/none", {}, "404"),
        ("GET /custom-objects/{type}/{id}", "/custom-objects/companies/none", {}, "404"),
        ("GET /tasks/{id}/comments", "/tasks/none/comments", {}, "404"),
        ("GET /milestones/{id}", "/milestones/none", {}, "404"),
        ("GET /surveys/{id}/responses", "/surveys/none/responses", {}, "404"),
        ("GET /accounts/{account_id}/relationships", "/accounts/none/relationships", {}, "404"),
        ("GET /issues/{id}/voice-calls", "/issues/none/voice-calls", {}, "404"),
    ],
)
def test_failure_conforms(
    live: tuple[emulator.World, Any], endpoint: str, path: str, query: Any, status: str
) -> None:
    check(endpoint, live[1].get(path, params=query), status)


def test_the_tolerated_differences_really_occur(live: tuple[emulator.World, Any]) -> None:
    found = check("POST /issues/search", live[1].post("/issues/search", json={"limit": 999}))
    assert found == TOLERATED.keys()


def test_rate_classes_are_the_documented_ones() -> None:
    for endpoint in ENDPOINTS:
        limit = {"low": 10, "medium": 20, "high": 60}[endpoint.rate]
        assert facts(endpoint.name)["rate"] == limit, endpoint.name


def properties(schema: str) -> set[str]:
    return set(document()["components"]["schemas"][schema]["properties"])


@pytest.mark.parametrize(
    ("schema", "table", "never"),
    [
        ("Issue", "issues", set()),
        ("Message", "issue_messages", set()),
        ("IssueThread", "issue_threads", set()),
        ("Follower", "issue_followers", set()),
        ("Account", "accounts", set()),
        ("Contact", "contacts", set()),
        ("User", "users", set()),
        ("Team", "teams", set()),
        ("Tag", "tags", set()),
        ("CustomFieldDefinition", "custom_fields", {"default_value"}),
        ("TicketForm", "ticket_forms", {"description_html"}),
        ("UserRole", "user_roles", set()),
        ("IssueStatus", "issue_statuses", set()),
        ("KnowledgeBase", "knowledge_bases", set()),
        ("Collection", "kb_collections", set()),
        ("Article", "kb_articles", {"approval_info", "visibility_config"}),
        ("Me", "organization", set()),
        ("Project", "projects", set()),
        ("Milestone", "milestones", set()),
        ("Task", "tasks", set()),
        ("TaskComment", "task_comments", set()),
        ("MacroGroup", "macro_groups", set()),
        ("Macro", "macros", set()),
        ("Survey", "surveys", set()),
        ("SurveyResponse", "survey_responses", set()),
        ("FeatureRequestSearchResult", "feature_requests", set()),
        ("CallRecording", "call_recordings", set()),
        ("VoiceCall", "issue_voice_calls", set()),
        ("ActivityType", "activity_types", set()),
        ("AuditLog", "audit_logs", set()),
        ("APICustomObject", "custom_objects", set()),
        ("TrainingData", "training_data", set()),
        ("AccountRelationship", "account_relationships", set()),
        ("EmailSuppression", "email_suppressions", set()),
    ],
)
def test_every_documented_field_occurs_and_no_unknown_one(
    live: tuple[emulator.World, Any], schema: str, table: str, never: set[str]
) -> None:
    added = {"issue_messages": "issue_id", "issue_followers": "issue_id"} | UNSAID
    seen = {name for row in live[0].snapshot()[table] for name, value in row.items() if value is not None}
    assert properties(schema) - seen == never
    unknown = seen - properties(schema) - {added.get(table)}
    assert not [name for name in unknown if not name.endswith(UNDOCUMENTED)]


NESTED = {
    "FeatureRequestEvidence": ("feature_requests", "evidence"),
    "VoiceCallRecording": ("issue_voice_calls", "recordings"),
    "SurveyResponseAnswer": ("survey_responses", "answers"),
    "MacroAction": ("macros", "actions"),
    "Visibility": ("macros", "visibility"),
    "TrainingDataDocument": ("training_data", "documents"),
    "TrainingDataScrapeStatus": ("training_data", "scrape_status"),
    "APIObjectRelation": ("custom_objects", "relations"),
    "Actor": ("tasks", "assignee"),
}


@pytest.mark.parametrize(("schema", "where"), NESTED.items())
def test_every_documented_part_of_a_field_occurs(
    live: tuple[emulator.World, Any], schema: str, where: tuple[str, str]
) -> None:
    found = [row.get(where[1]) for row in live[0].rows(where[0])]
    parts = [part for one in found if one for part in (one if isinstance(one, list) else [one])]
    assert {name for part in parts for name, value in part.items() if value is not None} == properties(schema)


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ("projects", "start_date"),
        ("projects", "project_template"),
        ("tasks", "body_html"),
        ("tasks", "due_date"),
        ("milestones", "due_date"),
        ("survey_responses", "contact_id"),
        ("feature_requests", "description"),
        ("call_recordings", "summary"),
        ("audit_logs", "actor_user_id"),
        ("audit_logs", "link"),
        ("email_suppressions", "bounce_details"),
    ],
)
def test_optional_fields_are_set_null_or_absent(wide: emulator.World, table: str, field: str) -> None:
    rows = wide.rows(table)
    assert any(row.get(field) for row in rows)
    assert any(row.get(field, "absent") is None for row in rows)
    assert any(field not in row for row in rows)


def test_every_endpoint_that_reads_is_served() -> None:
    assert {endpoint.name for endpoint in ENDPOINTS} == known()["operations"].keys()


@pytest.mark.parametrize("endpoint", SEARCHES)
def test_filters_are_the_documented_ones(endpoint: str) -> None:
    grammar = SEARCHES[endpoint].grammar
    documented = {name: set(operators) for name, operators in facts(endpoint)["filters"].items()}
    assert {name: set(operators) for name, operators in grammar.fields.items()} == documented
    assert grammar.custom == facts(endpoint)["custom_filters"]


@pytest.mark.parametrize("endpoint", SEARCHES)
def test_page_sizes_are_the_documented_ones(endpoint: str) -> None:
    spec = SEARCHES[endpoint]
    assert facts(endpoint)["limit"] == {"default": spec.default, "most": spec.high}
    fields = properties(facts(endpoint)["body"].removeprefix("@"))
    assert spec.paged == ("cursor" in fields)
    assert bool(spec.text) == ("search_text" in fields)
