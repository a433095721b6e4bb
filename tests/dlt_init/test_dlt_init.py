"""``dlt init pylon duckdb --location <clone>``, and the script that it leaves, end to end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit
from packaging.requirements import Requirement
from support.clones import DLT, assert_script_copied, call, make_clone
from support.repository import ROOT
from support.worlds import with_threads

from pylon_elt import emulator

BEYOND_DLT = ("pyarrow", "httpx", "sniffio")
"""What a run needs and dlt does not bring."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clone(tmp_path_factory.mktemp("clone") / "repository")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What to put on Python's path so that nothing is there but dlt with DuckDB: ``pip install "dlt[duckdb]"``."""
    folder = tmp_path_factory.mktemp("bare")
    for name in BEYOND_DLT:
        (folder / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {name}', name='{name}')\n")
    return folder


@pytest.fixture(scope="module")
def project(clone: Path, bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home") / "project"
    folder.mkdir()
    call(folder, *DLT, "init", "pylon", "duckdb", "--location", str(clone), PYTHONPATH=str(bare))
    return folder


@pytest.fixture
def server() -> Iterator[emulator.Server]:
    world = emulator.World.seeded(seed=3, issues=30, years=0.3)
    with emulator.running(world, emulator.Settings()) as one:
        yield one


def test_the_repository_is_listed_with_its_description(clone: Path, tmp_path: Path) -> None:
    shown = call(tmp_path, *DLT, "init", "--list-sources", "--location", str(clone)).stdout
    line = next(line for line in shown.splitlines() if line.startswith("pylon: "))
    assert "issues, their conversations" in line
    assert "needs update" not in line


def test_the_source_and_its_script_are_copied(clone: Path, project: Path) -> None:
    assert _files(project / "pylon") == _files(clone / "sources" / "pylon") - {"requirements.txt"}
    assert "rows/rows.py" in _files(project / "pylon"), "with what is in folders"
    assert 'pipeline_name="pylon_support"' in (project / "pylon_pipeline.py").read_text(encoding="utf-8")


def test_the_requirements_name_the_destination_and_are_ours(project: Path) -> None:
    """A cap that only we have would not be there where it is needed."""
    lines = (project / "requirements.txt").read_text(encoding="utf-8").splitlines()
    theirs = {known.name: known for line in lines for known in [Requirement(line)]}
    stated = tomlkit.parse((ROOT / "pyproject.toml").read_text(encoding="utf-8")).unwrap()["project"]
    ours = {known.name: known for line in stated["dependencies"] for known in [Requirement(line)]}
    assert set(ours) - set(theirs) == {"duckdb", "portalocker", "rich", "starlette", "typer", "uvicorn"}, (
        "the command line's"
    )
    for name, requirement in theirs.items():
        assert requirement.specifier == ours[name].specifier, name
    assert theirs["dlt"].extras == {"duckdb"}


@pytest.mark.dear
def test_a_run_without_what_it_needs_says_how_to_install_it(project: Path, bare: Path) -> None:
    result = call(
        project, sys.executable, "pylon_pipeline.py", code=1, PYTHONPATH=str(bare), PYLON_API_KEY="pyl_test"
    )
    assert "pip install -r requirements.txt" in result.stderr


def test_the_secrets_have_a_place_for_the_token_and_nothing_else_is_asked_for(project: Path) -> None:
    secrets = tomlkit.parse((project / ".dlt" / "secrets.toml").read_text(encoding="utf-8")).unwrap()
    config = tomlkit.parse((project / ".dlt" / "config.toml").read_text(encoding="utf-8")).unwrap()
    assert set(secrets["sources"]["pylon"]) == {"api_key", "mask_key"}
    assert "sources" not in config


def test_another_destination_stands_in_the_script(clone: Path, tmp_path: Path) -> None:
    call(tmp_path, *DLT, "init", "pylon", "postgres", "--location", str(clone))
    assert 'destination="postgres"' in (tmp_path / "pylon_pipeline.py").read_text(encoding="utf-8").replace(
        "'", '"'
    )


def test_the_script_runs_unedited_and_then_reads_only_what_changed(
    project: Path, server: emulator.Server
) -> None:
    """Placeholders in what was written stand in nobody's way."""
    assert "<configure me>" in (project / ".dlt" / "secrets.toml").read_text(encoding="utf-8")
    given = {"PYLON_API_KEY": server.token, "SOURCES__PYLON__BASE_URL": server.base_url}
    call(project, sys.executable, "pylon_pipeline.py", **given)
    assert_script_copied(project, server)

    before = len(server.log)
    issue = with_threads(server.world)  # one without would need a witness
    server.world.add_message(issue)
    _fill_in(project, server)
    call(project, sys.executable, "pylon_pipeline.py")
    assert_script_copied(project, server)
    asked = sorted(record.path for record in server.log[before:] if "/issues" in record.path)
    assert asked == sorted(
        ["/issues/search", *(f"/issues/{issue}/{child}" for child in ("messages", "threads", "followers"))]
    )


def test_the_script_runs_from_the_repository_too(
    clone: Path, server: emulator.Server, tmp_path: Path
) -> None:
    call(
        tmp_path,
        sys.executable,
        str(clone / "sources" / "pylon_pipeline.py"),
        PYLON_API_KEY=server.token,
        SOURCES__PYLON__BASE_URL=server.base_url,
    )
    assert_script_copied(tmp_path, server)


def _files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def _fill_in(project: Path, server: emulator.Server) -> None:
    secrets = project / ".dlt" / "secrets.toml"
    document = tomlkit.parse(secrets.read_text(encoding="utf-8"))
    document["sources"]["pylon"]["api_key"] = server.token  # type: ignore[index]
    secrets.write_text(tomlkit.dumps(document), encoding="utf-8")
    with (project / ".dlt" / "config.toml").open("a", encoding="utf-8") as config:
        config.write(f'\n[sources.pylon]\nbase_url = "{server.base_url}"\n')
