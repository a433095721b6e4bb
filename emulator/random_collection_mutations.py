"""One random change of the collections beyond the directory: opt-in, as it shifts what a seed draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from .issue_mutations import IssueMutations
from .tables import BEYOND_DIRECTORY
from .text import SENTENCES, SUBJECTS, sentence

Args = dict[str, Any] | None
"""The arguments of a mutation; None where the world does not allow it."""

_NAMES = {
    "tasks": "title", "task_comments": "body_html", "macro_groups": "title", "feature_requests": "title",
    "call_recordings": "title", "activity_types": "label", "audit_logs": "link",
    "account_relationships": "relationship_type", "survey_responses": "answers", "issue_voice_calls": "queue_beta",
    "email_suppressions": "bounce_details",
}  # fmt: skip
"""What a change of a row changes where that is not its name."""
_LASTING = frozenset({"organization", "audit_logs"})
"""What is never deleted."""
_OF_ANOTHER = frozenset({"organization", "issue_voice_calls", "milestones", "task_comments"})
"""What is made only together with something else."""


def _some(world: IssueMutations, rng: Random, collection: str) -> dict[str, Any] | None:
    rows = world.rows(collection)
    return rng.choice(rows) if rows else None


def _id(world: IssueMutations, rng: Random, collection: str) -> str | None:
    found = _some(world, rng, collection)
    return found["id"] if found else None


def _mini(world: IssueMutations, rng: Random, collection: str) -> dict[str, Any] | None:
    found = _some(world, rng, collection)
    return {"id": found["id"]} if found else None


def _change(world: IssueMutations, rng: Random, collection: str) -> dict[str, Any]:
    """Return a field of a row of a collection with another value."""
    name = _NAMES.get(collection, "name")
    if name == "answers":
        return {name: [{"prompt": "Why?", "question_type": "comment", "value": rng.choice(SENTENCES)}]}
    fields: list[dict[str, Any]] = [{name: f"Changed {rng.randrange(10**6)}"}]
    if collection == "tasks":
        fields += [{"status": rng.choice(("not_started", "in_progress", "completed"))}, {"assignee": None}]
    if collection in ("tasks", "projects"):
        fields.append({"account": _mini(world, rng, "accounts")})
    if collection in ("tasks", "projects", "custom_objects", "call_recordings"):
        fields.append(
            {"custom_fields": {"stage": {"slug": "stage", "value": rng.choice(("x", 1, None, True))}}}
        )
    return rng.choice(fields)


def _edit(world: IssueMutations, rng: Random) -> Args:
    collection = rng.choice(BEYOND_DIRECTORY)
    key = _id(world, rng, collection)
    return {"collection": collection, "key": key, **_change(world, rng, collection)} if key else None


def _put(world: IssueMutations, rng: Random) -> Args:
    collection = rng.choice(BEYOND_DIRECTORY)
    row = _some(world, rng, collection)
    return {"collection": collection, "row": row | _change(world, rng, collection)} if row else None


def _create(world: IssueMutations, rng: Random) -> Args:
    collection = rng.choice([name for name in BEYOND_DIRECTORY if name not in _OF_ANOTHER])
    fields = _change(world, rng, collection)
    if collection == "tasks":
        fields |= {"milestone": _mini(world, rng, "milestones"), "body_html": sentence(rng, 1)}
    elif collection == "survey_responses":
        fields |= {"survey_id": _id(world, rng, "surveys"), "contact_id": _id(world, rng, "contacts")}
        if not fields["survey_id"]:
            return None
    elif collection == "feature_requests":
        account = _id(world, rng, "accounts")
        fields["evidence"] = [
            {"source_type": "manual", "summary": rng.choice(SUBJECTS), "account_id": account}
        ]
    elif collection == "custom_objects":
        fields["type"] = rng.choice(sorted(world.custom_types))
    elif collection == "account_relationships":
        ids = [row["id"] for row in world.rows("accounts")]
        if len(ids) < 2:
            return None
        child, parent = rng.sample(ids, k=2)
        fields |= {"child_account_id": child, "parent_account_id": parent, "related_object_id": parent}
    return {"collection": collection, **fields}


def _drop(world: IssueMutations, rng: Random) -> Args:
    collection = rng.choice([name for name in BEYOND_DIRECTORY if name not in _LASTING])
    rows = world.rows(collection)
    if collection == "tasks":
        # A milestone that no task names any more could not be found by anybody.
        named = Counter((row.get("milestone") or {}).get("id") for row in rows)
        rows = [
            row
            for row in rows
            if not row.get("milestone") or named[(row.get("milestone") or {}).get("id")] > 1
        ]
    return {"collection": collection, "key": rng.choice(rows)["id"]} if len(rows) > 2 else None


def _add_comment(world: IssueMutations, rng: Random) -> Args:
    task = _id(world, rng, "tasks")
    return {"task_id": task, "body_html": sentence(rng, 1)} if task else None


def _edit_comment(world: IssueMutations, rng: Random) -> Args:
    comment = _id(world, rng, "task_comments")
    return {"comment_id": comment, "body_html": sentence(rng, 1)} if comment else None


def _delete_comment(world: IssueMutations, rng: Random) -> Args:
    comment = _id(world, rng, "task_comments")
    return {"comment_id": comment} if comment else None


def _rename_option(world: IssueMutations, rng: Random) -> Args:
    fields = [row for row in world.rows("custom_fields") if (row.get("select_metadata") or {}).get("options")]
    if not fields:
        return None
    field = rng.choice(fields)
    option = rng.choice(field["select_metadata"]["options"])["slug"]
    return {"field_id": field["id"], "option": option, "label": f"Changed {rng.randrange(10**6)}"}


def _finish_transcript(world: IssueMutations, rng: Random) -> Args:
    call = _id(world, rng, "issue_voice_calls")
    return {"call_id": call} if call else None


COLLECTION_MAKERS: tuple[tuple[str, int, Callable[[IssueMutations, Random], Args]], ...] = (
    ("create", 14, _create),
    ("edit", 20, _edit),
    ("put", 6, _put),
    ("drop", 5, _drop),
    ("add_comment", 10, _add_comment),
    ("edit_comment", 5, _edit_comment),
    ("delete_comment", 4, _delete_comment),
    ("rename_option", 2, _rename_option),
    ("finish_transcript", 3, _finish_transcript),
)
"""The mutations that may be drawn in addition, their weights, and what makes up their arguments."""
