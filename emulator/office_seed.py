"""What the sample workspace keeps for itself: macros, the audit log, custom objects and the like."""

from __future__ import annotations

from random import Random

from .records import JSON
from .seed_basis import Ground, maybe, stamps
from .text import COMPANIES, SENTENCES, sentence, uuid
from .times import SECOND, format_ns

CUSTOM_TYPES = ("companies", "work-orders")
"""The types of the sample's custom objects."""
ACTIONS = (
    ("issue_updated", "issue"), ("user_logged_in", "user"), ("account_updated", "account"),
    ("macro_applied", "issue"), ("issue_exported", "issue"), ("api_token_created", "api_token"),
)  # fmt: skip
"""Made up: Pylon does not document the names of its actions."""
ACTIVITIES = ("Demo given", "Training 🎓", "QBR", "On-site visit", "Renewal call")


def office(ground: Ground) -> dict[str, list[JSON]]:
    """Generate macros, activity types, audit logs, custom objects, training data, relationships and suppressions."""
    groups = _macro_groups(ground)
    return {
        "macro_groups": groups,
        "macros": _macros(ground, groups),
        "activity_types": _activity_types(ground),
        "audit_logs": _audit_logs(ground),
        "custom_objects": _custom_objects(ground),
        "training_data": _training_data(ground),
        "account_relationships": _relationships(ground),
        "email_suppressions": _suppressions(ground),
    }


def _macro_groups(ground: Ground) -> list[JSON]:
    rng = ground.rng("macro_groups")
    titles = ("Billing", "Onboarding 👋", "Empty")[: ground.size(3, 3)]
    return [{"id": uuid(rng), "title": title, **stamps(*ground.times(rng))} for title in titles]


def _macros(ground: Ground, groups: list[JSON]) -> list[JSON]:
    rng = ground.rng("macros")
    return [_macro(ground, rng, index, groups) for index in range(ground.size(14, 14))]


def _macro(ground: Ground, rng: Random, index: int, groups: list[JSON]) -> JSON:
    row: JSON = {"id": uuid(rng), "name": f"Macro {index}", **stamps(*ground.times(rng))}
    kinds = [{"type": "set_issue_state"}, {"type": "set_issue_tags"}]
    row["actions"] = [kinds[: index % 3], None][index % 5 == 4]
    row |= {"has_actions": bool(row["actions"]), "text_type": ("reply", "note", "email")[index % 3]}
    row["text_html"] = sentence(rng, 2) if index % 6 else ""
    # The last group stays empty.
    row["macro_group_id"] = groups[int(rng.random() * 2)]["id"] if index % 4 else None
    row["visibility"] = _visibility(ground, rng, index)
    if index % 5 == 1:
        row["usage_beta"] = {"count": index}
    return row


def _visibility(ground: Ground, rng: Random, index: int) -> JSON | None:
    if index % 4 == 0:
        return {"type": "everyone", "team_ids": None, "user_ids": []}
    teams, users = ground.id_of(rng, "teams"), ground.id_of(rng, "users")
    return {"type": "restricted", "team_ids": [teams], "user_ids": [users]} if index % 4 != 3 else None


def _activity_types(ground: Ground) -> list[JSON]:
    rng = ground.rng("activity_types")
    rows: list[JSON] = []
    for index, label in enumerate(ACTIVITIES[: ground.size(5, 5)]):
        row: JSON = {"id": uuid(rng), "label": label, "slug": f"activity-{index}"}
        maybe(rng, row, 0.8, icon_url=f"https://assets.example/icons/{index}.svg")
        rows.append(row)
    return rows


def _audit_logs(ground: Ground) -> list[JSON]:
    rng = ground.rng("audit_logs")
    count = ground.size(len(ground.issues) / 5, 25)
    times = sorted(ground.since(rng, ground.now - ground.span) for _ in range(count))
    return [_audit_log(ground, rng, at) for at in times]


def _audit_log(ground: Ground, rng: Random, at: int) -> JSON:
    action, kind = rng.choice(ACTIONS)
    row: JSON = {"id": uuid(rng), "action": action, "action_happened_at": format_ns(at), "object_type": kind}
    row["created_at"] = format_ns(min(ground.now, at + rng.randrange(3 * SECOND)))
    row["source"] = rng.choice(("app", "api", "slack"))
    row["object_id"] = _object_id(ground, rng, kind)
    row["attributes"] = {"ip": "192.0.2.7", "User Agent": "x/1"} if rng.random() < 0.6 else None
    row["metadata"] = _metadata(rng)
    maybe(rng, row, 0.8, actor_user_id=ground.id_of(rng, "users"))
    maybe(rng, row, 0.2, actor_contact_id=ground.id_of(rng, "contacts"))
    maybe(rng, row, 0.6, link=f"https://app.sample.example/audit?id={row['id']}")
    if rng.random() < 0.05:
        row["trace_beta"] = rng.random()
    return row


