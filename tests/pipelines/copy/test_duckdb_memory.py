"""DuckDB's limit of memory, and what needs more than that."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from dlt.destinations.exceptions import DatabaseException

from pylon_elt.pipelines.copy import duckdb_memory
from pylon_elt.pipelines.copy.destinations import is_limited, open_pipeline
from pylon_elt.sources.pylon.copy.copied import Copied

pytestmark = pytest.mark.dear

SETTING = f"SELECT current_setting('{duckdb_memory.LIMIT}')"
USUAL = "61.0 MiB"
LONG = "SELECT length(string_agg(repeat('x', 1000), '')) FROM range({})"
"""Builds one text, which DuckDB cannot put on disk in parts."""
CONFIGURED = "DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG"


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Copied]:
    monkeypatch.chdir(tmp_path)
    with Copied(open_pipeline(pipelines_dir=str(tmp_path / "pipelines"))) as opened:
        yield opened
    assert duckdb_memory.limit() == f"{duckdb_memory.USUAL}MB"


def test_a_read_that_needs_more_gets_it_and_only_that_read(copied: Copied) -> None:
    during = copied.select(
        f"SELECT current_setting('{duckdb_memory.LIMIT}'), n FROM ({LONG.format(100_000)}) AS t(n)"
    )
    assert during[0][1] == 100_000_000
    assert during[0][0] != USUAL, "else it proves nothing"
    assert copied.select(SETTING) == [(USUAL,)]
    assert copied.gather(list, LONG.format(200_000)) == [(200_000_000,)]
    assert copied.select(SETTING) == [(USUAL,)]


def test_of_two_at_once_none_loses_what_it_was_given(copied: Copied) -> None:
    together = Barrier(2, timeout=60)

    def ask(thousands: int) -> Any:
        together.wait()
        return [copied.select(LONG.format(thousands * 1000))[0][0] for _ in range(5)]

    with ThreadPoolExecutor(2) as threads:
        small, large = threads.map(ask, (60, 150))
    assert (small, large) == ([60_000_000] * 5, [150_000_000] * 5)
    assert copied.select(SETTING) == [(USUAL,)]


def test_what_needs_more_than_there_is_fails(copied: Copied, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_memory, "STEPS", (65, 66))
    with pytest.raises(DatabaseException, match="Out of Memory"):
        copied.select(LONG.format(100_000))
    assert copied.select(SETTING) == [(USUAL,)]


def test_no_step_is_more_than_the_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_memory, "STEPS", (128, 10**9))
    assert list(duckdb_memory._steps()) == [128]


@pytest.mark.parametrize("own", ["60MB", "64MB", "128MB"])
def test_a_limit_of_the_user_s_own_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CONFIGURED, f'{{"memory_limit": "{own}", "threads": 1}}')
    pipeline = open_pipeline(pipelines_dir=str(tmp_path / "pipelines"))
    assert not is_limited(pipeline)
    with Copied(pipeline) as copied:
        before = copied.select(SETTING)
        with pytest.raises(DatabaseException, match="Out of Memory"):
            copied.select(LONG.format(300_000))
        assert copied.select(SETTING) == before != [("",)]


def test_other_settings_of_the_user_s_leave_our_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CONFIGURED, '{"threads": 1}')
    pipeline = open_pipeline(pipelines_dir=str(tmp_path / "pipelines"))
    assert is_limited(pipeline)
    with Copied(pipeline) as copied:
        assert copied.select("SELECT current_setting('threads')") == [(1,)]
        assert copied.select(LONG.format(100_000)) == [(100_000_000,)]
