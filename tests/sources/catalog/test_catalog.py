"""The catalogue against Pylon's OpenAPI document, and against its own rules."""

from __future__ import annotations

import dataclasses
import functools
import re
import subprocess
import sys
from typing import Any

import pytest
from support import published
from support.published import facts
from support.repository import ROOT

from pylon_elt.pipelines.verify.drift import compare
from pylon_elt.pipelines.verify.openapi import Document
from pylon_elt.sources.pylon.catalog import (
    CHILDREN,
    DIRECTORY,
    ENDPOINTS,
    INCREMENTAL,
    LEDGERS,
    NESTED,
    OBJECT_TYPES,
    RATE_LIMITS,
    TABLES,
    USUAL,
    VERSIONS,
    Column,
    ColumnType,
    Configured,
    Endpoint,
    Feed,
    Listed,
    PerParent,
    Table,
    suggest,
    with_ledgers,
)
from pylon_elt.sources.pylon.catalog.not_read import NOT_READ
from pylon_elt.sources.pylon.settings import Settings

Node = Any
"""A piece of the OpenAPI document."""

SCHEMAS = {
    "issues": "Issue",
    "issue_messages": "Message",
    "issue_threads": "IssueThread",
    "issue_followers": "Follower",
    "accounts": "Account",
    "contacts": "Contact",
    "users": "User",
    "teams": "Team",
    "tags": "Tag",
    "custom_fields": "CustomFieldDefinition",
    "ticket_forms": "TicketForm",
    "user_roles": "UserRole",
    "issue_statuses": "IssueStatus",
    "knowledge_bases": "KnowledgeBase",
    "kb_collections": "Collection",
    "kb_articles": "Article",
    "issue_voice_calls": "VoiceCall",
    "tasks": "Task",
    "task_comments": "TaskComment",
    "projects": "Project",
    "milestones": "Milestone",
    "macros": "Macro",
    "macro_groups": "MacroGroup",
    "surveys": "Survey",
    "survey_responses": "SurveyResponse",
    "feature_requests": "FeatureRequestSearchResult",
    "feature_request_evidence": "FeatureRequestEvidence",
    "audit_logs": "AuditLog",
    "call_recordings": "CallRecording",
    "activity_types": "ActivityType",
    "training_data": "TrainingData",
    "account_relationships": "AccountRelationship",
    "email_suppressions": "EmailSuppression",
    "custom_objects": "APICustomObject",
    "organization": "Me",
}
READ = [TABLES[name] for name in SCHEMAS]
EVERY = list(TABLES.values())
FROM_API = [
    pytest.param(table, column, id=f"{table.name}.{column.name}")
    for table in READ
    for column in table.columns
    if not column.given
]
TIMES = re.compile(r"(_at|_time|_until_time|_date|^timestamp)$")


def by_name(item: Table | Endpoint) -> str:
    return item.name


@functools.cache
def openapi() -> Document:
    return Document(published.document())


def expected_type(name: str, node: Node) -> ColumnType:
    if name in {"file_urls", "attachment_urls", "recordings"}:
        return "urls"
    match openapi().resolve(node)["type"]:
        case "integer":
            return "bigint"
        case "number":
            return "double"
        case "boolean":
            return "bool"
        case "string":
            return "timestamp" if TIMES.search(name) else "text"
        case _:
            return "json"


def operation(endpoint: Endpoint) -> Node:
    """The document's operation; placeholders have other names there."""
    found = openapi().operation(endpoint)
    assert found is not None, endpoint.label
    return found


def parameters(endpoint: Endpoint) -> Node:
    """What the endpoint takes besides its path: query parameters, or the fields of the body."""
    found = operation(endpoint)
    if endpoint.method == "POST":
        body = openapi().resolve(found["requestBody"])["content"]["application/json"]["schema"]
        return openapi().resolve(body)["properties"]
    return {given["name"]: given for given in found.get("parameters", ()) if given["in"] == "query"}


