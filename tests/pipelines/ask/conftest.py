"""A sample workspace, copied and built once, and the command line beside it."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support import questions_docs, sample
from support.commands import Command, Commands, wait_until
from support.workplaces import CopyDesk

from pylon_elt.analytics.dashboard.marts import Marts
from pylon_elt.pipelines.ask.reader_duckdb import DuckDbReader
from pylon_elt.pipelines.base import exits


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample without them."""
    database = tmp_path_factory.mktemp("raw") / "support.duckdb"
    sample.copy(database, 40)
    return database


@pytest.fixture
def desk(commands: Commands, built: Path, tmp_path: Path) -> CopyDesk:
    """A desk with a built copy of its own."""
    shutil.copy2(built, tmp_path / "support.duckdb")
    return CopyDesk(commands, tmp_path)


@pytest.fixture
def raw_desk(commands: Commands, raw: Path, tmp_path: Path) -> CopyDesk:
    """A desk whose copy has no tables for analysis."""
    shutil.copy2(raw, tmp_path / "support.duckdb")
    return CopyDesk(commands, tmp_path)


@pytest.fixture(scope="session")
def marts(built: Path) -> Marts:
    """The sample's marts."""
    with DuckDbReader.opened(built, built, questions_docs.SCHEMAS) as reader:
        return Marts(lambda sql: reader.ask(sql).table())


@pytest.fixture(scope="session")
def sql(built: Path) -> Iterator[Any]:
    """Ask the file itself; the ratings and the backlog have the columns of the tickets."""
    with duckdb.connect(str(built), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'; SET schema = 'pylon_analytics'")
        connection.execute("""CREATE TEMP VIEW ratings AS
            SELECT *, account_name AS customer_label, 'pylon' AS desk FROM pylon__csat""")
        yield lambda query: connection.execute(query).fetchall()


@pytest.fixture
def served(desk: CopyDesk) -> Iterator[tuple[CopyDesk, str, Command]]:
    """The dashboard, served; its address."""
    command = desk.start("dashboard", "--port", "0", "--no-browser")
    wait_until(
        lambda: command.ended.is_set() or (command.stdout.exists() and "Ctrl-C" in command.stdout.read_text())
    )
    found = re.search(r"http://\S+", command.stdout.read_text())
    assert found, command.stderr.read_text()
    yield desk, found[0], command
    if not command.ended.is_set():
        command.signal(signal.SIGINT)
        assert command.wait(30).code == exits.DONE
