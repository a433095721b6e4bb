"""Issues and what hangs on them."""

from __future__ import annotations

from functools import partial

from . import endpoints
from .model import TAIL, Column, Issues, PerParent, Table

MOVED = (("updated_at", "issue_updated_at"), ("latest_message_time", "latest_message_time"))
"""How an issue tells that its conversation may have moved."""

of_issues = partial(
    PerParent,
    of="issues",
    asked_by="issue_id",
    ledger="issue_sync",
    moves=MOVED,
    witness=endpoints.GET_ISSUE,
)
"""How a table is read that hangs on issues: once for each, and again when it may have moved."""

ISSUES = Table(
    name="issues",
    description="Support requests, one row each, with state, people and time measures.",
    key=("id",),
    read=Issues(endpoint=endpoints.LIST_ISSUES, search=endpoints.SEARCH_ISSUES),
    columns=(
        Column("id", "text", "Identifies the issue; the child tables refer to it as issue_id."),
        Column("number", "bigint", "Short running number that people use to name the issue."),
        Column("title", "text", "Subject line; reads SCRUBBED once the content has been erased."),
        Column("state", "text", "Current status; join issue_statuses on slug."),
        Column("type", "text", "Either conversation or ticket."),
        Column(
            "source", "text", "Channel on which the request came in, such as email, slack or chat_widget."
        ),
        Column("created_at", "timestamp", "When the issue came into being (UTC)."),
        Column(
            "updated_at", "timestamp", "Last change that Pylon counts as one (UTC); not every edit moves it."
        ),
        Column("latest_message_time", "timestamp", "When the newest message was sent (UTC)."),
        Column(
            "account", "json", "The customer as a short object with id and external ids; null where unknown."
        ),
        Column(
            "account_id",
            "text",
            "Customer that the issue belongs to; join accounts on id.",
            ("account", "id"),
        ),
        Column("requester", "json", "The person who asked, as a short object with id and email."),
        Column("requester_id", "text", "Person who asked; join contacts on id.", ("requester", "id")),
        Column("requester_email", "text", "Address of the person who asked.", ("requester", "email")),
        Column(
            "assignee",
            "json",
            "The agent in charge, as a short object with id and email; null if unassigned.",
        ),
        Column(
            "assignee_id",
            "text",
            "Agent in charge, null if unassigned; join users on id.",
            ("assignee", "id"),
        ),
        Column("assignee_email", "text", "Address of the agent in charge.", ("assignee", "email")),
        Column("team", "json", "The team in charge, as a short object with its id; null if there is none."),
        Column("team_id", "text", "Team in charge, null if there is none; join teams on id.", ("team", "id")),
        Column("tags", "json", "List of tag names; join tags on value where object_type is issue."),
        Column(
            "custom_fields",
            "json",
            "Map from field slug to value or values, priority included; see custom_fields.",
        ),
        Column("body_html", "text", "Text of the opening request as HTML."),
        Column(
            "attachment_urls",
            "urls",
            "Addresses of attached files without their signatures, so not downloadable.",
        ),
        Column("link", "text", "Opens the issue in the Pylon app."),
        Column("first_response_time", "timestamp", "When an agent first answered (UTC); null until then."),
        Column("first_response_seconds", "bigint", "Seconds until the first answer, round the clock."),
        Column(
            "business_hours_first_response_seconds",
            "bigint",
            "Seconds until the first answer, working hours only.",
        ),
        Column(
            "first_response_breach_time",
            "timestamp",
            "Deadline for the first answer (UTC); null where no such target runs.",
        ),
        Column("resolution_time", "timestamp", "When the issue was solved (UTC); null while it is open."),
        Column("resolution_seconds", "bigint", "Seconds until the solution, round the clock."),
        Column(
            "business_hours_resolution_seconds", "bigint", "Seconds until the solution, working hours only."
        ),
        Column(
            "resolution_breach_time",
            "timestamp",
            "Deadline for the solution (UTC); null where no such target runs.",
        ),
        Column(
            "team_slas",
            "json",
            "List of response and resolution targets by team, with team_id, times and deadlines.",
        ),
        Column(
            "time_in_status_seconds", "json", "Map from status slug to seconds spent there, round the clock."
        ),
        Column(
            "business_hours_time_in_status_seconds",
            "json",
            "Map from status slug to seconds spent there, working hours only.",
        ),
        Column(
            "active_time_seconds", "bigint", "Seconds that agents worked on the issue, all agents together."
        ),
        Column(
            "business_hours_active_time_seconds",
            "bigint",
            "Seconds of agents' work that fell into working hours.",
        ),
        Column(
            "active_time_by_user", "json", "List of working seconds by agent; its user_id joins users on id."
        ),
        Column(
            "number_of_touches", "bigint", "How many times agents dealt with the issue, by Pylon's count."
        ),
        Column(
            "csat_responses", "json", "List of satisfaction ratings, each with a score and perhaps a comment."
        ),
        Column(
            "snoozed_until_time", "timestamp", "When a snoozed issue comes back (UTC); null if not snoozed."
        ),
        Column("customer_portal_visible", "bool", "True if the customer sees the issue in the portal."),
        Column("author_unverified", "bool", "True if at least one sender could not be authenticated."),
        Column(
            "parent_issue_group",
            "json",
            "The group that the issue is part of, as a short object; null if none.",
        ),
        Column(
            "parent_issue_id",
            "text",
            "Group that the issue is part of, null if none; join issues on id.",
            ("parent_issue_group", "id"),
        ),
        Column("child_issues", "json", "List of short objects for the members, where the issue is a group."),
        Column("external_issues", "json", "List of linked items in trackers such as Jira, Linear or GitHub."),
        Column(
            "slack", "json", "Slack workspace, channel and first message, where the issue began in Slack."
        ),
        Column(
            "chat_widget_info",
            "json",
            "Page on which the chat was opened, where the issue began in the widget.",
        ),
        *TAIL,
    ),
)

