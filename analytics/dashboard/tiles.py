"""The numbers at the top in words: what each is called, what it rests on, and how it has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from .headline import before, headline
from .marts import WORKING, Filters, Marts

UNKNOWN = "n/a"
FEW = 10
"""A change from fewer than that is told as a number: in per cent it would say too much."""
_PER_CENT, _POINTS = "\N{NO-BREAK SPACE}%", "\N{NO-BREAK SPACE}points"
_BETTER = {1: "better", -1: "worse", 0: ""}


@dataclass(frozen=True)
class Tile:
    """One number.

    Args:
        label: What it is.
        number: The number, written for people.
        about: What it rests on.
        change: How it has changed against the period before, and what it was; empty where that is not told.
        verdict: ``better``, ``worse``, or empty where a change is neither.
    """

    label: str
    number: str
    about: str
    change: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class _Was:
    """The period before."""

    known: Mapping[str, Any]
    now: Mapping[str, Any]

    def tile(
        self,
        label: str,
        name: str,
        write: Callable[[Any], str],
        about: str,
        good: int = 0,
        points: str = "",
        least: float | None = None,
    ) -> Tile:
        """Return the tile of a number; ``good`` is 1 where more of it is better, -1 where less is.

        It is not called better while what it is at ``least``, once all is known, is no less than before.
        """
        now = self.now[name]
        number = UNKNOWN if now is None else write(now)
        if not self.known:
            return Tile(label, number, about)
        was = self.known[name]
        if now is None or was is None:
            return Tile(label, number, about, f"before: {UNKNOWN if was is None else write(was)}")
        moved = (now > was) - (now < was)
        change = f"before: {write(was)}{_difference(now, was, points)}"
        is_open = moved < 0 and least is not None and least >= was
        return Tile(label, number, about, change, "" if is_open else _BETTER[moved * good])


def tiles(marts: Marts, filters: Filters) -> Iterator[Tile]:
    """Yield the numbers at the top."""
    known = headline(marts, filters)
    was = _Was(before(marts, filters), known)
    period = f"in {filters.days} days" if filters.days else "ever"
    working = filters.hours == WORKING
    median, took = f"median {period}", partial(hours, working=working)
    turn = f"our turn in {known['ours']:,}, unanswered {known['waiting']:,}"
    yield was.tile("Open issues", "open", _count, turn, good=-1)
    yield was.tile("Created", "created", _count, period)
    yield was.tile("Closed", "closed", _count, period, good=1)
    about = f"{median}; {_without(known, working)}"
    least = known["at_least_hours"] if known["asked"] > known["answered"] and not working else None
    yield was.tile("First response", "response_hours", took, about, good=-1, least=least)
    answers = f"{median} of {known['responses']:,} later answers"
    yield was.tile("Next response", "next_hours", took, answers, good=-1)
    yield was.tile("Resolution", "resolution_hours", took, median, good=-1)
    if marts.desks(filters) and "pylon" not in marts.desks(filters):
        for label in ("Targets met", "Satisfaction", "One touch", "Reopened", "Accounts at risk"):
            yield Tile(label, UNKNOWN, "only Pylon has this")
        return
    yield from _of_pylon(known, was, period)


def _of_pylon(known: Mapping[str, Any], was: _Was, period: str) -> Iterator[Tile]:
    """Yield what only Pylon has."""
    due = f"of {known['targets']:,} due {period}" if known["targets"] else f"none due {period}"
    yield was.tile("Targets met", "met_percent", _percent, due, good=1, points=_POINTS)
    share = (
        f", {_percent(100 * known['rated'] / known['ratable'])} of closed issues" if known["ratable"] else ""
    )
    rests_on = f"of 5; {known['ratings']:,} ratings {period}{share}"
    yield was.tile(
        "Satisfaction",
        "csat",
        "{:.1f}".format,
        rests_on if known["ratings"] else f"no ratings {period}",
        good=1,
        points=" ",
    )
    yield was.tile(
        "One touch", "one_touch_percent", _percent, f"of closed issues {period}", good=1, points=_POINTS
    )
    yield was.tile(
        "Reopened",
        "reopened_percent",
        _percent,
        f"of issues created {period}, at least",
        good=-1,
        points=_POINTS,
    )
    yield was.tile("Accounts at risk", "at_risk", _count, "as of the last load", good=-1)


def hours(value: float | None, *, working: bool = False) -> str:
    """Write hours for people; working hours make no days."""
    if value is None:
        return UNKNOWN
    if value < 1:
        return f"{value * 60:.0f} min"
    return f"{value:.1f} h" if value < 48 or working else f"{value / 24:.1f} days"


def _without(known: Mapping[str, Any], working: bool) -> str:
    """Return of how many issues a median of first responses says nothing, and what it is at least with them."""
    without = f"{known['asked'] - known['answered']:,} of {known['asked']:,} unanswered"
    if known["asked"] > known["answered"] and not working:
        without += f", with their waits so far at least {hours(known['at_least_hours'])}"
    return without


def _difference(now: float, was: float, points: str) -> str:
    """Return a change in brackets: in ``points`` where the number is a share or a mean, of few as such, else in %."""
    if points:
        moved = f"{now - was:+.1f}"
        return "" if float(moved) == 0 else f" ({_signed(moved)}{points.rstrip(' ')})"
    if now == was:
        return ""
    if isinstance(was, int) and was < FEW:
        return f" ({_signed(f'{now - was:+,}')})"
    return f" ({_signed(f'{100 * (now - was) / was:+.0f}')}{_PER_CENT})" if was else ""


def _signed(number: str) -> str:
    return number.replace("-", "\N{MINUS SIGN}")


def _count(number: int) -> str:
    return f"{number:,}"


def _percent(share: float) -> str:
    return f"{share:.0f}{_PER_CENT}"
