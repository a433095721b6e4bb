"""The published OpenAPI document itself, where it lies beside the project: the digest agrees with it, our words do not."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from support import published

from pylon_elt.sources.pylon.catalog import ENDPOINTS, TABLES

pytestmark = pytest.mark.skipif(
    not published.DOCUMENT.exists(), reason="the published OpenAPI document is not beside the project"
)
IN_A_ROW = 5
"""So many words of another's in a row are a copy."""


@functools.cache
def document() -> Any:
    return json.loads(published.DOCUMENT.read_text(encoding="utf-8"))


def test_the_digest_agrees_with_the_document() -> None:
    assert published.digest_of(document()) == published.digest(), "run: make digest"


def descriptions(node: Any) -> Iterator[str]:
    """Return every description in a piece of the document."""
    if isinstance(node, dict):
        if isinstance(text := node.get("description"), str):
            yield text
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from descriptions(part)


def words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z0-9_]+", text.lower()))


def runs(text: str) -> set[tuple[str, ...]]:
    found = words(text)
    return {found[start : start + IN_A_ROW] for start in range(len(found) - IN_A_ROW + 1)}


def test_descriptions_and_notes_are_in_our_own_words() -> None:
    theirs = set(descriptions(document()))
    copied = {run for text in theirs for run in runs(text)}
    short = {words(text) for text in theirs}
    columns = [column for table in TABLES.values() for column in table.columns if not column.given]
    whole = [table.description for table in TABLES.values()] + [one.note for one in ENDPOINTS.values()]
    ours = [*whole, *(column.description for table in TABLES.values() for column in table.columns)]
    assert [text for text in ours if runs(text) & copied] == []
    assert [column.name for column in columns if words(column.description) in short] == []
