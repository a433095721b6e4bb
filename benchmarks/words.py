"""CPU seconds to find conversations by words among 80,000 messages, and what an index that is held true would cost."""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from pylon_elt.pipelines.assistant import find

from .rounds import table
from .stopwatch import Stopwatch

WORDS = 5000
HASHES = "SELECT count(*) FROM issue_messages WHERE md5(message_html) < '8'"
"""What an index by content must ask of every text first, to know whether it is as it was."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.words", description=__doc__)
    parser.add_argument("--issues", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    draw = random.Random(options.seed)
    words = ["".join(draw.choices("etaoinshrdlu", k=draw.randint(4, 9))) for _ in range(WORDS)]
    connection = _copy(options.issues, words, draw)
    asked = {
        "one rare word": words[2000:2001],
        "three rare words": words[1000:4000:1000],
        "one word of nearly every text": words[:1],
        "two such words and two rare ones": [*words[:2], *words[2000:3000:500]],
    }
    rows = [[name, f"{_seconds(connection, given):.2f}"] for name, given in asked.items()]
    watch = Stopwatch()
    with watch:
        connection.execute(HASHES).fetchall()
    rows.append(["a checksum of each message alone", f"{watch.cpu:.2f}"])
    print(f"# Words in {options.issues * 4:,} messages\n")
    print(table(["", "CPU s"], rows), flush=True)


def _copy(issues: int, words: list[str], draw: random.Random) -> duckdb.DuckDBPyConnection:
    weights = [1 / (place + 3) for place in range(len(words))]
    now = datetime(2026, 1, 1, tzinfo=UTC)

    def html() -> str:
        return f"<p>{' '.join(draw.choices(words, weights, k=75))}</p>"

    ids = [f"i{number}" for number in range(issues)]
    bodies = pa.table({"id": ids, "body_html": [html() for _ in ids], "created_at": [now] * issues})
    said = pa.table(
        {
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
    there = {
        "issues": frozenset({"id", "body_html", "created_at"}),
        "issue_messages": frozenset({"issue_id", "message_html", "timestamp"}),
    }
    filters = find.filters("", "", "", "", "")
    sql = find.statement(words, filters, there, "duckdb", notes=True, limit=10, offset=0)
    watch = Stopwatch()
    with watch:
        connection.execute(sql, find.values(words, filters)).fetchall()
    return watch.cpu


if __name__ == "__main__":
    main()