def _object_id(ground: Ground, rng: Random, kind: str) -> str | None:
    if kind == "issue":
        return rng.choice(ground.issues) if ground.issues else None
    if kind in ("user", "account"):
        return ground.id_of(rng, f"{kind}s")
    return uuid(rng)


def _metadata(rng: Random) -> JSON | None:
    changes = [
        {"field": "state", "from": None, "to": "closed"},
        {"field": "title", "to": rng.choice(SENTENCES)},
    ]
    return rng.choice(({"changes": changes}, {}, {"count": 3, "deep": {"a": [1, {"b": None}]}}, None))


def _custom_objects(ground: Ground) -> list[JSON]:
    rng = ground.rng("custom_objects")
    rows: list[JSON] = []
    for kind in CUSTOM_TYPES:
        count = ground.size(len(ground.directory.account_ids) / 5, 6)
        rows += [_custom_object(ground, rng, kind, index) for index in range(count)]
    return rows


def _custom_object(ground: Ground, rng: Random, kind: str, index: int) -> JSON:
    name = f"{rng.choice(COMPANIES)} {index}" if index % 7 != 6 else None
    row: JSON = {"id": uuid(rng), "type": kind, "name": name, **stamps(*ground.times(rng))}
    fields: JSON = {"size": {"slug": "size", "value": rng.choice((7, "7", None, 7.5, True))}}
    fields["Zip-Code"] = {"slug": "Zip-Code", "value": f"{rng.randrange(10**5):05d}"}
    row["custom_fields"] = fields if index % 4 else {}
    account, contact = ground.id_of(rng, "accounts", 0.8), ground.id_of(rng, "contacts", 0.3)
    relations = [("account", account), ("contact", contact)]
    row["relations"] = [{"object_type": what, "object_id": ident} for what, ident in relations if ident]
    if index % 5 == 3:
        row["relations"] = None
    if index % 6 == 2:
        row["source_beta"] = "import"
    return row


def _training_data(ground: Ground) -> list[JSON]:
    rng = ground.rng("training_data")
    return [_training(ground, rng, index) for index in range(ground.size(4, 4))]


def _training(ground: Ground, rng: Random, index: int) -> JSON:
    row: JSON = {"id": uuid(rng), "name": f"Handbook {index}", **stamps(*ground.times(rng))}
    row |= {
        "type": ("website", "file_upload")[index % 2],
        "visibility": ("public", "internal_only")[index % 2],
    }
    row["exclude_from_kb_search"] = index == 3
    if index % 2:
        documents = [_document(rng, number) for number in range(index)]
        return row | {"documents": documents, "scrape_status": None}
    status: JSON = {"status": "completed", "pages_scraped": 12 * index, "total_pages": 40}
    status["last_scraped_at"] = row["updated_at"]
    return row | {"scrape_status": status, "documents": None if index else [], "depth_beta": index}


def _document(rng: Random, number: int) -> JSON:
    ident = uuid(rng)
    row: JSON = {"id": ident, "file_name": f"Seite {number}.pdf", "file_type": "application/pdf"}
    row |= {"file_size": rng.randrange(10**9), "s3_key": f"training/{ident}"}
    return row | ({"external_id": f"doc-{number}"} if number % 2 else {})


def _relationships(ground: Ground) -> list[JSON]:
    rng = ground.rng("account_relationships")
    ids = ground.directory.account_ids
    count = ground.size(len(ids) / 5, 2) if len(ids) > 1 else 0
    rows: list[JSON] = []
    for _ in range(count):
        child, parent = rng.sample(ids, k=2)
        row: JSON = {"id": uuid(rng), "child_account_id": child, "parent_account_id": parent}
        row |= {
            "related_object_id": parent,
            "relationship_type": rng.choice(("parent_account", "partner_account")),
        }
        rows.append(row | stamps(*ground.times(rng)))
        if rng.random() < 0.2:
            rows[-1]["note_beta"] = None
    return rows


def _suppressions(ground: Ground) -> list[JSON]:
    rng = ground.rng("email_suppressions")
    count = ground.size(len(ground.directory.tables["contacts"]) / 20, 4)
    return [_suppression(ground, rng, index) for index in range(count)]


def _suppression(ground: Ground, rng: Random, index: int) -> JSON:
    contact = ground.some(rng, "contacts") or {}
    email = contact.get("email") or f"Former.Employee+{index}@sample.example"
    row: JSON = {"id": uuid(rng), "email": email, "reason": ("hard_bounce", "manual")[index % 4 == 3]}
    row["created_at"] = format_ns(ground.since(rng, ground.now - ground.span))
    if row["reason"] == "hard_bounce":
        row["bounce_details"] = "550 5.1.1 <…>: user unknown" if index % 3 else None
    if index % 5 == 2:
        row["stream_beta"] = "broadcast"
    return row
