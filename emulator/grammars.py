"""What each search lets be filtered: its fields, their operators, and where in an object their values stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TIME = frozenset({"time_is_after", "time_is_before", "time_range"})
CHOICE = frozenset({"equals", "in", "not_in"})
OPTIONAL = CHOICE | {"is_set", "is_unset"}
MULTI = frozenset({"contains", "does_not_contain", "in", "not_in"})
STRING = frozenset({"string_contains", "string_does_not_contain"})
NUMBER = frozenset({"greater_than", "less_than", "greater_than_or_equals", "less_than_or_equals"})
CUSTOM = OPTIONAL | MULTI | STRING | NUMBER | {"not_equals"}
MANY = frozenset({"in", "not_in", "time_range"})
NONE = frozenset({"is_set", "is_unset"})
NAMED = CHOICE | {"string_contains"}
SET = frozenset({"is_set"})


@dataclass(frozen=True)
class Grammar:
    """The filters of one search.

    `paths` says where the values of a field are if not under its name, several places being looked at in turn.
    """

    fields: Mapping[str, frozenset[str]]
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    custom: bool = True
    """Whether the slug of a custom field is a field as well."""


ISSUES = Grammar(
    {
        "created_at": TIME,
        "updated_at": TIME,
        "resolved_at": TIME,
        "latest_message_activity_at": TIME,
        "account_id": OPTIONAL,
        "ticket_form_id": OPTIONAL,
        "requester_id": OPTIONAL,
        "assignee_id": OPTIONAL,
        "issue_type": OPTIONAL,
        "follower_user_id": CHOICE,
        "follower_contact_id": CHOICE,
        "state": CHOICE,
        "team_id": CHOICE | NONE,
        "slack_channel_id": CHOICE,
        "tags": MULTI | NONE,
        "title": STRING,
        "body_html": STRING,
    },
    {
        "resolved_at": ("resolution_time",),
        "latest_message_activity_at": ("latest_message_time",),
        "account_id": ("account.id",),
        "requester_id": ("requester.id",),
        "assignee_id": ("assignee.id",),
        "team_id": ("team.id",),
        "issue_type": ("type",),
        "slack_channel_id": ("slack.channel_id",),
    },
)
ACCOUNTS = Grammar(
    {
        "id": CHOICE,
        "domains": MULTI,
        "tags": MULTI,
        "name": NAMED,
        "external_ids": OPTIONAL,
        "owner_id": OPTIONAL,
    },
    {"external_ids": ("external_ids.external_id",), "owner_id": ("owner.id",)},
)
CONTACTS = Grammar(
    {"id": CHOICE, "email": NAMED, "name": NAMED, "account_id": CHOICE}, {"account_id": ("account.id",)}
)
USERS = Grammar({"email": CHOICE}, {"email": ("emails", "email")}, custom=False)
TASKS = Grammar(
    {
        "account_id": CHOICE | SET,
        "project_id": OPTIONAL,
        "status": CHOICE,
        "assignee_id": CHOICE | SET,
        "milestone_id": CHOICE | SET,
        "created_at": TIME,
        "due_date": TIME | SET,
        "updated_at": TIME,
    },
    {
        "account_id": ("account.id",),
        "project_id": ("project.id",),
        "assignee_id": ("assignee.user.id", "assignee.contact.id"),
        "milestone_id": ("milestone.id",),
    },
)
PROJECTS = Grammar(
    {
        "account_id": CHOICE | SET,
        "status": CHOICE,
        "owner_id": OPTIONAL,
        "is_archived": frozenset({"equals"}),
        "created_at": TIME,
        "updated_at": TIME,
    },
    {"account_id": ("account.id",)},
)
SURVEYS = Grammar({"updated_at": TIME}, custom=False)
AUDIT_LOGS = Grammar({"action": CHOICE | STRING, "action_happened_at": TIME}, custom=False)
CALL_RECORDINGS = Grammar(
    {
        "account_id": OPTIONAL,
        "source": CHOICE,
        "title": frozenset({"equals", "string_contains"}),
        "start_time": TIME,
    },
    custom=False,
)
CUSTOM_OBJECTS = Grammar({"name": OPTIONAL | STRING, "created_at": TIME, "updated_at": TIME})
