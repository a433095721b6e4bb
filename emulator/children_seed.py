"""The messages, threads and followers of the sample issues, and ids of messages that tell their issue."""

from __future__ import annotations

from random import Random

from .records import JSON, Children, IssueRecord
from .seed import SIGNED, Recipe, message_times
from .text import sentence, token, uuid
from .times import SECOND, format_ns

_MIX = 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFF | 1
_WORD = 1 << 56
_UNMIX = pow(_MIX, -1, _WORD)
_PER_ISSUE = 1 << 16


def message_id(seed: int, number: int, index: int) -> str:
    """Return the id of an issue's generated message: it looks random, yet gives the issue's number back."""
    mixed = f"{(number * _PER_ISSUE + index) * _MIX % _WORD:014x}"
    return f"{seed % 0xFFFFFFFF:08x}-{mixed[:4]}-4{mixed[4:7]}-b{mixed[7:9]}0-00000{mixed[9:]}00"


def issue_of_message(ident: str) -> int | None:
    """Return the number of the issue for which a message id was generated; None for any other text."""
    digits = ident.replace("-", "")
    try:
        mixed = int(digits[8:12] + digits[13:16] + digits[17:19] + digits[25:30], 16)
    except ValueError:
        return None
    return mixed * _UNMIX % _WORD // _PER_ISSUE


def children(recipe: Recipe, record: IssueRecord) -> Children:
    """Generate the messages, threads and followers of an issue."""
    rng = recipe.rng(record.number, 2)
    threads = _threads(rng, record)
    times = message_times(recipe, record)
    rows = [_message(recipe, record, rng, index, at, threads) for index, at in enumerate(times)]
    return Children(rows, threads if threads or rng.random() < 0.5 else None, _followers(recipe, rng, record))


def _threads(rng: Random, record: IssueRecord) -> list[JSON]:
    draw = rng.random()
    if draw > 0.3:
        return []
    rows: list[JSON] = [{"id": uuid(rng), "issue_id": record.id, "name": "Internal", "source": "pylon"}]
    if draw < 0.1:
        chat: JSON = {"channel_id": token(rng, "C"), "thread_id": f"{record.created // SECOND}.000200"}
        rows.append({"id": uuid(rng), "issue_id": record.id, "name": "Triage 🧵", "source": "slack"} | chat)
    return rows


def _followers(recipe: Recipe, rng: Random, record: IssueRecord) -> list[JSON]:
    count = int(rng.random() * rng.random() * 4)
    users = rng.sample(recipe.directory.tables["users"], k=count)
    rows: list[JSON] = [{"id": user["id"], "type": "user"} for user in users]
    if record.requester >= 0 and rng.random() < 0.2:
        contact = recipe.directory.tables["contacts"][record.requester]
        rows.append({"id": contact["id"], "type": "contact"})
    return rows


def _message(
    recipe: Recipe, record: IssueRecord, rng: Random, index: int, at: int, threads: list[JSON]
) -> JSON:
    draw = rng.random()
    private = index > 0 and draw < 0.25
    by_user = private or index % 2 == 1
    row: JSON = {
        "id": message_id(recipe.seed, record.number, index),
        "author": _author(recipe, record, rng, by_user),
        "message_html": sentence(rng, 1 + int(draw * 4)) if draw < 0.98 else "",
        "timestamp": format_ns(at),
        "is_private": private,
        "source": "pylon" if by_user else ("slack", "email")[int(draw * 2)],
    }
    if private and threads:
        row["thread_id"] = threads[0]["id"]
    if draw > 0.9:
        path = f"https://assets.sample.example/messages/{row['id']}/file.pdf"
        row["file_urls"] = [path + SIGNED]
    elif draw > 0.7:
        row["file_urls"] = [] if draw > 0.8 else None
    if row["source"] == "email":
        row["email_info"] = _email(row, index)
    if draw < 0.03:
        row["translated_html_beta"] = None
    return row


def _author(recipe: Recipe, record: IssueRecord, rng: Random, by_user: bool) -> JSON:
    tables = recipe.directory.tables
    if by_user:
        user = tables["users"][int(rng.random() * len(tables["users"]))]
        mini = {"id": user["id"], "email": user["email"]}
        return {"name": user["name"], "avatar_url": user["avatar_url"], "user": mini}
    if record.requester < 0:
        return {"name": "Unknown", "contact": None}
    contact = tables["contacts"][record.requester]
    return {"name": contact["name"], "contact": {"id": contact["id"], "email": contact["email"] or ""}}


def _email(row: JSON, index: int) -> JSON:
    sender = (row["author"].get("contact") or {}).get("email") or "unknown@mail.example"
    info: JSON = {"from_email": sender, "to_emails": ["support@sample.example"], "cc_emails": None}
    return info | {"bcc_emails": [], "message_id": f"<{row['id']}.{index}@mail.example>"}
