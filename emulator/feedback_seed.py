"""What customers say beside the issues: survey responses, feature requests, recorded and telephone calls."""

from __future__ import annotations

from random import Random

from .records import JSON
from .seed import SIGNED
from .seed_basis import Ground, maybe, stamps
from .text import LAST, SENTENCES, SUBJECTS, sentence, uuid
from .times import SECOND, format_ns

SOURCES = ("fathom", "gong", "grain", "granola", "custom_call_recorder")
REQUEST_STATUSES = ("new", "in_progress", "closed", "archived", "Under review 👀")


def feedback(ground: Ground) -> dict[str, list[JSON]]:
    """Generate surveys, responses, feature requests, call recordings and voice calls, by table."""
    surveys = _surveys(ground)
    return {
        "surveys": surveys,
        "survey_responses": _responses(ground, surveys),
        "feature_requests": _feature_requests(ground),
        "call_recordings": _call_recordings(ground),
        "issue_voice_calls": _voice_calls(ground),
    }


def _surveys(ground: Ground) -> list[JSON]:
    rng = ground.rng("surveys")
    rows: list[JSON] = []
    kinds = (
        ("nps", "NPS"),
        ("csat", "After each issue"),
        ("custom", 'The "big" one 🗳️'),
        ("custom", "Unused"),
    )
    for kind, name in kinds[: ground.size(4, 4)]:
        row: JSON = {"id": uuid(rng), "name": name, "type": kind}
        row["updated_at"] = format_ns(ground.since(rng, ground.now - ground.span))
        if kind == "csat":
            row["trigger_beta"] = {"on": "close", "delay": 3600}
        rows.append(row)
    return rows


def _responses(ground: Ground, surveys: list[JSON]) -> list[JSON]:
    rng = ground.rng("survey_responses")
    if not surveys:
        return []
    # The last survey has no response.
    times = sorted(
        ground.since(rng, ground.now - ground.span) for _ in range(ground.size(len(ground.issues) / 20, 15))
    )
    return [_response(ground, rng, surveys[int(rng.random() * 3)], at) for at in times]


def _response(ground: Ground, rng: Random, survey: JSON, at: int) -> JSON:
    row: JSON = {"id": uuid(rng), "survey_id": survey["id"], "submitted_at": format_ns(at)}
    contact = ground.some(rng, "contacts") or {}
    account = contact.get("account") or {}
    maybe(rng, row, 0.9, contact_id=contact.get("id"), account_id=account.get("id"))
    score: JSON = {"prompt": "How likely …?", "question_type": "score", "value": str(rng.randrange(11))}
    comment: JSON = {"prompt": "Why?", "question_type": "comment", "value": rng.choice(SENTENCES)}
    row["answers"] = [[score, comment], [score], [], None][int(rng.random() ** 2 * 4)]
    if rng.random() < 0.1:
        row["channel_beta"] = "email"
    return row


def _feature_requests(ground: Ground) -> list[JSON]:
    rng = ground.rng("feature_requests")
    return [_feature_request(ground, rng, i) for i in range(ground.size(len(ground.issues) / 100, 8))]


def _feature_request(ground: Ground, rng: Random, index: int) -> JSON:
    created, updated = ground.times(rng)
    row: JSON = {"id": uuid(rng), "title": rng.choice(SUBJECTS), **stamps(created, updated)}
    row |= {"request_status": rng.choice(REQUEST_STATUSES), "custom_fields": {}}
    if index % 2:
        row["custom_fields"] = {"impact": {"slug": "impact", "value": rng.choice(("high", 3, None))}}
    row["evidence"] = [_evidence(ground, rng) for _ in range(rng.randrange(4))]
    row |= evidence_sums(row["evidence"])
    portal = ground.id_of(rng, "accounts", 0.5)
    row["portal_visible_to_account_ids"] = [portal] if portal else []
    maybe(rng, row, description=sentence(rng, 2))
    if index % 6 == 1:
        row["score_beta"] = rng.random()
    return row


