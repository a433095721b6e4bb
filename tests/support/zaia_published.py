"""What Zaia's reference page of the Tickets resource says of the operations that read: facts, in a digest of our own form.

The digest, ``zaia_published.json``, is what tests are held against, so that none of them needs the page itself. Where
the page's text lies beside the project, a test compares the two; ``python -m support.zaia_published`` writes the digest
anew. What other public pages say of other lists is in ``ELSEWHERE``, in the same form.

A type is written as ``string``, ``string:uuid``, ``string:enum`` (whose values the page leaves out), ``[type]`` (a
list); ``?`` ends those that may be null. A field's name ends in ``!`` where it is required. A parameter is a type, or an
object: ``{"is": type, "or": type, "min": …, "max": …, "default": …}``.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from .repository import ROOT

Node = Any
"""A piece of the digest."""

PAGE: Node = {
    "pageNumber": {"is": "number", "min": 1, "default": 1},
    "pageSize": {"is": "number", "min": 1, "max": 100, "default": 10},
}
_IDS: Node = {"is": ["string:uuid"], "or": "string:uuid", "default": []}
ELSEWHERE: Node = {
    "GET /api/v1/chats": {
        "channelIds": _IDS,
        "ownerIds": _IDS,
        "channelTypes": {"is": ["string:enum"], "or": "string:enum", "default": []},
        "lastChatMessageCreatedAtStart": "string:date-time",
        "lastChatMessageCreatedAtEnd": "string:date-time",
        **PAGE,
    },
    "GET /api/v1/chat-messages": {
        "chatId!": "string:uuid",
        "chatThreadId": "string:uuid",
        "ticketIds": _IDS,
        "joins": {"is": ["string:enum"], "or": "string:enum", "default": []},
        "pagination.limit": {"is": "number", "min": 1, "max": 1000, "default": 250},
    },
    "GET /api/v1/chat-threads": {"chatId!": "string:uuid", **PAGE},
    **{
        f"GET /api/v1/{path}": PAGE
        for path in (
            *("ticketing-teams", "tags", "external-users", "super-identities/responders"),
            *("agents", "channels"),
        )
    },
}
"""The queries of the other lists."""

DIGEST = Path(__file__).with_suffix(".json")
DOCUMENT = ROOT.parent / "shared" / "zaia" / "tickets-api.txt"

_OPERATION = re.compile(r"^(get|post|patch|delete)\n(/api/\S+)$", re.MULTILINE)
_SECTIONS = ("Path parameters", "Query parameters", "Header parameters", "Body", "Responses")
_TYPE = r"(any of|string|boolean|number|integer)((?: · [\w-]+(?:: \d+)?(?:\[\])?)*)"
_FIELD = re.compile(rf"^(\w+?)?{_TYPE}(Required|Optional)(?:Default: (\S+)|Possible values:)?$")


@cache
def digest() -> Node:
    """Return the digest that is kept."""
    return json.loads(DIGEST.read_text(encoding="utf-8"))


@cache
def queries() -> dict[str, Node]:
    """Return the query parameters of every operation that reads."""
    return {label: found["query"] for label, found in digest()["operations"].items()} | ELSEWHERE


# -- from the page's text to the digest -------------------------------------------------------------------------------


def digest_of(text: str) -> Node:
    """Return the digest of the page's text.

    Raises:
        ValueError: The operations do not answer with the same object.
    """
    operations: dict[str, Node] = {}
    answers: list[Node] = []
    start = 0
    for match in _OPERATION.finditer(text):
        sections, start = _sections(text[start : match.start()]), match.end()
        if match[1] != "get":
            continue
        answers.append(_fields(sections["Responses"]))
        found = {name.split()[0].lower(): _fields(lines) for name, lines in sections.items() if "par" in name}
        operations[f"GET {match[2]}"] = {"path": {}, "query": {}} | found
    if any(answer != answers[0] for answer in answers):
        raise ValueError("more than one object")
    return {"operations": operations, "objects": {"ticket": answers[0]}}


def _sections(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if line in _SECTIONS:
            lines = found.setdefault(line, [])
        else:
            lines.append(line)
    return found


def _fields(lines: list[str]) -> dict[str, Node]:
    found: dict[str, Node] = {}
    name = ""
    for line in lines:
        if default := re.fullmatch(r"Default: (\S+)", line):
            found[name] |= {"default": json.loads(default[1])}
        match = _FIELD.match(line)
        if match is None:
            continue
        if match[1]:
            name = match[1] + "!" * (match[4] == "Required")
            found[name] = _parameter(match)
        else:
            found[name]["or" if "is" in found[name] else "is"] = _type(match[2], match[3])
    return found


def _parameter(match: re.Match[str]) -> Node:
    bounds = {name: int(number) for name, number in re.findall(r"(min|max): (\d+)", match[3])}
    given = bounds | ({"default": json.loads(match[5])} if match[5] else {})
    if match[2] == "any of":
        return given
    return {"is": _type(match[2], match[3]), **given} if given else _type(match[2], match[3])


def _type(kind: str, marks: str) -> Node:
    named = [part for part in marks.split(" · ")[1:] if ":" not in part]
    form = next((part.removesuffix("[]") for part in named if part != "nullable"), None)
    plain = kind + (f":{form}" if form else "") + "?" * ("nullable" in named)
    return [plain] if marks.endswith("[]") else plain


def written(found: Node) -> str:
    """Return the text of a digest."""
    return json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


# -- from the digest to a schema --------------------------------------------------------------------------------------


def schema() -> Node:
    """Return a JSON schema of a ticket, which has the known columns and no other."""
    columns = digest()["objects"]["ticket"]
    return {
        "type": "object",
        "properties": {name.rstrip("!"): _schema(kind) for name, kind in columns.items()},
        "required": [name.rstrip("!") for name in columns if name.endswith("!")],
        "additionalProperties": False,
    }


def nullable() -> set[str]:
    """Return the columns of a ticket that may be null."""
    return {name.rstrip("!") for name, kind in digest()["objects"]["ticket"].items() if kind.endswith("?")}


def _schema(kind: str) -> Node:
    plain, _, form = kind.rstrip("?").partition(":")
    types = [plain, "null"] if kind.endswith("?") else plain
    return {"type": types} | ({"format": form} if form not in ("", "enum") else {})


def main() -> None:
    """Write the digest of the page beside the project."""
    DIGEST.write_text(written(digest_of(DOCUMENT.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
