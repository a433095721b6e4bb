"""Lets what is no longer part of a published table go: old snapshots, their files, and what a killed publish left.

pyiceberg takes snapshots out of a table's metadata and leaves their files where they are; deleted text would stay in
them. So every file below the table's folder that none of its snapshots knows is removed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from pyarrow import fs
from pyiceberg.exceptions import BadRequestError, CommitFailedException
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import ManifestFile
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata

from .table import ATTEMPTS


@dataclass(frozen=True)
class Cleared:
    """What was let go."""

    snapshots: int = 0
    files: int = 0
    bytes: int = 0


def clear(table: Table, now: datetime, keep: timedelta, grace: timedelta) -> Cleared:
    """Let the snapshots go that were replaced some time ago, and every file that no snapshot knows.

    Args:
        table: The table, as it is now.
        now: The present (UTC).
        keep: How long a snapshot stays after another one has taken its place.
        grace: How old a file must be that no snapshot knows: somebody may be about to commit it.
    """
    former: set[str] = set()
    if old := replaced(table.metadata, now - keep):
        former = _known(table)  # nobody is about to commit what was committed once
        _expire(table, old)
    removed = list(_remove(table, now - grace, former))
    return Cleared(len(old), len(removed), sum(removed))


def _expire(table: Table, snapshots: list[int]) -> None:
    """Take snapshots out of a table, whoever does so, or commits to it, at the same time."""
    for attempt in range(1, ATTEMPTS + 1):
        there = [one for one in snapshots if table.metadata.snapshot_by_id(one) is not None]
        if not there:
            return
        try:
            table.maintenance.expire_snapshots().by_ids(there).commit()
        except (BadRequestError, CommitFailedException, ValueError):  # a ValueError: one is gone already
            if attempt == ATTEMPTS:
                raise
        table.refresh()


def replaced(metadata: TableMetadata, before: datetime) -> list[int]:
    """Return the snapshots that another one had replaced before an instant; none that a branch or a tag names."""
    ordered = sorted(metadata.snapshots, key=lambda one: one.sequence_number or 0)
    named = {ref.snapshot_id for ref in metadata.refs.values()}
    milliseconds = before.timestamp() * 1000
    return [
        one.snapshot_id
        for one, following in pairwise(ordered)
        if following.timestamp_ms <= milliseconds and one.snapshot_id not in named
    ]


def _remove(table: Table, before: datetime, former: set[str]) -> Iterator[int]:
    """Remove what no snapshot knows, and yield the size of each file."""
    io = table.io
    if not isinstance(io, PyArrowFileIO):
        return

    def path_of(location: str) -> str:
        return PyArrowFileIO.parse_location(location, io.properties)[2]

    scheme, netloc, folder = PyArrowFileIO.parse_location(table.location(), io.properties)
    system = io.fs_by_scheme(scheme, netloc)
    known = set(map(path_of, _known(table)))
    gone = set(map(path_of, former)) - known
    there = system.get_file_info(fs.FileSelector(folder, recursive=True, allow_not_found=True))
    if path_of(table.metadata_location) not in {one.path for one in there}:
        return  # paths are not told as they are listed: what is not known could be anything
    for one in there:
        if one.type != fs.FileType.File or one.path in known:
            continue
        if one.path in gone or one.mtime is None or one.mtime.astimezone(UTC) <= before:
            with suppress(FileNotFoundError):  # somebody else removes it too
                system.delete_file(one.path)
                yield one.size


def _known(table: Table) -> set[str]:
    """Return the files without which a snapshot, or the table itself, could not be read."""
    metadata = table.metadata
    found = {table.metadata_location, *(entry.metadata_file for entry in metadata.metadata_log)}
    found |= {file.statistics_path for file in metadata.statistics}
    manifests: dict[str, ManifestFile] = {}
    for snapshot in metadata.snapshots:
        found.add(snapshot.manifest_list)
        manifests |= {one.manifest_path: one for one in snapshot.manifests(table.io)}
    for path, manifest in manifests.items():
        found.add(path)
        found |= {entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io)}
    return found
