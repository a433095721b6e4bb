"""Conversations found by words: what is asked of the database, which scans the texts. Pure.

A word is looked for where words begin, in small and large letters, and outside of tags; HTML's own spelling of other
letters is known. Issues with rarer words come first, and those that have them in their title. No blanks
stand before the words of Chinese or Thai, nor before emoji: these are found anywhere, and so is what begins with a dot,
such as .NET.

Postgres asks its index of trigrams first, where there is one (``copy/indexes.py``). In DuckDB none would pay: to build
one takes as long as dozens of searches (``benchmarks/words.py``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html.entities import codepoint2name

from ..base import exits
from .text import UNSPACED, is_spaced

MOST_WORDS = 8
"""So many words are looked for; the others are told to be left out."""
_TEXT = "([^<]|<[^a-z/!])*"
"""From the end of a tag to anywhere in the text; a ``<`` that no letter follows begins no tag."""
_BEFORE = {"duckdb": r"[^\pL\pN\pM<]", "postgres": "[^[:alnum:]<]"}
"""What stands before a word, beside letters of scripts without blanks; DuckDB's own classes know ASCII only."""
_SPELT = {
    "'": "(?:['\u2019]|&(?:apos|rsquo|#39|#x0*27|#8217|#x0*2019);)",
    "&": "&(?:amp;|#38;|#x0*26;)?",
    "+": r"(?:\+|&(?:plus|#43|#x0*2b);)",
    "#": r"(?:#|&(?:num|#35|#x0*23);)",
    ".": r"(?:\.|&(?:period|#46|#x0*2e);)",
}
"""How HTML spells the signs that belong to words."""
_SILENT = "<(style|script)[^>]*>[^<]*</(style|script)>|<!--[^>]*-->"
"""What is no tag and no text either."""


@dataclass(frozen=True)
class Filters:
    """Which conversations are wanted; "" for any.

    Args:
        account: The account's id or name.
        team: The team's id or name.
        state: The state's slug.
        since: A day or a moment (UTC), as ISO 8601: what was said then or later.
        until: Likewise: what was said before.
    """

    account: str = ""
    team: str = ""
    state: str = ""
    since: str = ""
    until: str = ""


def filters(account: str, team: str, state: str, since: str, until: str) -> Filters:
    """Return the filters of a call.

    Raises:
        Problem: A time cannot be understood, or a name holds what no name does (exit code 2).
    """
    if any("\0" in name for name in (account, team, state)):
        raise exits.Problem("A name holds a character that no text has.", "Leave it out.", exits.USAGE)
    return Filters(account.strip(), team.strip(), state.strip(), _moment(since), _moment(until))


