"""A second file with what the DuckDB file held when nothing wrote to it, for those who read beside a run.

DuckDB lets one program write and nobody read meanwhile, or any number read and nobody write. So whoever wants to
read at any time reads the snapshot: a run, a reconciliation and a build each leave one when they have changed
something, a long run about every ten minutes. A run that has found nothing new leaves the last one as it is, which then
lacks only dlt's own record of that run. It costs the disk the same space again, except on file systems that
share blocks among copies (btrfs, XFS, ...). Elsewhere a large file is copied only every so often, by its size: what
is read beside a run may then be older. ``[snapshot] keep = false`` does without, and removes the last one.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import dlt

from ..base.wording import ago, bytes_of, duration
from . import modes

SETTING = "snapshot.keep"
SECONDS = 600.0
"""How old the snapshot of a run that goes on may become."""
AT_ONCE = 512 * 2**20
"""Up to so many bytes a file that has changed is copied at once."""
BYTES_A_SECOND = 3 * 2**20
"""How much a larger one may cost in the mean: 10 GB an hour, so that 5 GB are copied each half hour."""
PLACES = 9
"""How many snapshots there may be at once: a new one takes another name while somebody has the former one open, where
the system lets no open file be replaced (Windows)."""
_CLONE = 0x40049409
"""Linux's FICLONE: let two files share their blocks until one of them changes."""


def of(database: Path) -> Path:
    """Return where the snapshot of a database file is: ``support.snapshot.duckdb`` beside ``support.duckdb``.

    It has a number in its name, as ``support.snapshot-2.duckdb``, where another one could not be replaced.
    """
    return max(_all(database), key=lambda file: file.stat().st_ctime_ns, default=_places(database)[0])


def _places(database: Path) -> list[Path]:
    numbers = ("", *(f"-{number}" for number in range(2, PLACES + 1)))
    return [database.with_name(f"{database.stem}.snapshot{number}{database.suffix}") for number in numbers]


def _all(database: Path) -> list[Path]:
    return [place for place in _places(database) if place.exists()]


def remove(database: Path) -> str:
    """Remove all snapshots of a database file; return what could not be removed, and why, else nothing."""
    problems = []
    for file in _all(database):
        try:
            file.unlink(missing_ok=True)
        except PermissionError as error:
            problems.append(f"{file.name} could not be removed: {error.strerror}.")
    return " ".join(problems)


def move(database: Path, target: Path) -> None:
    """Let the snapshot of a database file be that of another one, and remove what is left of former ones."""
    if (taken := of(database)).exists():
        taken.replace(_places(target)[0])
    remove(database)


def is_wanted() -> bool:
    """Whether snapshots are to be kept; they are unless the setting says no."""
    return str(dlt.config.get(SETTING, str)).strip().lower() not in ("false", "0", "no", "off")


def is_current(database: Path) -> bool:
    """Whether the snapshot holds what the database holds: it bears the same time, and no log waits to be merged."""
    taken = of(database)
    if not taken.exists() or not database.exists() or _log(database).exists():
        return False
    return taken.stat().st_mtime_ns == database.stat().st_mtime_ns


def taken_at(database: Path) -> datetime:
    """Return what moment the snapshot shows (UTC); it must be there."""
    return datetime.fromtimestamp(of(database).stat().st_mtime, UTC)


def note(database: Path, now: datetime) -> str:
    """Say that the snapshot is read, and from when it is."""
    old = ago(taken_at(database), now).removesuffix(" ago")
    return f"{database.name} is being written to; this is its snapshot, {old} old."


def behind(database: Path, now: datetime) -> str:
    """Say that the snapshot of a large file lags, and for how long it may; nothing where it does not."""
    if not (seconds := rest(database)) or not of(database).exists() or is_current(database):
        return ""
    size = bytes_of(database.stat().st_size)
    return (
        f"What is read beside a run is from {ago(taken_at(database), now)}:"
        f" {size} are copied every {duration(seconds)} at most."
    )


def rest(database: Path) -> float:
    """Return how many seconds pass between two snapshots of a file of this size, if it must be copied."""
    size = database.stat().st_size
    return size / BYTES_A_SECOND if size > AT_ONCE else 0.0


