"""``dlt init pylon duckdb`` where ``make smoke`` has installed dlt with DuckDB alone, and the script where what it requires was."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from support.clones import assert_script_copied, call, make_clone

from pylon_elt import emulator

MADE = "PYLON_INIT_ENVIRONMENTS"
"""Names the folder with the environments ``bare`` and ``complete``."""
VERSIONS = "import importlib.metadata as m, json; print(json.dumps({d.name.lower(): d.version for d in m.distributions()}))"


@pytest.fixture(scope="module")
def environments() -> Path:
    if not (made := os.environ.get(MADE)):
        pytest.skip("environments without and with what is required: make smoke")
    return Path(made).absolute()


def test_what_was_written_without_pyarrow_runs_with_what_it_requires(
    environments: Path, tmp_path: Path
) -> None:
    bare, complete = (str(environments / name / "bin" / "python") for name in ("bare", "complete"))
    project = tmp_path / "home" / "project"
    project.mkdir(parents=True)
    assert "pyarrow" not in json.loads(call(project, bare, "-c", VERSIONS).stdout)
    clone = make_clone(tmp_path / "repository")
    init = ("-m", "dlt", "--non-interactive", "init", "pylon", "duckdb", "--location", str(clone))
    call(project, bare, *init)
    there = json.loads(call(project, complete, "-c", VERSIONS).stdout)
    required = map(Requirement, (project / "requirements.txt").read_text(encoding="utf-8").splitlines())
    assert [one.name for one in required if there[one.name] not in one.specifier] == []
    world = emulator.World.seeded(seed=3, issues=30, years=0.3)
    with emulator.running(world, emulator.Settings()) as server:
        call(
            project,
            complete,
            "pylon_pipeline.py",
            PYLON_API_KEY=server.token,
            SOURCES__PYLON__BASE_URL=server.base_url,
        )
        assert_script_copied(project, server)
