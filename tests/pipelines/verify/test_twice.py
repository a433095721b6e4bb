"""What seems to differ is read a second time, and what two readings may show alike by chance more often."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pylon_elt.pipelines.verify.twice import Twice
from pylon_elt.sources.pylon.catalog import TABLES, Table
from pylon_elt.sources.pylon.copy.comparing import typed
from pylon_elt.sources.pylon.copy.state import SourceState
from pylon_elt.sources.pylon.rows.masking import UNMASKED

ISSUES = TABLES["issues"]
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def issue(
    id_: str, title: str = "Help", tags: Sequence[str] = ("a", "b"), spent: dict[str, int] | None = None
) -> dict[str, Any]:
    row = {"id": id_, "title": title, "tags": list(tags), "updated_at": "2026-03-01T00:00:00Z"}
    row |= {"time_in_status_seconds": spent} if spent else {}
    return dict(typed(ISSUES, [row], UNMASKED)[0])


async def _at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


def test_what_is_only_shuffled_is_read_until_it_shows_beside_true_differences() -> None:
    """As often as not two readings of two tags are in one order; that must not use up what is borne in vain."""
    shuffled = itertools.chain([("b", "a")] * 4, [("a", "b")])

    async def read(_table: Table, id_: str) -> list[dict[str, Any]]:
        return [issue(id_, tags=next(shuffled)) if id_ == "shuffled" else issue(id_, "Edited", ("new",))]

    twice = Twice(SourceState({}), NOW)
    for id_ in ("one", "two", "three"):
        twice.compare(ISSUES, id_, issue(id_, "Edited", ("new",)), issue(id_))
    twice.compare(ISSUES, "shuffled", issue("shuffled", tags=("b", "a")), issue("shuffled"))
    found = asyncio.run(twice.settle(read, _at_once))
    assert sorted((doubt.issue_id, columns) for doubt, columns in found) == [
        (id_, ["title", "tags"]) for id_ in ("one", "three", "two")
    ]
    assert twice.volatile == {"issues": ["tags"]}


def test_every_state_that_ticks_is_found_however_many_there_are() -> None:
    states = [f"state-{number}" for number in range(15)]
    seconds = itertools.count(1)

    async def read(_table: Table, id_: str) -> list[dict[str, Any]]:
        return [issue(id_, spent={id_: 100 + next(seconds)})]

    twice = Twice(SourceState({}), NOW)
    for state in states:
        twice.compare(ISSUES, state, issue(state, spent={state: 100}), issue(state, spent={state: 7}))
    assert asyncio.run(twice.settle(read, _at_once)) == []
    assert len(twice.volatile["issues"]) == len(states)
