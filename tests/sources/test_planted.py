"""The matrix catches what it is for: with a guard taken away, its cell fails."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from support.conformance import Stored, check
from support.simulation import live

from pylon_elt.sources.pylon.api import lenient
from pylon_elt.sources.pylon.api.answers import Answer
from pylon_elt.sources.pylon.lanes import asking, children, whole
from pylon_elt.sources.pylon.lanes.lacking import Lacking

Cell = tuple[str, str, str]


def _no_json(_content: bytes) -> Any:
    raise ValueError


async def _never(*_args: Any) -> bool:
    return False


PLANTED: dict[str, tuple[object, str, Any, Cell]] = {
    "no list is an empty one": (Answer, "whole", property(lambda _self: True), ("teams", "no data", "full")),
    "no list is an empty one, of an issue": (
        asking,
        "_in_part",
        lambda _turn, _table, found: found,
        ("issue_messages", "no data", "full"),
    ),
    "what is refused is gone": (
        whole.Reading,
        "_tells_of",
        lambda _self, _parent: True,
        ("kb_articles", "no data", "full"),
    ),
    "what is lacking has failed": (Lacking, "is_so", _never, ("teams", "404", "full")),
    "what is lacking is tried in each run": (
        Lacking,
        "known",
        lambda _self, _endpoints: False,
        ("tags", "405", "full"),
    ),
    "one character is a page": (lenient, "loads", _no_json, ("tags", "half a character", "empty")),
    "one key is a table": (
        whole,
        "keyed",
        lambda _turn, _table, rows: rows,
        ("tags", "an object without a key", "empty"),
    ),
}


@pytest.fixture(scope="module")
def stored() -> Stored:
    return Stored()


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("where", "what", "fault", "cell"), PLANTED.values(), ids=PLANTED.keys())
def test_a_cell_fails_where_its_guard_is_missing(
    where: object, what: str, fault: Any, cell: Cell, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(*cell, stored, monkeypatch)
    monkeypatch.undo()
    monkeypatch.setattr(where, what, fault)
    with pytest.raises(BaseException) as caught:
        check(*cell, stored, monkeypatch)
    assert not isinstance(caught.value, KeyboardInterrupt | SystemExit)


_LEDGER_ROWS = children._ledger_rows


def _vouching(turn: Any, table: Any, read: Any) -> Any:
    turn.load_id = "000001"
    return _LEDGER_ROWS(turn, table, read)


LOSSES: dict[str, tuple[object, str, Callable[..., Any]]] = {
    "the ledger vouches for what a kill has lost": (
        children,
        "_ledger_rows",
        _vouching,
    ),
}


SEEDS = (460, 507, *random.Random(1).sample(range(1000), 40))
"""The first ones found it when they were tried; should they not any more, others do."""


@pytest.mark.dear
@pytest.mark.parametrize(("where", "what", "fault"), LOSSES.values(), ids=LOSSES.keys())
def test_the_simulation_finds_what_loses_rows(
    where: object, what: str, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, what, fault)
    with pytest.raises(AssertionError):
        for seed in SEEDS:
            live(seed, monkeypatch)
