"""Tasks with their comments, projects and milestones."""

from __future__ import annotations

from . import endpoints
from .model import TAIL, Column, Feed, PerParent, Table

DAILY = 24.0
WEEKLY = 168.0

MOVED = (("updated_at", "parent_updated_at"),)
"""How a parent tells that it moved, where it has a time of its last change."""

TASKS = Table(
    name="tasks",
    description="Things to be done for customers, one row each, subtasks included.",
    key=("id",),
    read=Feed(
        endpoint=endpoints.TASKS,
        search=endpoints.SEARCH_TASKS,
        changed="updated_at",
        created="created_at",
        refresh_hours=DAILY,
    ),
    columns=(
        Column("id", "text", "Identifies the task; task_comments refers to it as task_id."),
        Column("title", "text", "Short name of what is to be done."),
        Column("status", "text", "How far the task is: not_started, in_progress or completed."),
        Column("body_html", "text", "What is to be done, in full, as HTML."),
        Column("created_at", "timestamp", "When the task was set (UTC)."),
        Column("updated_at", "timestamp", "Last change that Pylon counts as one (UTC)."),
        Column("due_date", "timestamp", "When the task is to be finished (UTC); null if there is no hurry."),
        Column("account", "json", "The customer as a short object; null if the task serves none."),
        Column(
            "account_id",
            "text",
            "Customer for whom it is done, null if none; join accounts on id.",
            ("account", "id"),
        ),
        Column("assignee", "json", "Who is to do it, as an object with a user or a contact; null if nobody."),
        Column(
            "assignee_user_id",
            "text",
            "Agent who is to do it, null if it is a customer; join users on id.",
            ("assignee", "user", "id"),
        ),
        Column(
            "assignee_contact_id",
            "text",
            "Customer's person who is to do it, null if it is an agent; join contacts on id.",
            ("assignee", "contact", "id"),
        ),
        Column("project", "json", "The project as a short object; null outside of projects."),
        Column(
            "project_id",
            "text",
            "Project that the task is part of, null if none; join projects on id.",
            ("project", "id"),
        ),
        Column("milestone", "json", "The milestone as a short object; null if there is none."),
        Column(
            "milestone_id",
            "text",
            "Milestone that the task leads to, null if none; join milestones on id.",
            ("milestone", "id"),
        ),
        Column("parent_task_id", "text", "Task of which this is a part, null at the top; join tasks on id."),
        Column("subtask_ids", "json", "List of the parts of this task, each an id of tasks."),
        Column("customer_portal_visible", "bool", "True if the customer sees the task in the portal."),
        Column("custom_fields", "json", "Map from field slug to value or values; see custom_fields."),
        *TAIL,
    ),
)

TASK_COMMENTS = Table(
    name="task_comments",
    description="What was said on a task, one row for each comment.",
    key=("id", "task_id"),
    read=PerParent(
        endpoint=endpoints.TASK_COMMENTS,
        of="tasks",
        asked_by="task_id",
        ledger="parent_sync",
        moves=MOVED,
        witness=endpoints.GET_TASK,
        # whether a comment moves its task is undocumented, so that once in a while each task is asked
        refresh_hours=WEEKLY,
    ),
    columns=(
        Column("id", "text", "Identifies the comment."),
        Column("task_id", "text", "Task that is talked about; join tasks on id.", given=True),
        Column("body_html", "text", "What was said, as HTML."),
        Column("author", "json", "Who said it, as an object with a user or a contact."),
        Column(
            "author_user_id",
            "text",
            "Agent who said it, null if it was a customer; join users on id.",
            ("author", "user", "id"),
        ),
        Column(
            "author_contact_id",
            "text",
            "Customer's person who said it, null if it was an agent; join contacts on id.",
            ("author", "contact", "id"),
        ),
        Column("is_internal", "bool", "True if only agents can see the comment."),
        Column("created_at", "timestamp", "When it was said (UTC)."),
        Column("updated_at", "timestamp", "Last change of the comment, of whatever kind (UTC)."),
        Column("last_edited_at", "timestamp", "When its wording last changed (UTC); null if it never did."),
        *TAIL,
    ),
)

PROJECTS = Table(
    name="projects",
    description="Bundles of tasks for a customer, such as an onboarding, one row each.",
    key=("id",),
    read=Feed(
        endpoint=endpoints.PROJECTS,
        search=endpoints.PROJECTS,
        changed="updated_at",
        created="created_at",
        refresh_hours=DAILY,
    ),
    columns=(
        Column("id", "text", "Identifies the project; tasks refer to it as project_id."),
        Column("name", "text", "What the project is called."),
        Column("description_html", "text", "What the project is about, as HTML."),
        Column("account", "json", "The customer as a short object; null if the project serves none."),
        Column(
            "account_id",
            "text",
            "Customer for whom it is run, null if none; join accounts on id.",
            ("account", "id"),
        ),
        Column("owner_id", "text", "Agent who answers for the project, null if none; join users on id."),
        Column("project_template", "json", "The template it was made from, as a short object; may be null."),
        Column("start_date", "timestamp", "When the project is to begin (UTC)."),
        Column("end_date", "timestamp", "When the project is to end (UTC)."),
        Column("is_archived", "bool", "True once the project has been put away."),
        Column("archived_at", "timestamp", "When the project was put away (UTC); null if it is not."),
        Column("customer_portal_visible", "bool", "True if the customer sees the project in the portal."),
        Column("custom_fields", "json", "Map from field slug to value or values; see custom_fields."),
        Column("created_at", "timestamp", "When the project was set up (UTC)."),
        Column("updated_at", "timestamp", "Last change that Pylon counts as one (UTC)."),
        *TAIL,
    ),
)

MILESTONES = Table(
    name="milestones",
    description="Steps on the way of a project, one row for each that a task mentions.",
    key=("id",),
    read=PerParent(
        endpoint=endpoints.MILESTONES,
        of="tasks",
        asked_by="id",
        ledger="parent_sync",
        refer=("milestone", "id"),
        refresh_hours=DAILY,
    ),
    columns=(
        Column("id", "text", "Identifies the milestone; tasks refer to it as milestone_id."),
        Column("name", "text", "What the milestone is called."),
        Column("due_date", "timestamp", "When it is to be reached (UTC); null if there is no hurry."),
        Column("project", "json", "The project as a short object."),
        Column("project_id", "text", "Project that it is a step of; join projects on id.", ("project", "id")),
        Column("account", "json", "The customer as a short object; null if the project serves none."),
        Column(
            "account_id",
            "text",
            "Customer of the project, null if none; join accounts on id.",
            ("account", "id"),
        ),
        Column("created_at", "timestamp", "When the milestone was set (UTC)."),
        Column("updated_at", "timestamp", "Last change of the milestone itself (UTC)."),
        *TAIL,
    ),
)

ALL = (TASKS, TASK_COMMENTS, PROJECTS, MILESTONES)
