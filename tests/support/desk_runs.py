"""The two lanes of issues on a desk in memory: runs of turns that may be as short as a request, with a copy and a state."""

from __future__ import annotations

import asyncio
import copy
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st
from support.desk import START, Desk, walk

from pylon_elt.sources.pylon.api.answers import Answer
from pylon_elt.sources.pylon.api.pacing import Pacers
from pylon_elt.sources.pylon.copy.contents import Contents
from pylon_elt.sources.pylon.copy.state import Stretch
from pylon_elt.sources.pylon.errors import PylonError, Rejected, TurnOver, Unavailable
from pylon_elt.sources.pylon.lanes import issues
from pylon_elt.sources.pylon.lanes.reading import PROBES
from pylon_elt.sources.pylon.lanes.turn import Control
from pylon_elt.sources.pylon.rows.rows import instant

LOOKBACK = timedelta(seconds=900)
GAP = PROBES + 1
"""How many requests it takes to get over a gap in the history; no turn is so short that it has fewer."""
Allowance = Callable[[], int]
"""Draws how many requests a lane may make in a turn."""


def unlimited() -> int:
    """Return an allowance that no lane uses up."""
    return 10**9


class Limited:
    """A desk that a lane may ask so many times in a turn.

    Args:
        desk: The desk.
        left: How many requests are left.
        lapsed: What it does with a cursor of a former turn: "" takes it, "refused", or "empty".
    """

    def __init__(self, desk: Desk, left: int, lapsed: str = "") -> None:
        self._desk = desk
        self._left = left
        self._lapsed = lapsed
        self.ahead, self.paging = desk.ahead, desk.paging

    def _ask(self) -> None:
        if self._left == 0:
            raise TurnOver
        self._left -= 1

    async def first_page(self, endpoint: Any, **request: Any) -> Answer:
        self._ask()
        return await self._desk.first_page(endpoint, **request)

    async def ask(self, endpoint: Any, *, attempts: int, **request: Any) -> Answer:
        assert attempts == 1
        return await self.first_page(endpoint, attempts=attempts, **request)

    async def pages(self, endpoint: Any, cursor: str = "", **request: Any) -> AsyncIterator[Answer]:
        if cursor and self._lapsed:
            self._ask()
            self._desk.requests += 1
            if self._lapsed == "refused":
                raise Rejected(endpoint.label, 400, "invalid_cursor", "")
            yield Answer([], self._desk.now, paginated=True)
            return
        async for page in walk(self._desk, endpoint, cursor, self._ask, **request):
            yield page


class _Held(Contents):
    """A copy of which only the times of its issues are asked for."""

    def __init__(self, times: dict[str, datetime | None]) -> None:
        self.copied: Any = self
        self._times = times

    def holds(self, _table: str) -> bool:
        return bool(self._times)

    def select_in(self, _sql: str, ids: Sequence[str]) -> list[tuple[str, str, datetime | None]]:
        return [("", id_, self._times[id_]) for id_ in ids if id_ in self._times]


class Runs:
    """What keeps a copy by the two lanes of issues, as runs do.

    Args:
        desk: The service.
        start_date: What was created before it is not copied.
        allowance: How many requests each lane may make in a turn; an hour ends no run.
        lapsed: What the service does with a cursor of a former turn; see :class:`Limited`.
    """

    def __init__(
        self,
        desk: Desk,
        start_date: datetime | None = None,
        allowance: Allowance = unlimited,
        lapsed: str = "",
    ) -> None:
        self.desk = desk
        self.stretch = Stretch()
        self.copy: dict[str, int] = {}
        self.start_date = start_date
        self.allowance = allowance
        self.lapsed = lapsed
        self.killed: Callable[[], bool] = lambda: False
        """Draws whether the process is killed before a turn is loaded."""
        self.told: list[str] = []
        """What was said to be left out."""
        self._times: dict[str, datetime | None] = {}

    def run(self, most_turns: int = 1000) -> int:
        """Take turns until nothing is left, or for so long; returns how many it took.

        Raises:
            AssertionError: It has no end.
        """
        control = Control(Pacers({}))
        for number in range(1, most_turns + 1):
            if not self._turn(control):
                return number
            if self.killed():
                return number
        assert most_turns < 1000, "a run without end"
        return most_turns

    def _turn(self, control: Control) -> bool:
        """Take a turn; says whether another one is needed."""
        stretch = Stretch(copy.deepcopy(self.stretch.stored))
        if not stretch.begun:
            stretch.begin(self.desk.now.replace(microsecond=0))
        found: dict[str, tuple[int, datetime | None]] = {}
        left, failed = False, None
        for lane, least in ((issues.changes, 1), (issues.history, GAP)):
            try:
                turn = self._as_turn(control, max(least, self.allowance()))
                asyncio.run(self._read(lane(turn, stretch), found))
            except TurnOver:
                left = True
            except PylonError as error:  # its lane has ended; what was read before counts
                failed = error
        if not self.killed():
            self.stretch = stretch
            self.copy |= {name: version for name, (version, _) in found.items()}
            self._times |= {name: at for name, (_, at) in found.items()}
        if failed:
            raise failed
        return left

    async def _read(self, lane: Any, found: dict[str, tuple[int, datetime | None]]) -> None:
        newest: dict[str, datetime] = {}
        async for batch in lane:
            for row in batch.rows:
                if issues.is_news(row, newest, self.start_date):
                    found[row["id"]] = (row["version"], instant(row["updated_at"]))

    def _as_turn(self, control: Control, requests: int) -> Any:
        return SimpleNamespace(
            client=Limited(self.desk, requests, self.lapsed),
            patient_client=Limited(self.desk, unlimited()),
            contents=_Held(self._times),
            control=control,
            fail=lambda _lane, error, **_stops: self.told.append(str(error)),
            lanes=(),
            settings=SimpleNamespace(
                lookback_seconds=LOOKBACK.total_seconds(),
                start_date=self.start_date,
                limit=lambda _endpoint: self.desk.limit,
            ),
            report=SimpleNamespace(lanes=defaultdict(lambda: SimpleNamespace(done=0, note=""))),
            budget=SimpleNamespace(progress=lambda: None),
        )


