"""The plan of the sample issues, and each issue's body made from it when somebody asks.

Everything is a function of the seed and the issue's number, so making issues lazily, in any order, any number
of times, gives the same workspace.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .directory_seed import BASE_STATES, CUSTOM_STATES, Directory
from .records import JSON, IssueRecord
from .text import SUBJECTS, TAGS, sentence, token, uuid
from .times import DAY, SECOND, format_ns

SIGNED = "?signature=__signature_of_this_read__&expires=3600"
"""Stands for the query string of a signed URL in all that is stored; answers put a fresh one in its place."""

FIRST_NUMBER = 1
SOURCES = ("slack", "email", "chat_widget", "form", "manual", "microsoft_teams", "discord")
HOUR = 3600 * SECOND
RATINGS = (
    (5, "Great 👍"), (4, ""), (5, "Quick and friendly, thank you!"), (2, "Had to explain it three times."),
    (4, "Solved."), (5, ""), (3, "It took a while, but it works now."), (1, "Still waiting for a refund…"),
    (4, ""), (5, "Perfecto, ¡gracias!"),
)  # fmt: skip
"""What customers say of an issue: a score from 1 to 5, and a comment or none."""


@dataclass(frozen=True)
class Recipe:
    """What generating needs beside the record: the seed, the directory, the latest moment of all (ns), the phones."""

    seed: int
    directory: Directory
    now: int
    phones: frozenset[str] = frozenset()
    """The ids of the issues that came in by telephone."""

    def rng(self, number: int, purpose: int) -> Random:
        """Return the random numbers of one purpose for one issue."""
        return Random((self.seed * 4 + purpose) * 1_000_003 + number)


def plan(recipe: Recipe, issues: int, span: int, messages_mean: float) -> list[IssueRecord]:
    """Lay out the issues of a workspace that began `span` nanoseconds ago, oldest first."""
    rng = Random(f"plan {recipe.seed}")
    start = recipe.now - span
    # The square root gives a workspace that grows: more issues lately than at its beginning.
    created = sorted(start + int(span * rng.random() ** 0.6) for _ in range(issues))
    records = [_record(recipe, rng, index, at, messages_mean) for index, at in enumerate(created)]
    _bulk_edits(rng, records, recipe.now)
    return records


def _record(recipe: Recipe, rng: Random, index: int, created: int, mean: float) -> IssueRecord:
    created = _rounded(rng, created)
    accounts = recipe.directory.account_ids
    account = accounts[int(rng.random() * len(accounts))] if accounts and rng.random() < 0.97 else None
    contacts = recipe.directory.contacts_of.get(account or "", ())
    requester = contacts[int(rng.random() * len(contacts))] if contacts else -1
    count = 0 if rng.random() < 0.05 else round(rng.expovariate(1 / mean)) if mean > 0 else 0
    if mean > 0 and rng.random() < 0.001:
        count *= 12
    longest = recipe.now - created
    life = longest * rng.random() if rng.random() < 0.02 else rng.expovariate(1 / (60 * HOUR))
    updated = max(created, _rounded(rng, created + int(min(life, longest))))
    return IssueRecord(index + FIRST_NUMBER, uuid(rng), created, updated, account, requester, count)


def _rounded(rng: Random, ns: int) -> int:
    unit = (SECOND, 1_000_000, 1000, 1)[int(rng.random() * 4)]
    return ns // unit * unit


def _bulk_edits(rng: Random, records: list[IssueRecord], now: int) -> None:
    """Give a few runs of issues one and the same `updated_at`, as an edit of many at once does."""
    for _ in range(len(records) // 500):
        first = rng.randrange(len(records))
        run = records[first : first + rng.randrange(2, 25)]
        latest = max(record.updated for record in run)
        moment = min(now, latest + rng.randrange(HOUR))
        for record in run:
            record.updated = moment


def message_times(recipe: Recipe, record: IssueRecord) -> list[int]:
    """Return when the issue's messages were sent, in nanoseconds, oldest first."""
    if not record.message_count:
        return []
    rng = recipe.rng(record.number, 0)
    life = record.updated - record.created
    later = sorted(record.created + int(life * rng.random()) for _ in range(record.message_count - 1))
    return [record.created, *(_rounded_up(rng, at, record.updated) for at in later)]