def _evidence(ground: Ground, rng: Random) -> JSON:
    kind = rng.choice(("issue", "call_recording", "survey_response", "manual"))
    row: JSON = {"source_type": kind, "summary": sentence(rng, 1)}
    maybe(rng, row, 0.8, account_id=ground.id_of(rng, "accounts"))
    if kind == "issue" and ground.issues:
        row["source_id"] = rng.choice(ground.issues)
    if kind == "call_recording" and rng.random() < 0.8:
        row["external_url"] = f"https://calls.example/{rng.randrange(10**6)}"
    return row


def evidence_sums(evidence: list[JSON]) -> JSON:
    """Return the fields of a feature request that follow from its evidence."""
    accounts = {entry["account_id"] for entry in evidence if entry.get("account_id")}
    return {"evidence_count": len(evidence), "account_ids": sorted(accounts)}


def _call_recordings(ground: Ground) -> list[JSON]:
    rng = ground.rng("call_recordings")
    count = ground.size(len(ground.directory.account_ids) / 2, 8)
    return [_call_recording(ground, rng, index) for index in range(count)]


def _call_recording(ground: Ground, rng: Random, index: int) -> JSON:
    created, updated = ground.times(rng)
    length = rng.randrange(60, 5400)
    row: JSON = {"id": uuid(rng), "title": f"Call {index} & review", **stamps(created, updated)}
    row |= {
        "source": rng.choice(SOURCES),
        "external_id": f"call-{index}",
        "duration_ms": length * 1000 + index,
    }
    row["start_time"] = format_ns(created - length * SECOND)
    row["end_time"] = row["created_at"]
    row["account_id"] = ground.id_of(rng, "accounts", 0.85)
    emails = [ground.user(rng)["email"], f"guest{index}@mail.example"]
    row["participant_emails"] = [emails, emails[:1], [], None][int(rng.random() ** 2 * 4)]
    row["custom_fields"] = {"outcome": {"slug": "outcome", "value": "won"}} if index % 3 == 0 else None
    maybe(rng, row, 0.6, summary=sentence(rng, 3), calendar_event_id=uuid(rng))
    maybe(rng, row, 0.8, url=f"https://calls.example/{row['id']}?t=0#top")
    if index % 5 == 2:
        row["mood_beta"] = {"score": index / 7}
    return row


def phone_issues(ground: Ground) -> list[str]:
    """Return the ids of the issues that came in by telephone; only they have voice calls."""
    count = min(len(ground.issues), ground.size(len(ground.issues) * 0.03, 3))
    return ground.rng("phone issues").sample(ground.issues, k=count)


def _voice_calls(ground: Ground) -> list[JSON]:
    rng = ground.rng("issue_voice_calls")
    rows: list[JSON] = []
    for issue_id in phone_issues(ground):
        # The first has a call in any case, so that no world with issues is without.
        calls = rng.choice((0, 1, 1, 2)) if rows else 1
        rows += [_voice_call(ground, rng, issue_id) for _ in range(calls)]
    return rows


def _voice_call(ground: Ground, rng: Random, issue_id: str) -> JSON:
    created = ground.since(rng, ground.now - ground.span)
    row: JSON = {"id": uuid(rng), "issue_id": issue_id, "created_at": format_ns(created)}
    row |= {"duration_sec": rng.randrange(1800), "from_phone_number": f"+1555{rng.randrange(10**7):07d}"}
    maybe(rng, row, 0.8, to_phone_number="+15550001111")
    recordings = [recording(rng) for _ in range(rng.randrange(3))]
    row["recordings"] = recordings if recordings or rng.random() < 0.5 else None
    if rng.random() < 0.2:
        row["queue_beta"] = "sales"
    return row


def recording(rng: Random) -> JSON:
    """Return a recording of a voice call with its transcript."""
    ident = uuid(rng)
    speakers = ("Agent", rng.choice(LAST))
    lines = [
        {"speaker": speakers[index % 2], "text": rng.choice(SENTENCES)} for index in range(rng.randrange(6))
    ]
    url = f"https://assets.sample.example/calls/{ident}.mp3"
    return {"id": ident, "download_url": url + SIGNED, "transcript_segments": lines}
