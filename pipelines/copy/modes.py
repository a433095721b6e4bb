"""Who may read what lies beside a copy: nobody who may not read the copy itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE = 0o600
"""The mode that stands for a server's, which lets nobody in without a password."""


def mode_of(database: Path | None) -> int:
    """Return which mode new files beside a copy may have at most; the umask may take more away.

    Args:
        database: The DuckDB file; ``None`` for a server. One that is yet to be made gets what the umask leaves.
    """
    if database is None:
        return PRIVATE
    with suppress(FileNotFoundError):
        return database.stat().st_mode & 0o666
    return 0o666


@contextmanager
def narrowed(database: Path | None) -> Iterator[None]:
    """Let whatever this process creates while the block runs be no wider than the copy."""
    denied = 0o777 & ~_with_folders(mode_of(database))
    former = os.umask(0o077)  # there is no other way to ask
    os.umask(former | denied)
    try:
        yield
    finally:
        os.umask(former)


def narrow(folder: Path, database: Path | None) -> None:
    """Make a folder, or let it be no wider than the copy: what is in it was perhaps made wider."""
    wanted = _with_folders(mode_of(database))
    with narrowed(database):
        folder.mkdir(parents=True, exist_ok=True)
    with suppress(PermissionError):  # it is another user's
        folder.chmod(folder.stat().st_mode & (0o7000 | wanted))


def create(file: Path, mode: int) -> None:
    """Make an empty file of a mode, less what the umask takes away, in place of one that may be there."""
    file.unlink(missing_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode & 0o666))


def _with_folders(mode: int) -> int:
    """Let who may read files enter folders too; their owner always does, or nothing could be written."""
    return mode & 0o666 | 0o700 | (mode & 0o044) >> 2
