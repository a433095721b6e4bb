"""Which issues of a copy are gone from Pylon. Deletion leaves no trace in the API, so two witnesses are heard:
a complete listing that lacks the issue, and 404 or 410 when it is asked for by its id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..api.client import Client
from ..catalog import ENDPOINTS
from ..copy.state import Stretch
from ..errors import GONE, Rejected
from ..lanes import issues, reading
from ..rows.rows import Row


@dataclass(frozen=True, slots=True)
class Gone:
    """An issue that both witnesses say is gone."""

    issue_id: str
    detected_at: datetime
    evidence: str


@dataclass(frozen=True, slots=True)
class Listing:
    """All issues that Pylon shows; ``began`` is the time (UTC) before which they were created."""

    ids: set[str]
    began: datetime


async def list_all(
    client: Client,
    floor: datetime | None,
    page_size: int | None,
    see: Callable[[Sequence[Row], datetime], None],
) -> Listing:
    """Read the ids of all issues, window by window.

    Args:
        client: Whom to ask.
        floor: Issues created before it are left out.
        page_size: Rows per page.
        see: Shown each page, with the server's time at which it held.
    """
    began = await client.now()
    began += client.ahead  # by the later clock: an issue that the listing leaves out would seem to be gone
    stretch = Stretch()
    stretch.begin(began)
    ids: set[str] = set()
    async for _, batch in reading.newest_to_oldest(client, issues.PAST, stretch, floor, page_size):
        ids.update(row["id"] for row in batch.rows)
        see(batch.rows, batch.sent_at)
    return Listing(ids, began)


async def confirm(client: Client, missing: Collection[str]) -> list[Gone]:
    """Ask for each missing issue by its id; what still answers is not gone."""
    gone = []
    for issue_id in sorted(missing):
        try:
            await client.ask(ENDPOINTS["get_issue"], ids={"issue_id": issue_id})
        except Rejected as error:
            if error.status not in GONE:
                raise
            evidence = f"not in a complete listing; {ENDPOINTS['get_issue'].label} gave {error.status}"
            gone.append(Gone(issue_id, await client.now(), evidence))
    return gone
