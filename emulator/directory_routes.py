"""The collections without a time filter, and the caller's own identity."""

from __future__ import annotations

from functools import partial

import orjson

from .calls import Call, Handler, limit_of, paged, shown, whole
from .paging import Key
from .records import JSON
from .replies import Page, bad_request, not_found

MAX_PAGE = 999
DEFAULT_PAGE = 100


def get_me(call: Call) -> Page:
    """Answer `GET /me`."""
    return Page(orjson.dumps(call.world.rows("organization")[0]))


def list_rows(collection: str, call: Call) -> Page:
    """Answer with a whole collection."""
    return whole(call.world.rows(collection))


def list_pages(collection: str, limit_required: bool, call: Call) -> Page:
    """Answer with a page of a collection."""
    if limit_required and not call.query.get("limit"):
        raise bad_request("limit is required")
    limit = limit_of(call, MAX_PAGE, DEFAULT_PAGE)
    return paged(call, placed(call, collection), limit)


def get_row(collection: str, name: str, call: Call) -> Page:
    """Answer with one row of a collection, by its key or an external id."""
    row = call.world.row(collection, call.id)
    if row is None and collection == "accounts":
        row = next((row for row in call.world.rows(collection) if call.id in _external_ids(row)), None)
    if row is None:
        raise not_found(name)
    return Page(orjson.dumps(row))


def _external_ids(row: JSON) -> list[str]:
    return [entry["external_id"] for entry in row.get("external_ids") or []]


def placed(call: Call, collection: str, **wanted: str) -> list[tuple[Key, JSON]]:
    """Return the rows of a collection, with their places, whose fields are the `wanted` ones."""
    return [
        ((found.place, 0), shown(collection, found))
        for found in call.world.tables.placed(collection, **wanted)
    ]


def list_custom_fields(call: Call) -> Page:
    """Answer with the custom fields of one type of object."""
    kind = call.query.get("object_type")
    if kind not in call.settings.object_types:
        raise bad_request(f"object_type must be one of {', '.join(call.settings.object_types)}")
    return whole([row for row in call.world.rows("custom_fields") if row.get("object_type") == kind])


def list_collections(call: Call) -> Page:
    """Answer with the collections of a knowledge base."""
    return whole([row for _, row in _of_base(call, "kb_collections")])


def list_articles(call: Call) -> Page:
    """Answer with a page of the articles of a knowledge base."""
    return paged(call, _of_base(call, "kb_articles"), limit_of(call, MAX_PAGE, DEFAULT_PAGE))


def _of_base(call: Call, collection: str) -> list[tuple[Key, JSON]]:
    """Return the rows of the knowledge base in the path."""
    if call.world.row("knowledge_bases", call.id) is None:
        raise not_found("knowledge base")
    return placed(call, collection, knowledge_base_id=call.id)


def get_of_base(collection: str, name: str, call: Call) -> Page:
    """Answer with one row of the knowledge base in the path."""
    ident = call.params.get("article_id") or call.params.get("collection_id")
    row = next((row for _, row in _of_base(call, collection) if row["id"] == ident), None)
    if row is None:
        raise not_found(name)
    return Page(orjson.dumps(row))


HANDLERS: dict[str, Handler] = {
    "GET /me": get_me,
    "GET /accounts": partial(list_pages, "accounts", True),
    "GET /accounts/{id}": partial(get_row, "accounts", "account"),
    "GET /contacts": partial(list_pages, "contacts", False),
    "GET /contacts/{id}": partial(get_row, "contacts", "contact"),
    "GET /users": partial(list_rows, "users"),
    "GET /users/{id}": partial(get_row, "users", "user"),
    "GET /teams": partial(list_rows, "teams"),
    "GET /teams/{id}": partial(get_row, "teams", "team"),
    "GET /tags": partial(list_rows, "tags"),
    "GET /tags/{id}": partial(get_row, "tags", "tag"),
    "GET /custom-fields": list_custom_fields,
    "GET /custom-fields/{id}": partial(get_row, "custom_fields", "custom field"),
    "GET /ticket-forms": partial(list_rows, "ticket_forms"),
    "GET /ticket-forms/{id}": partial(get_row, "ticket_forms", "ticket form"),
    "GET /user-roles": partial(list_rows, "user_roles"),
    "GET /issue-statuses": partial(list_rows, "issue_statuses"),
    "GET /knowledge-bases": partial(list_rows, "knowledge_bases"),
    "GET /knowledge-bases/{id}": partial(get_row, "knowledge_bases", "knowledge base"),
    "GET /knowledge-bases/{id}/collections": list_collections,
    "GET /knowledge-bases/{id}/collections/{collection_id}": partial(
        get_of_base, "kb_collections", "collection"
    ),
    "GET /knowledge-bases/{id}/articles": list_articles,
    "GET /knowledge-bases/{id}/articles/{article_id}": partial(get_of_base, "kb_articles", "article"),
}
