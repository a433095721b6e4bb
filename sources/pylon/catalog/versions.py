"""Tables that keep what the API forgets: one row each time that something changed, as far as runs saw it."""

from __future__ import annotations

from . import directory as tables_directory
from . import issues as tables_issues
from .model import Column, Table, Versions

_ID = Column("id", "text", "Identifies the record: what it is about, and when it was recorded.", given=True)
_RECORDED_AT = Column(
    "recorded_at", "timestamp", "When the values were first seen, in UTC by the server's clock.", given=True
)
_FINGERPRINT = Column(
    "fingerprint", "text", "Digest of the values; differs where any of them does.", given=True
)


def _copied(table: Table, *names: str) -> tuple[Column, ...]:
    """Return columns of a watched table, to be copied as they are."""
    found = {column.name: column for column in table.columns}
    return tuple(Column(name, found[name].type, found[name].description, given=True) for name in names)


CUSTOM_FIELD_VERSIONS = Table(
    name="custom_field_versions",
    description="How the definitions of custom fields changed, one row a change: renamed options stay readable.",
    key=("id",),
    read=Versions("custom_fields", (("object_type", "object_type"), ("field_id", "id"))),
    sort="recorded_at",
    columns=(
        _ID,
        Column("field_id", "text", "The definition; join custom_fields on id.", given=True),
        Column("object_type", "text", "Kind of object that has the field.", given=True),
        *_copied(
            tables_directory.CUSTOM_FIELDS, "slug", "label", "type", "select_metadata", "number_metadata"
        ),
        _RECORDED_AT,
        _FINGERPRINT,
    ),
)

ISSUE_SNAPSHOTS = Table(
    name="issue_snapshots",
    description="How issues changed, one row whenever a run saw another state, assignee, team, tags, fields or times.",
    key=("id",),
    read=Versions("issues", (("issue_id", "id"),)),
    sort="recorded_at",
    off="expensive: it grows with every change, and is of use from the day on which it is switched on",
    columns=(
        _ID,
        Column("issue_id", "text", "The issue; join issues on id.", given=True),
        *_copied(
            tables_issues.ISSUES,
            "state",
            "assignee_id",
            "team_id",
            "tags",
            "custom_fields",
            "first_response_time",
            "resolution_time",
            "time_in_status_seconds",
            "business_hours_time_in_status_seconds",
        ),
        _RECORDED_AT,
        _FINGERPRINT,
    ),
)

ALL = (CUSTOM_FIELD_VERSIONS, ISSUE_SNAPSHOTS)