def is_sentence(text: str) -> bool:
    clean = text == " ".join(text.split())
    return clean and text[0].isupper() and text.find(".") == len(text) - 1 and 15 <= len(text) <= 140


# Against what the document says


def test_document_and_catalogue_say_the_same() -> None:
    assert list(compare(openapi())) == []


@pytest.mark.parametrize(("table", "column"), FROM_API)
def test_column_exists_in_the_document_with_a_fitting_type(table: Table, column: Column) -> None:
    assert column.type == expected_type(column.source[-1], openapi().described(table, column))


@pytest.mark.parametrize("table", READ, ids=by_name)
def test_table_holds_what_its_endpoint_returns(table: Table) -> None:
    assert table.endpoints
    for endpoint in table.endpoints:
        assert shown_by(table, endpoint) == SCHEMAS[table.name]


def shown_by(table: Table, endpoint: Endpoint) -> str:
    """The name of the schema of a row in an endpoint's answer."""
    data = openapi().answer(endpoint)["data"]
    if isinstance(table.read, PerParent) and table.read.rows_at:
        data = openapi().resolve(data)["properties"][table.read.rows_at]
    assert endpoint.single == ("items" not in openapi().answer(endpoint)["data"])
    return data.get("items", data)["$ref"].rsplit("/", 1)[-1]


@pytest.mark.parametrize("table", INCREMENTAL, ids=by_name)
def test_what_a_feed_filters_on_is_documented(table: Table[Feed]) -> None:
    if table.read.bounds:
        assert set(table.read.bounds) <= parameters(table.read.search).keys()
        return
    filters = facts(table.read.search.label)["filters"]
    for column in (table.read.changed, table.read.created):
        assert {"time_is_after", "time_is_before", "time_range"} <= {*filters[column]}, column


def test_every_endpoint_that_reads_is_read_or_has_a_reason() -> None:
    """A new endpoint of the document gets a table, or a line in ``not_read``."""
    anonymous = {re.sub(r"\{\w+\}", "{}", endpoint.label) for endpoint in ENDPOINTS.values()}
    unread = {label for label in openapi().reads() if re.sub(r"\{\w+\}", "{}", label) not in anonymous}

    assert unread == set(NOT_READ)


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=by_name)
def test_what_a_request_always_carries_is_documented(endpoint: Endpoint) -> None:
    assert {name for name, _ in endpoint.fixed} <= parameters(endpoint).keys()


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=by_name)
def test_tier_is_the_documented_rate_limit(endpoint: Endpoint) -> None:
    assert RATE_LIMITS[endpoint.tier] == facts(endpoint.label)["rate"]


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=by_name)
def test_paged_is_whether_the_documented_answer_can_carry_pagination(endpoint: Endpoint) -> None:
    assert endpoint.paged == ("pagination" in openapi().answer(endpoint))


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=by_name)
def test_limit_is_sent_only_where_it_is_documented(endpoint: Endpoint) -> None:
    if endpoint.name == "contacts":  # the document has its limit at GET /contacts/{id}, which is not a list
        endpoint = dataclasses.replace(endpoint, path="/contacts/{id}")
    limit = facts(endpoint.label).get("limit")

    assert (endpoint.max_page_size is not None) == (limit is not None) == ("limit" in parameters(endpoint))
    if limit is not None:
        assert endpoint.max_page_size == limit["most"]


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=by_name)
def test_required_parameters_are_known(endpoint: Endpoint) -> None:
    stated = parameters(endpoint) if endpoint.method == "GET" else {}
    required = {name for name, given in stated.items() if given.get("required")} - {"limit"}

    assert set(endpoint.query) == required
    if stated.get("limit", {}).get("required"):
        assert endpoint.page_size is not None


def test_object_types_are_the_documented_ones() -> None:
    assert set(OBJECT_TYPES) == {*facts(ENDPOINTS["custom_fields"].label)["values"]["object_type"]}


