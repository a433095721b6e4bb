"""Windows of time: no instant falls between two of them, and no window is asked for more than the API takes."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylon_elt.sources.pylon.api import windows
from pylon_elt.sources.pylon.api.windows import Window

EARLY, LATE = datetime.fromisoformat("2015-01-01"), datetime.fromisoformat("2040-01-01")
instants = st.datetimes(EARLY, LATE).map(lambda naive: naive.replace(tzinfo=UTC))
whole_seconds = instants.map(lambda instant: instant.replace(microsecond=0))
widths = st.timedeltas(timedelta(microseconds=1), windows.WIDEST)


@st.composite
def spans(draw: st.DrawFn) -> Window:
    """A window with any bounds."""
    start = draw(instants)
    return Window(start, start + draw(widths))


@st.composite
def pages(draw: st.DrawFn) -> tuple[Window, list[datetime], datetime]:
    """A window, the instants on its first page, and the present."""
    window = draw(spans())
    seconds = window.width.total_seconds()
    places = draw(st.lists(st.floats(-0.1, 1.1), max_size=12))
    stamps = [window.start + timedelta(seconds=seconds * place) for place in places]
    if draw(st.booleans()):
        stamps.sort(reverse=True)
    now = window.start + timedelta(seconds=seconds * draw(st.floats(-1, 2)))
    return window, stamps, now


def truncated(instant: datetime, truncate: bool) -> datetime:
    return instant.replace(microsecond=0) if truncate else instant


@given(spans(), st.floats(0, 1, exclude_max=True), st.sampled_from(["[]", "[)", "(]", "()"]), st.booleans())
def test_a_request_finds_every_instant_of_its_window_whatever_its_bounds_mean(
    window: Window, place: float, bounds: str, truncate: bool
) -> None:
    instant = min(window.start + window.width * place, window.end - timedelta(microseconds=1))
    low, high = (truncated(bound, truncate) for bound in window.asked)
    assert low <= instant if bounds[0] == "[" else low < instant
    assert instant <= high if bounds[1] == "]" else instant < high
    assert window.holds(instant)


def test_a_server_that_cuts_bounds_to_whole_seconds_may_answer_with_all_of_the_second_asked_for() -> None:
    """A busy second fills a page with rows that lie just before the bound: they show no filter that is ignored."""
    start = datetime(2026, 3, 1, 0, 0, 19, 900_000, tzinfo=UTC)
    window = Window(start, start + timedelta(seconds=4))
    assert window.holds(datetime(2026, 3, 1, 0, 0, 18, 100_000, tzinfo=UTC))
    assert not window.holds(datetime(2026, 3, 1, 0, 0, 17, 900_000, tzinfo=UTC))


@given(instants)
def test_no_request_spans_more_than_the_api_takes(start: datetime) -> None:
    low, high = windows.after(start).asked
    assert high - low == windows.ASKED_MAX


@given(instants, widths, st.none() | instants)
def test_the_window_before_ends_where_it_should(
    end: datetime, width: timedelta, floor: datetime | None
) -> None:
    window = windows.before(end, width, floor)
    assert window.end == end
    assert window.width <= windows.WIDEST
    assert floor is None or window.start >= floor
    assert window.start < end or (floor is not None and floor >= end)


@given(whole_seconds, st.lists(widths, min_size=1, max_size=20), st.none() | instants)
def test_windows_backwards_leave_no_gap(end: datetime, wide: list[timedelta], floor: datetime | None) -> None:
    until = end
    for width in wide:
        if floor is not None and until <= floor:
            break
        window = windows.before(until, width, floor)
        assert window.end == until
        assert window.start < until
        until = window.start


@given(pages(), st.booleans(), st.booleans())
def test_a_cut_leaves_two_parts_without_a_gap(
    page: tuple[Window, list[datetime], datetime], newest_first: bool, again: bool
) -> None:
    window, stamps, now = page
    at = windows.cut_point(window, stamps, now, newest_first=newest_first, again=again)
    if at is None:
        assert window.width <= windows.NARROWEST
    else:
        older, newer = window.cut(at)
        assert (older.start, newer.end) == (window.start, window.end)
        assert older.end == newer.start == at
        assert window.start < at < window.end
        assert at.microsecond == 0


@given(pages(), st.booleans())
def test_cutting_comes_to_an_end(page: tuple[Window, list[datetime], datetime], newest_first: bool) -> None:
    """A turn may be so short that it makes a cut and no more: each must leave less to be read next."""
    window, stamps, now = page
    for number in range(40):
        at = windows.cut_point(window, stamps, now, newest_first=newest_first, again=number > 0)
        if at is None:
            return
        older, newer = window.cut(at)
        window = newer if newest_first else older
        stamps = [stamp for stamp in stamps if window.holds(stamp)]
    pytest.fail(f"still cutting {window}")


@pytest.mark.parametrize("sort", ["falling", "any"])
@pytest.mark.parametrize("newest_first", [True, False])
def test_a_cut_leaves_a_page_to_be_read_next(sort: str, newest_first: bool) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    window = Window(start, start + timedelta(days=10))
    stamps = [start + timedelta(hours=hour) for hour in range(40, 240)]
    stamps = stamps[::-1] if sort == "falling" else stamps[::2] + stamps[1::2]
    at = windows.cut_point(window, stamps, window.end, newest_first=newest_first)
    assert at is not None
    newer = sum(stamp >= at for stamp in stamps)
    # the newest part of a window fills a page; a sample of it is halved; what is older than a page may be nothing
    wanted = 100 if sort == "any" else 160 if newest_first else 200
    assert newer == pytest.approx(wanted, abs=2)


@pytest.mark.parametrize("newest_first", [True, False])
def test_what_lies_in_the_future_is_not_halved_in_vain(newest_first: bool) -> None:
    now = datetime(2026, 7, 1, tzinfo=UTC)
    window = Window(now - timedelta(seconds=900), now + timedelta(days=29))
    at = windows.cut_point(window, [], now, newest_first=newest_first)
    assert at is not None
    assert at <= now


@pytest.mark.parametrize("newest_first", [True, False])
def test_what_only_the_overlap_shows_tells_where_to_cut(newest_first: bool) -> None:
    """A crowded second just outside fills the page of a window of a month: halving it would take twenty pages of it."""
    start = datetime(2026, 7, 1, tzinfo=UTC)
    window = Window(start, start + timedelta(days=30))
    crowded = window.end + timedelta(seconds=0.5) if newest_first else start - timedelta(seconds=0.5)
    at = windows.cut_point(window, [crowded] * 50, window.end, newest_first=newest_first)
    narrow = windows.NARROWEST
    assert at == (window.end - narrow if newest_first else start + narrow)


@given(spans(), st.integers(0, 10**6), st.integers(1, 20_000))
def test_the_next_width_is_one_that_can_be_asked_for(window: Window, rows: int, page_size: int) -> None:
    width = windows.next_width(window, rows, page_size)
    assert windows.NARROWEST <= width <= windows.WIDEST


def test_the_next_window_is_wider_where_little_was_found_and_narrower_where_much_was() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    window = Window(start, start + timedelta(days=10))
    narrower, same, wider = (windows.next_width(window, rows, 100) for rows in (700, 70, 35))
    assert narrower == timedelta(days=1)
    assert same == timedelta(days=10)
    assert wider == timedelta(days=20)
    assert windows.next_width(window, 0, 100) == windows.WIDEST


def test_the_chain_forward_has_no_gap() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    chain = [windows.after(start)]
    for _ in range(5):
        chain.append(windows.after(chain[-1].end))
    assert all(one.end == two.start for one, two in itertools.pairwise(chain))


def test_nothing_is_asked_for_before_the_first_instant_that_there_is() -> None:
    window = windows.before(windows.EARLIEST + windows.PAD, windows.WIDEST, None)
    assert window == Window(windows.EARLIEST, windows.EARLIEST + windows.PAD)
    assert window.asked[0] == windows.EARLIEST
