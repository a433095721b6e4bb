"""Writes the data files of a published table, none of which takes more memory than one file of a moderate size."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress

import pyarrow as pa
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import write_file
from pyiceberg.manifest import DataFile
from pyiceberg.partitioning import PartitionFieldValue, PartitionKey
from pyiceberg.table import WriteTask
from pyiceberg.table.metadata import TableMetadata

from .cuts import Part

LARGEST = 64 * 2**20
"""Bytes of rows in memory for one file; as Parquet, these are a third to a tenth of that."""


class Writer:
    """Writes files, and knows which it has written.

    Args:
        metadata: The table, with the columns that it is to have.
        io: Writes where the table is.
    """

    def __init__(self, metadata: TableMetadata, io: FileIO) -> None:
        self.written: list[DataFile] = []
        self._metadata = metadata
        self._io = io
        self._uuid = uuid.uuid4()
        self._numbers = itertools.count()

    def write(self, part: Part, rows: Iterable[pa.Table]) -> None:
        """Write the rows of a part to as many files as it takes."""
        names = [one.name for one in self._metadata.schema().fields]
        for some in _packed(one.select(names) for one in rows):
            task = WriteTask(
                write_uuid=self._uuid,
                task_id=next(self._numbers),
                schema=self._metadata.schema(),
                record_batches=some,
                partition_key=self._key(part),
            )
            self.written += write_file(self._io, self._metadata, iter((task,)))

    def take_back(self) -> None:
        """Remove what was written: no table will ever know it."""
        for file in self.written:
            with suppress(FileNotFoundError):
                self._io.delete(file.file_path)

    def _key(self, part: Part) -> PartitionKey | None:
        spec, schema = self._metadata.spec(), self._metadata.schema()
        if spec.is_unpartitioned():
            return None
        return PartitionKey([PartitionFieldValue(spec.fields[0], part)], spec, schema)


def _packed(rows: Iterable[pa.Table]) -> Iterator[list[pa.RecordBatch]]:
    """Yield rows in such portions as are one file."""
    some: list[pa.RecordBatch] = []
    size = 0
    for table in rows:
        some += table.to_batches()
        size += table.nbytes
        if size >= LARGEST:
            yield some
            some, size = [], 0
    if some:
        yield some
