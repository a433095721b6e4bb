"""A folder with dlt's files, and what dlt reads from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs import PluggableRunContext


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Work in a folder with ``.dlt``, and write a file in it."""
    monkeypatch.chdir(tmp_path)
    context = Container()[PluggableRunContext]

    def write(text: str = "", name: str = "config.toml") -> None:
        (tmp_path / ".dlt").mkdir(exist_ok=True)
        (tmp_path / ".dlt" / name).write_text(text)
        context.reload_providers()

    write()
    yield write
    monkeypatch.undo()
    context.reload_providers()
