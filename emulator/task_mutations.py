"""What can happen to the comments of tasks, and to the options of custom fields."""

from __future__ import annotations

from typing import Any

from .collection_mutations import CollectionMutations
from .records import JSON
from .times import format_ns


class TaskMutations(CollectionMutations):
    """What happens to a row and moves another one."""

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

    def _bump_row(self, collection: str, key: str, kind: str) -> None:
        if self.bumps[kind]:
            self.edit(collection, key)
