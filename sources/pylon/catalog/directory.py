"""Collections without a time filter: they are read whole, or whole for one parent."""

from __future__ import annotations

from . import endpoints
from .model import TAIL, Column, Listed, Per, RowsOf, Table, Whole

HOURLY = 1.0
DAILY = 24.0

ACCOUNTS = Table(
    name="accounts",
    description="Customer companies, one row each.",
    key=("id",),
    read=Whole(endpoint=endpoints.ACCOUNTS, refresh_hours=HOURLY),
    columns=(
        Column("id", "text", "Identifies the account; issues and contacts refer to it as account_id."),
        Column("name", "text", "Name of the company."),
        Column("type", "text", "Relation to the company: customer, partner, internal or community."),
        Column("is_disabled", "bool", "True if the account has been switched off."),
        Column(
            "domain", "text", "Web domain by which people are matched to the account; see primary_domain."
        ),
        Column("primary_domain", "text", "Foremost of the account's web domains."),
        Column("domains", "json", "List of all the account's web domains."),
        Column(
            "owner",
            "json",
            "The agent who looks after the account, as a short object; null if there is none.",
        ),
        Column(
            "owner_id",
            "text",
            "Agent who looks after the account, null if none; join users on id.",
            ("owner", "id"),
        ),
        Column("created_at", "timestamp", "When the account was set up (UTC)."),
        Column("updated_at", "timestamp", "Last change of the account itself (UTC)."),
        Column("latest_customer_activity_time", "timestamp", "When the customer was last active (UTC)."),
        Column("tags", "json", "List of tag names; join tags on value where object_type is account."),
        Column("custom_fields", "json", "Map from field slug to value or values; see custom_fields."),
        Column("external_ids", "json", "List of ids in other systems, each with a label."),
        Column(
            "channels",
            "json",
            "List of chat channels shared with the customer, with platform and channel id.",
        ),
        Column("crm_settings", "json", "Records of the account in CRM systems: source and id of each."),
        *TAIL,
    ),
)

CONTACTS = Table(
    name="contacts",
    description="People at the customers, one row each.",
    key=("id",),
    read=Whole(endpoint=endpoints.CONTACTS, refresh_hours=HOURLY),
    columns=(
        Column("id", "text", "Identifies the contact; issues refer to it as requester_id."),
        Column("name", "text", "Person's full name."),
        Column("email", "text", "Main address of the person; null if none is known."),
        Column("emails", "json", "List of every address of the person."),
        Column("account", "json", "The person's company as a short object; null if unknown."),
        Column(
            "account_id", "text", "Person's company, null if unknown; join accounts on id.", ("account", "id")
        ),
        Column("primary_phone_number", "text", "Main telephone number; null if none is known."),
        Column("phone_numbers", "json", "List of every telephone number of the person."),
        Column("portal_role", "text", "Rights in the customer portal: no_access, member or admin."),
        Column("portal_role_id", "text", "Custom portal role where one is given; no join partner here."),
        Column("custom_fields", "json", "Map from field slug to value or values; see custom_fields."),
        Column("external_ids", "json", "List of ids in your own systems, each with a label."),
        Column(
            "integration_user_ids",
            "json",
            "List of the person's user ids in connected tools, with their source.",
        ),
        Column("avatar_url", "text", "Address of the person's picture."),
        *TAIL,
    ),
)

USERS = Table(
    name="users",
    description="Members of the support organisation, one row each.",
    key=("id",),
    read=Whole(endpoint=endpoints.USERS, refresh_hours=HOURLY),
    columns=(
        Column("id", "text", "Identifies the agent; issues refer to it as assignee_id."),
        Column("name", "text", "Agent's full name."),
        Column("email", "text", "Main address of the agent."),
        Column("emails", "json", "List of every address of the agent."),
        Column("status", "text", "Availability of the agent: active, away or out_of_office."),
        Column("role", "json", "The agent's role as a short object with id, name and slug."),
        Column("role_id", "text", "Agent's role; join user_roles on id."),
        Column("avatar_url", "text", "Address of the agent's picture."),
        *TAIL,
    ),
)

