"""What can happen to the collections: rows that come, change and go, and what goes with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import deepcopy
from random import Random
from typing import Any

from .feedback_seed import evidence_sums
from .office_seed import CUSTOM_TYPES
from .records import JSON, IssueRecord
from .relations import AUDITED, FRESH, LOOSE, MOVING, PARENTS, TIMES, WITHIN
from .seed import SIGNED, Recipe
from .store import Store
from .tables import KEYS, OTHERS
from .text import uuid
from .times import OffsetClock, format_ns

SILENT_OTHERS = ("add_voice_call", "finish_transcript", "add_comment", "edit_comment", "delete_comment")
"""Mutations of which it is not known whether they bump `updated_at`, of an issue or of a task."""
LOUD = ("add_comment", "add_voice_call")
"""Those of them that do unless told otherwise, as a new message does."""


class OtherMutations(Store):
    """The store with what changes its collections. Fields given as `...` are removed from the row."""

    silent: tuple[str, ...] = SILENT_OTHERS
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
        self._other_ids = Random(f"other ids {recipe.seed}")

    # Any collection

    def put(self, collection: str, row: JSON) -> JSON:
        """Add a row to a collection, or replace the one with the same key, and return it."""
        with self.lock:
            key = KEYS.get(collection, "id")
            ids = self._other_ids if collection in OTHERS else self._ids
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
            if collection in OTHERS and "updated_at" in row:
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

    # Particular ones

    def add_comment(self, task_id: str, **fields: Any) -> JSON:
        """Add a comment to a task, and return it."""
        with self.lock:
            self._must("tasks", task_id)
            user = self.rows("users")[0]
            author = {"user": {"id": user["id"], "email": user["email"]}}
            row = self.create("task_comments", **({"author": author} | fields | {"task_id": task_id}))
            self._bump_row("tasks", task_id, "add_comment")
            return row

    def edit_comment(self, comment_id: str, **fields: Any) -> JSON:
        """Change fields of a comment, which says so, and return it."""
        with self.lock:
            edited = {"last_edited_at": format_ns(self.now_ns())} | fields
            row = self.edit("task_comments", comment_id, **edited)
            self._bump_row("tasks", row["task_id"], "edit_comment")
            return row

    def delete_comment(self, comment_id: str) -> None:
        """Remove a comment without a trace."""
        with self.lock:
            task_id = self._must("task_comments", comment_id)["task_id"]
            self.drop("task_comments", comment_id)
            self._bump_row("tasks", task_id, "delete_comment")

    def rename_option(self, field_id: str, option: str, label: str) -> JSON:
        """Give an option of a custom field another label, and return the field."""
        with self.lock:
            field = self._must("custom_fields", field_id)
            known = (field.get("select_metadata") or {}).get("options") or []
            if option not in [one["slug"] for one in known]:
                raise KeyError(f"no option {option!r} of the custom field {field_id!r}")
            options = [one | {"label": label} if one["slug"] == option else one for one in known]
            metadata = field["select_metadata"] | {"options": options}
            now = format_ns(self.now_ns())
            return self.edit("custom_fields", field_id, select_metadata=metadata, updated_at=now)

    # For the mutations of issues and accounts

    def _must(self, collection: str, key: str) -> JSON:
        row = self.row(collection, key)
        if row is None:
            raise KeyError(f"no row {key!r} in {collection}")
        return row

    def _bump_row(self, collection: str, key: str, kind: str) -> None:
        if self.bumps[kind]:
            self.edit(collection, key)

    def _audit(self, action: str, kind: str, object_id: str, **fields: Any) -> None:
        if self.audited:
            user = self.rows("users")[0] if self.rows("users") else {}
            about = {"action": action, "object_type": kind, "object_id": object_id}
            self.create("audit_logs", actor_user_id=user.get("id"), **about, **fields)

    def _move_accounts(self, gone: Collection[str], mini: JSON) -> None:
        """Let everything but the issues that belongs to the accounts in `gone` belong to the one in `mini`."""
        for collection in MOVING:
            for row in self.rows(collection):
                moved = {name: _moved(value, gone, mini) for name, value in row.items()}
                if collection == "feature_requests":
                    moved |= evidence_sums(moved["evidence"])
                if moved == row:
                    continue
                if self.bumps["merge_accounts"] and collection in OTHERS and "updated_at" in row:
                    moved["updated_at"] = format_ns(self.now_ns())
                self.put(collection, moved)
        for row in self.rows("account_relationships"):
            if row["child_account_id"] == row["parent_account_id"]:
                self.drop("account_relationships", row["id"])


def _signed(recordings: list[JSON] | None) -> list[JSON] | None:
    """Mark the URLs of recordings as signed, so that readers see a different query string each time."""
    return recordings and [
        one | {"download_url": url.partition("?")[0] + SIGNED} if (url := one.get("download_url")) else one
        for one in recordings
    ]


def _moved(value: Any, gone: Collection[str], mini: JSON) -> Any:
    """Return a field's value with the accounts in `gone` replaced; an id of an account is nothing else's id."""
    if isinstance(value, list):
        moved = [_moved(one, gone, mini) for one in value]
        return moved if moved == value else _once(moved)
    if isinstance(value, dict):
        if value.get("id") in gone:
            return mini
        return {name: _moved(one, gone, mini) for name, one in value.items()}
    return mini["id"] if isinstance(value, str) and value in gone else value


def _once(values: list[Any]) -> list[Any]:
    return [value for index, value in enumerate(values) if value not in values[:index]]


def merge(row: JSON, fields: Mapping[str, Any]) -> None:
    """Set fields of an object; those given as `...` are removed."""
    for name, value in fields.items():
        if value is ...:
            row.pop(name, None)
        else:
            row[name] = value
