"""Loads whose id lies in the future get one that does not, and stay in their order."""

from __future__ import annotations

from pylon_elt.sources.pylon.copy.load_ids import MOST, renamed

NOW = 1_795_000_000.0


def test_ids_of_the_future_come_between_the_last_honest_one_and_the_present() -> None:
    ids = ["1795000900.25", "1794999950.0", "1826000000.5", "1794999980.5"]
    names = renamed(ids, NOW)
    assert list(names) == ["1795000900.25", "1826000000.5"]
    known = sorted(names.get(load_id, load_id) for load_id in ids)
    assert known == ["1794999950.0", "1794999980.5", *names.values()], "text is what dlt orders them by"
    assert max(map(float, known)) < NOW


def test_without_an_honest_load_they_come_before_the_present() -> None:
    (name,) = renamed(["1826000000.5"], NOW).values()
    assert NOW - 1 < float(name) < NOW


def test_nothing_is_renamed_where_nothing_lies_in_the_future_or_nearly_all_does() -> None:
    assert renamed([], NOW) == {}
    assert renamed(["1794999950.0"], NOW) == {}
    assert renamed([str(NOW + 60 * number) for number in range(1, MOST + 2)], NOW) == {}
