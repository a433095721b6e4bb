"""What holds for every test: no telemetry, and the files of dlt and hypothesis in a folder that goes away."""

from __future__ import annotations

import atexit
import os
import random
import shutil
import tempfile

import hypothesis.configuration
import pytest

_FOLDER = tempfile.mkdtemp(prefix="pylon-tests-")
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "WARNING"
os.environ["DLT_DATA_DIR"] = _FOLDER
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)

# a failing example is printed with the line that repeats it; the database of examples would stay in the folder
hypothesis.configuration.set_hypothesis_home_dir(_FOLDER)
hypothesis.settings.register_profile("pylon", database=None, deadline=None, print_blob=True)
hypothesis.settings.load_profile("pylon")


@pytest.fixture
def seed() -> int:
    """A seed for a random test, printed so that a failure can be repeated with TEST_SEED in the environment."""
    drawn = int(os.environ.get("TEST_SEED") or random.randrange(10**9))
    print(f"TEST_SEED={drawn}")
    return drawn


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the pictures in the README be taken anew."""
    parser.addoption("--screenshots", action="store_true", help="write docs/images/*.png")
