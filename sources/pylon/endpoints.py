"""Every endpoint that is read, once. Limits are those of the OpenAPI document of July 2026."""

from __future__ import annotations

from .model import Endpoint

OBJECT_TYPES = ("account", "issue", "contact", "task", "project", "meeting", "opportunity")
"""The kinds of object that can have custom fields."""

ME = Endpoint("me", "GET", "/me", "high", paged=False, note="OpenAPI document. The cheap check of a token.")

LIST_ISSUES = Endpoint(
    "list_issues",
    "GET",
    "/issues",
    "low",
    paged=True,
    page_size=2000,  # 20000 would save some requests, but a page is held in memory, ten times as large as it came
    max_page_size=20000,
    query=("start_time", "end_time"),
    note="OpenAPI document. The range, at most 30 days, is over created_at (seen). Old servers do not page.",
)

SEARCH_ISSUES = Endpoint(
    "search_issues",
    "POST",
    "/issues/search",
    "medium",
    paged=True,
    page_size=999,
    max_page_size=999,
    note="OpenAPI document. Newest first and not sortable (seen). Cursor and limit go into the body.",
)

GET_ISSUE = Endpoint(
    "get_issue",
    "GET",
    "/issues/{issue_id}",
    "high",
    paged=False,
    note="OpenAPI document. Takes an id or a number; 404 is the second witness of a deletion.",
)

ISSUE_MESSAGES = Endpoint(
    "issue_messages",
    "GET",
    "/issues/{issue_id}/messages",
    "medium",
    paged=True,
    page_size=None,  # without a limit the whole conversation comes in one piece
    max_page_size=1000,
    note="OpenAPI document. Pages only where limit or cursor is sent; a cursor is followed nevertheless.",
)

ISSUE_THREADS = Endpoint(
    "issue_threads",
    "GET",
    "/issues/{issue_id}/threads",
    "medium",
    paged=False,
    note="OpenAPI document. data can be null (seen).",
)

ISSUE_FOLLOWERS = Endpoint(
    "issue_followers", "GET", "/issues/{issue_id}/followers", "high", paged=False, note="OpenAPI document."
)

ACCOUNTS = Endpoint(
    "accounts",
    "GET",
    "/accounts",
    "high",
    paged=True,
    page_size=999,
    max_page_size=999,
    note="OpenAPI document. limit is required.",
)

CONTACTS = Endpoint(
    "contacts",
    "GET",
    "/contacts",
    "high",
    paged=True,
    page_size=999,
    max_page_size=999,
    note="OpenAPI document, which lists cursor and limit at GET /contacts/{id}, by mistake as it seems.",
)

USERS = Endpoint("users", "GET", "/users", "high", paged=True, note="OpenAPI document. No limit parameter.")

TEAMS = Endpoint("teams", "GET", "/teams", "high", paged=True, note="OpenAPI document. No limit parameter.")

TAGS = Endpoint("tags", "GET", "/tags", "high", paged=True, note="OpenAPI document. No limit parameter.")

CUSTOM_FIELDS = Endpoint(
    "custom_fields",
    "GET",
    "/custom-fields",
    "high",
    paged=True,
    query=("object_type",),
    note="OpenAPI document. Asked once for each object type; no limit is documented.",
)

TICKET_FORMS = Endpoint(
    "ticket_forms", "GET", "/ticket-forms", "high", paged=True, note="OpenAPI document. No limit parameter."
)

USER_ROLES = Endpoint(
    "user_roles", "GET", "/user-roles", "high", paged=True, note="OpenAPI document. No limit parameter."
)

ISSUE_STATUSES = Endpoint(
    "issue_statuses",
    "GET",
    "/issue-statuses",
    "low",
    paged=True,
    note="OpenAPI document. No limit parameter.",
)

KNOWLEDGE_BASES = Endpoint(
    "knowledge_bases",
    "GET",
    "/knowledge-bases",
    "high",
    paged=True,
    note="OpenAPI document. No limit parameter.",
)

KB_COLLECTIONS = Endpoint(
    "kb_collections",
    "GET",
    "/knowledge-bases/{knowledge_base_id}/collections",
    "medium",
    paged=False,
    note="OpenAPI document.",
)

KB_ARTICLES = Endpoint(
    "kb_articles",
    "GET",
    "/knowledge-bases/{knowledge_base_id}/articles",
    "medium",
    paged=True,
    page_size=999,
    max_page_size=999,
    note="OpenAPI document. Without language the articles come in the knowledge base's default language.",
)

ALL = (
    ME,
    LIST_ISSUES,
    SEARCH_ISSUES,
    GET_ISSUE,
    ISSUE_MESSAGES,
    ISSUE_THREADS,
    ISSUE_FOLLOWERS,
    ACCOUNTS,
    CONTACTS,
    USERS,
    TEAMS,
    TAGS,
    CUSTOM_FIELDS,
    TICKET_FORMS,
    USER_ROLES,
    ISSUE_STATUSES,
    KNOWLEDGE_BASES,
    KB_COLLECTIONS,
    KB_ARTICLES,
)
