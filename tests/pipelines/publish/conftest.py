"""A small copy, and what publishes it."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from support import sample
from support.lakes import Waters
from support.once import once

from pylon_elt.pipelines.desks.pylon import PYLON
from pylon_elt.pipelines.desks.zaia import ZAIA


def _make(folder: Path) -> None:
    database = folder / "support.duckdb"
    sample.copy(database, 120)
    with duckdb.connect(str(database)) as connection:
        connection.execute("""SET TimeZone = 'UTC'; CREATE SCHEMA pylon_analytics;
            CREATE TABLE pylon_analytics.pylon__issues AS SELECT id AS issue_id, title, created_at, created_at::DATE
                AS created_on, 1.5::DOUBLE AS score, length(title)::INTEGER AS characters FROM pylon.issues;
            CREATE TABLE pylon_analytics.support__customers AS SELECT id AS customer_key, name AS customer_name FROM pylon.accounts""")


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy, to be read and not changed."""
    return once(tmp_path_factory, "published", _make) / "support.duckdb"


@pytest.fixture
def waters(stored: Path, tmp_path: Path) -> Waters:
    """A copy of its own for a test, and a folder to publish it into."""
    shutil.copy2(stored, tmp_path / "support.duckdb")
    return Waters(tmp_path / "support.duckdb", tmp_path / "lake", PYLON)


@pytest.fixture
def other_waters(waters: Waters) -> Waters:
    """The same of the other desk, in the same file."""
    return Waters(waters.database, waters.folder, ZAIA, "zaia")
