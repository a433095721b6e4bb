"""Every endpoint, answering in every odd way: no row is lost, the rest is read, and what is told is what is so.

``PYLON_SEED`` and ``PYLON_CELLS`` try other cells, and another share of them, beside some of each endpoint and of each
oddity; ``make soak`` tries all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from support import amounts, soak
from support.conformance import Stored, check

pytestmark = pytest.mark.soak
SHARE = amounts.CELLS.soak if soak.SOAK else float(os.environ.get("PYLON_CELLS") or amounts.CELLS.usual)
"""Which part of the cells is tried; all of them with ``make soak``."""
SEED = os.environ.get("PYLON_SEED", soak.DRAW)
"""Which part that is; another one tries others."""


CELLS = amounts.drawn_cells(SHARE, SEED)


@pytest.fixture(scope="module")
def stored() -> Stored:
    return Stored()


@pytest.fixture(scope="module", autouse=True)
def told() -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"\nconformance: {len(CELLS)} cells in {time.monotonic() - began:.0f} s, PYLON_SEED={SEED}")


@pytest.mark.sampled(12, each=("oddity", "beginning"))
@pytest.mark.parametrize(("endpoint", "oddity", "beginning"), CELLS)
def test_an_odd_answer_costs_what_it_is_and_nothing_else(
    endpoint: str, oddity: str, beginning: str, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(endpoint, oddity, beginning, stored, monkeypatch)
