"""What lanes write into tables of others: all of it arrives, and the lane of such a table ends once nobody writes there."""

from __future__ import annotations

import asyncio

import pyarrow as pa

from pylon_elt.sources.pylon.catalog import DELETIONS
from pylon_elt.sources.pylon.lanes.written import Written


def rows(number: int) -> pa.Table:
    return pa.table({"number": [number]})


async def numbers(written: Written, table: str) -> list[int]:
    return [batch.column("number")[0].as_py() async for batch in written.rows(table)]


async def _all(written: Written, table: str) -> list[int]:
    return await asyncio.wait_for(numbers(written, table), 60)


def test_it_ends_once_the_last_writer_has_left_and_gives_all_of_it() -> None:
    async def run() -> list[int]:
        written = Written({"issue_messages", "issue_threads", "issue_sync", "accounts"})
        written.put("issue_sync", rows(1))
        reading = asyncio.create_task(_all(written, "issue_sync"))
        written.leave("accounts")
        written.leave("issue_messages")
        await asyncio.sleep(0)
        written.put("issue_sync", rows(2))
        assert not reading.done()
        written.leave("issue_threads")
        return await reading

    assert asyncio.run(run()) == [1, 2]


def test_without_writers_it_gives_what_is_there_and_ends() -> None:
    async def run() -> tuple[list[int], list[int]]:
        written = Written({"issue_sync", DELETIONS.name, "issue_versions"})
        written.put("issue_sync", rows(1))
        return await _all(written, "issue_sync"), await _all(written, DELETIONS.name)

    assert asyncio.run(run()) == ([1], [])


def test_whatever_is_read_writes_deletions() -> None:
    async def run() -> list[int]:
        written = Written({"accounts", "issues", DELETIONS.name})
        written.put(DELETIONS.name, rows(1))
        written.leave("accounts")
        written.put(DELETIONS.name, rows(2))
        written.leave("issues")
        return await _all(written, DELETIONS.name)

    assert asyncio.run(run()) == [1, 2]
