"""Every table and every column, once.

Documented are the columns of ``tickets``. Those of the other tables follow from the names of parameters and of the
tickets' columns, and from what every object that the API returns has: where one is not there it is null, and what has
no column, or does not fit it, is kept in ``_extra``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the API's name of it, dlt's type, and what it means."""

    source: str
    type: str
    description: str

    @property
    def name(self) -> str:
        """Its name in the table."""
        return "".join(f"_{char.lower()}" if char.isupper() else char for char in self.source)


@dataclass(frozen=True, slots=True)
class Table:
    """A table, and the list that fills it."""

    name: str
    description: str
    path: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ("id",)
    parent: str = ""
    """The column with the id of what is replaced as a whole."""
    own: tuple[Column, ...] = field(default=())
    """Columns that the connector fills itself."""


def _text(source: str, description: str) -> Column:
    return Column(source, "text", description)


ID = _text("id", "Identifies the row.")
CREATED, UPDATED = (
    Column("createdAt", "timestamp", "When it was created (UTC)."),
    Column("updatedAt", "timestamp", "When it was last changed (UTC)."),
)
NAME = _text("name", "What it is called.")
IS_REMOVED = Column("isRemoved", "bool", "Whether it was removed, though the list still shows it.")
SYNCED_AT = Column("_synced_at", "timestamp", "When this state of the row was first read (UTC).")
DIGEST = _text("_digest", "Digest of the row as the API gave it: tells whether it has changed.")
EXTRA = Column(
    "_extra", "json", "Fields without a column, and values that did not fit theirs, by the API's name."
)
REMOVED = Column("_removed", "bool", "Always null: marks what a load takes out.")
TAIL = (SYNCED_AT, DIGEST, EXTRA, REMOVED)

TICKETS = Table(
    "tickets",
    "Tickets of the human inbox, with the names of what they refer to.",
    "tickets/details",
    (
        _text("id", "Identifies the ticket."),
        _text("status", "Where it stands: waiting, in progress, or done."),
        _text("summary", "A few words on what it is about."),
        CREATED,
        Column("ongoingAt", "timestamp", "When somebody began to work on it (UTC); null before that."),
        Column("completedAt", "timestamp", "When it was done (UTC); null before that."),
        Column("pendingChatMessages", "bigint", "Messages of its chat that nobody has answered yet."),
        _text("chatId", "Chat that it belongs to; join chats on id."),
        Column("chatIsRemoved", "bool", "Whether that chat was removed, though the API still knows it."),
        _text("chatOwnerId", "Identity of the person who owns the chat."),
        _text(
            "ownerEntity", "What kind of person that is, such as an external user or a user of the platform."
        ),
        _text("ownerName", "Name of the chat's owner."),
        _text("ownerEmail", "Address of the chat's owner, if that is a user of the platform."),
        _text("ownerIdentifier", "How an external owner is told from others, such as by a telephone number."),
        Column("isOwnerBlocked", "bool", "Whether an external owner is blocked."),
        _text("channelId", "Channel through which the chat came; join channels on id."),
        _text("channelName", "Name of that channel."),
        _text("channelType", "Kind of that channel: widget, waha, whatsapp, instagram or api."),
        _text("assigneeId", "User whose ticket it is; null for nobody's."),
        _text("assigneeName", "Name of that user."),
        _text("assigneeEmail", "Address of that user."),
        _text("assigneePicture", "Picture of that user."),
        _text("ticketingTeamId", "Team whose ticket it is; join ticketing_teams on id."),
        _text("ticketingTeamName", "Name of that team."),
        _text("ticketingTeamPicture", "Picture of that team."),
        _text("responderId", "Who answers in the chat, such as an agent; join responders on id."),
        _text("responderEntity", "What kind of responder that is."),
        _text("responderName", "Name of that responder."),
        _text("responderPicture", "Picture of that responder."),
        _text("responderVersionId", "Version of that responder that the chat has."),
        Column("responderVersionNumber", "bigint", "Number of that version."),
        _text("workspaceId", "Workspace that it belongs to."),
    ),
)

