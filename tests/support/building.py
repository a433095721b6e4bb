"""Building what is installed elsewhere, without a network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

BUILD = (
    "import sys; from setuptools import build_meta; getattr(build_meta, f'build_{sys.argv[1]}')(sys.argv[2])"
)


def build(kind: str, source: Path, target: Path) -> Path:
    """Build a wheel or an sdist as ``pip`` would, but with the setuptools that is here."""
    target.mkdir(exist_ok=True)
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(target)],
        cwd=source, env=clean, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = target.iterdir()
    return built
