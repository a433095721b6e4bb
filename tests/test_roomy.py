"""Tests keep their files in memory only where there is room for them."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from support import roomy

from pylon_elt.pipelines.many import means

PLENTY = roomy.MOST + roomy.BESIDE


@pytest.mark.parametrize(
    ("free", "memory", "flag", "taken"),
    [
        (roomy.MOST, PLENTY, 0, True),
        (roomy.MOST - 1, PLENTY, 0, False),
        (roomy.MOST, PLENTY - 1, 0, False),
        (roomy.MOST, None, 0, False),
        (roomy.MOST, PLENTY, getattr(os, "ST_NOEXEC", 8), False),
    ],
)
def test_memory_is_taken_where_there_is_room_and_programs_run(
    free: int, memory: int | None, flag: int, taken: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    about = SimpleNamespace(f_bavail=free, f_frsize=1, f_flag=flag)
    monkeypatch.setattr(os, "statvfs", lambda _path: about)
    monkeypatch.setattr(means, "memory", lambda: memory)
    monkeypatch.setattr(roomy, "MEMORY", tmp_path)
    assert roomy.folder() == (str(tmp_path) if taken else None)


def test_without_such_a_folder_the_usual_one_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(roomy, "MEMORY", tmp_path / "none")
    assert roomy.folder() is None