TEAMS = Table(
    name="teams",
    description="Groups of agents to which issues are routed, one row each.",
    key=("id",),
    read=Whole(endpoint=endpoints.TEAMS, refresh_hours=DAILY),
    columns=(
        Column("id", "text", "Identifies the team; issues refer to it as team_id."),
        Column("name", "text", "What the team is called."),
        Column("users", "json", "List of members as short objects; their id joins users on id."),
        *TAIL,
    ),
)

TAGS = Table(
    name="tags",
    description="Labels that can be put on objects, one row each.",
    key=("id",),
    read=Whole(endpoint=endpoints.TAGS, refresh_hours=DAILY),
    columns=(
        Column("id", "text", "Identifies the tag; the tagged objects carry its value instead."),
        Column(
            "value", "text", "Wording of the tag, as it stands in the tags columns of issues and accounts."
        ),
        Column("object_type", "text", "Kind of object that the tag is meant for: account, article or issue."),
        Column("hex_color", "text", "Colour of the tag in hexadecimal notation."),
        *TAIL,
    ),
)

CUSTOM_FIELDS = Table(
    name="custom_fields",
    description="Definitions of the fields that the organisation added to its objects, one row each.",
    key=("object_type", "id"),
    read=Whole(
        endpoint=endpoints.CUSTOM_FIELDS,
        refresh_hours=DAILY,
        per=Per("object_type", Listed(endpoints.OBJECT_TYPES)),
    ),
    columns=(
        Column(
            "object_type", "text", "Kind of object that has the field, such as issue or contact.", given=True
        ),
        Column("id", "text", "Identifies the definition."),
        Column("slug", "text", "Name of the field as it stands in the custom_fields column of the objects."),
        Column("label", "text", "Name of the field as people see it."),
        Column("type", "text", "Kind of value that the field holds, such as text, number or select."),
        Column("description", "text", "What the organisation notes about the field."),
        Column("source", "text", "Whether the field was made in Pylon or comes from a connected tool."),
        Column("is_read_only", "bool", "True if the value is kept by a connected tool and cannot be edited."),
        Column("default_value", "text", "Value of a new object, for fields with one value."),
        Column("default_values", "json", "List of values of a new object, for fields with several."),
        Column(
            "select_metadata", "json", "Choices of a select field, each with slug and label; null otherwise."
        ),
        Column("number_metadata", "json", "Format, currency and decimals of a number field; null otherwise."),
        Column("created_at", "timestamp", "When the definition was made (UTC)."),
        Column("updated_at", "timestamp", "When the definition was last altered (UTC)."),
        *TAIL,
    ),
)

TICKET_FORMS = Table(
    name="ticket_forms",
    description="Forms through which customers open issues, one row each.",
    key=("id",),
    read=Whole(endpoint=endpoints.TICKET_FORMS, refresh_hours=DAILY),
    columns=(
        Column("id", "text", "Identifies the form."),
        Column("name", "text", "What the form is called."),
        Column("slug", "text", "Short name of the form for use in addresses."),
        Column("is_public", "bool", "True if the form is open to the public."),
        Column("url", "text", "Where the form can be filled in."),
        Column("description_html", "text", "Introduction shown above the form, as HTML."),
        Column("fields", "json", "List of what the form asks, in order, with slug, name and type."),
        *TAIL,
    ),
)

USER_ROLES = Table(
    name="user_roles",
    description="Sets of rights that agents can have, one row each.",
    key=("id",),
    read=Whole(endpoint=endpoints.USER_ROLES, refresh_hours=DAILY),
    columns=(
        Column("id", "text", "Identifies the role; users refer to it as role_id."),
        Column("name", "text", "What the role is called."),
        Column("slug", "text", "Short name of the role for use by programs."),
        *TAIL,
    ),
)

ISSUE_STATUSES = Table(
    name="issue_statuses",
    description="States that an issue can be in, built-in and custom, one row each.",
    key=("slug",),
    read=Whole(endpoint=endpoints.ISSUE_STATUSES, refresh_hours=DAILY),
    columns=(
        Column("slug", "text", "Identifies the status; issues refer to it as state."),
        Column("label", "text", "Name of the status as people see it."),
        Column("category", "text", "Group of statuses that this one counts towards."),
        Column("is_default_status", "bool", "True for a status that Pylon takes by default."),
        Column(
            "is_archived",
            "bool",
            "True if the status is out of use; older issues may still have it.",
        ),
        *TAIL,
    ),
)