# Against its own rules


@pytest.mark.parametrize("table", EVERY, ids=by_name)
def test_column_names_are_unique_snake_case(table: Table) -> None:
    assert len(set(table.column_names)) == len(table.columns)
    assert [
        name for name in table.column_names if not re.fullmatch(r"_?[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
    ] == []


@pytest.mark.parametrize("table", EVERY, ids=by_name)
def test_rows_begin_with_the_key_and_then_the_parent(table: Table) -> None:
    lead = dict.fromkeys((*table.key, *filter(None, [table.parent])))

    assert table.key
    assert table.column_names[: len(lead)] == tuple(lead)


@pytest.mark.parametrize("table", READ, ids=by_name)
def test_rows_that_are_read_end_with_the_time_of_reading_and_the_unknown(table: Table) -> None:
    assert table.columns[-2:] == (
        next(c for c in table.columns if c.name == "_synced_at" and c.type == "timestamp" and c.given),
        next(c for c in table.columns if c.name == "_extra" and c.type == "json" and c.given),
    )


@pytest.mark.parametrize("table", EVERY, ids=by_name)
def test_sort_is_a_time_that_the_reader_gives(table: Table) -> None:
    (sort,) = (column for column in table.columns if column.name == table.sort)

    assert sort.type == "timestamp"
    assert sort.given


@pytest.mark.parametrize("table", EVERY, ids=by_name)
def test_rows_are_replaced_by_parent_only_where_there_is_one(table: Table) -> None:
    if table.scope == "parent":
        assert table.parent is not None
    match table.per and table.per.parents:
        case Listed(values):
            assert values
        case Configured(setting):
            assert setting in {field.name for field in dataclasses.fields(Settings)}


@pytest.mark.parametrize("table", EVERY, ids=by_name)
def test_parent_is_a_given_column_of_the_parents_type(table: Table) -> None:
    if table.parent is None:
        if isinstance(table.read, PerParent):  # it is the parent's row that mentions it
            assert table.read.refer[0] in TABLES[table.read.of].column_names
        else:
            assert table.parent_table is None
        return
    (column,) = (column for column in table.columns if column.name == table.parent)

    assert column.given
    if table.parent_table is not None:
        (parent_key,) = TABLES[table.parent_table].key
        (referred,) = (c for c in TABLES[table.parent_table].columns if c.name == parent_key)
        assert (parent_key, column.type) == ("id", referred.type)
        assert list(TABLES).index(table.parent_table) < list(TABLES).index(table.name)


@pytest.mark.parametrize("table", READ, ids=by_name)
def test_parent_is_what_the_endpoint_asks_for(table: Table) -> None:
    endpoint = table.endpoint
    assert endpoint is not None
    asked = {*re.findall(r"\{(\w+)\}", endpoint.path), *endpoint.query} - {
        "start_time",
        "end_time",
    }

    by_itself = {"id"} if isinstance(table.read, PerParent) and table.read.refer != ("id",) else set()
    assert asked == set(filter(None, [table.parent])) | by_itself


@pytest.mark.parametrize("table", EVERY, ids=by_name)
def test_column_is_either_given_or_read(table: Table) -> None:
    assert [column.name for column in table.columns if column.given and column.path] == []


@pytest.mark.parametrize("table", EVERY, ids=by_name)
def test_derived_columns_stand_right_after_their_object(table: Table) -> None:
    for before, column in zip(table.columns, table.columns[1:], strict=False):
        if len(column.source) > 1:
            assert before.source[0] == column.source[0], column.name


@pytest.mark.parametrize("table", EVERY, ids=by_name)
def test_descriptions_are_one_short_sentence(table: Table) -> None:
    texts = [table.description, *(column.description for column in table.columns)]

    assert [text for text in texts if not is_sentence(text)] == []


JOIN = re.compile(r"join (\w+)(?: or (\w+))? on (\w+)")


@pytest.mark.parametrize("table", EVERY, ids=by_name)
def test_join_partners_exist(table: Table) -> None:
    for column in table.columns:
        for first, second, on in JOIN.findall(column.description):
            for partner in filter(None, (first, second)):
                assert on in TABLES[partner].column_names, column.name


@pytest.mark.parametrize("table", EVERY, ids=by_name)
def test_id_of_another_row_names_its_join_partner(table: Table) -> None:
    outside = {
        "load_id",
        "channel_id",
        "portal_role_id",
    }  # of dlt, of chat platforms, of objects with no list
    if table.name == "issue_threads":
        outside.add("thread_id")  # the chat platform's own
    outside |= {"external_id", "calendar_event_id", "object_id", "parent_id"}  # of other tools, of any table
    ids = [column for column in table.columns if column.name.endswith("_id") and column.name not in outside]

    assert [column.name for column in ids if not JOIN.search(column.description)] == []


@pytest.mark.parametrize("table", EVERY, ids=by_name)
def test_times_say_that_they_are_utc(table: Table) -> None:
    times = [column for column in table.columns if column.type == "timestamp"]

    assert [column.name for column in times if "UTC" not in column.description] == []


@pytest.mark.parametrize("table", EVERY, ids=by_name)
def test_durations_say_that_they_are_in_seconds(table: Table) -> None:
    durations = [column for column in table.columns if column.name.endswith("_seconds")]

    assert [column.name for column in durations if "econds" not in column.description] == []


@pytest.mark.parametrize("table", EVERY, ids=by_name)
def test_what_is_read_at_an_interval_has_one(table: Table) -> None:
    at_an_interval = table in (*DIRECTORY, *INCREMENTAL, *NESTED) and table.name != "audit_logs"
    assert (getattr(table.read, "refresh_hours", None) is not None) == at_an_interval


@pytest.mark.parametrize("table", [*CHILDREN, *NESTED], ids=by_name)
def test_what_hangs_on_a_row_knows_how_to_tell_that_it_is_due(table: Table[PerParent]) -> None:
    ledger = TABLES[table.read.ledger]
    parent = TABLES[table.read.of]

    assert ledger in LEDGERS
    assert ledger.key[1] == "child"
    for mine, its in table.read.moves:
        assert mine in parent.column_names
        assert its in ledger.column_names
    assert table.read.moves or table.read.refresh_hours
    assert (table.read.witness is None) == (table.parent is None)
    if table.read.only:
        assert table.read.only[0] in parent.column_names


@pytest.mark.parametrize("table", INCREMENTAL, ids=by_name)
def test_feed_is_sound(table: Table[Feed]) -> None:
    assert bool(table.read.excerpt_of) == (table.name == "issue_forms")
    whole = TABLES[table.read.excerpt_of or table.name]
    times = {column.name for column in whole.columns if column.type == "timestamp" and not column.given}
    assert {table.read.changed, table.read.created} <= times
    assert table.scope == "row"
    if table.read.search is not table.read.endpoint:
        assert table.read.search.name == f"search_{table.name}"


def test_what_is_expensive_or_personal_is_off_and_says_why() -> None:
    off = {name for name, table in TABLES.items() if table.off}

    assert off == {
        "audit_logs",
        "call_recordings",
        "issue_voice_calls",
        "account_relationships",
        "issue_forms",
        "issue_snapshots",
    }
    assert off.isdisjoint(USUAL)
    assert all(TABLES[name].off.startswith(("personal: ", "expensive: ")) for name in off)


def test_ledgers_come_with_what_needs_them_and_only_then() -> None:
    assert with_ledgers(["task_comments", "tasks"]) == ("tasks", "task_comments", "parent_sync")
    assert with_ledgers(["issue_voice_calls", "milestones"]) == (
        "issue_voice_calls",
        "issue_sync",
        "milestones",
        "parent_sync",
    )
    assert with_ledgers(["issues", "issue_sync", "tags"]) == ("issues", "tags")


def test_versions_come_with_what_they_watch_whose_columns_they_copy() -> None:
    assert with_ledgers(["issue_snapshots"]) == ("issues", "issue_snapshots")
    for versions in VERSIONS:
        watched = {column.name: column.type for column in TABLES[versions.read.watches].columns}
        about = dict(versions.read.subject)
        assert set(about.values()) == set(TABLES[versions.read.watches].key)
        for column in versions.columns:
            if column.name not in {"id", "recorded_at", "fingerprint"}:
                assert column.type == watched[about.get(column.name, column.name)]


def test_people_and_customers_are_refreshed_more_often_than_settings() -> None:
    hourly = {table.name for table in DIRECTORY if table.read.refresh_hours == 1}

    assert hourly == {"accounts", "contacts", "users"}
    assert {table.read.refresh_hours for table in DIRECTORY if table.name not in hourly} == {24}


def test_only_tables_of_our_own_have_no_endpoint() -> None:
    assert [table for table in EVERY if table.endpoint is None] == [*LEDGERS, *VERSIONS]
    assert all(column.given for table in (*LEDGERS, *VERSIONS) for column in table.columns)


@pytest.mark.parametrize("table", READ, ids=by_name)
def test_tables_and_lanes_share_the_catalogues_endpoints(table: Table) -> None:
    assert table.endpoint is not None
    assert ENDPOINTS[table.endpoint.name] is table.endpoint
    assert table.endpoint.name == {"issues": "list_issues", "organization": "me"}.get(table.name, table.name)


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=by_name)
def test_endpoint_is_sound(endpoint: Endpoint) -> None:
    assert endpoint.path.startswith("/")
    assert endpoint.label == f"{endpoint.method} {endpoint.path}"
    assert endpoint.note.endswith(".")
    if endpoint.page_size is not None:
        assert endpoint.paged or endpoint.page_size == endpoint.max_page_size
        assert endpoint.max_page_size is not None
        assert 0 < endpoint.page_size <= endpoint.max_page_size


