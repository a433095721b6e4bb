"""What can happen to issues."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from .collection_mutations import merge
from .records import JSON, Children, IssueRecord, Version
from .store import Ref
from .task_mutations import TaskMutations
from .text import uuid
from .times import format_ns, parse_ns


class IssueMutations(TaskMutations):
    """What can happen to issues. Fields given as `...` are removed from the object."""

    def create_issue(self, **fields: Any) -> JSON:
        """Add an issue, created now unless `created_at` says otherwise, and return it."""
        with self.lock:
            now = format_ns(self.now_ns())
            number, self._next_number = self._next_number, self._next_number + 1
            body: JSON = {"id": uuid(self._ids), "number": number, "title": f"Issue {number}", "state": "new"}
            body |= {"created_at": now, "body_html": "<p>New</p>", "type": "conversation", "source": "manual"}
            body |= {"tags": [], "custom_fields": {}, "account": None, "latest_message_time": None}
            body["link"] = f"https://app.sample.example/issues?issueNumber={number}"
            merge(body, fields)
            body.setdefault("updated_at", body["created_at"])
            self._sign(body, "attachment_urls")
            return self._insert(body)

    def edit_issue(self, ref: Ref, **fields: Any) -> JSON:
        """Change fields of an issue, bump its `updated_at`, and return it."""
        return self.touch_silently(ref, **({"updated_at": format_ns(self.now_ns())} | fields))

    def touch_silently(self, ref: Ref, **fields: Any) -> JSON:
        """Change fields of an issue without bumping its `updated_at`, and return it."""
        with self.lock:
            return self._edit(self.record(ref), lambda body: merge(body, fields))

    def bulk_edit(self, refs: Iterable[Ref], **fields: Any) -> list[JSON]:
        """Change fields of several issues, which all get the same `updated_at`."""
        with self.lock:
            changes = {"updated_at": format_ns(self.now_ns())} | (fields or {"state": "closed"})
            return [self.touch_silently(ref, **changes) for ref in refs]

    def delete_issue(self, ref: Ref) -> None:
        """Remove an issue and its children; only the audit log knows of it."""
        with self.lock:
            record = self.record(ref)
            old = Version(record.number, record.created, record.updated, self.body(record))
            del self._records[record.number], self._numbers[record.id]
            self._replace(old, None)
            self._drop_calls(record.id)
            self._audit("issue_deleted", "issue", record.id)

    def scrub_issue(self, ref: Ref) -> None:
        """Erase an issue's content: the title becomes SCRUBBED, and its children answer 400 from now on."""
        with self.lock:
            record = self.record(ref)
            record.children, record.scrubbed = Children(), True
            self._drop_calls(record.id)
            fields: JSON = {"title": "SCRUBBED", "body_html": "", "attachment_urls": [], "requester": None}
            self._edit(record, lambda body: merge(body, fields | {"custom_fields": {}}))
            self._bump(record, "scrub_issue")

    # Inside

    def _insert(self, body: JSON) -> JSON:
        created, updated = parse_ns(body["created_at"]), parse_ns(body["updated_at"])
        account = (body.get("account") or {}).get("id")
        number = body["number"]
        if number in self._records or body["id"] in self._numbers:
            raise ValueError(f"issue {number} exists")
        record = IssueRecord(number, body["id"], created, updated, account, -1, 0)
        record.body, record.children = orjson.dumps(body), Children()
        self._records[number], self._numbers[record.id] = record, number
        self._next_number = max(self._next_number, number + 1)
        self._replace(None, Version(number, created, updated, record.body))
        return self.issue(record.id)

    def _living(self, ref: Ref) -> IssueRecord:
        record = self.record(ref)
        if record.scrubbed:
            raise ValueError(f"issue {ref!r} is scrubbed")
        return record

    def _bump(self, record: IssueRecord, kind: str) -> None:
        if self.bumps[kind]:
            self._edit(record, lambda body: merge(body, {"updated_at": format_ns(self.now_ns())}))
        else:
            self._tell(record.id)

    def _drop_calls(self, issue_id: str) -> None:
        for found in self.tables.placed("issue_voice_calls", issue_id=issue_id):
            self.drop("issue_voice_calls", found.row["id"])