CHATS = Table(
    "chats",
    "Conversations with a person, in whatever channel.",
    "chats",
    (
        ID,
        _text("ownerId", "Identity of the person who owns the chat."),
        _text("channelId", "Channel through which it came; join channels on id."),
        _text("channelType", "Kind of that channel."),
        Column("lastChatMessageCreatedAt", "timestamp", "When its newest message was written (UTC)."),
        CREATED,
        UPDATED,
        IS_REMOVED,
    ),
)
CHAT_THREADS = Table(
    "chat_threads",
    "Threads of chats.",
    "chat-threads",
    (ID, _text("chatId", "Chat that it belongs to; join chats on id."), CREATED, UPDATED),
    parent="chat_id",
)
CHAT_MESSAGES = Table(
    "chat_messages",
    "Messages of chats.",
    "chat-messages",
    (
        ID,
        _text("chatId", "Chat that it belongs to; join chats on id."),
        _text("chatThreadId", "Thread that it belongs to; join chat_threads on id."),
        _text("ticketId", "Ticket that it belongs to; join tickets on id."),
        _text("senderId", "Identity of who sent it."),
        _text("content", "What it says."),
        CREATED,
        UPDATED,
    ),
    parent="chat_id",
)


def _plain(name: str, description: str, path: str, *more: Column) -> Table:
    return Table(name, description, path, (ID, NAME, *more, CREATED, UPDATED))


DIRECTORY = (
    _plain("ticketing_teams", "Teams to which tickets belong.", "ticketing-teams", IS_REMOVED),
    _plain("tags", "Tags that tickets may have.", "tags"),
    _plain("agents", "Agents: automatic responders.", "agents"),
    _plain("channels", "Channels through which people write.", "channels"),
    _plain("external_users", "People outside of the platform who write.", "external-users"),
    _plain("responders", "Who may answer in chats: agents and the like.", "super-identities/responders"),
)
"""Read as lists of their own, of which nothing hangs on another."""
CHILDREN = (CHAT_THREADS, CHAT_MESSAGES)
"""Read once for each chat whose last message moved."""

TABLES: dict[str, Table] = {table.name: table for table in (TICKETS, CHATS, *CHILDREN, *DIRECTORY)}
"""The tables that can be chosen; ``deletions`` and the ledger come along."""

CHAT_SYNC = Table(
    "chat_sync",
    "The connector's ledger: for each chat and table, when it was last read.",
    "",
    (),
    ("chat_id", "child"),
    own=(
        _text("chat_id", "Chat that was read; join chats on id."),
        _text("child", "Table that was read: chat_threads or chat_messages."),
        Column(
            "last_chat_message_created_at", "timestamp", "That of the chat, as known before the read (UTC)."
        ),
        Column("row_count", "bigint", "Rows that the read brought."),
        SYNCED_AT,
        REMOVED,
    ),
)
DELETIONS = Table(
    "deletions",
    "What was removed from the copy because it is gone from Zaia: ids only, no content.",
    "",
    (),
    ("table", "id", "parent_id"),
    own=(
        _text("table", "Table that the row was removed from."),
        _text("id", "Identifies the row that was removed."),
        _text("parent_id", "Chat of a removed thread or message; otherwise empty."),
        Column("detected_at", "timestamp", "When it was found to be gone (UTC)."),
        _text("evidence", "How it was found: which readings lacked it."),
        REMOVED,
    ),
)


def hints(table: Table) -> dict[str, Any]:
    """Return what dlt is told of a table: its columns, its key, and what a load replaces."""
    columns = table.own or (*table.columns, *TAIL)
    merge: dict[str, Any] = {"disposition": "merge", "strategy": "delete-insert"}
    if table.parent:
        marked = f"SELECT {table.parent} FROM {{staging_table}} WHERE {REMOVED.name} IS NOT NULL"
        same_row = "id IN (SELECT id FROM {staging_table})"
        merge["destination_scope"] = f"{table.parent} IN ({marked}) OR {same_row}"
    return {
        "table_name": table.name,
        "additional_table_hints": {"description": table.description},
        "primary_key": list(table.key),
        "write_disposition": merge,
        "columns": {column.name: _hint(table, column) for column in columns},
    }


def _hint(table: Table, column: Column) -> dict[str, Any]:
    hint: dict[str, Any] = {
        "data_type": column.type,
        "description": column.description,
        "nullable": column.name not in table.key,
    }
    if column.type == "timestamp":
        hint |= {"precision": 6, "timezone": True}
    if column.name == SYNCED_AT.name:
        hint["dedup_sort"] = "desc"
    if column is REMOVED:
        hint["hard_delete"] = True
    return hint
