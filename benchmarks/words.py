"""What it takes to find conversations by words, and what an index would take: it has to be built after each change."""

from __future__ import annotations

import argparse
import csv
import io
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import duckdb
import pyarrow as pa

from pylon_elt.pipelines.ask.reader_postgres import with_places
from pylon_elt.pipelines.assistant import find

from .rounds import table
from .stopwatch import Stopwatch

WORDS = 5000
NOTHING = find.filters("", "", "", "", "")
THERE = {
    "issues": frozenset({"id", "body_html", "created_at"}),
    "issue_messages": frozenset({"issue_id", "message_html", "timestamp"}),
}
PAIRS = """CREATE TABLE pairs AS
WITH texts AS (
    SELECT id AS issue_id, body_html AS html FROM issues
    UNION ALL SELECT issue_id, message_html FROM issue_messages),
plain AS (SELECT issue_id, regexp_replace(html, '<[a-zA-Z/!][^>]*>', ' ', 'g') AS text FROM texts),
found AS (SELECT issue_id, unnest(regexp_extract_all(text, '[a-zA-Z0-9]+')) AS word FROM plain),
numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS number FROM issues)
SELECT DISTINCT lower(word) AS word, CAST(number AS INTEGER) AS number
FROM found JOIN numbered ON id = issue_id ORDER BY 1, 2"""
"""The least that tells in which issues a word is, made with DuckDB's own means."""
FULL_TEXT = """PRAGMA create_fts_index('issue_messages', 'id', 'message_html', stemmer = 'none', stopwords = 'none',
    ignore = '(<[a-zA-Z/!][^>]*>|[^a-zA-Z0-9])+', strip_accents = 0)"""
"""DuckDB's own, of the same words; it finds whole ones only."""
TRIGRAMS = """CREATE EXTENSION pg_trgm;
CREATE INDEX ON issues USING gin (body_html gin_trgm_ops);
CREATE INDEX ON issue_messages USING gin (message_html gin_trgm_ops)"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.words", description=__doc__)
    parser.add_argument("--issues", type=int, default=20_000)
    parser.add_argument("--length", type=int, default=75, help="words of a text")
    parser.add_argument(
        "--postgres", metavar="URL", default="", help="an empty database, with pg_trgm to be had"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    draw = random.Random(options.seed)
    words = ["".join(draw.choices("etaoinshrdlu", k=draw.randint(4, 9))) for _ in range(WORDS)]
    asked = {
        "one rare word": words[2000:2001],
        "three rare words": words[1000:4000:1000],
        "one word of nearly every text": words[:1],
        "two such words and two rare ones": [*words[:2], *words[2000:3000:500]],
        "a word that is nowhere": ["quetzal"],
    }
    connection = _copy(options.issues, options.length, words, draw)
    rows = [[name, f"{_seconds(connection, given):.2f}"] for name, given in asked.items()]
    print(f"# Words in {options.issues * 4:,} messages of {options.issues:,} issues\n")
    print(table(["in DuckDB, CPU s", ""], [*rows, *_indexes(connection)]), "\n", flush=True)
    if options.postgres:
        heads, rows = _postgres(options.postgres, connection, asked)
        print(table(heads, rows))


def _indexes(connection: duckdb.DuckDBPyConnection) -> list[list[str]]:
    """Return the CPU seconds that it takes to build each kind of index."""
    there = connection.execute(
        "SELECT installed FROM duckdb_extensions() WHERE extension_name = 'fts'"
    ).fetchone()
    made = {"building an index: words and issues": PAIRS}
    if there and there[0]:  # this must not download it
        made["building an index: the extension fts"] = FULL_TEXT
    rows = []
    for name, sql in made.items():
        watch = Stopwatch()
        with watch:
            connection.execute(sql)
        rows.append([name, f"{watch.cpu:.2f}"])
    return rows


def _postgres(
    url: str, source: duckdb.DuckDBPyConnection, asked: dict[str, list[str]]
) -> tuple[list[str], list[list[str]]]:
    """Fill a database, and return the seconds on its server, without and with an index of trigrams."""
    import psycopg2

    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        for name in THERE:
            columns = ", ".join(
                f"{column} {kind}" for column, kind, *_ in source.execute(f"DESCRIBE {name}").fetchall()
            )
            cursor.execute(f"CREATE TABLE {name} ({columns})")
            text = io.StringIO()
            csv.writer(text).writerows(source.execute(f"FROM {name}").fetchall())
            text.seek(0)
            cursor.copy_expert(f"COPY {name} FROM STDIN (FORMAT csv)", text)
        cursor.execute(
            "CREATE INDEX ON issues USING hash (id); CREATE INDEX ON issue_messages USING hash (issue_id)"
        )
        cursor.execute("ANALYZE")
        without = [_elapsed(cursor, words) for words in asked.values()]
        began = perf_counter()
        cursor.execute(TRIGRAMS)
        built = perf_counter() - began
        cursor.execute("ANALYZE")
        having = [_elapsed(cursor, words) for words in asked.values()]
    connection.close()
    rows = [
        [name, f"{one:.2f}", f"{other:.2f}"] for name, one, other in zip(asked, without, having, strict=True)
    ]
    return ["in Postgres, s", "no index", "trigrams"], [*rows, ["building it", "", f"{built:.2f}"]]


def _elapsed(cursor: Any, words: list[str]) -> float:
    sql = find.statement(words, NOTHING, THERE, "postgres", notes=True, limit=10, offset=0)
    began = perf_counter()
    cursor.execute(with_places(sql), find.values(words, NOTHING, "postgres"))
    cursor.fetchall()
    return perf_counter() - began


def _copy(issues: int, length: int, words: list[str], draw: random.Random) -> duckdb.DuckDBPyConnection:
    weights = [1 / (place + 3) for place in range(len(words))]
    now = datetime(2026, 1, 1, tzinfo=UTC)

    def html() -> str:
        return f"<p>{' '.join(draw.choices(words, weights, k=length))}</p>"

    ids = [f"i{number}" for number in range(issues)]
    bodies = pa.table({"id": ids, "body_html": [html() for _ in ids], "created_at": [now] * issues})
    said = pa.table(
        {
            "id": [f"m{number}" for number in range(4 * issues)],
            "issue_id": ids * 4,
            "message_html": [html() for _ in ids * 4],
            "timestamp": [now] * (4 * issues),
        }
    )
    connection = duckdb.connect(":memory:")
    for name, rows in (("issues", bodies), ("issue_messages", said)):
        connection.register("given", rows)
        connection.execute(f"CREATE TABLE {name} AS FROM given")
        connection.unregister("given")
    return connection


def _seconds(connection: duckdb.DuckDBPyConnection, words: list[str]) -> float:
    sql = find.statement(words, NOTHING, THERE, "duckdb", notes=True, limit=10, offset=0)
    watch = Stopwatch()
    with watch:
        connection.execute(sql, find.values(words, NOTHING, "duckdb")).fetchall()
    return watch.cpu


if __name__ == "__main__":
    main()