def _rounded_up(rng: Random, ns: int, latest: int) -> int:
    # Rounding up keeps the order within the issue; the cap keeps messages from outliving updated_at.
    unit = SECOND if rng.random() < 0.3 else 1000
    return min(latest, -(-ns // unit) * unit)


def issue_body(recipe: Recipe, record: IssueRecord) -> JSON:
    """Generate an issue as the API shows it, its signed URLs ending in `SIGNED`."""
    rng = recipe.rng(record.number, 1)
    times = message_times(recipe, record)
    state = _state(rng, record, recipe.now)
    body: JSON = {
        "id": record.id,
        "number": record.number,
        "title": SUBJECTS[int(rng.random() * len(SUBJECTS))],
        "link": f"https://app.sample.example/issues?issueNumber={record.number}",
        "body_html": sentence(rng, 1 + int(rng.random() * 3)),
        "state": state,
        "account": _account(record),
        "assignee": _assignee(recipe, rng),
        "requester": _requester(recipe, record),
        "team": _team(recipe, rng),
        "tags": rng.sample(TAGS, k=int(rng.random() * 4)) if rng.random() < 0.8 else None,
        "custom_fields": custom_fields(rng),
        "created_at": format_ns(record.created),
        "updated_at": format_ns(record.updated),
        "latest_message_time": format_ns(times[-1]) if times else None,
        "customer_portal_visible": rng.random() < 0.5,
        "type": "ticket" if rng.random() < 0.4 else "conversation",
        "number_of_touches": max(0, len(times) // 2),
    }
    _source(rng, body, record)
    if record.id in recipe.phones:
        body |= {"source": "phone", "slack": None}
        body.pop("chat_widget_info", None)
    _metrics(rng, body, record, times)
    _extras(rng, body, record)
    return body


def _state(rng: Random, record: IssueRecord, now: int) -> str:
    if now - record.updated > 14 * DAY and rng.random() < 0.93:
        return "closed"
    return rng.choice(BASE_STATES + CUSTOM_STATES)


def _account(record: IssueRecord) -> JSON | None:
    return {"id": record.account_id} if record.account_id else None


def _requester(recipe: Recipe, record: IssueRecord) -> JSON | None:
    if record.requester < 0:
        return None
    contact = recipe.directory.tables["contacts"][record.requester]
    mini: JSON = {"id": contact["id"]}
    return mini | ({"email": contact["email"]} if contact["email"] else {})


def _assignee(recipe: Recipe, rng: Random) -> JSON | None:
    if rng.random() < 0.15:
        return None
    user = rng.choice(recipe.directory.tables["users"])
    return {"id": user["id"], "email": user["email"]}


def _team(recipe: Recipe, rng: Random) -> JSON | None:
    return {"id": rng.choice(recipe.directory.tables["teams"])["id"]} if rng.random() < 0.6 else None


def custom_fields(rng: Random) -> JSON:
    """Return the custom fields of an issue: every kind of value the service is known to send."""
    fields: JSON = {
        "priority": {"slug": "priority", "value": rng.choice(("low", "medium", "high", "urgent"))}
    }
    draw = int(rng.random() * 64)
    if draw & 1:
        fields["severity"] = {"slug": "severity", "value": rng.choice(("S1", "S2", "", '¾ "odd"'))}
    if draw & 2:
        fields["sev-level"] = {"slug": "sev-level", "value": "text-3"}
        fields["sev_level"] = {"slug": "sev_level", "value": draw / 4 if draw & 4 else draw}
        fields["Sev_Level"] = {"slug": "Sev_Level", "value": bool(draw & 8)}
    if draw & 16:
        fields["products"] = {"slug": "products", "values": rng.sample(("core", "api", "mobile"), k=draw % 3)}
    if draw & 32:
        fields["cost"] = {"slug": "cost", "value": None}
        fields["renewal date"] = {"slug": "renewal date", "value": "2027-01-31"}
    return fields


def _source(rng: Random, body: JSON, record: IssueRecord) -> None:
    source = SOURCES[int(rng.random() * rng.random() * len(SOURCES))]
    body["source"] = source
    body["slack"] = None
    if source == "slack":
        seconds = f"{record.created // SECOND}.{record.created % SECOND // 1000:06d}"
        workspace = "T0SAMPLE"
        body["slack"] = {"channel_id": token(rng, "C"), "message_ts": seconds, "workspace_id": workspace}
    elif source == "chat_widget":
        body["chat_widget_info"] = {"page_url": 'https://app.sample.example/pricing?from="ad"'}


def _metrics(rng: Random, body: JSON, record: IssueRecord, times: list[int]) -> None:
    life = (record.updated - record.created) // SECOND
    spent = {"new": life // 4, body["state"]: life - life // 4}
    body["time_in_status_seconds"] = spent
    body["business_hours_time_in_status_seconds"] = {slug: seconds // 3 for slug, seconds in spent.items()}
    if len(times) > 1:
        first = (times[1] - record.created) // SECOND
        body |= {"first_response_time": format_ns(times[1]), "first_response_seconds": first}
        body["business_hours_first_response_seconds"] = first // 3
    if body["state"] == "closed":
        solved = times[len(times) // 2] if record.number % 13 == 5 and len(times) > 3 else record.updated
        took = (solved - record.created) // SECOND
        body |= {"resolution_time": format_ns(solved), "resolution_seconds": took}
        body["business_hours_resolution_seconds"] = took // 3
        if record.number % 3:
            body["resolution_breach_time"] = format_ns(record.created + 4 * DAY)
            body["first_response_breach_time"] = format_ns(record.created + DAY)
    elif rng.random() < 0.3:
        body["resolution_breach_time"] = format_ns(record.updated + 3 * DAY)
        body["first_response_breach_time"] = format_ns(record.created + DAY)
        body["snoozed_until_time"] = format_ns(record.updated + DAY // 2)
    elif record.number % 7 == 2 and len(times) > 2:
        # it was solved once, and came back
        body["resolution_time"] = format_ns(times[1])


def _extras(rng: Random, body: JSON, record: IssueRecord) -> None:
    draw = int(rng.random() * 1000)
    if draw % 4 == 0:
        path = f"https://assets.sample.example/issues/{record.id}/shot {draw}.png".replace(" ", "%20")
        body["attachment_urls"] = [path + SIGNED, path.replace("shot", "log") + SIGNED][: 1 + draw % 2]
    elif draw % 4 == 1:
        body["attachment_urls"] = []
    if draw % 10 == 3:
        score, comment = RATINGS[draw // 10 % len(RATINGS)]
        body["csat_responses"] = [{"score": score, "comment": comment}]
    if draw % 12 == 5:
        link = f"https://tracker.example/ENG-{draw}"
        body["external_issues"] = [{"source": "linear", "external_id": f"ENG-{draw}", "link": link}]
    if draw % 20 == 7:
        body["sentiment_beta"] = {"label": "positive", "score": draw / 1000, "trace": [None, {"v": 2}]}
    if draw % 30 == 11:
        times: JSON = {"breach_time": None, "seconds": draw, "time": body["created_at"]}
        body["team_slas"] = [{"team_id": uuid(rng), "first_response": times, "resolution": None}]
    if draw % 50 == 13 and record.number > FIRST_NUMBER:
        body["parent_issue_group"] = {"id": uuid(rng), "number": record.number - 1}
    if draw % 3 == 0:
        spent: JSON = {"active_time_seconds": draw, "business_hours_active_time_seconds": draw // 2}
        body |= {"author_unverified": draw % 2 == 0, "active_time_by_user": []} | spent
        if body["assignee"] and draw % 2:
            body["active_time_by_user"] = [{"user_id": body["assignee"]["id"], **spent}]
        body["child_issues"] = [{"id": uuid(rng), "number": record.number + 1}] if draw % 50 == 0 else []
