"""A help desk in memory that answers searches like Pylon's, with a clock of its own, and changes between any two pages.

It has the two methods of the client that the issue lanes use, so that a thousand histories can be tried in a second.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pylon_elt.sources.pylon.api.answers import Answer, Check
from pylon_elt.sources.pylon.api.paging import Paging
from pylon_elt.sources.pylon.api.walk import Walk
from pylon_elt.sources.pylon.catalog import Endpoint
from pylon_elt.sources.pylon.errors import Rejected, Unanswered

START = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Issue:
    """An issue, its times, and the version that an index which trails still shows."""

    name: str
    created: datetime
    updated: datetime
    version: int = 0
    shown: list[tuple[datetime, datetime, int]] = field(default_factory=list)
    """When each version became visible, its ``updated`` and its number."""


@dataclass
class Desk:
    """The service.

    Args:
        bounds: Whether the ends of a range belong to it, as ``"[)"``.
        truncate: Cut the bounds of a filter to whole seconds.
        sort: The time by which results are ordered, newest first; "name", by their names; "page", by their names too,
            but the rows of a page by the time of their last edit.
        joins: What becomes of a filter by two times: "taken", "ignored" but for the first of them, or "refused".
        keyset: A cursor remembers the last row instead of how many there were.
        cap: The largest page that it gives, whatever is asked for.
        limit: The page size where none is asked for.
        lag: How long a write stays out of the search.
        ticks: Times are kept in whole seconds.
    """

    bounds: str = "[]"
    truncate: bool = False
    sort: str = "created"
    joins: str = "taken"
    keyset: bool = False
    cap: int = 1000
    limit: int = 4
    lag: timedelta = timedelta(0)
    ticks: bool = False
    now: datetime = START
    issues: dict[str, Issue] = field(default_factory=dict)
    before_request: list[Callable[[Desk], None]] = field(default_factory=list)
    """Done one before each request, in order."""
    requests: int = 0
    ahead: timedelta = timedelta(0)
    """How far its clock is ahead of the reader's."""
    paging: Paging = field(default_factory=Paging)
    """What its readers have learnt of it."""
    bad: set[str] = field(default_factory=set)
    """Issues that make it fail wherever they would be shown; "" makes it fail always."""

    # -- what happens ------------------------------------------------------------------------------------------

    def stamp(self) -> datetime:
        return self.now.replace(microsecond=0) if self.ticks else self.now

    def create(self, name: str, created: datetime | None = None) -> None:
        at = created or self.stamp()
        self.issues[name] = Issue(name, at, at, shown=[(at + self.lag, at, 0)])

    def edit(self, name: str) -> None:
        issue = self.issues[name]
        issue.updated, issue.version = self.stamp(), issue.version + 1
        issue.shown.append((self.now + self.lag, issue.updated, issue.version))

    def delete(self, name: str) -> None:
        del self.issues[name]

    # -- what the lanes see ------------------------------------------------------------------------------------

    async def first_page(self, endpoint: Endpoint, attempts: int = 6, **request: Any) -> Answer:
        return self._page(endpoint, "", **request)

    async def pages(self, endpoint: Endpoint, cursor: str = "", **request: Any) -> AsyncIterator[Answer]:
        async for page in walk(self, endpoint, cursor, lambda: None, **request):
            yield page

    def _page(
        self,
        endpoint: Endpoint,
        cursor: str,
        *,
        query: Any = None,
        body: Any = None,
        limit: int | None = None,
    ) -> Answer:
        self.requests += 1
        assert self.requests < 5000, "it asks for ever"
        if self.before_request:
            self.before_request.pop(0)(self)
        sent_at = (self.now - self.ahead).replace(microsecond=0)
        found = self._list(query) if endpoint.method == "GET" else self._search(body["filter"])
        start = self._place(found, cursor)
        size = min(limit or self.limit, self.cap)
        page = found[start : start + size]
        if self.bad & {"", *(name for _, name, _ in page)}:
            raise Unanswered(endpoint.label, "the server answered 500")
        more = start + size < len(found)
        last = f"{page[-1][0].isoformat()} {page[-1][1]}" if self.keyset and page else str(start + size)
        rows = [row for _, _, row in page]
        if self.sort == "page":
            rows.sort(key=lambda row: row["updated_at"], reverse=True)
        return Answer(rows, sent_at, paginated=True, more=more, cursor=last if more else "")

    def _place(self, found: list[Any], cursor: str) -> int:
        if not cursor:
            return 0
        if not self.keyset:
            return int(cursor)
        at, name = cursor.split()
        after = (datetime.fromisoformat(at), name)
        return next((index for index, (time, key, _) in enumerate(found) if (time, key) < after), len(found))

    def _list(self, query: Any) -> list[Any]:
        low, high = (datetime.fromisoformat(query[name]) for name in ("start_time", "end_time"))
        assert high - low <= timedelta(days=30)
        rows = [issue for issue in self.issues.values() if self._within(issue.created, low, high)]
        named = self.sort in ("name", "page")
        return _newest_first(
            (START if named else issue.created, issue.name, _row(issue, issue.updated, issue.version))
            for issue in rows
        )

    def _search(self, tree: Any) -> list[Any]:
        found = []
        for issue in self.issues.values():
            visible = [version for version in issue.shown if version[0] <= self.now]
            if not visible:
                continue
            _, updated, version = visible[-1]
            if self._matches(tree, {"created_at": issue.created, "updated_at": updated}):
                at = {"created": issue.created, "updated": updated}.get(self.sort, START)
                found.append((at, issue.name, _row(issue, updated, version)))
        return _newest_first(found)

    def _matches(self, tree: Any, times: dict[str, datetime]) -> bool:
        if tree["operator"] == "and":
            fields = [part.get("field") for part in tree["subfilters"]]
            if len(set(fields)) > 1 and self.joins == "refused":
                raise Rejected("POST /issues/search", 400, "bad_filter", "")
            if len(set(fields)) > 1 and self.joins == "ignored":
                return self._matches(tree["subfilters"][0], times)
            return all(self._matches(part, times) for part in tree["subfilters"])
        if tree["operator"] == "or":
            return any(self._matches(part, times) for part in tree["subfilters"])
        at = times[tree["field"]]
        if tree["operator"] == "time_range":
            low, high = map(datetime.fromisoformat, tree["values"])
            assert high - low <= timedelta(days=30)
            return self._within(at, low, high)
        bound = datetime.fromisoformat(tree["value"])
        if tree["operator"] == "time_is_before":
            return self._within(at, None, bound)
        assert tree["operator"] == "time_is_after"
        return self._within(at, bound, None)

    def _within(self, at: datetime, low: datetime | None, high: datetime | None) -> bool:
        if self.truncate:
            low, high = (bound and bound.replace(microsecond=0) for bound in (low, high))
        above = low is None or (low <= at if self.bounds[0] == "[" else low < at)
        return above and (high is None or (at <= high if self.bounds[1] == "]" else at < high))


async def walk(
    desk: Desk,
    endpoint: Endpoint,
    cursor: str,
    spend: Callable[[], None],
    *,
    limit: int | None = None,
    **request: Any,
) -> AsyncIterator[Answer]:
    """Walk along the pages of a desk as the client does; before each request something may be spent."""

    async def ask(limit: int | None, cursor: str, _check: Check) -> Answer:
        spend()
        return desk._page(endpoint, cursor, limit=limit, **request)

    steps = Walk(ask, endpoint, limit, desk.paging.of(endpoint.name), cursor=cursor)
    while True:
        page = await steps.next()
        yield page
        if not page.more:
            return


def _newest_first(rows: Any) -> list[Any]:
    return sorted(rows, key=lambda row: (row[0], row[1]), reverse=True)


def _row(issue: Issue, updated: datetime, version: int) -> dict[str, Any]:
    created_at, updated_at = (at.isoformat().replace("+00:00", "Z") for at in (issue.created, updated))
    return {"id": issue.name, "created_at": created_at, "updated_at": updated_at, "version": version}
