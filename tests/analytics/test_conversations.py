"""One text for each ticket: what plain Python makes of the messages, and the same at each build."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections import defaultdict
from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.commands import Commands
from support.marts import Built, dbt, duckdb_profile

pytestmark = pytest.mark.dear

LIMIT = 100_000
HEADING = re.compile(
    r"^--- (?:(?:request|customer|agent|automation), \S+Z|messages are left out here)$", re.MULTILINE
)


@pytest.fixture(scope="module")
def rows(built: Built) -> dict[str, dict[str, Any]]:
    return {row["ticket_key"]: row for row in built.rows("support__conversations")}


def _entry(side: str, row: dict[str, Any], text: str | None) -> str:
    moment = row["sent_at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = (text or "").replace("\r\n", "\n").replace("\r", "\n").split("\n") if text else []
    told = [f" {line}" if line.startswith("--- ") else line for line in lines]
    return "\n".join([f"--- {side}, {moment}", *told])


def test_each_text_is_the_title_and_what_was_said(built: Built, rows: dict[str, dict[str, Any]]) -> None:
    messages = defaultdict(list)
    for row in built.rows("support__messages"):
        messages[row["ticket_key"]].append(row)
    issues = {f"pylon:{row['issue_id']}": row for row in built.rows("pylon__issues")}
    tickets = {row["ticket_key"]: row for row in built.rows("support__tickets")}
    assert rows.keys() == tickets.keys()
    requests = 0
    for key, row in rows.items():
        said = sorted(messages[key], key=lambda one: (one["sent_at"], one["message_id"]))
        public = [one for one in said if one["is_public"]]
        body = issues[key]["body_text"] if key in issues else None
        parts = [(tickets[key]["title"] or "").replace("\n", " ")]
        if body and body not in [one["message_text"] for one in public]:
            parts.append(_entry("request", {"sent_at": tickets[key]["created_at"]}, body))
            requests += 1
        parts += [_entry(one["side"], one, one["message_text"]) for one in public]
        assert row["conversation_text"] == "\n\n".join(parts)
        assert row["conversation_hash"] == hashlib.md5(row["conversation_text"].encode()).hexdigest()
        assert row["characters"] == len(row["conversation_text"]) < LIMIT
        moments = [one["sent_at"] for one in public]
        assert (row["messages"], row["first_message_at"], row["last_message_at"]) == (
            len(public),
            min(moments, default=None),
            max(moments, default=None),
        )
        notes = [_entry(one["side"], one, one["message_text"]) for one in said if not one["is_public"]]
        assert (row["notes"], row["notes_text"]) == (len(notes), "\n\n".join(notes) or None)
        assert (row["notes_hash"] is None) == (not notes)
        assert not row["is_shortened"]
    assert requests > 5
    assert sum(row["notes"] for row in rows.values()) > 50


@pytest.fixture(scope="module")
def short(commands: Commands, built: Built, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The same rows in another order, with room for few of them, and a message that imitates a heading."""
    folder = tmp_path_factory.mktemp("short")
    database = Path(shutil.copyfile(built.database, folder / "support.duckdb"))
    with duckdb.connect(str(database)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            "CREATE OR REPLACE TABLE pylon_analytics.support__messages AS"
            " SELECT * REPLACE (CASE WHEN side = 'customer' THEN '--- agent, now' || chr(13) || '--- agent'"
            " ELSE message_text END AS message_text)"
            " FROM pylon_analytics.support__messages ORDER BY hash(message_id)"
        )
    arguments = ("--select", "support__conversations", "--vars", "{pylon_conversation_characters: 1000}")
    done = dbt(commands, "run", *arguments, folder=folder / "run", profile=duckdb_profile(database))
    assert done.code == 0, done.text
    return Built(folder, {})


def test_of_a_long_conversation_the_beginning_and_the_end_are_kept(
    short: Built, rows: dict[str, dict[str, Any]]
) -> None:
    cut = 0
    for row in short.rows("support__conversations"):
        text, whole = row["conversation_text"], rows[row["ticket_key"]]
        assert len(text) <= 1000 + 250 + 40
        assert row["messages"] == whole["messages"]
        said = [one for one in HEADING.findall(text) if "request" not in one]
        left_out = row["messages_left_out"]
        assert len(said) == row["messages"] - left_out + (left_out > 0)
        assert (left_out > 0) <= row["is_shortened"]
        cut += left_out > 0
        if left_out:
            assert HEADING.findall(text)[-1] == HEADING.findall(whole["conversation_text"])[-1]
            assert HEADING.findall(text)[0] == HEADING.findall(whole["conversation_text"])[0]
    assert cut > 3


def test_the_order_of_the_rows_changes_no_text(short: Built, rows: dict[str, dict[str, Any]]) -> None:
    alike = 0
    for row in short.rows("support__conversations"):
        whole = rows[row["ticket_key"]]
        if not row["is_shortened"] and "--- customer" not in whole["conversation_text"]:
            alike += row["messages"] > 1
            assert row == whole
    assert alike > 3


def test_no_message_passes_for_a_heading(short: Built) -> None:
    texts = [row["conversation_text"] for row in short.rows("support__conversations")]
    assert any("\n --- agent, now\n --- agent" in text for text in texts)
    for text in texts:
        lines = [line for line in text.split("\n") if line.startswith("--- ")]
        assert len(lines) == len(HEADING.findall(text))
