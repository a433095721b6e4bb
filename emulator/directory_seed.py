"""The collections of the sample workspace without a time filter: accounts, contacts, users and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .records import JSON
from .settings import OBJECT_TYPES
from .text import (
    COMPANIES,
    FIRST,
    LAST,
    SUFFIXES,
    TAGS,
    sentence,
    token,
    uuid,
)
from .times import DAY, format_ns

BASE_STATES = ("new", "waiting_on_you", "waiting_on_customer", "on_hold", "closed")
CUSTOM_STATES = ("waiting-on-engineering", "waiting_on_engineering", "Escalated 🚨")


@dataclass(frozen=True)
class Directory:
    """The generated collections, by table, and what the issue generator picks from."""

    tables: dict[str, list[JSON]]
    account_ids: tuple[str, ...]
    contacts_of: dict[str, tuple[int, ...]]
    me: JSON


def directory(rng: Random, now: int, span: int, accounts: int, contacts: int) -> Directory:
    """Generate the directory of a workspace that began `span` nanoseconds before `now`."""
    roles = [{"id": uuid(rng), "slug": slug, "name": name} for slug, name in _ROLES]
    users = [_user(rng, index, roles) for index in range(12)]
    account_rows = [_account(rng, index, now, span, users) for index in range(accounts)]
    contact_rows = [_contact(rng, index, account_rows) for index in range(contacts)]
    bases = [_knowledge_base(rng, index) for index in range(2)]
    collections = [row for base in bases for row in _collections(rng, base, now, span)]
    tables: dict[str, list[JSON]] = {
        "accounts": account_rows,
        "contacts": contact_rows,
        "users": users,
        "teams": _teams(rng, users),
        "tags": [_tag(rng, value, kind) for kind in ("issue", "account") for value in TAGS],
        "custom_fields": _custom_fields(rng, now, span),
        "ticket_forms": [_form(rng, index) for index in range(3)],
        "user_roles": roles,
        "issue_statuses": _statuses(),
        "knowledge_bases": bases,
        "kb_collections": collections,
        "kb_articles": _articles(rng, bases, collections, users, now, span),
    }
    contacts_of: dict[str, list[int]] = {}
    for index, row in enumerate(contact_rows):
        if row.get("account"):
            contacts_of.setdefault(row["account"]["id"], []).append(index)
    me = {
        "id": uuid(rng),
        "name": "Sample Workspace",
        "user": {"id": users[0]["id"], "email": users[0]["email"]},
    }
    ids = tuple(row["id"] for row in account_rows)
    return Directory(tables, ids, {key: tuple(rows) for key, rows in contacts_of.items()}, me)


_ROLES = (
    ("admin", "Admin"),
    ("member", "Member"),
    ("Member-", "Member (read only)"),
    ("viewer", "Viewer 👀"),
)


def _slug(text: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text.lower()).strip(
        "-"
    )


def _user(rng: Random, index: int, roles: list[JSON]) -> JSON:
    name = f"{FIRST[index % len(FIRST)]} {LAST[(index * 7) % len(LAST)]}"
    email = f"user{index}@sample.example"
    role = roles[min(index, 3) if index < 4 else 1]
    row: JSON = {"id": uuid(rng), "name": name, "email": email, "emails": [email], "role_id": role["id"]}
    row |= {"role": role, "status": "active" if index % 5 else "away"}
    row["avatar_url"] = f"https://assets.example/avatars/{index}.png" if index % 3 else ""
    return row


def _external_ids(rng: Random, index: int) -> list[JSON]:
    return [{"label": "crm", "external_id": f"ext-{index}"}] if rng.random() < 0.3 else []


def _account(rng: Random, index: int, now: int, span: int, users: list[JSON]) -> JSON:
    company = COMPANIES[index % len(COMPANIES)]
    name = f"{company} {SUFFIXES[index % len(SUFFIXES)]}" + (f" {index}" if index >= len(COMPANIES) else "")
    domain = f"{_slug(company) or 'company'}{index}.example"
    created = now - rng.randrange(span)
    row: JSON = {
        "id": uuid(rng),
        "name": name,
        "type": rng.choice(("customer", "prospect", "partner")),
        "domain": domain,
        "primary_domain": domain,
        "domains": [domain, f"mail.{domain}"] if index % 4 == 0 else [domain],
        "created_at": format_ns(_rounded(rng, created)),
        "owner": {"id": (owner := rng.choice(users))["id"], "email": owner["email"]} if index % 3 else None,
        "channels": [_channel(rng, domain)] if rng.random() < 0.5 else [],
        "custom_fields": _account_fields(rng),
        "external_ids": _external_ids(rng, index),
        "tags": rng.sample(TAGS, k=rng.randrange(3)) if index % 2 else None,
        "is_disabled": index % 17 == 16,
    }
    if rng.random() < 0.7:
        row["latest_customer_activity_time"] = format_ns(_rounded(rng, rng.randrange(created, now)))
    if rng.random() < 0.5:
        row["updated_at"] = format_ns(_rounded(rng, rng.randrange(created, now)))
        row["crm_settings"] = {"details": [{"id": f"00{index:06d}", "source": "salesforce"}]}
    if index % 23 == 5:
        row["health_beta"] = {"score": round(rng.random(), 3)}
    return row


def _rounded(rng: Random, ns: int) -> int:
    unit = (1_000_000_000, 1_000_000, 1000, 1)[rng.randrange(4)]
    return ns // unit * unit


def _channel(rng: Random, domain: str) -> JSON:
    channel = {"channel_id": token(rng, "C"), "channel_name": f"ext-{domain}", "source": "slack"}
    return channel | {"is_primary": True, "is_internal": False, "mirror_to": None}


def _account_fields(rng: Random) -> JSON:
    fields: JSON = {"plan": {"slug": "plan", "value": rng.choice(("free", "team", "enterprise"))}}
    if rng.random() < 0.5:
        fields["arr"] = {"slug": "arr", "value": rng.choice((0, 1200.5, "1e6", None, 90000))}
    if rng.random() < 0.2:
        fields["Plan"] = {"slug": "Plan", "value": True}
    return fields


def _contact(rng: Random, index: int, accounts: list[JSON]) -> JSON:
    name = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
    account = accounts[index % len(accounts)] if accounts and rng.random() < 0.95 else None
    domain = account["domain"] if account else "mail.example"
    email = f"{_slug(name)}.{index}@{domain}" if rng.random() < 0.97 else None
    row: JSON = {
        "id": uuid(rng),
        "name": name,
        "email": email,
        "emails": [email] if email else [],
        "account": _mini_account(account),
        "avatar_url": "" if index % 2 else f"https://assets.example/contacts/{index}.png",
        "custom_fields": {"vip": {"slug": "vip", "value": rng.random() < 0.1}} if index % 4 == 0 else {},
        "portal_role": rng.choice(("no_access", "member", "admin")),
        "phone_numbers": [f"+1555{index:07d}"] if index % 6 == 0 else [],
        "integration_user_ids": [{"id": token(rng, "U"), "source": "slack"}] if index % 3 == 0 else None,
    }
    if index % 6 == 0:
        row["primary_phone_number"] = f"+1555{index:07d}"
    if index % 8 == 0:
        row |= {"external_ids": _external_ids(rng, index), "portal_role_id": uuid(rng)}
    return row


def _mini_account(account: JSON | None) -> JSON | None:
    return {"id": account["id"], "external_ids": account["external_ids"]} if account else None


def _teams(rng: Random, users: list[JSON]) -> list[JSON]:
    minis = [{"id": user["id"], "email": user["email"]} for user in users]
    names = ("Support", "Solutions", "Billing", "Escalations")
    return [
        {"id": uuid(rng), "name": name, "users": minis[index * 4 : index * 4 + 5] if index < 3 else []}
        for index, name in enumerate(names)
    ]


def _tag(rng: Random, value: str, kind: str) -> JSON:
    return {"id": uuid(rng), "value": value, "object_type": kind, "hex_color": f"#{rng.getrandbits(24):06x}"}


FIELD_TYPES = {
    "issue": (
        ("priority", "select"), ("severity", "select"), ("sev-level", "text"), ("sev_level", "number"),
        ("Sev_Level", "boolean"), ("products", "multiselect"), ("renewal date", "date"), ("cost", "number"),
    ),
    "account": (("plan", "select"), ("Plan", "boolean"), ("arr", "number")),
    "contact": (("vip", "boolean"),),
}  # fmt: skip


def _custom_fields(rng: Random, now: int, span: int) -> list[JSON]:
    rows = []
    for kind in OBJECT_TYPES:
        for slug, type_ in FIELD_TYPES.get(kind, (("stage", "select"),) if kind == "project" else ()):
            created = now - rng.randrange(span)
            rows.append(_custom_field(rng, kind, slug, type_, created, min(now, created + DAY)))
    return rows


def _custom_field(rng: Random, kind: str, slug: str, type_: str, created: int, updated: int) -> JSON:
    row: JSON = {"id": uuid(rng), "object_type": kind, "slug": slug, "label": slug.replace("_", " ").title()}
    row |= {"type": type_, "description": "", "is_read_only": slug == "arr", "source": "salesforce"}
    row |= {"created_at": format_ns(created), "updated_at": format_ns(updated)}
    if "select" in type_:
        options = [{"slug": name, "label": name.title()} for name in ("low", "medium", "high", "urgent")]
        row["select_metadata"] = {"options": options}
    if type_ == "multiselect":
        row["default_values"] = []
    if slug == "cost":
        row["number_metadata"] = {"format": "currency", "currency": "USD", "decimal_places": 2}
    return row


def _form(rng: Random, index: int) -> JSON:
    name = ("Bug report", "Billing", 'Access "request"')[index]
    fields = [{"type": "text", "slug": "title", "name": "Title", "description_html": ""}]
    row: JSON = {"id": uuid(rng), "name": name, "slug": _slug(name), "is_public": index != 2}
    return row | {"fields": fields if index else [], "url": f"https://sample.example/forms/{index}"}


def _statuses() -> list[JSON]:
    rows = []
    for slug in BASE_STATES + CUSTOM_STATES:
        base = slug in BASE_STATES
        row: JSON = {"slug": slug, "label": slug.replace("_", " ").title(), "is_default_status": base}
        rows.append(row | {"category": slug if base else "on_hold", "is_archived": False})
    return rows


def _knowledge_base(rng: Random, index: int) -> JSON:
    row: JSON = {
        "id": uuid(rng),
        "title": ("Help center", "Interna 📚")[index],
        "slug": ("help", "interna")[index],
    }
    return row | {"default_language": "en", "supported_languages": ["en", "de"] if index == 0 else ["en"]}


def _collections(rng: Random, base: JSON, now: int, span: int) -> list[JSON]:
    rows: list[JSON] = []
    for index, title in enumerate(("Getting started", "Billing & plans", "API")):
        row: JSON = {"id": uuid(rng), "title": title, "slug": _slug(title), "knowledge_base_id": base["id"]}
        row |= {"description": "", "icon": "📘", "created_at": format_ns(now - rng.randrange(span))}
        row["parent_collection_id"] = rows[0]["id"] if index == 2 else None
        rows.append(row | {"visibility_config": {"visibility": "public", "ai_agent_access": "inherit"}})
    return rows


def _articles(
    rng: Random, bases: list[JSON], collections: list[JSON], users: list[JSON], now: int, span: int
) -> list[JSON]:
    rows = []
    for index in range(24):
        base = bases[index % 5 == 4]
        homes = [row for row in collections if row["knowledge_base_id"] == base["id"]]
        home, author = rng.choice(homes), rng.choice(users)
        created = now - rng.randrange(span)
        times = [format_ns(min(now, created + days * DAY)) for days in range(3)]
        rows.append(_article(rng, index, base, home, author, times))
    return rows


def _article(rng: Random, index: int, base: JSON, home: JSON, author: JSON, times: list[str]) -> JSON:
    created, last_published, last_edited = times
    title = f"Article {index}: {rng.choice(TAGS)}"
    published = index % 4 != 3
    row: JSON = {"id": uuid(rng), "title": title, "slug": _slug(title), "knowledge_base_id": base["id"]}
    row |= {"identifier": f"KB-{index}", "author_user_id": author["id"], "is_unlisted": index % 9 == 8}
    row |= {"collection_id": home["id"] if index % 6 else None, "created_at": created}
    row |= {"is_published": published, "last_published_at": last_published if published else None}
    row["current_published_content_html"] = sentence(rng, 3) if published else None
    row["current_draft_content_html"] = sentence(rng, 3)
    row["url"] = f"https://{base['slug']}.sample.example/articles/{index}"
    return row | {"tags": [], "last_edited_at": last_edited}
