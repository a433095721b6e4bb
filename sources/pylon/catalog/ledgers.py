"""What the connector writes down of its own work: what it has read, and what it has removed."""

from __future__ import annotations

from functools import partial

from .model import Column, Deletions, Ledger, Table

_READ = (
    Column("row_count", "bigint", "Rows that the read brought; zero means that there are none.", given=True),
    Column("synced_at", "timestamp", "When the read took place, in UTC by the server's clock.", given=True),
    Column(
        "load_id",
        "text",
        "Load that carried the rows; counts only if complete in _dlt_loads.",
        given=True,
    ),
)
"""What both ledgers say of a read."""

_ledger = partial(Table, read=Ledger(), sort="synced_at")

ISSUE_SYNC = _ledger(
    name="issue_sync",
    description="The connector's ledger: for each issue and child table, when it was last read.",
    key=("issue_id", "child"),
    columns=(
        Column("issue_id", "text", "Issue whose children were read; join issues on id.", given=True),
        Column(
            "child",
            "text",
            "Table that was read, such as issue_messages or issue_threads.",
            given=True,
        ),
        Column(
            "issue_updated_at",
            "timestamp",
            "The issue's updated_at as known before the read began (UTC).",
            given=True,
        ),
        Column(
            "latest_message_time",
            "timestamp",
            "The issue's latest_message_time as known then (UTC).",
            given=True,
        ),
        *_READ,
    ),
)

PARENT_SYNC = _ledger(
    name="parent_sync",
    description="The connector's other ledger: what issue_sync is to issues, for tasks, accounts and the like.",
    key=("parent_id", "child"),
    columns=(
        Column(
            "parent_id",
            "text",
            "What was asked for: a row of the table on which the child hangs; for milestones, its own id.",
            given=True,
        ),
        Column("child", "text", "Table that was read, such as task_comments or milestones.", given=True),
        Column(
            "parent_updated_at",
            "timestamp",
            "The parent's updated_at as known before the read began (UTC).",
            given=True,
        ),
        *_READ,
    ),
)

DELETIONS = Table(
    name="deletions",
    description="What was removed from the copy because it is gone from Pylon: ids only, no content.",
    key=("table", "id", "parent_id"),
    read=Deletions(),
    sort="detected_at",
    columns=(
        Column("table", "text", "Table that the row was removed from.", given=True),
        Column("id", "text", "Identifies the row that was removed.", given=True),
        Column(
            "parent_id",
            "text",
            "Issue of a removed message, thread or follower; empty for an issue.",
            given=True,
        ),
        Column("detected_at", "timestamp", "When it was found to be gone (UTC).", given=True),
        Column(
            "evidence",
            "text",
            "How it was found: which list lacked it, and what asking for it gave.",
            given=True,
        ),
    ),
)
