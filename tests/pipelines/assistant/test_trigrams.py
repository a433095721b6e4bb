"""With an index of trigrams, Postgres finds the same as by looking through all texts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("psycopg2")

import psycopg2
from support.postgres import OLDEST, running_postgres

from pylon_elt.pipelines.ask.reader_postgres import with_places
from pylon_elt.pipelines.assistant import find, text

pytestmark = pytest.mark.skipif(not OLDEST.exists(), reason="Postgres 15, which has pg_trgm, is not here")

THERE = {
    "issues": frozenset({"id", "title", "body_html", "created_at"}),
    "issue_messages": frozenset({"issue_id", "message_html", "timestamp", "is_private"}),
}
TEXTS = (("issues", "title"), ("issues", "body_html"), ("issue_messages", "message_html"))
PIECES = (
    *("deal", "dea", "DEAL", "desk", "de\u017fk", "des\u212a", "\u0130deal", "\u0131deal", "deal42", "42"),
    *("é", "É", "&eacute;", "&#233;", "&#xE9;", "&nbsp;", "&amp;", "退款", "ß", "ü", "x" * 30),
    *("C++", "c&#43;+", "C#", ".NET", "doesn't", "doesn\u2019t", "doesn&#39;t", "R&amp;D", "r&d", "c", "net"),
    *("<", ">", "<<", "</", "<b>", "</b>", "<!-- desk -->", "<!--", "-->", "<3", "< deal", "<deal>", "<p title='deal'>"),
    *("de<STYLE>.</STYLE>al", "<style>deal</style>", "<script>", "</script>", "<STYLE a>", "</style>", " ", " ", "\n", ".", "_", "-", "'", "\\"),
)  # fmt: skip
ASKED = ("deal", "dea", "desk", "de\u017fk", "42", "déal", "éde", "é", "caf\u00e9 desk", "\u0131deal", "ideal", "x" * 28,
         "退款", "退款deal", "deal desk 42", "amp", "nbsp", "eacute", "b", "title",
         "C++", "c#", ".net", "doesn't", "R&D", "doesn't c# deal")  # fmt: skip


@pytest.fixture
def texts(seed: int) -> Iterator[Any]:
    """A connection to a database with some hundred issues, in whatever HTML."""
    draw = random.Random(seed)

    def html() -> str | None:
        return "".join(draw.choices(PIECES, k=draw.randint(0, 9))) if draw.random() < 0.95 else None

    with running_postgres(OLDEST) as server:
        connection = psycopg2.connect(server.url())
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE issues (id text, title text, body_html text, created_at timestamptz)"
            )
            cursor.execute(
                "CREATE TABLE issue_messages"
                " (issue_id text, message_html text, timestamp timestamptz, is_private boolean)"
            )
            for number in range(300):
                cursor.execute(
                    "INSERT INTO issues VALUES (%s, %s, %s, now())", (f"i{number}", html(), html())
                )
                for _ in range(draw.randint(0, 2)):
                    row = (f"i{number}", html(), draw.random() < 0.2)
                    cursor.execute("INSERT INTO issue_messages VALUES (%s, %s, now(), %s)", row)
        yield connection
        connection.close()


def _ask(connection: Any, sql: str, words: list[str]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(with_places(sql), find.values(words, find.filters("", "", "", "", ""), "postgres"))
        found: list[Any] = cursor.fetchall()
        return found


def _statement(words: list[str], *, notes: bool) -> str:
    nothing = find.filters("", "", "", "", "")
    return find.statement(words, nothing, THERE, "postgres", notes=notes, limit=5000, offset=0)


@pytest.mark.dear
def test_the_same_is_found(texts: Any) -> None:
    expected = {}
    for asked in ASKED:
        words = text.words(asked, find.MOST_WORDS)
        for notes in (True, False):
            expected[asked, notes] = _ask(texts, _statement(words, notes=notes), words)
    assert len(expected["deal", True]) > 30
    with texts.cursor() as cursor:
        cursor.execute("CREATE EXTENSION pg_trgm")
        for table, column in TEXTS:
            cursor.execute(f"CREATE INDEX {table}_{column} ON {table} USING gin ({column} gin_trgm_ops)")
        cursor.execute("ANALYZE; SET enable_seqscan = off")
    for (asked, notes), found in expected.items():
        words = text.words(asked, find.MOST_WORDS)
        assert _ask(texts, _statement(words, notes=notes), words) == found, asked
    plan = str(_ask(texts, f"EXPLAIN {_statement(['deal', 'desk'], notes=True)}", ["deal", "desk"]))
    assert all(f"Bitmap Index Scan on {table}_{column}" in plan for table, column in TEXTS), plan


@pytest.mark.dear
def test_words_are_found_where_no_blanks_stand_before_them(texts: Any) -> None:
    with texts.cursor() as cursor:
        cursor.execute(
            "INSERT INTO issues VALUES ('within', '我无法登录Slack', '<p>Übergröße ไม่สามารถเข้าสู่ระบบได้ 🔥🔥"
            " C&#43;+ C# asp.NET doesn\u2019t R&amp;D</p>', now())"
        )
    for asked, is_found in {
        "登录": True,
        "slack": True,
        "เข้าสู่ระบบ": True,
        "🔥": True,
        "bergröße": False,
        "C++": True,
        "C#": True,
        ".NET": True,
        "doesn't": True,
        "R&D": True,
        "F#": False,
        "Z++": False,
        "isn't": False,
    }.items():
        words = text.words(asked, find.MOST_WORDS)
        found = _ask(texts, _statement(words, notes=False), words)
        assert ("within" in {row[0] for row in found}) == is_found, asked
