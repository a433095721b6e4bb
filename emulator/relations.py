"""What a new row of a collection bears, and how the collections hang together."""

from __future__ import annotations

from .records import JSON

CREATED = ("created_at", "updated_at")
TIMES: dict[str, tuple[str, ...]] = {
    "surveys": ("updated_at",),
    "survey_responses": ("submitted_at",),
    "audit_logs": ("action_happened_at", "created_at"),
    "call_recordings": (*CREATED, "start_time", "end_time"),
    "issue_voice_calls": ("created_at",),
    "email_suppressions": ("created_at",),
    **dict.fromkeys(
        ("projects", "milestones", "tasks", "task_comments", "macro_groups", "macros", "feature_requests"),
        CREATED,
    ),
    **dict.fromkeys(("custom_objects", "training_data", "account_relationships"), CREATED),
}
"""What a new row of a collection is dated by."""
FRESH: dict[str, JSON] = {
    "projects": {"name": "Project", "account": None, "is_archived": False, "custom_fields": {}},
    "milestones": {"name": "Milestone", "account": None, "project": None},
    "tasks": {
        "title": "Task",
        "status": "not_started",
        "account": None,
        "assignee": None,
        "custom_fields": {},
    },
    "task_comments": {"body_html": "<p>Hm</p>", "is_internal": True},
    "macro_groups": {"title": "Group"},
    "macros": {"name": "Macro", "text_type": "reply", "text_html": "<p>Hi</p>", "has_actions": False},
    "surveys": {"name": "Survey", "type": "custom"},
    "survey_responses": {"answers": []},
    "feature_requests": {"title": "Request", "request_status": "new", "custom_fields": {}, "evidence": []},
    "call_recordings": {"title": "Call", "source": "gong", "duration_ms": 0, "participant_emails": []},
    "issue_voice_calls": {"duration_sec": 0, "recordings": []},
    "activity_types": {"label": "Activity", "slug": "activity"},
    "audit_logs": {"action": "issue_updated", "object_type": "issue", "source": "api"},
    "custom_objects": {"name": "Object", "custom_fields": {}, "relations": []},
    "training_data": {"name": "Handbook", "type": "website", "documents": []},
    "account_relationships": {"relationship_type": "parent_account"},
    "email_suppressions": {"email": "nobody@sample.example", "reason": "hard_bounce"},
}
"""What else a new row bears if nothing is said."""
PARENTS = {"task_comments": ("tasks", "task_id"), "survey_responses": ("surveys", "survey_id")}
"""What the rows of a collection are within, and the field that says so."""
WITHIN: dict[str, tuple[tuple[str, str], ...]] = {
    "knowledge_bases": (("kb_collections", "knowledge_base_id"), ("kb_articles", "knowledge_base_id")),
    "tasks": (("task_comments", "task_id"),),
    "surveys": (("survey_responses", "survey_id"),),
    "accounts": (
        ("account_relationships", "child_account_id"),
        ("account_relationships", "parent_account_id"),
    ),
}
"""What goes with a row of a collection: children, and the field that names their parent."""
LOOSE: dict[str, tuple[tuple[str, str], ...]] = {
    "tasks": (("tasks", "parent_task_id"), ("tasks", "subtask_ids")),
    "projects": (("tasks", "project"), ("milestones", "project")),
    "milestones": (("tasks", "milestone"),),
    "macro_groups": (("macros", "macro_group_id"),),
}
"""What refers to a row of a collection, and by which field; it does so no longer once the row is gone."""
AUDITED = {"accounts": "account", "contacts": "contact", "tasks": "task", "projects": "project"}
"""Collections of whose deletions the audit log tells, beside issues."""
MOVING = (
    "contacts", "projects", "milestones", "tasks", "survey_responses", "feature_requests", "call_recordings",
    "custom_objects", "account_relationships",
)  # fmt: skip
"""What belongs to an account, beside its issues."""