KNOWLEDGE_BASES = Table(
    name="knowledge_bases",
    description="Help centres, one row each.",
    key=("id",),
    read=Whole(endpoint=endpoints.KNOWLEDGE_BASES, refresh_hours=DAILY),
    columns=(
        Column("id", "text", "Identifies the help centre; its contents refer to it as knowledge_base_id."),
        Column("title", "text", "What the help centre is called."),
        Column("slug", "text", "Short name of the help centre for use in addresses."),
        Column("default_language", "text", "Code of the language in which articles are read."),
        Column("supported_languages", "json", "List of codes of the languages on offer."),
        *TAIL,
    ),
)

KB_COLLECTIONS = Table(
    name="kb_collections",
    description="Chapters of the help centres, which can be nested, one row each.",
    key=("id",),
    read=Whole(
        endpoint=endpoints.KB_COLLECTIONS,
        refresh_hours=DAILY,
        per=Per("knowledge_base_id", RowsOf("knowledge_bases")),
    ),
    columns=(
        Column("id", "text", "Identifies the chapter; articles refer to it as collection_id."),
        Column(
            "knowledge_base_id", "text", "Help centre of the chapter; join knowledge_bases on id.", given=True
        ),
        Column(
            "parent_collection_id",
            "text",
            "Chapter above this one, null at the top; join kb_collections on id.",
        ),
        Column("title", "text", "Heading of the chapter."),
        Column("slug", "text", "Short name of the chapter for use in addresses."),
        Column("description", "text", "Introduction shown to readers."),
        Column("icon", "text", "Symbol shown beside the heading."),
        Column("visibility_config", "json", "Who may read the chapter, and which AI agents may use it."),
        Column("created_at", "timestamp", "When the chapter was made (UTC)."),
        *TAIL,
    ),
)

KB_ARTICLES = Table(
    name="kb_articles",
    description="Articles of the help centres in their default language, one row each, published or not.",
    key=("id",),
    read=Whole(
        endpoint=endpoints.KB_ARTICLES,
        refresh_hours=DAILY,
        per=Per("knowledge_base_id", RowsOf("knowledge_bases")),
    ),
    columns=(
        Column("id", "text", "Identifies the article."),
        Column(
            "knowledge_base_id", "text", "Help centre of the article; join knowledge_bases on id.", given=True
        ),
        Column(
            "collection_id", "text", "Chapter of the article, null if in none; join kb_collections on id."
        ),
        Column("title", "text", "Heading of the article."),
        Column("is_published", "bool", "True once the article is out, false while it is only a draft."),
        Column("is_unlisted", "bool", "True if the article is found only by those who have its address."),
        Column("author_user_id", "text", "Agent who wrote the article; join users on id."),
        Column("created_at", "timestamp", "When the article was begun (UTC)."),
        Column("last_edited_at", "timestamp", "When the text last changed (UTC)."),
        Column(
            "last_published_at", "timestamp", "When a version last went public (UTC); null if none ever did."
        ),
        Column(
            "current_published_content_html", "text", "Text that readers see, as HTML; null if unpublished."
        ),
        Column(
            "current_draft_content_html", "text", "Newest text as HTML, which may be ahead of the public one."
        ),
        Column("tags", "json", "List of tags as objects; their id joins tags on id."),
        Column("approval_info", "json", "State of the editorial review: status, reviewer and times."),
        Column(
            "reviewed_by_user_id",
            "text",
            "Agent who decided the review, null if undecided; join users on id.",
            ("approval_info", "reviewed_by_user_id"),
        ),
        Column("visibility_config", "json", "Who may read the article, and which AI agents may use it."),
        Column("identifier", "text", "Pylon's own short code for the article, besides id and slug."),
        Column("slug", "text", "Readable part of the article's address."),
        Column("url", "text", "Where the article can be read."),
        *TAIL,
    ),
)

ALL = (
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
