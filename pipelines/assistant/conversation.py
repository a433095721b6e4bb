"""One conversation, or those that were found, as an assistant reads them: names, not ids, and text, not HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from typing_extensions import TypedDict

from ..ask.reader import Reader
from ..base import exits
from . import find, text
from .hidden import Hidden
from .limits import Limits

There = Mapping[str, frozenset[str]]
"""The columns of each raw table that may be read."""


class Issue(TypedDict):
    """What is known of an issue beside its conversation; null where it is unknown or left out."""

    id: str
    number: int | None
    title: str | None
    state: str | None
    account: str | None
    requester: str | None
    assignee: str | None
    team: str | None
    source: str | None
    tags: Any
    created_at: str | None
    latest_message_at: str | None
    link: str | None


class Message(TypedDict):
    """One message."""

    position: int
    at: str | None
    side: str
    """customer, agent or unknown."""
    author: str | None
    internal: bool
    text: str


class Conversation(TypedDict):
    """An issue with its messages, or some of them."""

    issue: Issue
    request: str
    """The opening request; the first message often repeats it."""
    messages: list[Message]
    cut: str
    note: str


class Match(TypedDict):
    """A conversation that was found."""

    issue: Issue
    words: list[str]
    """Which of the words are in it."""
    excerpts: list[str]


class Found(TypedDict):
    """Some of the conversations that match."""

    matches: int
    """How many have at least one of the words."""
    with_all_words: int
    """How many of these have all of them."""
    with_word: dict[str, int]
    """In how many each word is."""
    conversations: list[Match]
    cut: str
    note: str


_FACTS = (
    ("id", "i", "issues", "id"),
    ("number", "i", "issues", "number"),
    ("title", "i", "issues", "title"),
    ("state", "i", "issues", "state"),
    ("account", "a", "accounts", "name"),
    ("requester", "c", "contacts", "name"),
    ("assignee", "u", "users", "name"),
    ("team", "t", "teams", "name"),
    ("source", "i", "issues", "source"),
    ("tags", "i", "issues", "tags"),
    ("created_at", "i", "issues", "created_at"),
    ("latest_message_at", "i", "issues", "latest_message_time"),
    ("link", "i", "issues", "link"),
    ("request", "i", "issues", "body_html"),
)
"""What is told of an issue, and where it stands."""
_JOINS = (("a", "accounts", "account_id"), ("c", "contacts", "requester_id"),
          ("u", "users", "assignee_id"), ("t", "teams", "team_id"))  # fmt: skip


def readable(reader: Reader, hidden: Hidden) -> There:
    """Return the columns of each raw table that may be read.

    Raises:
        Problem: The issues have not been copied, or their database is one that is not read here.
    """
    if reader.dialect not in ("duckdb", "postgres"):
        raise exits.Problem(
            "Conversations are read from DuckDB and Postgres only.",
            "The tool select answers everywhere.",
            exits.CONFIGURATION,
        )
    sql = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = $place"
    found: dict[str, set[str]] = {}
    for row in reader.ask(sql, {"place": reader.schemas[0]}).table().to_pylist():
        table, column = row["table_name"], row["column_name"]
        if not hidden.column(table, column) and not hidden.table(table):
            found.setdefault(table, set()).add(column)
    if "id" not in found.get("issues", ()):
        raise exits.Problem("The copy holds no issues yet.", "Copy them, with: pylon run", exits.FAILED)
    return {table: frozenset(columns) for table, columns in found.items()}


def _facts(there: There, where: str) -> str:
    picked = ", ".join(
        f"{alias}.{column} AS {name}"
        if column in there.get(table, ()) and _joined(alias, there)
        else f"NULL AS {name}"
        for name, alias, table, column in _FACTS
    )
    joins = "".join(
        f" LEFT JOIN {table} AS {alias} ON {alias}.id = i.{key}"
        for alias, table, key in _JOINS
        if _joined(alias, there)
    )
    return f"SELECT {picked} FROM issues AS i{joins} WHERE {where}"


def _joined(alias: str, there: There) -> bool:
    return alias == "i" or any(
        one == alias and "id" in there.get(table, ()) and key in there["issues"] for one, table, key in _JOINS
    )


def _issue(row: Mapping[str, Any]) -> Issue:
    told = {name: _told(row[name]) for name, *_ in _FACTS if name != "request"}
    return cast("Issue", told)


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return text.visible(value) if isinstance(value, str) else value


def one(
    reader: Reader, hidden: Hidden, limits: Limits, name: str, first: int, character: int
) -> Conversation:
    """Return one conversation from a message on, as far as the limits allow.

    Args:
        reader: The copy.
        hidden: What of it is left out.
        limits: How much is given.
        name: The issue's id or number.
        first: The position of the first message, from 1.
        character: From which character on the text of that message is given, from 1.

    Raises:
        Problem: There is no such issue in the copy.
    """
    if "\0" in name:
        raise _no_issue(name)
    there = readable(reader, hidden)
    number = name.strip().removeprefix("#")
    numbered = " OR CAST(i.number AS VARCHAR) = $number" if "number" in there["issues"] else ""
    where = f"i.id = $issue{numbered}"
    given = {"issue": name.strip()} | ({"number": number} if numbered else {})
    rows = reader.ask(_facts(there, where), given).table().to_pylist()
    if not rows:
        raise _no_issue(name)
    request = text.plain(rows[0]["request"])
    messages, cut = _messages(reader, there, hidden, limits, rows[0]["id"], first, character)
    if len(request) > limits.cell:
        cut = f"The request ends with … after {limits.cell:,} characters. {cut}".strip()
        request = request[: limits.cell] + "…"
    return Conversation(
        issue=_issue(rows[0]),
        request=request if first == 1 else "",
        messages=messages,
        cut=cut,
        note=f"{reader.note} {hidden.told()}".strip(),
    )


def _no_issue(name: str) -> exits.Problem:
    return exits.Problem(
        f"There is no issue {name!r} in the copy.",
        "Name its id or its number; the tool find_conversations finds it by words.",
        exits.USAGE,
    )


def _messages(
    reader: Reader, there: There, hidden: Hidden, limits: Limits, issue: str, first: int, character: int
) -> tuple[list[Message], str]:
    columns = there.get("issue_messages", frozenset())
    if "issue_id" not in columns:
        return [], "The messages have not been copied."
    public = "" if not hidden.notes else " AND NOT coalesce(is_private, false)"
    where = f"issue_id = $issue{public}"
    total = reader.ask(f"SELECT count(*) AS n FROM issue_messages WHERE {where}", {"issue": issue})
    count = int(total.table()["n"][0].as_py())
    picked = ", ".join(
        name if name in columns else f"NULL AS {name}"
        for name in (
            "id",
            "timestamp",
            "is_private",
            "author_name",
            "author_user_id",
            "author_contact_id",
            "message_html",
        )
    )
    order = ", ".join(name for name in ("timestamp", "id") if name in columns) or "1"
    sql = (
        f"SELECT {picked} FROM issue_messages WHERE {where} ORDER BY {order}"
        f" LIMIT {limits.rows} OFFSET {first - 1}"
    )
    given: list[Message] = []
    size, cut = 0, ""
    for place, row in enumerate(reader.ask(sql, {"issue": issue}).table().to_pylist(), start=first):
        message, whole = _message(place, row, character if place == first else 1, limits.cell)
        size += len(message["text"].encode()) + 200
        if given and size > limits.size:
            break
        given.append(message)
        if not whole:
            until = (character if place == first else 1) + limits.cell
            cut += f"Message {place} ends with …: from_message={place}, from_character={until} go on. "
    following = first + len(given)
    if following <= count:
        cut += f"Messages {following} to {count} are left out: call again with from_message={following}."
    return given, cut.strip()


def _message(place: int, row: Mapping[str, Any], character: int, most: int) -> tuple[Message, bool]:
    """Return a message, and whether it has come to its end."""
    whole = text.plain(row["message_html"])[character - 1 :]
    side = "customer" if row["author_contact_id"] else "agent" if row["author_user_id"] else "unknown"
    return (
        Message(
            position=place,
            at=_told(row["timestamp"]),
            side=side,
            author=_told(row["author_name"]),
            internal=bool(row["is_private"]),
            text=whole if len(whole) <= most else whole[:most] + "…",
        ),
        len(whole) <= most,
    )


def found(
    reader: Reader,
    hidden: Hidden,
    limits: Limits,
    words: Sequence[str],
    filters: find.Filters,
    limit: int,
    offset: int,
) -> Found:
    """Return the conversations that have most of some words, those with rare words first, each with excerpts.

    Args:
        reader: The copy.
        hidden: What of it is left out.
        limits: How much is given.
        words: What to look for; none lists the newest.
        filters: Which conversations are wanted.
        limit: How many are wanted.
        offset: How many of the first are left out.
    """
    there = readable(reader, hidden)
    sql = find.statement(
        words, filters, there, reader.dialect, notes=not hidden.notes, limit=limit, offset=offset
    )
    hits = reader.ask(sql, find.values(words, filters, reader.dialect)).table().to_pylist()
    told = hits[0] if hits else {}
    total = int(told.get("matches", 0))
    given: list[Match] = []
    size = 0
    for hit in hits:
        match = _match(reader, there, hidden, hit, words)
        size += len(str(match).encode())
        if given and size > limits.size:
            break
        given.append(match)
    following = offset + len(given)
    cut = ""
    if total > following:
        cut = f"{total - following:,} of {total:,} matches are left out: call again with offset={following}."
    notes = [_nothing(reader, there, filters, offset) if not hits else "", reader.note, hidden.told()]
    return Found(
        matches=total,
        with_all_words=int(told.get("complete", 0)),
        with_word={word: int(told.get(f"in_{find.letter(place)}", 0)) for place, word in enumerate(words)},
        conversations=given,
        cut=cut,
        note=" ".join(filter(None, notes)),
    )


def _nothing(reader: Reader, there: There, filters: find.Filters, offset: int) -> str:
    """Say why nothing was found, where that is not for the words."""
    if offset:
        return f"There are no more than {offset:,} matches."
    lines = []
    for name in ("account", "team", "state"):
        value = getattr(filters, name)
        one = find.Filters(**{name: value})
        sql = f"SELECT count(*) AS n FROM ({find.wanted(one, there)}) AS wanted"
        if value and not reader.ask(sql, {name: value}).table()["n"][0].as_py():
            lines.append(f"No issue has the {name} {value!r}.")
    return " ".join(lines)


def _match(
    reader: Reader, there: There, hidden: Hidden, hit: Mapping[str, Any], words: Sequence[str]
) -> Match:
    (row,) = reader.ask(_facts(there, "i.id = $issue"), {"issue": hit["id"]}).table().to_pylist()
    inside = [word for place, word in enumerate(words) if hit[f"found_{find.letter(place)}"]]
    texts = [text.plain(row["request"]), *_texts(reader, there, hidden, hit["id"], bool(words))]
    telling = sorted(inside, key=len, reverse=True)
    texts[1:] = sorted(texts[1:], key=lambda one: -sum(text.position(one, word) >= 0 for word in inside))
    excerpts = list(dict.fromkeys(filter(None, (text.excerpt(one, telling) for one in texts))))[:3]
    if not words and texts[0]:
        excerpts = [text.excerpt(texts[0], text.words(texts[0], 1))]
    return Match(issue=_issue(row), words=inside, excerpts=excerpts)


def _texts(reader: Reader, there: There, hidden: Hidden, issue: str, wanted: bool) -> list[str]:
    if not wanted or not {"issue_id", "message_html"} <= there.get("issue_messages", frozenset()):
        return []
    public = " AND NOT coalesce(is_private, false)" if hidden.notes else ""
    sql = f"SELECT message_html FROM issue_messages WHERE issue_id = $issue{public} LIMIT 200"
    rows = reader.ask(sql, {"issue": issue}).table()["message_html"].to_pylist()
    return [text.plain(html) for html in rows]
