"""A missing extra is named with how to install it, and that with what the user has."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pylon_elt.pipelines.base import exits, installing

VCS = {"url": "https://git.example/us/pylon.git", "vcs_info": {"vcs": "git", "commit_id": "abc123"}}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the package be installed from somewhere by some installer."""

    def install(origin: dict[str, Any] | None, installer: str = "pip") -> None:
        folder = tmp_path / "pylon_elt-0.1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.4\nName: pylon-elt\nVersion: 0.1.0\n")
        (folder / "INSTALLER").write_text(f"{installer}\n")
        if origin is not None:
            (folder / "direct_url.json").write_text(json.dumps(origin))
        monkeypatch.syspath_prepend(str(tmp_path))

    return install


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (
            {"url": "file:///src/pylon", "dir_info": {"editable": True}},
            "pip install -c constraints.txt -e '.[report]' (in /src/pylon)",
        ),
        (
            {"url": "file:///my%20wheels/pylon_elt-0.1.0-py3-none-any.whl", "archive_info": {}},
            "pip install '/my wheels/pylon_elt-0.1.0-py3-none-any.whl[report]'",
        ),
        ({"url": "file:///src/pylon", "dir_info": {}}, "pip install '/src/pylon[report]'"),
        (VCS, "pip install 'pylon-elt[report] @ git+https://git.example/us/pylon.git@abc123'"),
        (
            {"url": "https://files.example/pylon_elt-0.1.0-py3-none-any.whl", "archive_info": {}},
            "pip install 'pylon-elt[report] @ https://files.example/pylon_elt-0.1.0-py3-none-any.whl'",
        ),
    ],
)
def test_an_extra_is_added_from_where_the_package_came(
    installed: Any, origin: dict[str, Any], command: str
) -> None:
    installed(origin)
    assert installing.how("report") == f"Install it with: {command}"


def test_no_index_is_named_that_may_not_have_the_package(installed: Any) -> None:
    installed(None)
    assert "pip install" not in installing.how("report")
    assert "[report]" in installing.how("report")


def test_uv_installs_as_uv_does(installed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    installed({"url": "file:///w/pylon.whl", "archive_info": {}}, "uv")
    assert installing.how("analytics", "report") == (
        "Install it with: uv pip install '/w/pylon.whl[analytics,report]'"
    )
    monkeypatch.setattr(sys, "prefix", "/home/me/.cache/uv/archive-v0/Xy")
    assert installing.how("report") == "Run it with: uvx --from '/w/pylon.whl[report]' pylon-elt"


@pytest.mark.parametrize(
    ("extra", "gone", "who"),
    [("analytics-postgres", "dbt", "pylon transform"), ("report", "altair", "pylon report")],
)
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, extra: str, gone: str, who: str) -> None:
    installing.require(extra, who)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name.startswith(gone) else find(name)
    )
    with pytest.raises(exits.Problem, match=f"{who} needs {gone}") as told:
        installing.require(extra, who)
    assert told.value.code == exits.CONFIGURATION
    assert f"[{extra}]" in told.value.remedy
    assert not installing.has(extra)


def test_every_extra_is_one_of_the_package() -> None:
    from importlib.metadata import metadata

    assert set(installing.EXTRAS) <= set(metadata("pylon-elt").get_all("Provides-Extra") or ())
