"""What can happen to the collections: rows that come, change and go, and what goes with them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from random import Random
from typing import Any

from .feedback_seed import evidence_sums
from .office_seed import CUSTOM_TYPES
from .records import JSON, IssueRecord
from .relations import AUDITED, FRESH, LOOSE, PARENTS, TIMES, WITHIN
from .seed import SIGNED, Recipe
from .store import Store
from .tables import BEYOND_DIRECTORY, KEYS
from .text import uuid
from .times import OffsetClock, format_ns

SILENT_IN_COLLECTIONS = (
    "add_voice_call",
    "finish_transcript",
    "add_comment",
    "edit_comment",
    "delete_comment",
)
"""Mutations of which it is not known whether they bump `updated_at`, of an issue or of a task."""
LOUD = ("add_comment", "add_voice_call")
"""Those of them that do unless told otherwise, as a new message does."""


class CollectionMutations(Store):
    """The store with what changes its collections. Fields given as `...` are removed from the row."""

    silent: tuple[str, ...] = SILENT_IN_COLLECTIONS
    """What has a place in `bumps`."""

    def __init__(
        self,
        recipe: Recipe,
        records: list[IssueRecord],
        clock: OffsetClock,
        others: Mapping[str, list[JSON]] | None = None,
    ) -> None:
        """Hold the planned `records` of `recipe` and its `others`; times come from `clock`."""
        super().__init__(recipe, records, clock, others)
        self.bumps: dict[str, bool] = {name: name in LOUD for name in self.silent}
        """Whether each of the `silent` mutations bumps `updated_at`."""
        self.audited = True
        """Whether the organisation keeps an audit log of merged accounts and deleted objects."""
        self.custom_types: set[str] = set(CUSTOM_TYPES)
        """The types of custom objects that there are; with an object of a new type there is one more."""
        self._ids = Random(f"ids {recipe.seed}")
        self._collection_ids = Random(f"other ids {recipe.seed}")

    # Any collection

    def put(self, collection: str, row: JSON) -> JSON:
        """Add a row to a collection, or replace the one with the same key, and return it."""
        with self.lock:
            key = KEYS.get(collection, "id")
            ids = self._collection_ids if collection in BEYOND_DIRECTORY else self._ids
            row = {key: row.get(key) or uuid(ids)} | row
            self._check_parent(collection, row)
            if collection == "custom_objects":
                self.custom_types.add(row["type"])
            if collection == "issue_voice_calls":
                row["recordings"] = _signed(row.get("recordings"))
            self.tables.write(collection, row[key], row, self.now_ns())
            return dict(row)

    def _check_parent(self, collection: str, row: JSON) -> None:
        """Refuse a row whose parent is not there: no endpoint would show it."""
        if collection in PARENTS:
            parent, name = PARENTS[collection]
            self._must(parent, row[name])
        if collection == "issue_voice_calls" and self.row(collection, row["id"]) is None:
            self._check_phone(row["issue_id"])

    def _check_phone(self, issue_id: str) -> None:
        if self.record(issue_id).scrubbed:
            raise ValueError(f"issue {issue_id!r} is scrubbed")
        if self.issue(issue_id)["source"] != "phone":
            raise ValueError(f"issue {issue_id!r} did not come in by telephone")

    def create(self, collection: str, **fields: Any) -> JSON:
        """Add a row, made now unless the fields say otherwise, and return it."""
        with self.lock:
            row: JSON = {}
            now = format_ns(self.now_ns())
            for name in TIMES.get(collection, ()):
                row[name] = now
            merge(row, deepcopy(FRESH.get(collection, {})))
            merge(row, fields)
            if collection == "feature_requests":
                row = evidence_sums(row["evidence"]) | row
            return self.put(collection, row)

    def edit(self, collection: str, key: str, **fields: Any) -> JSON:
        """Change fields of a row, and return it; raise KeyError if there is none.

        Beyond the directory this bumps the row's `updated_at` if it has one; `put` never does.
        """
        with self.lock:
            row = dict(self._must(collection, key))
            if collection in BEYOND_DIRECTORY and "updated_at" in row:
                row["updated_at"] = format_ns(self.now_ns())
            merge(row, fields)
            if collection == "feature_requests" and "evidence" in fields:
                row |= evidence_sums(row["evidence"])
            return self.put(collection, row)

    def drop(self, collection: str, key: str) -> None:
        """Remove a row with what is in it, and let what refers to it let go; raise KeyError if there is none."""
        with self.lock:
            self._remove(collection, key)
            if collection in AUDITED:
                self._audit(f"{AUDITED[collection]}_deleted", AUDITED[collection], key)

    def _remove(self, collection: str, key: str) -> None:
        self.tables.write(collection, key, None, self.now_ns())
        for child, name in WITHIN.get(collection, ()):
            for found in self.tables.placed(child, **{name: key}):
                self.drop(child, found.row["id"])
        for other, name in LOOSE.get(collection, ()):
            self._let_go(other, name, key)

    def _let_go(self, collection: str, name: str, key: str) -> None:
        for row in self.rows(collection):
            value = row.get(name)
            if isinstance(value, list) and key in value:
                self.put(collection, row | {name: [one for one in value if one != key]})
            elif value == key or (isinstance(value, dict) and value.get("id") == key):
                self.put(collection, row | {name: None})

    # For the mutations of issues and accounts

    def _must(self, collection: str, key: str) -> JSON:
        row = self.row(collection, key)
        if row is None:
            raise KeyError(f"no row {key!r} in {collection}")
        return row

    def _audit(self, action: str, kind: str, object_id: str, **fields: Any) -> None:
        if self.audited:
            user = self.rows("users")[0] if self.rows("users") else {}
            about = {"action": action, "object_type": kind, "object_id": object_id}
            self.create("audit_logs", actor_user_id=user.get("id"), **about, **fields)


def _signed(recordings: list[JSON] | None) -> list[JSON] | None:
    """Mark the URLs of recordings as signed, so that readers see a different query string each time."""
    return recordings and [
        one | {"download_url": url.partition("?")[0] + SIGNED} if (url := one.get("download_url")) else one
        for one in recordings
    ]


def merge(row: JSON, fields: Mapping[str, Any]) -> None:
    """Set fields of an object; those given as `...` are removed."""
    for name, value in fields.items():
        if value is ...:
            row.pop(name, None)
        else:
            row[name] = value