def test_lookups_hold_everything_once() -> None:
    assert all(name == table.name for name, table in TABLES.items())
    assert all(name == endpoint.name for name, endpoint in ENDPOINTS.items())
    assert len({endpoint.label for endpoint in ENDPOINTS.values()}) == len(ENDPOINTS)
    assert set(TABLES) == {
        *SCHEMAS,
        "issue_sync",
        "parent_sync",
        "custom_field_versions",
        "issue_snapshots",
        "issue_forms",
    }
    kinds = (CHILDREN, NESTED, INCREMENTAL, DIRECTORY, LEDGERS, VERSIONS, (TABLES["issues"],))
    assert sorted(table.name for tables in kinds for table in tables) == sorted(TABLES)


def test_catalogue_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        TABLES["issues"].name = "tickets"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("issues", "issues"),
        ("issue", "issues"),
        ("Issue-Messages", "issue_messages"),
        ("messages", "issue_messages"),
        ("articles", "kb_articles"),
        ("acounts", "accounts"),
        ("zebra", None),
        ("", None),
    ],
)
def test_suggest_finds_the_table_that_was_meant(name: str, meant: str | None) -> None:
    assert suggest(name) == meant


def test_import_needs_the_standard_library_only() -> None:
    """The command line reads the catalogue before it loads anything heavy."""
    program = f"""
import sys, types
for name in ("sources", "sources.pylon"):  # without running the packages' own __init__
    package = types.ModuleType(name)
    package.__path__ = [{str(ROOT)!r} + "/" + name.replace(".", "/")]
    sys.modules[name] = package
import sources.pylon.catalog
loaded = {{name.partition(".")[0] for name in sys.modules}}
print(*sorted(loaded - sys.stdlib_module_names - {{"sources", "__main__"}}))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == []
