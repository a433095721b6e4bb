"""What one process of dbt takes over from another is what it would parse itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.commands import Commands
from support.marts import PACKAGE, duckdb_profile

pytestmark = pytest.mark.dear

HIDDEN = ("created_at",)
"""When something was parsed."""


def parsed(commands: Commands, folder: Path, *options: str) -> dict[str, Any]:
    """Let dbt parse the package for a database in a folder, and return what it made of it."""
    folder.mkdir()
    target = {"schema": "pylon_analytics", "threads": 2, **duckdb_profile(folder / "support.duckdb")}
    (folder / "profiles.yml").write_text(json.dumps({"pylon": {"target": "it", "outputs": {"it": target}}}))
    done = commands.run(
        *("--log-level-file", "none", "parse", "--project-dir", str(PACKAGE), "--profiles-dir", str(folder)),
        *("--target-path", str(folder / "target"), *options),
        folder=folder,
        program="dbt",
    )
    assert done.code == 0, done.text
    manifest = json.loads((folder / "target" / "manifest.json").read_text())
    kinds = ("nodes", "sources", "macros", "unit_tests", "parent_map")
    return {kind: _shown(manifest[kind]) for kind in kinds}


def _shown(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _shown(value) for name, value in part.items() if name not in HIDDEN}
    return part


def test_what_is_taken_over_is_what_would_be_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    other = ("--vars", "{pylon_timezone: Asia/Kolkata}")
    monkeypatch.setenv("PYLON_TESTS_PARSED", str(kept))
    with Commands() as commands:
        first = parsed(commands, tmp_path / "first")
        (file,) = kept.iterdir()
        there = file.stat().st_mtime_ns
        assert parsed(commands, tmp_path / "second") == first
        assert [(one, one.stat().st_mtime_ns) for one in kept.iterdir()] == [(file, there)]
        changed = parsed(commands, tmp_path / "third", *other)
        assert len(list(kept.iterdir())) == 2, "with other settings it is parsed anew"
    monkeypatch.delenv("PYLON_TESTS_PARSED")
    with Commands() as commands:
        assert parsed(commands, tmp_path / "fourth") == first
        assert parsed(commands, tmp_path / "fifth", *other) == changed
