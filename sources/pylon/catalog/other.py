"""Surveys, feature requests, macros, calls, the audit log and the rest of what the API can read."""

from __future__ import annotations

from . import endpoints
from .issues import of_issues
from .model import SYNCED_AT, TAIL, Column, Configured, Feed, Per, PerParent, RowsOf, Table, Whole
from .work import DAILY, MOVED, WEEKLY

WEEK_SECONDS = 7 * 86_400.0

MACROS = Table(
    name="macros",
    description="Prepared answers and actions that agents can apply to an issue, one row each.",
    key=("id",),
    read=Whole(endpoint=endpoints.MACROS, refresh_hours=DAILY),
    columns=(
        Column("id", "text", "Identifies the macro."),
        Column("name", "text", "What the macro is called."),
        Column("macro_group_id", "text", "Group that it stands in, null if none; join macro_groups on id."),
        Column("text_type", "text", "Kind of text that it writes: reply, note or email."),
        Column("text_html", "text", "The text that it writes, as HTML."),
        Column("has_actions", "bool", "True if it does more than write a text."),
        Column("actions", "json", "List of what it does, each with its type."),
        Column("visibility", "json", "Who may use it: a type, and lists of users and teams."),
        Column("created_at", "timestamp", "When the macro was made (UTC)."),
        Column("updated_at", "timestamp", "Last change of the macro (UTC)."),
        *TAIL,
    ),
)

MACRO_GROUPS = Table(
    name="macro_groups",
    description="Groups into which macros are sorted, one row each.",
    key=("id",),
    read=Whole(endpoint=endpoints.MACRO_GROUPS, refresh_hours=DAILY),
    columns=(
        Column("id", "text", "Identifies the group; macros refer to it as macro_group_id."),
        Column("title", "text", "What the group is called."),
        Column("created_at", "timestamp", "When the group was made (UTC)."),
        Column("updated_at", "timestamp", "Last change of the group (UTC)."),
        *TAIL,
    ),
)

SURVEYS = Table(
    name="surveys",
    description="Questionnaires that customers are asked to fill in, one row each.",
    key=("id",),
    read=Whole(endpoint=endpoints.SURVEYS, refresh_hours=DAILY),
    columns=(
        Column("id", "text", "Identifies the survey; survey_responses refers to it as survey_id."),
        Column("name", "text", "What the survey is called."),
        Column("type", "text", "What it measures: nps, csat or custom."),
        Column("updated_at", "timestamp", "Last change of the questionnaire (UTC)."),
        *TAIL,
    ),
)

SURVEY_RESPONSES = Table(
    name="survey_responses",
    description="Answers of customers to surveys, one row for each filled-in questionnaire.",
    key=("id",),
    read=Feed(
        endpoint=endpoints.SURVEY_RESPONSES,
        search=endpoints.SURVEY_RESPONSES,
        changed="submitted_at",
        created="submitted_at",
        refresh_hours=DAILY,
        per=Per("survey_id", RowsOf("surveys")),
        bounds=("submitted_after", "submitted_before"),
    ),
    columns=(
        Column("id", "text", "Identifies the filled-in questionnaire."),
        Column("survey_id", "text", "Survey that was answered; join surveys on id.", given=True),
        Column("account_id", "text", "Company that answered, null if unknown; join accounts on id."),
        Column("contact_id", "text", "Person who answered, null if unknown; join contacts on id."),
        Column("submitted_at", "timestamp", "When the answers were sent (UTC)."),
        Column("answers", "json", "List of the answers, each with the question, its kind and the value."),
        *TAIL,
    ),
)