ISSUE_MESSAGES = Table(
    name="issue_messages",
    description="Everything said on an issue, one row each: replies to and fro and internal notes.",
    key=("id", "issue_id"),
    read=of_issues(endpoint=endpoints.ISSUE_MESSAGES, is_told_by_times=True),
    columns=(
        Column("id", "text", "Identifies the message."),
        Column("issue_id", "text", "Issue that the message is part of; join issues on id.", given=True),
        Column("timestamp", "timestamp", "When the message was sent (UTC)."),
        Column("is_private", "bool", "True for an internal note, false for what the customer can read."),
        Column("source", "text", "Channel through which the message came."),
        Column("author", "json", "Sender with name, avatar and a short user or contact object."),
        Column("author_name", "text", "Sender's display name.", ("author", "name")),
        Column(
            "author_user_id",
            "text",
            "Agent who wrote, null otherwise; join users on id.",
            ("author", "user", "id"),
        ),
        Column(
            "author_contact_id",
            "text",
            "Customer who wrote, null otherwise; join contacts on id.",
            ("author", "contact", "id"),
        ),
        Column("message_html", "text", "What was written, as HTML; replaced when the message is redacted."),
        Column(
            "file_urls", "urls", "Addresses of attached files without their signatures, so not downloadable."
        ),
        Column(
            "thread_id", "text", "Discussion of an internal note, null for replies; join issue_threads on id."
        ),
        Column(
            "email_info",
            "json",
            "Sender, recipients and Message-ID header of an email; null on other channels.",
        ),
        *TAIL,
    ),
)

ISSUE_THREADS = Table(
    name="issue_threads",
    description="Discussions among agents beside an issue, one row each; the notes are in issue_messages.",
    key=("id", "issue_id"),
    read=of_issues(endpoint=endpoints.ISSUE_THREADS, is_null_if_none=True),  # seen
    columns=(
        Column("id", "text", "Identifies the discussion; issue_messages refers to it as thread_id."),
        Column("issue_id", "text", "Issue that is being discussed; join issues on id.", given=True),
        Column("name", "text", "Heading of the discussion."),
        Column("source", "text", "Where the discussion takes place, in Pylon or on a chat platform."),
        Column("channel_id", "text", "Chat channel that mirrors the discussion; null if it is not mirrored."),
        Column(
            "thread_id", "text", "The chat platform's own id of the mirrored thread; no join partner here."
        ),
        *TAIL,
    ),
)

ISSUE_FOLLOWERS = Table(
    name="issue_followers",
    description="Who is kept informed about an issue, one row for each follower of each issue.",
    key=("issue_id", "type", "id"),
    read=of_issues(endpoint=endpoints.ISSUE_FOLLOWERS),
    columns=(
        Column("issue_id", "text", "Issue that is followed; join issues on id.", given=True),
        Column("type", "text", "Says whether id names a user (agent) or a contact (customer)."),
        Column("id", "text", "The follower; join users or contacts on id, as type says."),
        *TAIL,
    ),
)

ALL = (ISSUES, ISSUE_MESSAGES, ISSUE_THREADS, ISSUE_FOLLOWERS)
