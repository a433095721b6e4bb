"""What can happen to what hangs on issues: messages, threads, followers, forms, telephone calls."""

from __future__ import annotations

from typing import Any

from .collection_mutations import merge
from .feedback_seed import recording
from .issue_mutations import IssueMutations
from .records import JSON, IssueRecord
from .store import Ref
from .text import uuid
from .times import format_ns, parse_ns


class MessageMutations(IssueMutations):
    """What can happen to messages."""

    def add_message(self, ref: Ref, **fields: Any) -> JSON:
        """Add a message, sent now unless `timestamp` says otherwise; bumps the issue's times. Returns it."""
        with self.lock:
            record = self.record(ref)
            now = self.now_ns()
            user = self.recipe.directory.tables["users"][0]
            row: JSON = {"id": uuid(self._ids), "timestamp": format_ns(now), "message_html": "<p>Hello</p>"}
            row |= {"is_private": False, "source": "pylon"}
            row["author"] = {"name": user["name"], "user": {"id": user["id"], "email": user["email"]}}
            merge(row, fields)
            self._settle(record, row)
            self._edit(record, lambda body: _after_message(body, row["timestamp"], now))
            return self._message(record, row["id"])

    def edit_message(self, message_id: str, **fields: Any) -> JSON:
        """Change fields of a message, and return it."""
        with self.lock:
            record = self.home_of(message_id)
            row = next(row for row in self._own_children(record).messages if row["id"] == message_id)
            edited = dict(row)
            merge(edited, fields | {"id": message_id})
            self._settle(record, edited, instead_of=row)
            self._bump(record, "edit_message")
            return self._message(record, message_id)

    def redact_message(self, message_id: str) -> None:
        """Replace a message's body and drop its files."""
        with self.lock:
            record = self.home_of(message_id)
            row = next(row for row in self._own_children(record).messages if row["id"] == message_id)
            row |= {"message_html": "<p>[Message redacted]</p>", "file_urls": []}
            self._bump(record, "redact_message")

    def delete_message(self, message_id: str) -> None:
        """Remove a message without a trace."""
        with self.lock:
            record = self.home_of(message_id)
            self._take(record, message_id)
            self._bump(record, "delete_message")

    def move_message(self, message_id: str, to_issue: Ref) -> None:
        """Hang a message under another issue; it keeps its id and its time."""
        with self.lock:
            record, target = self.home_of(message_id), self.record(to_issue)
            if target.scrubbed:
                raise ValueError(f"issue {to_issue!r} is scrubbed")
            row = self._take(record, message_id)
            self._settle(target, row)
            self._bump(record, "move_message")
            self._bump(target, "move_message")

    # Inside

    def _message(self, record: IssueRecord, message_id: str) -> JSON:
        return next(row for row in self.messages(record.number) if row["id"] == message_id)

    def _take(self, record: IssueRecord, message_id: str) -> JSON:
        found = self._own_children(record)
        row = next(row for row in found.messages if row["id"] == message_id)
        found.messages.remove(row)
        return row

    def _settle(self, record: IssueRecord, row: JSON, instead_of: JSON | None = None) -> None:
        """Put a message in its place by time, perhaps instead of an older state of it."""
        if record.scrubbed:
            raise ValueError(f"issue {record.id} is scrubbed")
        self._sign(row, "file_urls")
        found = self._own_children(record)
        rows = [row if old is instead_of else old for old in found.messages]
        rows += [] if instead_of else [row]
        # Only a list that could be sorted replaces the old one, so a malformed time changes nothing.
        found.messages = sorted(rows, key=lambda message: parse_ns(message["timestamp"]))
        self._message_home[row["id"]] = record.number


class ConversationMutations(MessageMutations):
    """What can happen to the rest of what hangs on issues."""

    def add_thread(self, ref: Ref, **fields: Any) -> JSON:
        """Add a thread to an issue, and return it."""
        with self.lock:
            record = self._living(ref)
            row: JSON = {"id": uuid(self._ids), "issue_id": record.id, "name": "Thread", "source": "pylon"}
            merge(row, fields)
            found = self._own_children(record)
            found.threads = [*(found.threads or []), row]
            self._bump(record, "add_thread")
            return dict(row)

    def delete_thread(self, ref: Ref, thread_id: str) -> None:
        """Remove a thread of an issue; raise KeyError if there is none."""
        with self.lock:
            record = self.record(ref)
            found = self._own_children(record)
            kept = [row for row in found.threads or [] if row["id"] != thread_id]
            if len(kept) == len(found.threads or []):
                raise KeyError(f"no thread {thread_id!r}")
            found.threads = kept
            self._bump(record, "delete_thread")

    def follow(self, ref: Ref, follower_id: str, follower_type: str = "user") -> None:
        """Let a user or a contact follow an issue; doing so twice is doing so once."""
        with self.lock:
            record = self._living(ref)
            row = {"id": follower_id, "type": follower_type}
            followers = self._own_children(record).followers
            if row not in followers:
                followers.append(row)
            self.view.touch()
            self._bump(record, "follow")

    def unfollow(self, ref: Ref, follower_id: str) -> None:
        """Let a user or a contact no longer follow an issue."""
        with self.lock:
            record = self.record(ref)
            found = self._own_children(record)
            found.followers = [row for row in found.followers if row["id"] != follower_id]
            self.view.touch()
            self._bump(record, "unfollow")

    def set_form(self, ref: Ref, form_id: str | None) -> None:
        """Let an issue have come in through a ticket form, or through none."""
        with self.lock:
            record = self._living(ref)
            self._form_given[record.id] = form_id
            self.view.touch()
            self._bump(record, "set_form")

    # Telephone

    def add_voice_call(self, ref: Ref, **fields: Any) -> JSON:
        """Add a voice call to an issue that came in by telephone, and return it."""
        with self.lock:
            record = self.record(ref)
            row = self.create("issue_voice_calls", **({"recordings": []} | fields | {"issue_id": record.id}))
            self._bump(record, "add_voice_call")
            return row

    def finish_transcript(self, call_id: str) -> JSON:
        """Let the transcript of a recording be complete, with which the recording appears; return the call."""
        with self.lock:
            call = self._must("issue_voice_calls", call_id)
            recordings = [*(call.get("recordings") or []), recording(self._collection_ids)]
            row = self.edit("issue_voice_calls", call_id, recordings=recordings)
            self._bump(self.record(call["issue_id"]), "finish_transcript")
            return row


def _after_message(body: JSON, timestamp: str, now: int) -> None:
    latest = body.get("latest_message_time")
    if latest is None or parse_ns(latest) < parse_ns(timestamp):
        body["latest_message_time"] = timestamp
    body["updated_at"] = format_ns(now)
    body["number_of_touches"] = (body.get("number_of_touches") or 0) + 1
