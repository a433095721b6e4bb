"""What dlt is handed: lanes piece by piece, so that the end of one costs nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.extract.concurrency import FuturesPool

from pylon_elt.sources.pylon.copy.pieces import piece_by_piece


async def numbers(*values: int) -> AsyncIterator[list[dict[str, int]]]:
    for value in values:
        yield [{"value": value}]


@pytest.fixture
def pipeline(tmp_path: Path) -> Any:
    database = dlt.destinations.duckdb(str(tmp_path / "copy.duckdb"))
    return dlt.pipeline("pieces", destination=database, pipelines_dir=str(tmp_path / "work"))


def test_every_piece_arrives_and_no_end_is_waited_for(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """dlt would sleep at the end of each of these ten."""
    slept: list[int] = []
    monkeypatch.setattr(FuturesPool, "sleep", lambda _pool: slept.append(1))

    def resource(name: str, *values: int) -> Any:
        return dlt.resource(lambda: piece_by_piece(numbers(*values)), name=name)

    read = [resource("numbers", 1, 2, 3), *(resource(f"idle_{number}") for number in range(9))]
    pipeline.extract(read)
    assert len(slept) < len(read) / 2
    pipeline.normalize()
    pipeline.load()
    with pipeline.sql_client() as client:
        assert client.execute_sql("SELECT value FROM numbers ORDER BY value") == [(1,), (2,), (3,)]


def test_an_error_in_a_lane_ends_the_extract(pipeline: Any) -> None:
    async def broken() -> AsyncIterator[list[dict[str, int]]]:
        yield [{"value": 1}]
        raise ValueError("broken")

    with pytest.raises(Exception, match="broken"):
        pipeline.extract(dlt.resource(lambda: piece_by_piece(broken()), name="numbers"))
