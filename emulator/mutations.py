"""Everything that can happen to the emulated workspace, as methods."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from .collection_mutations import SILENT_IN_COLLECTIONS, merge
from .conversation_mutations import ConversationMutations
from .feedback_seed import evidence_sums
from .records import JSON
from .relations import MOVING
from .seed_basis import mini_account
from .tables import BEYOND_DIRECTORY
from .times import format_ns

SILENT = (
    "follow",
    "unfollow",
    "set_form",
    "add_thread",
    "delete_thread",
    "edit_message",
    "redact_message",
    "delete_message",
    "move_message",
    "merge_accounts",
    "scrub_issue",
)
"""Mutations of which it is not known whether they bump the `updated_at` of the issue; see `bumps`."""


class Mutations(ConversationMutations):
    """What can happen to issues, and to everything else: here, to accounts."""

    silent = (*SILENT, *SILENT_IN_COLLECTIONS)

    def merge_accounts(self, survivor: str, merged: str | Iterable[str]) -> None:
        """Move all that belongs to the `merged` accounts to the survivor; delete those accounts."""
        with self.lock:
            gone = {merged} if isinstance(merged, str) else set(merged)
            if survivor in gone or not gone | {survivor} <= self.tables.keys("accounts"):
                raise KeyError(f"cannot merge {sorted(gone)} into {survivor}")
            mini = mini_account(self._must("accounts", survivor))
            for record in [row for row in self._records.values() if row.account_id in gone]:
                self._edit(record, lambda body: merge(body, {"account": mini}))
                self._bump(record, "merge_accounts")
            self._move_accounts(gone, mini)
            for account in sorted(gone):
                self._remove("accounts", account)
                merged_into = {"survivor_account_id": survivor, "merged_account_id": account}
                self._audit("account_merged", "account", account, attributes=merged_into)

    def _move_accounts(self, gone: Collection[str], mini: JSON) -> None:
        """Let everything but the issues that belongs to the accounts in `gone` belong to the one in `mini`."""
        for collection in MOVING:
            for row in self.rows(collection):
                moved = {name: _moved(value, gone, mini) for name, value in row.items()}
                if collection == "feature_requests":
                    moved |= evidence_sums(moved["evidence"])
                if moved == row:
                    continue
                if self.bumps["merge_accounts"] and collection in BEYOND_DIRECTORY and "updated_at" in row:
                    moved["updated_at"] = format_ns(self.now_ns())
                self.put(collection, moved)
        for row in self.rows("account_relationships"):
            if row["child_account_id"] == row["parent_account_id"]:
                self.drop("account_relationships", row["id"])


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
