"""The resources of the source, one for each table."""

from __future__ import annotations

from typing import Any

import dlt
from dlt.extract import DltResource

from .catalog import CHAT_SYNC, CHATS, CHILDREN, DELETIONS, DIRECTORY, TICKETS, Table, hints
from .chats import chats, child, listed
from .directory import directory
from .run import Run
from .tickets import tickets


def resources(run: Run) -> list[DltResource]:
    """Return all resources; chats and what hangs on them share a listing, which is no table.

    Args:
        run: What they share.
    """
    listing: Any = dlt.resource(listed, name="chat_listing", selected=False)(run)
    return [
        _described(dlt.resource(tickets, name=TICKETS.name)(run), TICKETS),
        listing,
        _described(dlt.transformer(chats, data_from=listing, name=CHATS.name), CHATS),
        *(
            _described(dlt.transformer(child, data_from=listing, name=table.name)(table), table, CHAT_SYNC)
            for table in CHILDREN
        ),
        *(_described(dlt.resource(directory, name=table.name)(run, table), table) for table in DIRECTORY),
    ]


def _described(resource: Any, table: Table, *besides: Table) -> DltResource:
    """Give a resource what the catalogue says of its table, and of those into which it writes besides.

    What it writes besides comes first: it would start from the columns of the resource's own table.
    """
    for other in (DELETIONS, *besides):
        resource.apply_hints(**hints(other), create_table_variant=True)
    return resource.apply_hints(**hints(table))  # type: ignore[no-any-return]
