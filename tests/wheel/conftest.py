"""The wheel, and a place where it and nothing else of this project is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from support.building import build
from support.repository import ROOT

BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE")
FOLDERS = ("sources", "pipelines", "emulator", "analytics", "pylon_elt")
BUILD = (
    "import sys; from setuptools import build_meta; getattr(build_meta, f'build_{sys.argv[1]}')(sys.argv[2])"
)
ELSEWHERE = "PYLON_WHEEL_ENVIRONMENT"
"""Names an environment into which ``make smoke`` has installed the wheel with all that it needs."""


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a build starts from; not the checkout itself, in which it would leave files."""
    place = tmp_path_factory.mktemp("checkout")
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, place / name)
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", "target", "logs")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, place / name, symlinks=True, ignore=ignored)
    return place


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", checkout, tmp_path_factory.mktemp("dist") / "wheel")


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel is installed. What it needs is taken from the environment of the tests, without a network."""
    if made := os.environ.get(ELSEWHERE):
        return Path(made).absolute()
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=False, symlinks=True)
    command = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*command, "--no-deps", "--no-index", str(wheel)], check=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(place), "platbase": str(place)}))
    # a path in a .pth file is searched last, and no .pth file in it is read: the editable install stays out
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place
