"""Which issues of a copy are gone from Pylon. Deletion leaves no trace in the API, so two witnesses are heard:
a complete listing that lacks the issue, and 404 or 410 when it is asked for by its id.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..api.answers import object_problem
from ..api.client import Client
from ..api.windows import PAD, Window
from ..catalog import ENDPOINTS, ISSUES
from ..copy.ids import Ids
from ..copy.state import Going, Stretch
from ..errors import GONE, CredentialsError, PylonError, Rejected, Unavailable
from ..lanes import issues, reading
from ..lanes.bad import failure
from ..lanes.pieces import pieces
from ..lanes.ways import Batch, Reader
from ..lanes.whole import FAILURES
from ..rows.rows import Row, has_key
from . import unknown

WITNESSES = 3
"""How many listed issues are asked for by their ids before these are believed to say nothing."""

SAMPLE = 20
"""How many issues that are not listed are asked for by their ids before nothing more is believed of the others."""


@dataclass(frozen=True, slots=True)
class Gone:
    """An issue that both witnesses say is gone."""

    issue_id: str
    detected_at: datetime
    evidence: str


@dataclass(frozen=True, slots=True)
class Listing:
    """All issues that Pylon shows; ``began`` is the time (UTC) before which they were created."""

    ids: Ids
    began: datetime
    some: Sequence[str] = ()
    """The first of the ids in their order, at most :data:`WITNESSES`."""
    left: Sequence[Window] = ()
    """When issues were created that could not be listed."""

    @property
    def untold(self) -> list[tuple[datetime, datetime]]:
        """The same by times (UTC): of issues created between two of these, both included, it says nothing."""
        return [(start - PAD, end + PAD) for start, end in (window.asked for window in self.left)]


async def list_all(
    client: Client,
    floor: datetime | None,
    page_size: int | None,
    see: Callable[[Sequence[Row], datetime], Awaitable[None]],
    held: int,
    *,
    in_part: bool = False,
    failing: Iterable[Window] = (),
) -> Listing:
    """Read the ids of all issues, window by window.

    Args:
        client: Whom to ask.
        floor: Issues created before it are left out.
        page_size: Rows per page.
        see: Shown each page, with the server's time at which it held.
        held: How many issues the copy has.
        in_part: Whether seconds may be left out that cannot be listed while all others can.
        failing: Those that could not be the last time: where they still cannot, they need not be searched for.

    Raises:
        Unavailable: The list does not tell what there is.
    """
    began = await client.now()
    began += client.ahead  # by the later clock: an issue that the listing leaves out would seem to be gone
    stretch = Stretch()
    stretch.begin(began)
    ours = [window for window in failing if floor is None or window.end > floor]
    stretch.history_left = [window for window in ours if await failure(client, issues.BY_CREATION, window)]
    ids, some = Ids(), list[str]()
    async for batch in _around(_reader(client, in_part=in_part), stretch, floor, page_size):
        rows = [row for row in batch.rows if has_key(ISSUES, row)]
        ids.add(row["id"] for row in rows)
        some = heapq.nsmallest(WITNESSES, {*some, *(row["id"] for row in rows)})
        await see(rows, batch.sent_at)
    if not stretch.history_done(floor) and (some or held):
        raise Unavailable(
            issues.BY_CREATION.endpoint.label,
            "gives no list where issues may be",
            "What the copy has stays as it is.",
        )
    return Listing(ids, began, some, stretch.history_left)


async def _around(
    reader: Reader, stretch: Stretch, floor: datetime | None, page_size: int | None
) -> AsyncIterator[Batch]:
    """Read all issues but those of the windows that are left out from the beginning."""
    for window in sorted(stretch.history_left, key=lambda left: left.end, reverse=True):
        async for _, batch in reading.newest_to_oldest(reader, issues.PAST, stretch, window.end, page_size):
            yield batch
        if not stretch.history_done(window.end):
            return
        stretch.history_until = min(stretch.history_until, window.start)
    async for _, batch in reading.newest_to_oldest(reader, issues.PAST, stretch, floor, page_size):
        yield batch


async def read_again(client: Client, oldest: datetime, newest: datetime) -> list[Row]:
    """List once more the issues that were created from one time to another (UTC), both included."""
    window = Window(oldest, newest + PAD)
    found = pieces(_reader(client), issues.BY_CREATION, window, Going(), newest_first=True, page_size=None)
    return [row async for _, batch in found for row in batch.rows if has_key(ISSUES, row)]


async def by_id(client: Client, issue_id: str) -> list[Row]:
    """Ask for an issue by its id; none, where another one is given."""
    answer = await client.ask(ENDPOINTS["get_issue"], ids={"issue_id": issue_id}, check=object_problem)
    return [answer.data] if answer.data.get("id") == issue_id else []


def _reader(client: Client, *, in_part: bool = False) -> Reader:
    """Return who lists in one go, without a look at what the copy holds."""
    return Reader(client, client, lambda _rows: set(), (lambda _error: None) if in_part else None)


async def there(client: Client, missing: Collection[str]) -> set[str]:
    """Return which issues that are not listed are given by their ids; where all of a sample are, so are all others.

    Raises:
        CredentialsError: The token is not let in.
    """
    ids = sorted(missing)
    sample = ids[:: max(1, len(ids) // SAMPLE)][:SAMPLE]
    found, failures = set(), 0
    for issue_id in sample:
        given = await _given(client, issue_id)
        if given == issue_id:
            found.add(issue_id)
        failures = failures + isinstance(given, Unavailable) if isinstance(given, PylonError) else 0
        if failures >= FAILURES:
            break
    return set(ids) if len(found) == len(sample) else found


async def confirm(
    client: Client, missing: Collection[str], listing: Listing, warn: Callable[[str], None]
) -> list[Gone]:
    """Ask for each missing issue by its id; what still answers, or is refused in another way, is not gone.

    What is answered with another issue, which is listed, has become part of that one. An id that is refused in the same
    words as one that no issue has is gone, too.

    Args:
        client: Whom to ask.
        missing: Issues that a complete listing lacks.
        listing: What it shows.
        warn: Takes what the user should know.

    Raises:
        Unavailable: Issues that are listed are not given by their ids either: then it says nothing that one is not.
    """
    gone, doubtful, failures = list[Gone](), list[str](), 0
    for issue_id in sorted(missing):
        if failures == FAILURES:
            failures = 0 if await _answers(client, listing.some) else FAILURES + 1
        if failures < FAILURES:  # else it would fail as it did for the one before
            said, doubt, failed = await _heard(client, issue_id, listing)
            failures = failures + 1 if failed else 0
        if doubt:
            doubtful.append(doubt)
        if said:
            evidence = f"not in a complete listing; {ENDPOINTS['get_issue'].label} gave {said}"
            gone.append(Gone(issue_id, await client.now(), evidence))
    if doubtful:
        warn(
            f"{len(doubtful):,} issues that are not listed stay in the copy, since Pylon does not say that they are"
            f" gone: {doubtful[0]}"
        )
    if gone and listing.some:
        await _expect_witness(client, listing.some)
    return gone


async def _heard(client: Client, issue_id: str, listing: Listing) -> tuple[str, str, bool]:
    """Return what says that a missing issue is gone, what leaves it in doubt, and whether nothing was answered."""
    given = await _given(client, issue_id)
    if isinstance(given, Rejected) and given.status in GONE:
        return str(given.status), "", False
    if isinstance(given, Rejected) and await _is_unknown(client, issue_id, given, listing):
        return f"{given.status}, as for an id that no issue has", "", False
    if isinstance(given, PylonError):
        return "", given.message, isinstance(given, Unavailable)
    if not given:
        return "", f"{ENDPOINTS['get_issue'].label.format(issue_id=issue_id)} gives no issue.", False
    return (given if given != issue_id and given in listing.ids else ""), "", False


async def _is_unknown(client: Client, issue_id: str, error: Rejected, listing: Listing) -> bool:
    """Whether an id is refused as one is that no issue has; where none is listed that could answer, it says nothing."""
    if error.status not in unknown.REFUSED or not listing.some:
        return False
    other = unknown.made_up(issue_id, listing.ids)
    said = await _given(client, other) if other else None
    return isinstance(said, Rejected) and unknown.is_alike(error, issue_id, said, other or "")


async def _answers(client: Client, listed: Collection[str]) -> bool:
    """Whether some issue that is listed is answered for at all."""
    for issue_id in listed:
        if not isinstance(await _given(client, issue_id), Unavailable):
            return True
    return False


async def _given(client: Client, issue_id: str) -> str | PylonError:
    """Return the id of the issue that is given for an id, "" where it gives none, or why nothing is answered.

    Raises:
        CredentialsError: The token is not let in.
    """
    try:
        answer = await client.ask(ENDPOINTS["get_issue"], ids={"issue_id": issue_id})
    except CredentialsError:
        raise
    except PylonError as error:
        return error
    found = answer.data.get("id") if isinstance(answer.data, dict) else None
    return found if isinstance(found, str) else ""


async def _expect_witness(client: Client, listed: Collection[str]) -> None:
    error: PylonError | None = None
    for issue_id in listed:  # one may have been deleted since
        given = await _given(client, issue_id)
        if isinstance(given, Rejected):
            error = given
        elif isinstance(given, PylonError):
            raise given
        elif given in ("", issue_id):
            return
    raise Unavailable(
        ENDPOINTS["get_issue"].label,
        "gives none of the issues that are listed, so that nobody can say which are gone",
        "Nothing was removed. Report it to Pylon.",
    ) from error
