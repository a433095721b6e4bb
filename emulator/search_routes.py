"""The searches beside that of the issues: what the search index shows, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import orjson

from .calls import Call, Handler, body_limit_of, newest_first, shown
from .candidates import ObjectRow
from .filters import Rules, compile_filter
from .grammars import (
    ACCOUNTS,
    AUDIT_LOGS,
    CALL_RECORDINGS,
    CONTACTS,
    CUSTOM_OBJECTS,
    PROJECTS,
    SURVEYS,
    TASKS,
    USERS,
    Grammar,
)
from .paging import Key
from .records import JSON
from .replies import Page, bad_request, not_found
from .tables import Placed
from .times import SECOND, read_ns

MAX_PAGE = 999
DEFAULT_PAGE = 100
MAX_FEATURE_REQUESTS = 1000


@dataclass(frozen=True)
class Search:
    """One search: what of, how it is filtered, and how large a page is."""

    collection: str
    grammar: Grammar
    sort: str = "created_at"
    """The time by which the newest come first."""
    kind: str = ""
    """The type of object for which custom fields are defined."""
    high: int = MAX_PAGE
    default: int = DEFAULT_PAGE
    paged: bool = True
    text: tuple[str, ...] = ()
    """The fields in which `search_text` is looked for."""


def search(spec: Search, call: Call) -> Page:
    """Answer a search."""
    tree, text = call.body.get("filter"), call.body.get("search_text") if spec.text else ""
    if not isinstance(text or "", str) or not isinstance(call.body.get("cursor") or "", str):
        raise bad_request("search_text and cursor must be strings")
    limit = body_limit_of(call, spec.high, spec.default)
    placed = _indexed(call, spec.collection)
    rules = Rules(call.settings.bounds, call.settings.truncate_bounds, call.settings.search_cap_days)
    wanted = compile_filter(tree, rules, _slugs(call, spec, placed), spec.grammar)
    found = [
        one for one in placed if wanted.matches(ObjectRow(one.row)) and _contains(spec, one.row, text or "")
    ]
    time = spec.sort
    if call.settings.search_sort == "updated" and "updated_at" in spec.grammar.fields:
        time = "updated_at"
    rows = _sorted(spec.collection, found, time)
    if spec.paged:
        return newest_first(call, rows, limit, tree, text or "")
    return Page([orjson.dumps(row) for _, row in rows[:limit]])


def _indexed(call: Call, collection: str) -> list[Placed]:
    lag = int(call.settings.index_lag_seconds * SECOND)
    found = call.world.tables.shown(collection, call.world.now_ns() - lag)
    if collection != "custom_objects":
        return found
    check_type(call)
    return [one for one in found if one.row["type"] == call.params["type"]]


def check_type(call: Call) -> None:
    """Answer 404 if there is no such type of custom object."""
    if call.params["type"] not in call.world.custom_types:
        raise not_found("custom object type")


def _slugs(call: Call, spec: Search, placed: Iterable[Placed]) -> set[str]:
    """Return the custom fields that are defined, or, where no definition can be read, in use."""
    if not spec.grammar.custom:
        return set()
    defined = {row["slug"] for row in call.world.rows("custom_fields") if row.get("object_type") == spec.kind}
    return defined.union(*(one.row.get("custom_fields") or {} for one in placed))


def _contains(spec: Search, row: JSON, text: str) -> bool:
    return not text or any(text.casefold() in str(row.get(name) or "").casefold() for name in spec.text)


def _sorted(collection: str, found: Iterable[Placed], time: str) -> list[tuple[Key, JSON]]:
    """Return the newest first; what bears no time, by its place."""
    keyed = [((read_ns(one.row.get(time)) or 0, one.place), shown(collection, one)) for one in found]
    return sorted(keyed, key=lambda pair: pair[0], reverse=True)


def search_feature_requests(call: Call) -> Page:
    """Answer `POST /feature-requests/search`, which knows no filter and no cursor; evidence is not shown."""
    limit = body_limit_of(call, MAX_FEATURE_REQUESTS, DEFAULT_PAGE)
    statuses, accounts = _texts(call, "request_statuses"), _texts(call, "account_ids")
    text = call.body.get("query") or ""
    if not isinstance(text, str):
        raise bad_request("query must be a string")
    spec = Search("feature_requests", Grammar({}), text=("title", "description"))
    found = [
        one
        for one in _indexed(call, "feature_requests")
        if (not statuses or one.row.get("request_status") in statuses)
        and (not accounts or not accounts.isdisjoint(one.row.get("account_ids") or ()))
        and _contains(spec, one.row, text)
    ]
    rows = [row for _, row in _sorted("feature_requests", found, "created_at")[:limit]]
    return Page([orjson.dumps({name: row[name] for name in row if name != "evidence"}) for row in rows])


def _texts(call: Call, name: str) -> set[str]:
    values = call.body.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise bad_request(f"{name} must be a list of strings")
    return set(values)


SEARCHES = {
    "POST /accounts/search": Search("accounts", ACCOUNTS, kind="account", text=("name", "domain")),
    "POST /contacts/search": Search("contacts", CONTACTS, kind="contact", text=("name", "email")),
    "POST /users/search": Search("users", USERS),
    "POST /tasks/search": Search("tasks", TASKS, kind="task"),
    "POST /projects/search": Search("projects", PROJECTS, kind="project"),
    "POST /surveys/search": Search("surveys", SURVEYS, sort="updated_at", paged=False),
    "POST /call-recordings/search": Search("call_recordings", CALL_RECORDINGS, sort="start_time", high=1000),
    "POST /audit-logs/search": Search("audit_logs", AUDIT_LOGS, sort="action_happened_at"),
    "POST /custom-objects/{type}/search": Search("custom_objects", CUSTOM_OBJECTS, high=100, default=25),
}
HANDLERS: dict[str, Handler] = {name: partial(search, spec) for name, spec in SEARCHES.items()}
HANDLERS["POST /feature-requests/search"] = search_feature_requests
