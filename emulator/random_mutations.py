"""One random change of a world, for tests that compare a copy with the truth."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from .mutations import Mutations
from .random_collection_mutations import COLLECTION_MAKERS
from .seed import custom_fields
from .tables import DIRECTORY
from .text import SUBJECTS, sentence

Args = dict[str, Any] | None
"""The arguments of a mutation; None where the drawn issue does not allow it."""


def random_mutation(world: Mutations, rng: Random, others: bool = False) -> dict[str, Any]:
    """Do one of the possible mutations, drawn by its weight, and return its name and arguments.

    With `others` it may as well concern the collections beyond the directory.
    """
    weights = _ALL_WEIGHTS if others else _WEIGHTS
    while True:
        name, make = rng.choices(_ALL_MAKERS[: len(weights)], weights)[0]
        args = make(world, rng)
        if args is not None:
            getattr(world, name)(**args)
            return {"do": name, "args": args}


def _any_issue(world: Mutations, rng: Random) -> str | None:
    """Return a living issue; recent ones come up more often, as they do in life."""
    keys = world.by_updated.keys
    for _ in range(20 if keys else 0):
        position = rng.randrange(len(keys))
        if rng.random() < 0.5:
            position = len(keys) - 1 - position // 20
        record = world.record(keys[position][1])
        if not record.scrubbed:
            return record.id
    return None


def _create(world: Mutations, rng: Random) -> Args:
    fields: dict[str, Any] = {"title": rng.choice(SUBJECTS), "body_html": sentence(rng, 2)}
    fields["custom_fields"] = custom_fields(rng)
    if contacts := world.rows("contacts"):
        contact = rng.choice(contacts)
        fields["requester"] = {"id": contact["id"], "email": contact.get("email")}
        fields["account"] = contact.get("account")
    return fields


def _edit(world: Mutations, rng: Random) -> Args:
    issue = _any_issue(world, rng)
    change: dict[str, Any] = rng.choice(
        [
            {"state": rng.choice(["new", "waiting_on_you", "on_hold", "closed"])},
            {"title": rng.choice(SUBJECTS)},
            {"tags": rng.choice([["bug"], [], ["vip", "b'ug\\"]])},
            {"custom_fields": custom_fields(rng)},
            {"assignee": None},
        ]
    )
    return {"ref": issue, **change} if issue else None


def _bulk(world: Mutations, rng: Random) -> Args:
    found = {_any_issue(world, rng) for _ in range(rng.randrange(2, 9))} - {None}
    return {"refs": sorted(map(str, found)), "state": "closed"} if found else None


def _issue(world: Mutations, rng: Random) -> Args:
    issue = _any_issue(world, rng)
    return {"ref": issue} if issue else None


def _add_message(world: Mutations, rng: Random) -> Args:
    issue = _any_issue(world, rng)
    text = {"message_html": sentence(rng, 2), "is_private": rng.random() < 0.3}
    return {"ref": issue, **text} if issue else None


def _message(world: Mutations, rng: Random) -> Args:
    issue = _any_issue(world, rng)
    found = world.messages(issue) if issue else []
    return {"message_id": rng.choice(found)["id"]} if found else None


def _edit_message(world: Mutations, rng: Random) -> Args:
    args = _message(world, rng)
    return args | {"message_html": sentence(rng, 1)} if args else None


def _move_message(world: Mutations, rng: Random) -> Args:
    args, target = _message(world, rng), _any_issue(world, rng)
    return args | {"to_issue": target} if args and target else None


def _delete_thread(world: Mutations, rng: Random) -> Args:
    issue = _any_issue(world, rng)
    found = world.threads(issue) if issue else []
    return {"ref": issue, "thread_id": rng.choice(found)["id"]} if found else None


def _follow(world: Mutations, rng: Random) -> Args:
    issue, users = _any_issue(world, rng), world.rows("users")
    return {"ref": issue, "follower_id": rng.choice(users)["id"]} if issue and users else None


def _unfollow(world: Mutations, rng: Random) -> Args:
    issue = _any_issue(world, rng)
    found = world.followers(issue) if issue else []
    return {"ref": issue, "follower_id": rng.choice(found)["id"]} if found else None


def _merge(world: Mutations, rng: Random) -> Args:
    accounts = [row["id"] for row in world.rows("accounts")]
    if len(accounts) < 3:
        return None
    survivor, merged = rng.sample(accounts, k=2)
    return {"survivor": survivor, "merged": merged}


_LABELS = {"custom_fields": "label", "issue_statuses": "label", "knowledge_bases": "title", "tags": "value"}
_LABELS |= {"kb_collections": "title", "kb_articles": "title"}


def _put(world: Mutations, rng: Random) -> Args:
    collection = rng.choice(DIRECTORY)
    rows = world.rows(collection)
    if not rows:
        return None
    row = dict(rng.choice(rows))
    row[_LABELS.get(collection, "name")] = f"Changed {rng.randrange(10**6)}"
    if rng.random() < 0.4:
        if collection == "issue_statuses":
            row["slug"] = f"status_{rng.randrange(10**6)}"
        else:
            row.pop("id")
    return {"collection": collection, "row": row}


def _drop(world: Mutations, rng: Random) -> Args:
    collection = rng.choice(DIRECTORY)
    keys = [row.get("id") or row["slug"] for row in world.rows(collection)]
    return {"collection": collection, "key": rng.choice(keys)} if len(keys) > 2 else None


_MAKERS: dict[str, tuple[int, Callable[[Mutations, Random], Args]]] = {
    "create_issue": (10, _create),
    "edit_issue": (14, _edit),
    "touch_silently": (4, _edit),
    "bulk_edit": (3, _bulk),
    "delete_issue": (4, _issue),
    "scrub_issue": (2, _issue),
    "add_message": (16, _add_message),
    "edit_message": (4, _edit_message),
    "redact_message": (3, _message),
    "delete_message": (4, _message),
    "move_message": (4, _move_message),
    "add_thread": (4, _issue),
    "delete_thread": (3, _delete_thread),
    "follow": (4, _follow),
    "unfollow": (3, _unfollow),
    "merge_accounts": (1, _merge),
    "put": (6, _put),
    "drop": (2, _drop),
}


def _phone_issue(world: Mutations, rng: Random) -> Args:
    args = _create(world, rng)
    return args | {"source": "phone"} if args else None


def _add_voice_call(world: Mutations, rng: Random) -> Args:
    issues = [_any_issue(world, rng) for _ in range(10)]
    issues += [row["issue_id"] for row in world.rows("issue_voice_calls")[-2:]]
    phones = [ref for ref in issues if ref and world.issue(ref)["source"] == "phone"]
    return {"ref": rng.choice(phones), "duration_sec": rng.randrange(600)} if phones else None


_ALL_MAKERS = (
    *((name, make) for name, (_, make) in _MAKERS.items()),
    ("create_issue", _phone_issue),
    ("add_voice_call", _add_voice_call),
    *((name, make) for name, _, make in COLLECTION_MAKERS),
)
_WEIGHTS = tuple(weight for weight, _ in _MAKERS.values())
_ALL_WEIGHTS = (*_WEIGHTS, 2, 4, *(weight for _, weight, _ in COLLECTION_MAKERS))
