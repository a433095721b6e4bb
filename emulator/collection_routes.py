"""The collections beyond the directory, where they are listed or read by id."""

from __future__ import annotations

from functools import partial

import orjson

from .calls import Call, Handler, limit_of, newest_first, paged, shown, whole
from .directory_routes import (
    DEFAULT_PAGE,
    MAX_PAGE,
    get_row,
    list_pages,
    list_rows,
    placed,
)
from .filters import Rules, bounds_of
from .paging import Key
from .records import JSON
from .replies import Page, bad_request, not_found
from .search_routes import check_type
from .times import read_ns

MAX_OBJECTS = 100
MAX_SUPPRESSIONS = 1000
DEFAULT_OBJECTS = 25


def list_comments(call: Call) -> Page:
    """Answer `GET /tasks/{id}/comments`, oldest first."""
    if call.world.row("tasks", call.id) is None:
        raise not_found("task")
    rows = [row for _, row in placed(call, "task_comments", task_id=call.id)]
    return whole(sorted(rows, key=lambda row: read_ns(row.get("created_at")) or 0))


def list_macros(call: Call) -> Page:
    """Answer `GET /macros`: all, or those of one group."""
    group = call.query.get("macro_group_id")
    wanted = {"macro_group_id": group} if group else {}
    return whole([row for _, row in placed(call, "macros", **wanted)])


def list_relationships(call: Call) -> Page:
    """Answer `GET /accounts/{account_id}/relationships`: those in which the account is the child or client."""
    if call.world.row("accounts", call.id) is None:
        raise not_found("account")
    return whole([row for _, row in placed(call, "account_relationships", child_account_id=call.id)])


def list_responses(call: Call) -> Page:
    """Answer `GET /surveys/{id}/responses`, newest first."""
    if call.world.row("surveys", call.id) is None:
        raise not_found("survey")
    names = ("account_id", "contact_id")
    wanted = {name: call.query[name] for name in names if call.query.get(name)}
    low, high = _submitted(call)
    rows = [
        (key, row)
        for key, row in _timed(call, "survey_responses", "submitted_at", survey_id=call.id, **wanted)
        if (low is None or key[0] >= low) and (high is None or key[0] <= high)
    ]
    scope = [call.query.get(name) for name in (*names, "submitted_after", "submitted_before")]
    return newest_first(call, rows, limit_of(call, MAX_PAGE, DEFAULT_PAGE), scope)


def _submitted(call: Call) -> tuple[int | None, int | None]:
    """Return the inclusive bounds of the time of submission in nanoseconds."""
    rules = Rules(call.settings.bounds, call.settings.truncate_bounds)
    low = high = None
    if after := call.query.get("submitted_after"):
        low, _ = bounds_of("time_is_after", [after], rules)
    if before := call.query.get("submitted_before"):
        _, high = bounds_of("time_is_before", [before], rules)
    return low, high


def list_audit_logs(call: Call) -> Page:
    """Answer `GET /audit-logs`, newest first."""
    rows = _timed(call, "audit_logs", "action_happened_at")
    return newest_first(call, rows, limit_of(call, MAX_PAGE, DEFAULT_PAGE))


def list_suppressions(call: Call) -> Page:
    """Answer `GET /email-suppressions`: all, or that of one address, newest first."""
    email = call.query.get("email")
    rows = _timed(call, "email_suppressions", "created_at", **({"email": email} if email else {}))
    return newest_first(call, rows, limit_of(call, MAX_SUPPRESSIONS, DEFAULT_PAGE), email)


def _timed(call: Call, collection: str, time: str, **wanted: str) -> list[tuple[Key, JSON]]:
    rows = [
        ((read_ns(found.row.get(time)) or 0, found.place), shown(collection, found))
        for found in call.world.tables.placed(collection, **wanted)
    ]
    return sorted(rows, key=lambda pair: pair[0], reverse=True)


def list_custom_objects(call: Call) -> Page:
    """Answer `GET /custom-objects/{type}`."""
    check_type(call)
    rows = placed(call, "custom_objects", type=call.params["type"])
    return paged(call, rows, limit_of(call, MAX_OBJECTS, DEFAULT_OBJECTS))


def get_custom_object(call: Call) -> Page:
    """Answer `GET /custom-objects/{type}/{id}`."""
    row = call.world.row("custom_objects", call.params["id"])
    if row is None or row["type"] != call.params["type"]:
        raise not_found("custom object")
    return Page(orjson.dumps(row))


def get_feature_request(call: Call) -> Page:
    """Answer `GET /feature-requests/{id}`, which shows evidence if asked, and not the accounts."""
    row = call.world.row("feature_requests", call.id)
    if row is None:
        raise not_found("feature request")
    wish = call.query.get("fetch_evidence") or "false"
    if wish not in ("true", "false"):
        raise bad_request("fetch_evidence must be true or false")
    hidden = {"account_ids"} if wish == "true" else {"account_ids", "evidence"}
    return Page(orjson.dumps({name: value for name, value in row.items() if name not in hidden}))


HANDLERS: dict[str, Handler] = {
    "GET /accounts/{account_id}/relationships": list_relationships,
    "GET /tasks": partial(list_pages, "tasks", False),
    "GET /tasks/{id}": partial(get_row, "tasks", "task"),
    "GET /tasks/{id}/comments": list_comments,
    "GET /projects/{id}": partial(get_row, "projects", "project"),
    "GET /milestones/{id}": partial(get_row, "milestones", "milestone"),
    "GET /macro-groups": partial(list_rows, "macro_groups"),
    "GET /macros": list_macros,
    "GET /macros/{id}": partial(get_row, "macros", "macro"),
    "GET /surveys": partial(list_rows, "surveys"),
    "GET /surveys/{id}": partial(get_row, "surveys", "survey"),
    "GET /surveys/{id}/responses": list_responses,
    "GET /feature-requests/{id}": get_feature_request,
    "GET /call-recordings/{id}": partial(get_row, "call_recordings", "call recording"),
    "GET /activity-types": partial(list_rows, "activity_types"),
    "GET /audit-logs": list_audit_logs,
    "GET /custom-objects/{type}": list_custom_objects,
    "GET /custom-objects/{type}/{id}": get_custom_object,
    "GET /training-data": partial(list_rows, "training_data"),
    "GET /training-data/{id}": partial(get_row, "training_data", "training data"),
    "GET /email-suppressions": list_suppressions,
}
