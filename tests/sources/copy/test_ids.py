"""Many ids in little memory: as a set, but for what they take."""

from __future__ import annotations

import tracemalloc
from random import Random
from uuid import UUID

from pylon_elt.sources.pylon.copy.ids import Ids


def test_it_holds_what_was_added_and_nothing_else() -> None:
    random = Random(4)
    some = [str(UUID(int=random.getrandbits(128))) for _ in range(5000)]
    ids = Ids(some[:1000])
    assert all(id_ in ids for id_ in some[:1000])
    assert not any(id_ in ids for id_ in some[1000:])
    ids.add(some[500:2000])
    assert len(ids) == 2000, "what was there is counted once"
    assert [id_ in ids for id_ in some] == [True] * 2000 + [False] * 3000
    assert "" not in Ids()
    assert len(Ids()) == 0


def test_a_hundred_thousand_take_two_megabytes() -> None:
    tracemalloc.start()
    try:
        ids = Ids(f"issue {number}" for number in range(100_000))
        assert "issue 99999" in ids
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2_000_000
