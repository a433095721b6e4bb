"""What is left out of a raw table is left out of all that was made of it, whatever its name there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pylon_elt.pipelines.assistant import hidden as hiding
from pylon_elt.pipelines.assistant.access import Access, Place
from pylon_elt.pipelines.assistant.limits import Limits
from pylon_elt.pipelines.assistant.tools import Tools
from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.transform import lineage
from pylon_elt.sources.pylon.catalog import ALL_TABLES

pytestmark = pytest.mark.dear

OURS = {("pylon__sync_freshness", "table_name")}
"""Columns of words of ours, in which others may be."""


def tools(*without: str, notes: bool = True) -> Tools:
    """Return the tools over the copy in this folder."""
    hidden = hiding.of(not notes, without)
    return Tools(Access(Place("duckdb", "pylon", ""), Limits()), hidden, Limits())


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, str):
        yield value


def _texts(file: Path, schema: str) -> dict[tuple[str, str], list[str]]:
    """Return the texts in each column of a schema, those of JSON each by itself."""
    with duckdb.connect(str(file), read_only=True) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = ?", [schema]
        ).fetchall()
        found = {}
        for table, column, kind in columns:
            rows = connection.execute(
                f'SELECT DISTINCT CAST("{column}" AS VARCHAR) FROM {schema}.{table} WHERE "{column}" IS NOT NULL'
            ).fetchall()
            parts = (_strings(json.loads(text)) if kind == "JSON" else (text,) for (text,) in rows)
            found[table, column] = [one for each in parts for one in each]
    return found


def test_no_value_that_only_a_left_out_column_has_is_shown(file: Path) -> None:
    """Of each raw column some texts that no other raw column holds are looked for in all that is still shown."""
    raw = {one: texts for one, texts in _texts(file, "pylon").items() if one[0] in ALL_TABLES}
    marts = {one: "\n".join(texts) for one, texts in _texts(file, "pylon_analytics").items()}
    whole = {one: "\n".join(texts) for one, texts in raw.items()}
    looked_for, shown_without, wrong = 0, set(), []
    for one, texts in raw.items():
        hidden = hiding.of(False, (".".join(one),))
        same = {other for other in raw if hidden.column(*other)}
        own = [
            text
            for text in sorted(texts, key=len, reverse=True)[:12]
            if len(text) > 5
            and "<" not in text
            and re.search("[A-Za-z]{3}", text)
            and not any(text in whole[other] for other in whole if other not in same)
        ][:4]
        looked_for += len(own)
        for text in own:
            seen = {mart for mart, there in marts.items() if text in there}
            wrong += [(one, text, mart) for mart in seen - OURS if not hidden.column(*mart)]
            shown_without |= seen
    assert not wrong
    assert looked_for > 150
    assert len({table for table, _ in shown_without}) > 8, "the marts hold such texts"


def test_an_address_is_nowhere_by_whatever_name(file: Path) -> None:
    asked = tools("contacts.email")
    for column in (
        "pylon__contacts.email",
        "pylon__issues.requester_email",
        "support__tickets.customer_email",
    ):
        table, _, name = column.partition(".")
        (described,) = asked.describe([table])["tables"]
        assert name not in {one["name"] for one in described["columns"]}
        with pytest.raises(exits.Problem):
            asked.select(f"select {name} from {table}")
    assert asked.select("select customer_name, assignee_email from support__tickets limit 1")["rows"]
    assert "contacts.email" in asked.select("select 1 as n")["note"]


def test_what_is_made_of_a_left_out_column_of_a_table_for_analysis_is_left_out_too() -> None:
    hidden = hiding.of(False, ("pylon__issues.requester_email",))
    assert hidden.column("support__tickets", "customer_email")
    assert not hidden.column("pylon__contacts", "email")
    assert not hidden.column("contacts", "email")


def test_columns_of_custom_fields_and_unknown_ones_are_left_out_by_what_may_be_in_them() -> None:
    hidden = hiding.of(False, ("issues.custom_fields",))
    assert hidden.column("pylon__issues", "custom_of_yours")
    assert hidden.column("pylon__issue_days", "of_another_version")
    other = hiding.of(False, ("issues.title",))
    assert not other.column("pylon__issues", "custom_of_yours")
    assert other.column("pylon__issues", "of_another_version")
    assert not hiding.of(True, ()).column("pylon__issues", "of_another_version")


def test_an_answer_lacks_the_columns_that_are_left_out(file: Path) -> None:
    whole, less = tools().ask("unanswered", {}), tools("issues.title", "accounts.name").ask("unanswered", {})
    left = [name for name in whole["columns"] if name not in ("title", "account")]
    assert less["columns"] == left
    places = [whole["columns"].index(name) for name in left]
    assert less["rows"] == [[row[place] for place in places] for row in whole["rows"]]
    assert less["rows"]
    assert "account, title left out" in less["note"]


def test_lines_are_not_named_by_what_is_left_out(file: Path) -> None:
    asked = tools("users.name", "teams.name")
    for by in ("month", "account", "source"):
        assert asked.ask("response", {"by": by}) == tools().ask("response", {"by": by})
    for by in ("assignee", "team"):
        with pytest.raises(exits.Problem, match="leaves out"):
            asked.ask("response", {"by": by})


def test_an_option_that_is_left_out_tells_no_values(file: Path) -> None:
    with duckdb.connect(str(file), read_only=True) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM pylon.teams").fetchall()}
    with pytest.raises(exits.Problem) as refused:
        tools("teams.name").ask("response", {"team": "nobody"})
    assert "leaves out" in refused.value.what
    assert not any(name in f"{refused.value.what} {refused.value.remedy}" for name in names)


def test_internal_notes_are_in_no_column_that_is_not_known_to_hold_them() -> None:
    """Of what holds texts of notes, all but these are rows of notes, or columns of nothing else (see ``hidden.py``)."""
    texts = {("issue_messages", "message_html"), ("task_comments", "body_html")}
    texts |= {("issue_threads", column) for column in ALL_TABLES["issue_threads"].column_names}
    made = {
        one for one in lineage.made_of(texts) if one[0] not in hiding.NOTES and one not in hiding.NOTE_COLUMNS
    }
    assert made == {
        # public messages alone go into them: see test_conversations.py of the package
        ("support__conversations", "conversation_text"),
        ("support__conversations", "conversation_hash"),
        ("support__conversations", "characters"),
        # when rows were read
        ("pylon__sync_freshness", "newest_row_at"),
        ("pylon__sync_freshness", "seconds_since_newest_row"),
    }
