"""``pylon emulator``: hands the process over to the emulator, which knows nothing of us, nor we of it."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from ..base import exits

NEEDED = ("pylon_elt.emulator", "starlette", "uvicorn")


def serve(options: Sequence[str]) -> NoReturn:
    """Become the emulator.

    Raises:
        Problem: It is not installed.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise exits.Problem(
            f"The emulator is not installed: {', '.join(missing)} is missing.",
            "Install it with: pip install 'pylon-elt[emulator]'",
            exits.CONFIGURATION,
        )
    os.execv(sys.executable, [sys.executable, "-m", "pylon_elt.emulator", *options])  # noqa: S606 - our own module
