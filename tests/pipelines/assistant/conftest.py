"""A copy with its tables for analysis, and the server beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.commands import Commands
from support.workplaces import CopyDesk


@pytest.fixture
def desk(commands: Commands, built: Path, tmp_path: Path) -> CopyDesk:
    """A desk with a built copy of its own."""
    shutil.copy2(built, tmp_path / "support.duckdb")
    return CopyDesk(commands, tmp_path)


@pytest.fixture
def file(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy with its tables for analysis in our folder."""
    file = tmp_path / "support.duckdb"
    shutil.copy2(built, file)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    return file