def run_while(reader: Runs, steps: Sequence[Callable[[Desk], None]], *, most_turns: int = 1000) -> None:
    """Run while things happen, one before each request; so many may happen at one moment that it is given up."""
    reader.desk.before_request = list(steps)
    try:
        reader.run(most_turns)
    except Unavailable as error:
        assert "changes faster" in str(error) or "without a list" in str(error)
    reader.desk.before_request = []


def assert_right(reader: Runs) -> None:
    truth = {name: issue.version for name, issue in reader.desk.issues.items()}
    kept = {name: version for name, version in reader.copy.items() if name in truth}
    assert kept == truth


@st.composite
def desks(draw: st.DrawFn, *, lag: bool = False) -> Desk:
    """A desk with some issues, many of them at the same moments, and what will happen to it."""
    desk = Desk(
        bounds=draw(st.sampled_from(["[]", "[)", "(]", "()"])),
        truncate=draw(st.booleans()),
        sort=draw(st.sampled_from(["created", "updated", "name", "page"])),
        joins=draw(st.sampled_from(["taken", "ignored", "refused"])),
        keyset=draw(st.booleans()),
        cap=draw(st.sampled_from([3, 5, 1000])),
        limit=draw(st.integers(1, 6)),
        lag=timedelta(seconds=draw(st.integers(0, 600))) if lag else timedelta(0),
        ticks=draw(st.booleans()),
    )
    moments = draw(st.lists(st.timedeltas(timedelta(0), timedelta(days=29)), min_size=1, max_size=6))
    for number in range(draw(st.integers(0, 25))):
        at = START - draw(st.sampled_from(moments))
        desk.create(str(number), at.replace(microsecond=0) if draw(st.booleans()) else at)
    return desk


def crowded(rng: random.Random, *, lag: bool = False) -> Desk:
    """Return a desk with some pages of issues, of which many were created, and some edited, at the same moments."""
    page = rng.randint(21, 40)
    desk = Desk(
        bounds=rng.choice(["[]", "[)", "(]", "()"]),
        truncate=rng.random() < 0.5,
        sort=rng.choice(["created", "updated", "created", "updated", "name", "page"]),
        joins=rng.choice(["taken", "taken", "ignored", "refused"]),
        keyset=rng.random() < 0.5,
        cap=rng.choice([page, 1000]),
        limit=page,
        lag=timedelta(seconds=rng.randint(0, 600)) if lag else timedelta(0),
        ticks=rng.random() < 0.5,
    )
    moments = [timedelta(seconds=rng.uniform(0, 29 * 86_400)) for _ in range(6)]
    for number in range(rng.randint(page, 6 * page)):
        ago = rng.choice(moments) if rng.random() < 0.3 else timedelta(seconds=rng.uniform(0, 29 * 86_400))
        ago += timedelta(seconds=rng.choice([0, 0, rng.uniform(0, 5)]))
        desk.now = START - ago
        desk.create(f"{rng.randrange(10**6)}-{number}", desk.stamp())
    began = START - timedelta(days=rng.randint(1, 29))
    for name in sorted(desk.issues):
        if desk.issues[name].created < began and rng.random() < 0.5:
            desk.now = rng.choice([began, began + timedelta(seconds=rng.uniform(0, 300))])
            desk.edit(name)
    desk.now = START
    return desk


@st.composite
def happenings(draw: st.DrawFn) -> list[Callable[[Desk], None]]:
    """Things that happen, one before each request."""
    kinds = st.sampled_from(["edit", "edit", "edit", "delete", "create", "bulk", "nothing"])
    steps = draw(
        st.lists(
            st.tuples(kinds, st.integers(0, 40), st.timedeltas(timedelta(0), timedelta(seconds=3))),
            max_size=30,
        )
    )
    return [lambda desk, step=step: happen(desk, *step) for step in steps]


def chances(rng: random.Random) -> list[Callable[[Desk], None]]:
    """Return things that happen to a desk with many issues, one before each request."""
    kinds = ["edit", "edit", "edit", "delete", "create", "bulk", "nothing"]
    steps = [
        (rng.choice(kinds), rng.randrange(200), timedelta(seconds=rng.uniform(0, 3)))
        for _ in range(rng.randint(0, 60))
    ]
    return [lambda desk, step=step: happen(desk, *step) for step in steps]


def edit_most(desk: Desk, rng: random.Random) -> None:
    """Edit most of the issues in some order: by chance, by their names, or in that of their creation."""
    names = sorted(desk.issues)
    if desk.sort == "page" or rng.random() < 0.3:  # who sorts within a page alone cannot be told from that
        rng.shuffle(names)
    elif rng.random() < 0.5:
        names.sort(key=lambda name: desk.issues[name].created)
    for name in names:
        if rng.random() < 0.7:
            desk.edit(name)
            desk.now += timedelta(seconds=rng.choice([0, 0, 0.01, 0.3]))


def happen(desk: Desk, kind: str, number: int, pause: timedelta) -> None:
    desk.now += pause
    names = sorted(desk.issues)
    if kind == "create" or not names:
        desk.create(f"new-{desk.requests}")
        return
    name = names[number % len(names)]
    if kind == "edit":
        desk.edit(name)
    elif kind == "delete":
        desk.delete(name)
    elif kind == "bulk":
        for one in names[: number % 12]:
            desk.edit(one)
