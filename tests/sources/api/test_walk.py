"""The walk along the pages of a list whose server slips now and then: it gives all rows, or says that it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pylon_elt.sources.pylon.api import unlisted
from pylon_elt.sources.pylon.api.answers import Answer, Check
from pylon_elt.sources.pylon.api.paging import Habit
from pylon_elt.sources.pylon.api.walk import Walk
from pylon_elt.sources.pylon.catalog import ENDPOINTS
from pylon_elt.sources.pylon.errors import Rejected, Unavailable

SENT_AT = datetime(2026, 3, 1, tzinfo=UTC)
ISSUES = ENDPOINTS["search_issues"]


@dataclass
class Listing:
    """A list of some rows.

    Args:
        rows: How many there are.
        cap: The longest page, in rows.
        announces: Whether the last page announces another one, too.
        empty_is_null: Whether an empty page is written as null.
        slips: The requests, by number, that are answered with null and no further page.
        gone_after: After so many requests the list is empty.
        lacking: The requests, by number, at which the last of the rows is not there.
        lapsed: The requests, by number, whose cursor is not taken any more.
        refuses_end: Whether a cursor behind the last row is not taken.
        salted: Whether no cursor is given twice.
    """

    rows: int
    cap: int = 1000
    announces: bool = False
    empty_is_null: bool = False
    slips: Collection[int] = ()
    gone_after: int = 10**9
    lacking: Collection[int] = ()
    lapsed: Collection[int] = ()
    refuses_end: bool = False
    salted: bool = False
    asked: list[tuple[int | None, str]] = field(default_factory=list)

    async def ask(self, limit: int | None, cursor: str, _check: Check) -> Answer:
        number, start = len(self.asked), int(cursor.partition(".")[0] or 0)
        assert number < 200, "it asks for ever"
        self.asked.append((limit, cursor))
        if number in self.lapsed or (self.refuses_end and start >= self.rows):
            raise Rejected("GET /accounts", 400, "invalid_cursor", "")
        there = self.rows - (number in self.lacking) if number < self.gone_after else 0
        end = min(there, start + min(limit or 100, self.cap))
        page = [{"id": str(index)} for index in range(start, end)]
        more = end < there or (self.announces and bool(page))
        if number in self.slips:
            return Answer(None, SENT_AT, paginated=True)
        data = None if self.empty_is_null and not page else page
        salt = f".{number}" if self.salted else ""
        return Answer(data, SENT_AT, paginated=True, more=more, cursor=f"{end}{salt}" if more else "")

    def walked(self, limit: int) -> list[str]:
        async def read() -> list[str]:
            walk, ids = Walk(self.ask, ISSUES, limit, Habit()), []
            while True:
                page = await walk.next()
                ids += [row["id"] for row in page.rows]
                if not page.more:
                    return ids

        return asyncio.run(read())

    def first(self, limit: int) -> Answer:
        return asyncio.run(Walk(self.ask, ISSUES, limit, Habit(), first=True).next())


def names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


@given(
    st.integers(1, 12),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
    # one more, and two answers between them, and it is believed
    st.sets(st.integers(1, 20), max_size=unlisted.IN_DOUBT),
)
@example(16, 3, False, False, {1})
@example(8, 4, True, True, {1, 2, 3, 4, 5, 6, 7})
def test_a_walk_past_pages_without_a_list_gives_all_rows_or_says_that_it_cannot(
    rows: int, limit: int, announces: bool, empty_is_null: bool, slips: set[int]
) -> None:
    listing = Listing(rows, announces=announces, empty_is_null=empty_is_null, slips=slips)
    try:
        assert listing.walked(limit) == names(rows)
    except Unavailable as error:
        assert "without a list" in str(error)
        assert len(slips) > 4 or (slips and empty_is_null)  # the witness may slip as well


@pytest.mark.parametrize("rows", [1, 3, 6])
def test_a_last_page_that_is_always_null_is_the_end(rows: int) -> None:
    assert Listing(rows, announces=True, empty_is_null=True).walked(3) == names(rows)


def test_a_list_that_became_empty_under_way_has_an_end() -> None:
    assert Listing(9, gone_after=2, slips={2}).walked(3) == names(6)


def test_a_page_that_is_never_given_is_told_from_an_end() -> None:
    every_page_at_a_cursor = set(range(1, 200)) - {6}
    with pytest.raises(Unavailable, match="without a list where rows may follow"):
        Listing(9, slips=every_page_at_a_cursor).walked(3)


@pytest.mark.parametrize("slips", [set(), {1}, {1, 2, 3, 4}])
def test_a_short_page_is_no_only_one_because_the_next_one_is_null(slips: set[int]) -> None:
    """A server that caps its pages gives fewer rows than were asked for, and more of them later."""
    assert Listing(9, cap=5, slips=slips).first(100).more


@pytest.mark.parametrize("lacking", [{1}, {1, 4}])
def test_a_list_that_has_a_row_less_for_a_moment_is_not_taken_for_one_that_may_be_cut(
    lacking: set[int],
) -> None:
    """A page of which no one knows whether it is as long as the list is compared with one of a row less."""
    listing = Listing(55, lacking=lacking)
    assert listing.walked(1000) == names(55)
    assert len(listing.asked) <= 8


@pytest.mark.parametrize("salted", [False, True])
@pytest.mark.parametrize("lapsed", [{1}, {2}, {5}, {1, 3}])
def test_a_cursor_that_lapses_amid_capped_pages_is_no_end(lapsed: set[int], salted: bool) -> None:
    """Such pages are all shorter than asked for, so that this says nothing of what follows."""
    with pytest.raises(Rejected):
        Listing(30, cap=5, lapsed=lapsed, salted=salted).walked(100)


@pytest.mark.parametrize("lapsed", [set(), {1}, {1, 3}])
def test_a_page_that_is_wanted_alone_is_no_only_one_because_its_cursor_lapses(lapsed: set[int]) -> None:
    assert Listing(9, cap=5, lapsed=lapsed).first(100).more


@pytest.mark.parametrize("salted", [False, True])
@pytest.mark.parametrize(("rows", "limit"), [(1, 100), (4, 100), (7, 5)])
def test_a_last_page_that_announces_another_at_a_cursor_that_is_not_taken_is_the_end(
    rows: int, limit: int, salted: bool
) -> None:
    listing = Listing(rows, announces=True, refuses_end=True, salted=salted)
    assert listing.walked(limit) == names(rows)
    assert len(listing.asked) <= 5 + rows // limit
    assert not Listing(rows, announces=True, refuses_end=True, salted=salted).first(100).more
