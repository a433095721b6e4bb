"""What is shown of several commands: what each says with its name before it, and one line for how each ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..base import exits
from ..base.wording import ago, count, duration
from ..base.workspaces import EVERY

if TYPE_CHECKING:
    from .union import Made

Event = Mapping[str, Any]

LAST = {
    "run": "run_finished",
    "check": "check_finished",
    "status": "status",
    "reconcile": "reconciled",
    "verify": "verified",
    "transform": "transformed",
}
"""The event with which each verb says what it did."""


def said(event: Event) -> str:
    """Return what an event says to somebody who watches, "" for nothing."""
    match event.get("event"):
        case "turn" | "progress":
            return f"{count(event['rows'], 'row')}, {count(event['requests'], 'request')}"
        case "warning" | "message":
            return str(event["text"])
        case "failure":
            return f"Error: {event['what']} {event['remedy']}".rstrip()
        case "not_available":
            return f"Not available here: {event['table']}: {event['what']}"
        case "finding" if event["verdict"] not in ("ok", "unknown"):
            return f"{event['what']}: {event['text']} {event['remedy']}".rstrip()
    return ""


def result(name: str, verb: str, code: int, last: Event | None, seconds: float, now: datetime) -> str:
    """Return the one line for how a command ended.

    Args:
        name: The workspace.
        verb: What was done.
        code: The exit code.
        last: The event with which it said what it did; ``None``: it did not come so far.
        seconds: How long it took.
        now: Where ages are measured from.
    """
    outcome = exits.MEANINGS.get(code, "").partition(";")[0].rstrip(".").lower() or f"exit {code}"
    did = DID[verb](last, now) if last is not None else ""
    return f"{name}: {outcome if code or not did else 'done'}{f', {did}' if did else ''}; {duration(seconds)}"


def united(made: Made) -> str:
    """Return the one line for the union of all."""
    if not made.workspaces:
        return f"{EVERY}: nothing to unite"
    tables = count(len(made.tables), "table")
    return f"{EVERY}: {tables} of {', '.join(made.workspaces)} united in {made.place}, schema {made.schema}"


def _run(event: Event, _now: datetime) -> str:
    asked = sum(one["asked"] for one in event["requests"].values())
    early = f", ended early: {event['ended_early']}" if event["ended_early"] else ""
    return f"{count(sum(event['rows'].values()), 'row')}, {count(asked, 'request')}{early}"


def _check(event: Event, _now: datetime) -> str:
    return "a run would work" if event["exit"] == exits.DONE else "not everything is well"


def _status(event: Event, now: datetime) -> str:
    if not event["exists"]:
        return "there is no copy yet"
    until = event["changed_until"]
    moment = datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None
    tables = event["tables"].values()
    due = sum(table["due"] or 0 for table in tables)
    return (
        f"changes read up to {ago(moment, now)}, {count(sum(table['rows'] for table in tables), 'row')},"
        f" {count(due, 'conversation')} due"
    )


def _reconcile(event: Event, _now: datetime) -> str:
    if not event["complete"]:
        return "ended early; nothing was removed"
    return f"gone and removed: {event['removed']:,}, missing or different, and mended: {event['mended']:,}"


def _verify(event: Event, _now: datetime) -> str:
    found, asked = event["differences"], sum(event["asked"].values())
    untold = f", {count(len(left), 'place')} not compared" if (left := event.get("untold")) else ""
    return (
        f"{count(len(found), 'difference') if found else 'no difference'}{untold}, {count(asked, 'request')}"
    )


def _transform(event: Event, _now: datetime) -> str:
    kinds = [node["kind"] for node in event["nodes"] if node["status"] != "skipped"]
    tests = f", {count(kinds.count('test'), 'test')}" if "test" in kinds else ""
    return f"{count(kinds.count('model'), 'table')} built{tests}"


DID: dict[str, Callable[[Event, datetime], str]] = {
    "run": _run,
    "check": _check,
    "status": _status,
    "reconcile": _reconcile,
    "verify": _verify,
    "transform": _transform,
}
"""What each verb did, by what it says last."""
