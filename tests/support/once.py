"""What takes long to make and is only read or copied afterwards: made once, however many workers there are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import portalocker
import pytest

PATIENCE = 600.0
"""Seconds to wait for another worker that makes it."""


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that whichever worker needs it first has made; where it failed, the next one tries anew.

    Args:
        factory: Knows where the session's files are.
        name: Names it among all that is made so.
        make: Makes it, in a folder that is there and empty.
    """
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    done = shared / f"{name}.made"
    with portalocker.Lock(shared / f"{name}.lock", timeout=PATIENCE):
        if not done.exists():
            folder = factory.mktemp(name)
            make(folder)
            folder.rename(shared / f"{name}.once")
            done.touch()
    return shared / f"{name}.once"
