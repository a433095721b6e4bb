"""``pylon run`` into a destination in which no copy was ever compared with its workspace."""

from __future__ import annotations

from pathlib import Path

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
