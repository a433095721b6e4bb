"""What is set before dlt is imported."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from dlt.common.configuration import resolve_configuration
from dlt.common.runners.configuration import PoolRunnerConfiguration

from pylon_elt.pipelines.base.options import prepare


def _workers() -> int | None:
    config = PoolRunnerConfiguration(pool_type="process", workers=1)
    return resolve_configuration(config, sections=("normalize",)).workers


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """An environment that is set back, with a variable ``WORKERS`` of another program."""
    before, thresholds = dict(os.environ), gc.get_threshold()
    os.environ.pop("NORMALIZE__WORKERS", None)
    os.environ["WORKERS"] = "3"
    yield
    os.environ.clear()
    os.environ.update(before)
    gc.set_threshold(*thresholds)


def test_a_variable_of_another_program_makes_no_processes() -> None:
    assert _workers() == 3, "so dlt reads it, and its processes outlive a run that is killed"
    prepare(debug=False)
    assert _workers() == 1


def test_what_is_meant_for_dlt_counts() -> None:
    os.environ["NORMALIZE__WORKERS"] = "2"
    prepare(debug=False)
    assert _workers() == 2


def test_postgres_is_spoken_to_in_an_encoding_that_has_all_characters() -> None:
    os.environ["PGCLIENTENCODING"] = "LATIN1"
    prepare(debug=False)
    assert os.environ["PGCLIENTENCODING"] == "UTF8"