def _moment(given: str) -> str:
    if not given.strip():
        return ""
    try:
        moment = datetime.fromisoformat(given.strip())
    except ValueError:
        raise exits.Problem(
            f"{given!r} is no time.", "Such as 2026-01-31 or 2026-01-31T09:30:00Z.", exits.USAGE
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def pattern(word: str) -> str:
    """Return the regular expression by which a word is found in HTML, for DuckDB as for Postgres."""
    return "".join(_letter(letter) for letter in word)


def _letter(letter: str) -> str:
    if letter in _SPELT:
        return _SPELT[letter]
    if letter.isascii():
        return re.escape(letter)
    forms = {letter, letter.upper()} if len(letter.upper()) == 1 else {letter}
    apart = {
        unicodedata.normalize("NFD", form) for form in forms
    } - forms  # a letter, and the accents after it
    spelt = [f"&{name};" for form in sorted(forms) if (name := codepoint2name.get(ord(form)))]
    spelt += [f"&#{ord(form)};" for form in sorted(forms)] + [
        f"&#x0*{ord(form):x};" for form in sorted(forms)
    ]
    return f"(?:{'|'.join([*sorted(forms), *sorted(apart), *spelt])})"


def values(words: Sequence[str], filters: Filters, dialect: str) -> dict[str, object]:
    """Return what is bound in :func:`statement`, by name."""
    given = {name: value for name, value in vars(filters).items() if value}
    anywhere = {f"any_{letter(place)}": f"(?i){pattern(word)}" for place, word in enumerate(words)}
    whole = {f"word_{letter(place)}": _whole(word, dialect) for place, word in enumerate(words)}
    return {**given, **anywhere, **whole}


def _whole(word: str, dialect: str) -> str:
    """Return the regular expression by which a word is found where words begin, and outside of tags."""
    begins = f"({_TEXT}({_BEFORE[dialect]}|[{UNSPACED}]))?" if is_spaced(word) else _TEXT
    return f"(?i)(^|>){begins}{pattern(word)}"


def letter(place: int) -> str:
    """Return what the columns of a word are told by, from its place among the words."""
    return "abcdefgh"[place]


def statement(
    words: Sequence[str],
    filters: Filters,
    there: Mapping[str, frozenset[str]],
    dialect: str,
    *,
    notes: bool,
    limit: int,
    offset: int,
) -> str:
    """Return the SELECT of issues with ``id`` and, by word, ``found_a`` and so on.

    Of all pages it tells how many there are, ``matches``, in how many each word is, ``in_a`` and so on, and
    all of them, ``complete``.

    Args:
        words: What to look for; none lists the newest.
        filters: Which conversations are wanted.
        there: The columns of each raw table that may be read.
        dialect: ``duckdb`` or ``postgres``.
        notes: Whether internal notes are read.
        limit: How many are wanted.
        offset: How many of the first are left out.
    """
    texts = [_text("i.id", "i.created_at", f"i.{column}", column == "title", "wanted AS i")
             for column in ("title", "body_html") if column in there["issues"]]  # fmt: skip
    if {"message_html", "issue_id", "timestamp"} <= there.get("issue_messages", frozenset()):
        public = "" if notes else " AND NOT coalesce(m.is_private, false)"
        source = f"issue_messages AS m JOIN wanted AS i ON i.id = m.issue_id{public}"
        texts.append(_text("m.issue_id", "m.timestamp", "m.message_html", False, source))
    marks = [letter(place) for place in range(len(words))]
    likely = _likely(marks) if dialect == "postgres" else []
    hit = "".join(
        f", {_hit(mark, dialect, is_sure=bool(likely) and len(marks) == 1)} AS hit_{mark}" for mark in marks
    )
    hits = "".join(
        f", max(CASE WHEN hit_{mark} THEN 1 ELSE 0 END) AS found_{mark},"
        f" max(CASE WHEN hit_{mark} AND is_title THEN 1 ELSE 0 END) AS title_{mark}"
        for mark in marks
    )
    some = " OR ".join(f"hit_{mark}" for mark in marks) or "true"
    rarity = " + ".join(
        f"found_{mark} * (1 + title_{mark}) * ln(1 + (SELECT count(*) FROM wanted) * 1.0"
        f" / (1 + sum(found_{mark}) OVER ()))"
        for mark in marks
    )
    columns = "".join(f", found_{mark}, sum(found_{mark}) OVER () AS in_{mark}" for mark in marks)
    every = " AND ".join(f"found_{mark} = 1" for mark in marks) or "true"
    return f"""WITH wanted AS {"NOT MATERIALIZED" if likely else ""}
({wanted(filters, there)}),
texts AS ({" UNION ALL ".join(texts)}),
marked AS (SELECT issue_id, said_at, is_title{hit} FROM texts WHERE {" AND ".join([_span(filters, dialect), *likely])}),
per_issue AS (SELECT issue_id, max(said_at) AS last_at{hits} FROM marked WHERE {some} GROUP BY issue_id)
SELECT issue_id AS id, count(*) OVER () AS matches,
    sum(CASE WHEN {every} THEN 1 ELSE 0 END) OVER () AS complete, last_at{columns}
FROM per_issue ORDER BY {f"{rarity} DESC, " if rarity else ""}last_at DESC NULLS LAST, issue_id
LIMIT {limit} OFFSET {offset}"""


def wanted(filters: Filters, there: Mapping[str, frozenset[str]]) -> str:
    """Return the SELECT of the issues of an account, a team and a state."""
    return f"SELECT i.* FROM issues AS i{_joins(filters, there)} WHERE {_where(filters, there)}"


def _text(issue: str, said_at: str, html: str, is_title: bool, source: str) -> str:
    return (
        f"SELECT {issue} AS issue_id, {said_at} AS said_at, {html} AS html,"
        f" {str(is_title).lower()} AS is_title FROM {source}"
    )


def _likely(marks: Sequence[str]) -> list[str]:
    """Return the conditions by which Postgres asks an index of trigrams, or shares the work among processes."""
    anywhere = " OR ".join(f"html ~ $any_{mark}" for mark in marks)
    return [f"({anywhere})"] if anywhere else []


def _hit(mark: str, dialect: str, *, is_sure: bool) -> str:
    # the first is quick and true of few, and CASE asks the others, which look what stands around the word, of those
    # alone; where a column is made of it, DuckDB asks all that AND joins of every row
    def matches(text: str, expression: str) -> str:
        return f"regexp_matches({text}, {expression})" if dialect == "duckdb" else f"{text} ~ {expression}"

    has_silent = matches("html", "'(?i)<(style|script|!--)'")
    text = f"(CASE WHEN {has_silent} THEN regexp_replace(html, '{_SILENT}', '', 'gi') ELSE html END)"
    whole = matches(text, f"$word_{mark}")
    return whole if is_sure else f"(CASE WHEN {matches('html', f'$any_{mark}')} THEN {whole} ELSE false END)"


def _joins(filters: Filters, there: Mapping[str, frozenset[str]]) -> str:
    return "".join(
        f" LEFT JOIN {table} AS {table} ON {table}.id = i.{column}"
        for table, column, given in (
            ("accounts", "account_id", filters.account),
            ("teams", "team_id", filters.team),
        )
        if given and "name" in there.get(table, ())
    )


def _where(filters: Filters, there: Mapping[str, frozenset[str]]) -> str:
    conditions = ["true"]
    for table, column, name in (("accounts", "account_id", "account"), ("teams", "team_id", "team")):
        if getattr(filters, name):
            named = f" OR lower({table}.name) = lower(${name})" if "name" in there.get(table, ()) else ""
            conditions.append(f"(i.{column} = ${name}{named})")
    if filters.state:
        conditions.append("lower(i.state) = lower($state)")
    return " AND ".join(conditions)


def _span(filters: Filters, dialect: str) -> str:
    kind = "TIMESTAMPTZ" if dialect in ("duckdb", "postgres") else "TIMESTAMP"
    conditions = ["true"]
    conditions += [f"said_at >= CAST($since AS {kind})"] if filters.since else []
    conditions += [f"said_at < CAST($until AS {kind})"] if filters.until else []
    return " AND ".join(conditions)
