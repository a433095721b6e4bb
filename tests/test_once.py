"""What is made once is made by the first who needs it, and by nobody who comes after."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.once import once


def test_it_is_made_once_however_many_need_it_at_a_time(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "file").write_text(f"{len(made)}")

    name = f"made-by-{tmp_path.name}"
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: once(tmp_path_factory, name, make), range(4)))
    assert len(made) == 1
    assert {(folder / "file").read_text() for folder in found} == {"1"}


def test_what_could_not_be_made_is_tried_anew(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name = f"failed-in-{tmp_path.name}"

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise AssertionError("no")

    with pytest.raises(AssertionError, match="no"):
        once(tmp_path_factory, name, fail)
    assert list(once(tmp_path_factory, name, lambda folder: None).iterdir()) == []
