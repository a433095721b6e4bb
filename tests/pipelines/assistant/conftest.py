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