FEATURE_REQUESTS = Table(
    name="feature_requests",
    description="Wishes for the product, as gathered from customers, one row each.",
    key=("id",),
    read=Whole(endpoint=endpoints.FEATURE_REQUESTS, refresh_hours=DAILY),
    columns=(
        Column("id", "text", "Identifies the wish."),
        Column("title", "text", "The wish in a few words."),
        Column("description", "text", "The wish in full."),
        Column(
            "request_status",
            "text",
            "How far it is: one of Pylon's statuses, such as in_progress, or your own.",
        ),
        Column("account_ids", "json", "List of the companies that asked for it, each an id of accounts."),
        Column("evidence_count", "bigint", "How often it was asked for, as far as relevant."),
        Column(
            "portal_visible_to_account_ids",
            "json",
            "List of the companies that see it in the portal; empty if none does.",
        ),
        Column("custom_fields", "json", "Map from field slug to value or values; see custom_fields."),
        Column("created_at", "timestamp", "When the wish was written down (UTC)."),
        Column("updated_at", "timestamp", "Last change of the wish (UTC)."),
        *TAIL,
    ),
)

FEATURE_REQUEST_EVIDENCE = Table(
    name="feature_request_evidence",
    description="Where a wish was uttered, one row for each piece of evidence.",
    key=("feature_request_id", "position"),
    read=PerParent(
        endpoint=endpoints.FEATURE_REQUEST_EVIDENCE,
        of="feature_requests",
        asked_by="feature_request_id",
        ledger="parent_sync",
        moves=MOVED,
        witness=endpoints.FEATURE_REQUEST_EVIDENCE,
        rows_at="evidence",
        # whether a new piece of evidence moves the wish is undocumented
        refresh_hours=WEEKLY,
    ),
    columns=(
        Column(
            "feature_request_id", "text", "Wish that it supports; join feature_requests on id.", given=True
        ),
        Column("position", "bigint", "Place in the list, from 0; evidence has no id of its own.", given=True),
        Column("source_type", "text", "Kind of place: issue, call_recording, survey_response or manual."),
        Column("source_id", "text", "Issue in which it was uttered, null elsewhere; join issues on id."),
        Column("account_id", "text", "Company that uttered it, null if unknown; join accounts on id."),
        Column("external_url", "text", "Address of the call in the tool that recorded it; null elsewhere."),
        Column("summary", "text", "Why it supports the wish, in words that Pylon generated."),
        *TAIL,
    ),
)

AUDIT_LOGS = Table(
    name="audit_logs",
    description="Who did what in Pylon, one row for each action.",
    key=("id",),
    read=Feed(
        endpoint=endpoints.AUDIT_LOGS,
        search=endpoints.AUDIT_LOGS,
        changed="action_happened_at",
        created="action_happened_at",
        refresh_hours=None,  # nothing in the API edits or deletes an entry, and to list them all costs hours
    ),
    off="personal: it tells what each agent does; and 10 requests a minute are all that is allowed",
    columns=(
        Column("id", "text", "Identifies the entry."),
        Column("action", "text", "What was done, such as update_issue."),
        Column("action_happened_at", "timestamp", "When it was done (UTC)."),
        Column("actor_user_id", "text", "Agent who did it, null if none did; join users on id."),
        Column(
            "actor_contact_id", "text", "Customer's person who did it, null if none; join contacts on id."
        ),
        Column("object_type", "text", "Kind of thing to which it was done."),
        Column(
            "object_id", "text", "Thing to which it was done; which table it joins depends on object_type."
        ),
        Column("source", "text", "From where it was done, such as the app or the API."),
        Column("link", "text", "Address at which it can be looked at; null if there is none."),
        Column("attributes", "json", "Map of names to texts with the details."),
        Column("metadata", "json", "Further details, of a shape that depends on the action."),
        Column("created_at", "timestamp", "When the entry was written (UTC)."),
        *TAIL,
    ),
)

