"""One published table: made, compared with the copy, and brought up to date in one commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pyiceberg.exceptions import CommitFailedException, TableAlreadyExistsError, ValidationException
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask, Table, Transaction

from ..base import exits
from . import schema, shape, troubles
from .cuts import Part
from .digests import Digest, Digests, Summing
from .files import Writer
from .lake import Lake
from .plan import plan
from .source import Source

OURS = "pylon-elt.desk"
"""The property by which a table is known to be one that was published: the desk whose copy it shows."""
OWNER = "pylon-elt.workspace"
_MAKE = {
    "commit.retry.num-retries": "0",  # what was compared with one state must not be put on top of a later one
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "write.parquet.compression-codec": "zstd",
}
ATTEMPTS = 3
"""How often a table is looked at where somebody else was quicker each time."""


class Overtaken(Exception):
    """Somebody else has committed to the table since it was read."""


@dataclass(frozen=True)
class Outcome:
    """What was done to one table."""

    table: str
    rows: int
    parts: int = 0
    written: int = 0
    """How many parts were written anew, or taken out."""
    files: int = 0
    bytes: int = 0
    removed: int = 0
    """How many files are no longer part of the table."""
    changes: tuple[str, ...] = ()
    """How its columns have changed."""
    snapshot: int | None = None
    """The snapshot that was made; ``None``: the rows were as they are."""

    @property
    def is_new(self) -> bool:
        """Whether anything was committed."""
        return self.snapshot is not None or bool(self.changes)


@dataclass(frozen=True)
class Published:
    """A table as it stands, and the transaction that is to change it."""

    transaction: Transaction
    is_made: bool
    """Whether the transaction makes the table."""
    changes: tuple[str, ...] = ()
    is_other: bool = False
    """Whether no row can stay as it is written."""
    files: Mapping[Part, list[FileScanTask]] = field(default_factory=dict)


def require_ours(table: Table, desk: str, owner: str, *, adopt: bool) -> None:
    """Make sure that a table was published from a copy of the same workspace.

    Args:
        table: The table.
        desk: The desk of the copy.
        owner: The id of the copy's workspace; "" where that is not known.
        adopt: Let it belong to the copy's workspace from now on.

    Raises:
        Problem: It was not.
    """
    name, known = ".".join(table.name()), table.properties
    if OURS not in known or known[OURS] != desk:
        whose = f"shows a copy of {known[OURS].capitalize()}" if OURS in known else "was not made by publish"
        raise exits.Problem(
            f"The table {name} {whose}; it is not written over.",
            "Publish into another place with --namespace or --to, or drop the table.",
            exits.CONFIGURATION,
        )
    other = known.get(OWNER, "")
    if owner and other and owner != other and not adopt:
        raise exits.Problem(
            f"The table {name} shows the workspace {other}, but the copy is of {owner}.",
            "Publish into another place with --namespace or --to. Only where the two are one workspace, go on with"
            " --adopt.",
            exits.CONFIGURATION,
        )


def publish(
    lake: Lake, source: Source, desk: str, owner: str, summing: Summing, *, adopt: bool = False
) -> Outcome:
    """Let a table hold what the copy holds, in one commit; nothing is committed where it does already.

    Args:
        lake: Where it is published.
        source: The table of the copy, which stays as it is meanwhile.
        desk: The desk of the copy.
        owner: The id of the copy's workspace; "" where that is not known.
        summing: Sums up rows.
        adopt: As of :func:`require_ours`.

    Raises:
        Problem: The table is not ours, or somebody else goes on changing it.
    """
    held = source.digests(summing)
    for _ in range(ATTEMPTS):
        table = lake.table(source.table)
        if table is not None:
            require_ours(table, desk, owner, adopt=adopt)
        try:
            found = _known(lake, source, table, {OURS: desk, **({OWNER: owner} if owner else {})})
            return _bring_up(found, source, held, summing)
        except (Overtaken, TableAlreadyExistsError):
            continue
        except FileNotFoundError:
            if table is None or not lake.has_moved(table):
                raise
    raise exits.Problem(
        f"The table {source.table} was changed by somebody else each time that it had been compared with the copy.",
        "Publish again: it compares anew. Let nothing else write to published tables.",
        exits.LOCKED,
    )


def _known(lake: Lake, source: Source, table: Table | None, properties: dict[str, str]) -> Published:
    if table is None:
        columns = schema.made(source.shape)
        making = lake.catalog.create_table_transaction(
            (lake.namespace, source.table),
            columns,
            partition_spec=schema.spec(source.cut, columns),
            properties={**_MAKE, **properties},
        )
        return Published(making, is_made=True)
    transaction = table.transaction()
    changes, is_other = schema.follow(transaction, source.shape, source.cut)
    files = _files(table)
    foreign = any(
        one.file.spec_id != table.metadata.default_spec_id for some in files.values() for one in some
    )
    if any(table.properties.get(name) != value for name, value in properties.items()):
        transaction.set_properties(properties)
    return Published(transaction, False, tuple(changes), is_other or foreign, files)


def _files(table: Table) -> dict[Part, list[FileScanTask]]:
    found: dict[Part, list[FileScanTask]] = defaultdict(list)
    for task in table.scan().plan_files():
        found[task.file.partition[0] if len(task.file.partition) else None].append(task)
    return dict(found)


def _bring_up(found: Published, source: Source, held: Digests, summing: Summing) -> Outcome:
    """Write the parts that differ, and commit.

    Raises:
        Overtaken: Somebody else has committed meanwhile; what was written is removed.
    """
    there = None if found.is_other else _digests(found, source, summing)
    wanted = plan(held, there)
    leaving = [
        one.file
        for part in (found.files if found.is_other else wanted.parts)
        for one in found.files.get(part, ())
    ]
    transaction, made = found.transaction, len(held)
    writer = Writer(transaction.table_metadata, transaction._table.io)  # noqa: SLF001 - as it stands before the commit
    try:
        for part in wanted.write:
            writer.write(part, source.rows(part, summing))
        snapshot = _commit(source.table, found, writer.written, leaving)
    except Overtaken:
        writer.take_back()
        raise
    return Outcome(
        source.table,
        sum(digest.rows for digest in held.values()),
        made,
        len(wanted.parts) if snapshot else 0,
        len(writer.written),
        sum(file.file_size_in_bytes for file in writer.written),
        len(leaving),
        ("made",) if found.is_made else found.changes,
        snapshot,
    )


def _digests(found: Published, source: Source, summing: Summing) -> Digests:
    """Return what the table holds, by part; one file at a time is read."""
    wanted = source.shape.only(source.compared)
    sums: dict[Part, Digest] = {}
    for part, task in ((part, task) for part, tasks in found.files.items() for task in tasks):
        rows = shape.conform(_read(found.transaction, task, source.compared), wanted)
        sums[part] = sums.get(part, Digest()) + summing.whole(rows)
    return sums


def _read(transaction: Transaction, task: FileScanTask, columns: tuple[str, ...]) -> Any:
    metadata = transaction.table_metadata
    io = transaction._table.io  # noqa: SLF001 - the same that the transaction uses
    scan = ArrowScan(metadata, io, metadata.schema().select(*columns), AlwaysTrue())
    return scan.to_table([task])


def _commit(name: str, found: Published, written: list[DataFile], leaving: list[DataFile]) -> int | None:
    """Commit, and return the snapshot that was made, if rows have changed.

    Raises:
        Overtaken: Somebody else has committed since the table was read.
        Problem: Nobody knows whether it was committed: what was written stays.
    """
    transaction = found.transaction
    try:
        if written or leaving:
            with transaction.update_snapshot().overwrite() as change:
                for file in leaving:
                    change.delete_data_file(file)
                for file in written:
                    change.append_data_file(file)
        table = transaction.commit_transaction()
    except (CommitFailedException, TableAlreadyExistsError, ValidationException) as error:
        raise Overtaken(str(error)) from error
    except Exception as error:
        if (problem := troubles.of_unknown(name, error)) is not None:
            raise problem from error
        raise
    current = table.metadata.current_snapshot()
    return current.snapshot_id if current and (written or leaving) else None
