"""Many ids in little memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable

_BUCKETS = 1024


class Ids:
    """Holds of each id eight bytes, its hash: as strings, a million take more than a hundred megabytes.

    What was not added counts as added where its hash is that of one that was: with a million, of one id in ten million
    million, and not again with the hashes of another process.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._buckets = [array("q") for _ in range(_BUCKETS)]
        self._in_order = True
        self.add(ids)

    def add(self, ids: Iterable[str]) -> None:
        """Add ids; some may be there."""
        for id_ in ids:
            number = hash(id_)
            self._buckets[number % _BUCKETS].append(number)
            self._in_order = False

    def __contains__(self, id_: object) -> bool:
        self._put_in_order()
        number = hash(id_)
        bucket = self._buckets[number % _BUCKETS]
        place = bisect_left(bucket, number)
        return place < len(bucket) and bucket[place] == number

    def __len__(self) -> int:
        self._put_in_order()
        return sum(map(len, self._buckets))

    def _put_in_order(self) -> None:
        if not self._in_order:
            self._buckets = [array("q", sorted(set(bucket))) for bucket in self._buckets]
            self._in_order = True
