"""Where tests keep their files: in memory where there is room, since they make and remove some hundred thousand."""

from __future__ import annotations

import os
from pathlib import Path

from pylon_elt.pipelines.many import means

MEMORY = Path("/dev/shm")
MOST, BESIDE = 4 * 2**30, 8 * 2**30
"""Bytes: tests keep less than one gigabyte at a time, and take some for themselves."""


def folder() -> str | None:
    """Return a folder in memory if there is room in it, and programs run there; else ``None``, for the usual one."""
    try:
        about = os.statvfs(MEMORY)
    except (OSError, AttributeError):  # there is none, or no such question
        return None
    has_room = about.f_bavail * about.f_frsize >= MOST and (means.memory() or 0) >= MOST + BESIDE
    runs_programs = not about.f_flag & os.ST_NOEXEC
    return str(MEMORY) if has_room and runs_programs and os.access(MEMORY, os.W_OK) else None
