"""What holds for every test: no telemetry, and the files of dlt in a folder that goes away."""

from __future__ import annotations

import atexit
import gc
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime

import hypothesis.configuration
import pytest
from support import roomy
from support.repository import ROOT
from xdist.scheduler import LoadScopeScheduling

if IN_MEMORY := roomy.folder():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", IN_MEMORY)
_FOLDER = tempfile.mkdtemp(prefix="pylon-tests-", dir=IN_MEMORY)
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "WARNING"
os.environ["DLT_DATA_DIR"] = _FOLDER
# of all workers: a worker finds that of the process that started it
os.environ.setdefault("PYLON_TESTS_PARSED", _FOLDER)
os.environ.pop("WORKERS", None)  # dlt would take it for a number of its own processes
# of all workers, since what one of them makes serves the others too
os.environ.setdefault("PYLON_TESTS_BEGAN", datetime.now(UTC).replace(microsecond=0).isoformat())
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)

from support import parts, soak  # noqa: E402 - dlt reads the environment when it is imported
from support.remembering import remember  # noqa: E402

from pylon_elt.pipelines.base.memory import COLLECTIONS  # noqa: E402

remember()
# thousands of tests are some hundred thousand objects that stay: at Python's own thresholds, walking them is a tenth
gc.set_threshold(*COLLECTIONS)

# a failing example is printed with the line that repeats it, so there is no database of examples; the constants that
# hypothesis finds in each module of ours, by its content, stay for the next session
hypothesis.configuration.set_hypothesis_home_dir(str(ROOT / ".pytest_cache" / "hypothesis"))
hypothesis.settings.register_profile("pylon", database=None, deadline=None, print_blob=True)
hypothesis.settings.load_profile("pylon")


@pytest.fixture(autouse=True)
def no_copy_stays_configured() -> Iterator[None]:
    """Let no test find the copy of another one: which go before it in its worker is chance."""
    yield
    os.environ.pop("DESTINATION__DUCKDB__CREDENTIALS", None)


@pytest.fixture
def seed() -> int:
    """A seed for a random test, printed so that a failure can be repeated with TEST_SEED in the environment."""
    drawn = int(os.environ.get("TEST_SEED") or random.randrange(10**9))
    print(f"TEST_SEED={drawn}")
    return drawn


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the other part has; let each soak begin with others, since none gets through all."""
    ours = parts.divided(items, soak.PART, soak.DRAW)
    kept = set(ours)
    if left_out := [item for item in items if item not in kept]:
        config.hook.pytest_deselected(items=left_out)
        items[:] = ours
    if soak.SOAK:
        random.Random(soak.ORDER).shuffle(items)


def pytest_runtest_teardown() -> None:
    """Let no later collection of garbage look at what stays: the tests, and what is remembered of those that are over."""
    young, *older = gc.get_count()
    if young > FEW_OBJECTS or any(older):
        gc.collect()
        gc.freeze()


FEW_OBJECTS = 10_000
"""After a test that has left no more than these, it does not pay to tell them from the others."""


def pytest_runtest_setup() -> None:
    """Begin no test once the time of a soak is up."""
    began = datetime.fromisoformat(os.environ["PYLON_TESTS_BEGAN"])
    if soak.SOAK and (datetime.now(UTC) - began).total_seconds() > 60 * soak.MINUTES:
        pytest.skip("the time of make soak is up")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the pictures in the README be taken anew."""
    parser.addoption("--screenshots", action="store_true", help="write docs/images/*.png")


ONE_WORKER = (
    "tests/analytics/",
    "tests/pipelines/ask/",
    "tests/pipelines/assistant/",
    "tests/pipelines/transform/",
    "tests/wheel/",
)
"""Rooms whose tests share something that takes long to make: each is one worker's."""
ONE_WORKER_A_FILE = ("tests/crash/", "tests/destinations/", "tests/postgres/")
"""Rooms of which the same is true of each file."""


class Rooms(LoadScopeScheduling):
    """Hands out tests one by one, but those that share something together."""

    def _split_scope(self, nodeid: str) -> str:
        together = next((room for room in ONE_WORKER if nodeid.startswith(room)), None)
        if together is None and nodeid.startswith(ONE_WORKER_A_FILE):
            together = nodeid.partition("::")[0]
        return together or nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Rooms:
    """Let the rooms decide which worker takes a test."""
    return Rooms(config, log)
