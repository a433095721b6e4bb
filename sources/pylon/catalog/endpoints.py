"""Every endpoint that is read, once. Limits are those of the OpenAPI document of July 2026, if no note says more."""

from __future__ import annotations

from .model import Endpoint

OBJECT_TYPES = ("account", "issue", "contact", "task", "project", "meeting", "opportunity")
"""The kinds of object that can have custom fields."""

ME = Endpoint(
    "me",
    "GET",
    "/me",
    "high",
    paged=False,
    single=True,
    note="OpenAPI document. The cheap check of a token, and the organisation's one row.",
)

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
    single=True,
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

GET_CONTACT = Endpoint(
    "get_contact",
    "GET",
    "/contacts/{contact_id}",
    "high",
    paged=False,
    page_size=999,
    max_page_size=999,
    note="OpenAPI document, which requires a limit here, by mistake as it seems; one is sent in any case.",
)

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

TASKS = Endpoint(
    "tasks",
    "GET",
    "/tasks",
    "high",
    paged=True,
    page_size=999,
    max_page_size=999,
    note="OpenAPI document. Lists everything; changes come from the search.",
)

SEARCH_TASKS = Endpoint(
    "search_tasks",
    "POST",
    "/tasks/search",
    "medium",
    paged=True,
    page_size=999,
    max_page_size=999,
    note="OpenAPI document. Filters on created_at and updated_at, among others.",
)

GET_TASK = Endpoint(
    "get_task",
    "GET",
    "/tasks/{task_id}",
    "high",
    paged=False,
    single=True,
    note="OpenAPI document. Asked only where the comments of a task are refused.",
)

TASK_COMMENTS = Endpoint(
    "task_comments",
    "GET",
    "/tasks/{task_id}/comments",
    "high",
    paged=False,
    note="OpenAPI document. Oldest first, in one piece.",
)

PROJECTS = Endpoint(
    "projects",
    "POST",
    "/projects/search",
    "medium",
    paged=True,
    page_size=999,
    max_page_size=999,
    note="OpenAPI document. The only list of projects; without a filter it holds them all.",
)

MILESTONES = Endpoint(
    "milestones",
    "GET",
    "/milestones/{id}",
    "high",
    paged=False,
    single=True,
    note="OpenAPI document. There is no list: only tasks tell which milestones there are.",
)

MACROS = Endpoint(
    "macros",
    "GET",
    "/macros",
    "high",
    paged=False,
    note="OpenAPI document. Without macro_group_id the macros of all groups come.",
)

MACRO_GROUPS = Endpoint("macro_groups", "GET", "/macro-groups", "high", paged=False, note="OpenAPI document.")

SURVEYS = Endpoint("surveys", "GET", "/surveys", "high", paged=False, note="OpenAPI document. In one piece.")

SURVEY_RESPONSES = Endpoint(
    "survey_responses",
    "GET",
    "/surveys/{survey_id}/responses",
    "high",
    paged=True,
    page_size=999,
    max_page_size=999,
    note="OpenAPI document. submitted_after and submitted_before narrow it down.",
)

FEATURE_REQUESTS = Endpoint(
    "feature_requests",
    "POST",
    "/feature-requests/search",
    "medium",
    paged=False,
    page_size=1000,
    max_page_size=1000,
    note="OpenAPI document. There is no cursor: beyond 1000 nothing more can be had.",
)

FEATURE_REQUEST_EVIDENCE = Endpoint(
    "feature_request_evidence",
    "GET",
    "/feature-requests/{feature_request_id}",
    "high",
    paged=False,
    fixed=(("fetch_evidence", "true"),),
    single=True,
    note="OpenAPI document. The search has all but the evidence.",
)

AUDIT_LOGS = Endpoint(
    "audit_logs",
    "POST",
    "/audit-logs/search",
    "low",
    paged=True,
    page_size=999,
    max_page_size=999,
    note="OpenAPI document. Filters on action_happened_at.",
)

CALL_RECORDINGS = Endpoint(
    "call_recordings",
    "POST",
    "/call-recordings/search",
    "medium",
    paged=True,
    page_size=1000,
    max_page_size=1000,
    note="OpenAPI document. Filters on start_time, which tells nothing of later edits.",
)

ISSUE_VOICE_CALLS = Endpoint(
    "issue_voice_calls",
    "GET",
    "/issues/{issue_id}/voice-calls",
    "medium",
    paged=False,
    note="OpenAPI document. Recordings appear once their transcript is ready.",
)

ACTIVITY_TYPES = Endpoint(
    "activity_types",
    "GET",
    "/activity-types",
    "low",
    paged=True,
    note="OpenAPI document. No limit parameter.",
)

TRAINING_DATA = Endpoint(
    "training_data", "GET", "/training-data", "high", paged=False, note="OpenAPI document. In one piece."
)

ACCOUNT_RELATIONSHIPS = Endpoint(
    "account_relationships",
    "GET",
    "/accounts/{child_account_id}/relationships",
    "high",
    paged=False,
    note="OpenAPI document. Shows an account as the child or client, so each relationship once.",
)

GET_ACCOUNT = Endpoint(
    "get_account",
    "GET",
    "/accounts/{child_account_id}",
    "high",
    paged=False,
    single=True,
    note="OpenAPI document. Asked only where the relationships of an account are refused.",
)

EMAIL_SUPPRESSIONS = Endpoint(
    "email_suppressions",
    "GET",
    "/email-suppressions",
    "high",
    paged=True,
    page_size=1000,
    max_page_size=1000,
    note="Pylon's reference of autumn 2026, newer than the OpenAPI document. Older servers do not have it.",
)

CUSTOM_OBJECTS = Endpoint(
    "custom_objects",
    "GET",
    "/custom-objects/{type}",
    "high",
    paged=True,
    page_size=100,
    max_page_size=100,
    note="OpenAPI document. Which types there are is nowhere to be read.",
)

SEARCH_CUSTOM_OBJECTS = Endpoint(
    "search_custom_objects",
    "POST",
    "/custom-objects/{type}/search",
    "medium",
    paged=True,
    page_size=100,
    max_page_size=100,
    note="OpenAPI document. Filters on created_at and updated_at.",
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
    GET_CONTACT,
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
    TASKS,
    SEARCH_TASKS,
    GET_TASK,
    TASK_COMMENTS,
    PROJECTS,
    MILESTONES,
    MACROS,
    MACRO_GROUPS,
    SURVEYS,
    SURVEY_RESPONSES,
    FEATURE_REQUESTS,
    FEATURE_REQUEST_EVIDENCE,
    AUDIT_LOGS,
    CALL_RECORDINGS,
    ISSUE_VOICE_CALLS,
    ACTIVITY_TYPES,
    TRAINING_DATA,
    EMAIL_SUPPRESSIONS,
    ACCOUNT_RELATIONSHIPS,
    GET_ACCOUNT,
    CUSTOM_OBJECTS,
    SEARCH_CUSTOM_OBJECTS,
)