def keep(
    database: Path | None,
    *,
    oldest: float = 0.0,
    anyway: bool = False,
    let_go: Callable[[], None] = lambda: None,
) -> str:
    """Leave a snapshot if one is wanted and the last is no longer true; whoever calls holds the run lock.

    Args:
        database: The database file; ``None`` where there is none, as on servers.
        oldest: Seconds; a snapshot that is younger will do although the database has gone on.
        anyway: Whether even a large file is copied now: what has left the database is to leave the snapshot.
        let_go: Closes the file where this process has it open. It is called only if a snapshot is taken.

    Returns:
        Why there is none although one is wanted, else nothing: a copy for convenience must not fail a run.
    """
    if database is None or not database.exists():
        return ""
    if not is_wanted():
        return remove(database)  # it would keep what is deleted from the copy
    if is_current(database):
        return ""
    age = time.time() - _taken_at(database)
    if oldest and age < oldest:
        return ""
    try:
        let_go()
        return _take(database, copied=anyway or age >= rest(database))
    except Exception as error:  # noqa: BLE001 - whatever it is, the data is safe where it was
        return f"{of(database).name} could not be written: {error}"


def stand(database: Path, *, let_go: Callable[[], None]) -> None:
    """Let the snapshot go on being true: what has been written since is not a row, but when it was looked for some.

    Args:
        database: The database file; the caller holds the run lock, and knows what was written.
        let_go: Closes the file where this process has it open.
    """
    let_go()
    if not _log(database).exists():
        at = database.stat().st_mtime_ns
        os.utime(of(database), ns=(at, at))


def copy(database: Path, target: Path) -> None:
    """Copy a database file that nobody writes to, with its mode, and its time, which says what the copy is a copy of.

    DuckDB must not have it open in this process: whoever closes a file lets go of every lock that the process has on
    it (POSIX), DuckDB's own too, and then another program could write to it at the same time.
    """
    _like(database, target, copied=True)


def _like(database: Path, target: Path, *, copied: bool) -> bool:
    """Make a file like a database file by sharing its blocks, or by copying it where it may be; says whether it was."""
    _merge_log(database)
    before = database.stat()
    modes.create(target, before.st_mode)
    if not _cloned(database, target):
        if not copied:
            return False
        shutil.copyfile(database, target)
    os.utime(target, ns=(before.st_mtime_ns, before.st_mtime_ns))
    if database.stat().st_mtime_ns != before.st_mtime_ns or _log(database).exists():
        raise OSError(f"{database.name} was written to meanwhile")
    return True


def _take(database: Path, *, copied: bool) -> str:
    """Copy the file under a name of its own, then give it the right one: readers see the old or the new."""
    new = _places(database)[0].with_suffix(f"{database.suffix}.new")  # overwrites what a killed run left
    if shutil.disk_usage(database.parent).free < 2 * database.stat().st_size:
        return f"{of(database).name} was not written: it would take more than half of the space that is left."
    try:
        if _like(database, new, copied=copied):
            _put(new, _places(database))
    finally:
        with suppress(FileNotFoundError):
            new.unlink()
    return ""


def _put(new: Path, places: list[Path]) -> None:
    """Give a new snapshot the first name that can be had, and remove the former ones as far as nobody reads them.

    Raises:
        PermissionError: None can be had.
    """
    for place in places:
        try:
            new.replace(place)
        except PermissionError:  # somebody has it open, where that matters
            if place == places[-1]:
                raise
            continue
        for former in places:
            if former != place:
                with suppress(FileNotFoundError, PermissionError):
                    former.unlink()
        return


def _merge_log(database: Path) -> None:
    """Let DuckDB write what its log holds into the file; after a kill, some may wait there."""
    if not _log(database).exists():
        return
    import duckdb

    with duckdb.connect(str(database)) as connection:
        connection.execute("CHECKPOINT")


def _log(database: Path) -> Path:
    return database.with_name(f"{database.name}.wal")


def _taken_at(database: Path) -> float:
    """Return when the snapshot was put in its place; its own time is that of the database."""
    try:
        return of(database).stat().st_ctime
    except FileNotFoundError:
        return 0.0


def _cloned(source: Path, target: Path) -> bool:
    if sys.platform != "linux":
        return False
    try:
        import fcntl
    except ModuleNotFoundError:
        return False
    with source.open("rb") as old, target.open("wb") as new:
        try:
            fcntl.ioctl(new.fileno(), _CLONE, old.fileno())
        except OSError:  # another file system, or one that cannot
            return False
    return True