CALL_RECORDINGS = Table(
    name="call_recordings",
    description="Recorded calls with customers from meeting tools, one row each, without the sound.",
    key=("id",),
    read=Feed(
        endpoint=endpoints.CALL_RECORDINGS,
        search=endpoints.CALL_RECORDINGS,
        changed="start_time",
        created="start_time",
        refresh_hours=DAILY,
        # a recording is imported some time after its call began
        lookback_seconds=WEEK_SECONDS,
    ),
    off="personal: it holds summaries of what was said and the addresses of those who took part",
    columns=(
        Column("id", "text", "Identifies the recording."),
        Column("title", "text", "What the call was called."),
        Column("source", "text", "Tool that recorded the call, such as gong, fathom or grain."),
        Column("external_id", "text", "The recording's own number in that tool; no join partner here."),
        Column("url", "text", "Where the recording can be heard."),
        Column("start_time", "timestamp", "When the call began (UTC)."),
        Column("end_time", "timestamp", "When the call ended (UTC)."),
        Column("duration_ms", "bigint", "How long the call took, in milliseconds."),
        Column("account_id", "text", "Customer who was called, null if unknown; join accounts on id."),
        Column("calendar_event_id", "text", "Appointment of the call; no join partner here."),
        Column("participant_emails", "json", "List of the addresses of those who took part."),
        Column("summary", "text", "What was said, in short."),
        Column("custom_fields", "json", "Map from field slug to value or values; see custom_fields."),
        Column("created_at", "timestamp", "When the recording came into Pylon (UTC)."),
        Column("updated_at", "timestamp", "Last change of the entry (UTC)."),
        *TAIL,
    ),
)

ISSUE_VOICE_CALLS = Table(
    name="issue_voice_calls",
    description="Telephone calls of issues that came in by phone, one row each, with transcripts.",
    key=("id", "issue_id"),
    read=of_issues(endpoint=endpoints.ISSUE_VOICE_CALLS, only=("source", "phone")),
    off="personal: it holds telephone numbers and what was said word for word",
    columns=(
        Column("id", "text", "Identifies the call."),
        Column("issue_id", "text", "Issue that the call belongs to; join issues on id.", given=True),
        Column("from_phone_number", "text", "Number of the caller."),
        Column("to_phone_number", "text", "Number that was called."),
        Column("duration_sec", "bigint", "How long the call took, in seconds."),
        Column("recordings", "urls", "List of recordings, each with its transcript; addresses are unsigned."),
        Column("created_at", "timestamp", "When the entry of the call was made (UTC)."),
        *TAIL,
    ),
)

ACTIVITY_TYPES = Table(
    name="activity_types",
    description="Kinds of activity of your own that can be noted on an account, one row each.",
    key=("id",),
    read=Whole(endpoint=endpoints.ACTIVITY_TYPES, refresh_hours=DAILY),
    columns=(
        Column("id", "text", "Identifies the kind."),
        Column("slug", "text", "Short name for use by programs."),
        Column("label", "text", "Name as people see it."),
        Column("icon_url", "text", "Address of its picture."),
        *TAIL,
    ),
)

TRAINING_DATA = Table(
    name="training_data",
    description="Sources from which the AI agents learn, one row each, without the documents' text.",
    key=("id",),
    read=Whole(endpoint=endpoints.TRAINING_DATA, refresh_hours=DAILY),
    columns=(
        Column("id", "text", "Identifies the source."),
        Column("name", "text", "What the source is called."),
        Column("type", "text", "Kind of source, such as uploaded files or a website."),
        Column("visibility", "text", "Who may see what was learnt from it."),
        Column("exclude_from_kb_search", "bool", "True if searches in the help centre leave it out."),
        Column("documents", "json", "List of its files, each with name, kind, size and ids."),
        Column("scrape_status", "json", "How far the reading of a website is; null for other kinds."),
        Column("created_at", "timestamp", "When the source was added (UTC)."),
        Column("updated_at", "timestamp", "Last change of the source (UTC)."),
        *TAIL,
    ),
)

EMAIL_SUPPRESSIONS = Table(
    name="email_suppressions",
    description="Addresses to which Pylon sends no email any more, one row each; not on older servers.",
    key=("id",),
    read=Whole(endpoint=endpoints.EMAIL_SUPPRESSIONS, refresh_hours=DAILY),
    columns=(
        Column("id", "text", "Identifies the entry."),
        Column("email", "text", "Address to which nothing is sent; join contacts on email."),
        Column("reason", "text", "Why nothing is sent to it, such as hard_bounce."),
        Column("bounce_details", "text", "What the address's mail server said; null if nothing bounced."),
        Column("created_at", "timestamp", "When sending to the address was stopped (UTC)."),
        *TAIL,
    ),
)

