"""``dlt init zaia duckdb --location <clone>``, and the script that it leaves, end to end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import tomlkit
from packaging.requirements import Requirement
from support.clones import DLT, call, make_clone
from support.zaia import Desk

from pylon_elt.emulator import zaia

pytestmark = pytest.mark.dear


@pytest.fixture
def project(tmp_path: Path) -> Path:
    clone = make_clone(tmp_path / "clone" / "repository")
    folder = tmp_path / "home" / "project"
    folder.mkdir(parents=True)
    call(folder, *DLT, "init", "zaia", "duckdb", "--location", str(clone))
    return folder


def test_the_source_comes_with_what_it_needs_and_its_script_runs_unedited(project: Path) -> None:
    assert (project / "zaia" / "README.md").is_file()
    (line,) = (project / "requirements.txt").read_text(encoding="utf-8").split()
    assert Requirement(line) == Requirement("dlt[duckdb]>=1.31,<1.32")
    secrets = tomlkit.parse((project / ".dlt" / "secrets.toml").read_text(encoding="utf-8")).unwrap()
    assert set(secrets["sources"]["zaia"]) == {"api_key"}
    with zaia.running(zaia.World.seeded(seed=3, tickets=12), zaia.Settings()) as server:
        given = {"SOURCES__ZAIA__API_KEY": server.key, "SOURCES__ZAIA__BASE_URL": server.url}
        pace = {
            "SOURCES__ZAIA__REQUESTS_PER_MINUTE": "0",
            "SOURCES__ZAIA__STATUSES": '["pending", "ongoing", "completed"]',
        }
        call(project, sys.executable, "zaia_pipeline.py", **given, **pace)
        Desk(server, project, "zaia_inbox.duckdb").check()
