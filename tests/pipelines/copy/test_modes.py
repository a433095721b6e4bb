"""Nobody who may not read the copy reads what lies beside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.workplaces import Desk

from pylon_elt.pipelines.copy import modes, snapshot

pytestmark = pytest.mark.dear


def _left(desk: Desk) -> Iterator[Path]:
    """Return what runs have left: beside the database, and in dlt's folder, which is entered by its topmost folder."""
    yield from desk.database.parent.glob(f"{desk.database.stem}*")
    for folder in Path(desk.environment["DLT_DATA_DIR"]).rglob("pylon-*"):
        yield folder
        yield from folder.rglob("*")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660, 0o644])
def test_all_that_a_run_leaves_is_no_wider_than_the_database(mode: int, open_desk: Any) -> None:
    desk = open_desk()
    assert desk.pylon("run", "--select", "teams").code == 0
    desk.database.chmod(mode)
    snapshot.of(desk.database).unlink()
    for verb in (("run", "--select", "tags"), ("reconcile",)):
        desk.pylon(*verb)
    files = list(_left(desk))
    assert {file.name for file in files} >= {
        desk.database.name,
        snapshot.of(desk.database).name,
        f"{desk.database.name}.lock",
        "pylon.runs.jsonl",
        "state.json",
    }
    assert stat.S_IMODE(desk.database.stat().st_mode) == mode
    assert stat.S_IMODE(snapshot.of(desk.database).stat().st_mode) & ~mode == 0
    own = [file for file in files if file.parent != desk.database.parent and file.name.startswith("pylon-")]
    assert own
    for folder in own:
        assert stat.S_IMODE(folder.stat().st_mode) & 0o777 & ~(mode | 0o700 | (mode & 0o044) >> 2) == 0
    loaded = [file for file in files if "loaded" in file.parts and file.is_file()]
    newest = max(loaded, key=lambda file: file.stat().st_mtime)
    assert newest.stat().st_mode & 0o666 & ~mode == 0


@pytest.mark.parametrize(
    ("mode", "umask", "file", "folder"),
    [
        (0o600, 0o022, 0o600, 0o700),
        (0o640, 0o022, 0o640, 0o750),
        (0o660, 0o002, 0o660, 0o770),
        (0o660, 0o022, 0o640, 0o750),
        (0o644, 0o077, 0o600, 0o700),
        (0o666, 0o000, 0o666, 0o777),
        (0o400, 0o022, 0o600, 0o700),
    ],
)
def test_new_files_and_folders_have_the_databases_mode_and_honour_the_umask(
    mode: int, umask: int, file: int, folder: int, tmp_path: Path
) -> None:
    database = tmp_path / "support.duckdb"
    database.touch()
    database.chmod(mode)
    former = os.umask(umask)
    try:
        with modes.narrowed(database):
            (tmp_path / "file").touch()
            (tmp_path / "folder").mkdir()
        assert os.umask(umask) == umask
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == file
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == folder


def test_what_is_kept_for_a_server_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    modes.narrow(folder, None)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