ACCOUNT_RELATIONSHIPS = Table(
    name="account_relationships",
    description="Which company belongs to, or is served by, which other one, one row for each pair.",
    key=("id", "child_account_id"),
    read=PerParent(
        endpoint=endpoints.ACCOUNT_RELATIONSHIPS,
        of="accounts",
        asked_by="child_account_id",
        ledger="parent_sync",
        moves=MOVED,
        witness=endpoints.GET_ACCOUNT,
        # whether a new relationship moves the account is undocumented
        refresh_hours=WEEKLY,
    ),
    off="expensive: one request for each account",
    columns=(
        Column("id", "text", "Identifies the relationship."),
        Column(
            "child_account_id",
            "text",
            "The child or the client of the two; join accounts on id.",
            given=True,
        ),
        Column("parent_account_id", "text", "The parent or the partner of the two; join accounts on id."),
        Column("related_object_id", "text", "The same as parent_account_id; join accounts on id."),
        Column("relationship_type", "text", "Either parent_account or partner_account."),
        Column("created_at", "timestamp", "When the two were put together (UTC)."),
        Column("updated_at", "timestamp", "Last change of the relationship (UTC)."),
        *TAIL,
    ),
)

CUSTOM_OBJECTS = Table(
    name="custom_objects",
    description="Objects of your own kinds, of the types named in custom_object_types, one row each.",
    key=("type", "id"),
    read=Feed(
        endpoint=endpoints.CUSTOM_OBJECTS,
        search=endpoints.SEARCH_CUSTOM_OBJECTS,
        changed="updated_at",
        created="created_at",
        refresh_hours=DAILY,
        per=Per("type", Configured("custom_object_types")),
    ),
    columns=(
        Column("type", "text", "Short name of the object's type, as it stands in the settings.", given=True),
        Column("id", "text", "Identifies the object."),
        Column("name", "text", "What the object is called."),
        Column("custom_fields", "json", "Map from field slug to value or values; relations stand apart."),
        Column("relations", "json", "List of the objects that it refers to, each with type and id."),
        Column("created_at", "timestamp", "When the object was made (UTC)."),
        Column("updated_at", "timestamp", "Last change of the object (UTC)."),
        *TAIL,
    ),
)

ISSUE_FORMS = Table(
    name="issue_forms",
    description="The ticket form through which an issue came in, one row each; issues that came without one have none.",
    key=("issue_id",),
    read=Feed(
        endpoint=endpoints.SEARCH_ISSUES,
        search=endpoints.SEARCH_ISSUES,
        changed="updated_at",
        created="created_at",
        refresh_hours=WEEKLY,
        per=Per("ticket_form_id", RowsOf("ticket_forms")),
        excerpt_of="issues",
    ),
    # no answer names an issue's form, but the search filters by it
    off="expensive: each form costs a search in every run, of the 20 a minute that the changes of issues need too",
    columns=(
        Column("issue_id", "text", "Issue that came in through the form; join issues on id.", ("id",)),
        Column("ticket_form_id", "text", "The form; join ticket_forms on id.", given=True),
        SYNCED_AT,
    ),
)

ORGANIZATION = Table(
    name="organization",
    description="The organisation that the token belongs to, one row.",
    key=("id",),
    read=Whole(endpoint=endpoints.ME, refresh_hours=DAILY),
    columns=(
        Column("id", "text", "Identifies the organisation."),
        Column("name", "text", "What the organisation is called."),
        Column("user", "json", "The user of the token as a short object."),
        Column("user_id", "text", "User of the token; join users on id.", ("user", "id")),
        *TAIL,
    ),
)

ALL = (
    SURVEYS,
    SURVEY_RESPONSES,
    FEATURE_REQUESTS,
    FEATURE_REQUEST_EVIDENCE,
    MACRO_GROUPS,
    MACROS,
    ACTIVITY_TYPES,
    TRAINING_DATA,
    EMAIL_SUPPRESSIONS,
    CUSTOM_OBJECTS,
    ISSUE_FORMS,
    ORGANIZATION,
    ACCOUNT_RELATIONSHIPS,
    AUDIT_LOGS,
    CALL_RECORDINGS,
)
