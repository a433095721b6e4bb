"""The rows of the collections: what there is, in which order, and what the searches still show of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count

from .records import JSON

DIRECTORY = (
    "accounts",
    "contacts",
    "users",
    "teams",
    "tags",
    "custom_fields",
    "ticket_forms",
    "user_roles",
    "issue_statuses",
    "knowledge_bases",
    "kb_collections",
    "kb_articles",
)
"""The collections that make up the frame of a workspace."""
BEYOND_DIRECTORY = (
    "organization",
    "projects",
    "milestones",
    "tasks",
    "task_comments",
    "macro_groups",
    "macros",
    "surveys",
    "survey_responses",
    "feature_requests",
    "call_recordings",
    "issue_voice_calls",
    "activity_types",
    "audit_logs",
    "custom_objects",
    "training_data",
    "account_relationships",
    "email_suppressions",
)
"""All other collections, each after those that its rows refer to."""
COLLECTIONS = DIRECTORY + BEYOND_DIRECTORY
KEYS = {"issue_statuses": "slug"}
"""The key of a collection where it is not `id`."""
UNSAID = {
    "kb_collections": "knowledge_base_id",
    "kb_articles": "knowledge_base_id",
    "survey_responses": "survey_id",
    "issue_voice_calls": "issue_id",
}
"""What a row bears here to tell its parent; the API, which has the parent in the path, does not say it again."""
INDEXED = UNSAID | {
    "task_comments": "task_id",
    "macros": "macro_group_id",
    "account_relationships": "child_account_id",
    "custom_objects": "type",
}
"""The field by which the rows of a collection are found without looking at all of them."""
SIGNING = frozenset({"issue_voice_calls"})
"""The collections whose rows hold signed URLs."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A row and its place: the rank of its arrival in the world, which no other row ever has."""

    place: int
    row: JSON


@dataclass(frozen=True, slots=True)
class _Write:
    at: int
    name: str
    key: str
    old: Placed | None


class Tables:
    """The rows of every collection by key, oldest entry first.

    A write is known to the searches only once they have caught up with it (`shown`); everything else knows it
    at once.
    """

    def __init__(self, tables: Mapping[str, Iterable[JSON]]) -> None:
        """Hold copies of `tables`; a collection that is not among them is empty."""
        places = count()
        self._places = places
        self._rows: dict[str, dict[str, Placed]] = {
            name: {row[KEYS.get(name, "id")]: Placed(next(places), dict(row)) for row in tables.get(name, ())}
            for name in COLLECTIONS
        }
        self._index: dict[str, dict[str | None, dict[str, None]]] = {name: {} for name in INDEXED}
        for name in INDEXED:
            for key, found in self._rows[name].items():
                self._entries(name, found.row)[key] = None
        self._waiting: deque[_Write] = deque()

    def get(self, name: str, key: str) -> JSON | None:
        """Return a row; None if there is none."""
        found = self._rows[name].get(key)
        return None if found is None else found.row

    def placed(self, name: str, **wanted: str) -> list[Placed]:
        """Return the rows of a collection whose fields are the `wanted` ones, with their places and by them."""
        rows = self._rows[name]
        found: Iterable[Placed] = rows.values()
        if (field := INDEXED.get(name)) in wanted:
            found = sorted(map(rows.__getitem__, self._index[name].get(wanted[field], ())), key=_place)
        return [one for one in found if all(one.row.get(field) == value for field, value in wanted.items())]

    def keys(self, name: str) -> set[str]:
        """Return the keys of a collection."""
        return set(self._rows[name])

    def write(self, name: str, key: str, row: JSON | None, at: int) -> None:
        """Put a row in its place, or with None remove it, at the instant `at` (ns).

        Raises KeyError if there is nothing to remove.
        """
        rows = self._rows[name]
        old = rows.get(key)
        if old is not None and name in INDEXED:
            del self._entries(name, old.row)[key]
        if row is not None and name in INDEXED:
            self._entries(name, row)[key] = None
        if row is not None:
            rows[key] = Placed(old.place if old else next(self._places), row)
        elif old is None:
            raise KeyError(f"no row {key!r} in {name}")
        else:
            del rows[key]
        self._waiting.append(_Write(at, name, key, old))

    def _entries(self, name: str, row: JSON) -> dict[str, None]:
        value = row.get(INDEXED[name])
        return self._index[name].setdefault(value if isinstance(value, str) else None, {})

    def shown(self, name: str, until: int) -> list[Placed]:
        """Return the rows of a collection as a search shows them that knows the writes up to `until` (ns).

        What was shown once stays shown.
        """
        while self._waiting and self._waiting[0].at <= until:
            self._waiting.popleft()
        rows = dict(self._rows[name])
        for write in reversed(self._waiting):
            if write.name == name and write.old is not None:
                rows[write.key] = write.old
            elif write.name == name:
                rows.pop(write.key, None)
        return list(rows.values())


def _place(found: Placed) -> int:
    return found.place
