"""``pylon run`` into a destination in which no copy was ever compared with its workspace."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from support.workplaces import Desk

from pylon_elt.pipelines.base import advice, exits
from pylon_elt.pipelines.base.desk import Run, use
from pylon_elt.pipelines.desks.pylon import PYLON
from pylon_elt.sources.pylon.copy import tested
from pylon_elt.sources.pylon.errors import ConfigurationError, UntestedDestination

MISSING = "not after all that can happen to them (not tried: kills)"


@pytest.fixture
def sqlite(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A workspace, and SQLite as it would be if kills had not been tried there."""
    known = tested.DESTINATIONS["sqlite"]
    by = {part: test for part, test in known.by.items() if part != "kills"}
    monkeypatch.setitem(
        tested.DESTINATIONS, "sqlite", tested.Destination("sqlite", known.lock, by, by_sqlalchemy=True)
    )
    monkeypatch.chdir(desk.folder)
    monkeypatch.setenv("DESTINATION__SQLALCHEMY__CREDENTIALS", f"sqlite:///{tmp_path}/copy.db")
    for name, value in desk.environment.items():
        monkeypatch.setenv(name, value)
    use(PYLON)
    return desk


def run(*, allowed: bool | None = None) -> int:
    settings = {"untested_destination": allowed}
    return PYLON.run(Run(select=("teams",), destination="sqlalchemy", progress="none", settings=settings))


def test_is_refused_before_anything_is_asked(sqlite: Desk) -> None:
    with pytest.raises(UntestedDestination) as refused:
        run()
    assert MISSING in refused.value.message
    assert "--untested-destination" in advice.remedy(refused.value)
    assert exits.of(refused.value) == exits.CONFIGURATION
    assert not sqlite.server.log


def test_is_loaded_and_told_where_it_is_wanted(sqlite: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(allowed=True) == exits.DONE
    assert MISSING in " ".join("".join(capsys.readouterr()).split())
    assert sqlite.server.log


def test_may_be_wanted_for_good(sqlite: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__PYLON__UNTESTED_DESTINATION", "true")
    assert run() == exits.DONE
    assert sqlite.server.log
    monkeypatch.setenv("SOURCES__PYLON__UNTESTED_DESTINATION", "perhaps")
    with pytest.raises(ConfigurationError, match="true or false"):
        run()


@pytest.mark.skipif(duckdb.__version__.startswith("1."), reason="this DuckDB has what a DuckLake needs")
@pytest.mark.parametrize(
    ("catalog", "word"), [("sqlite", "pip install 'duckdb<2'"), ("duckdb", "in SQLite or in Postgres")]
)
def test_a_ducklake_that_cannot_be_reached_is_refused_with_what_would_help(
    catalog: str, word: str, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "DESTINATION__DUCKLAKE__CREDENTIALS"
    settings = {"DUCKLAKE_NAME": "lake", "CATALOG": f"{catalog}:///{tmp_path}/catalog"}
    files = {"STORAGE__BUCKET_URL": f"file://{tmp_path}/files"}
    environment = {f"{place}__{name}": value for name, value in (settings | files).items()}
    answer = desk.pylon("run", "--destination", "ducklake", env=environment)
    assert answer.code == exits.CONFIGURATION
    assert word in " ".join(answer.err.split())
    assert not desk.server.log
