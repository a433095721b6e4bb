"""Issues that a complete listing leaves out although their ids are answered.

Where they are many, a part of them is asked for each time, so that not each costs a request each day. Pure.
"""

from __future__ import annotations

from collections.abc import Collection
from zlib import crc32

from ..copy.state import Hidden

MANY = 200
"""More than this many are asked for in parts."""
PARTS = 7
"""In how many comparisons, one each day, all of them are asked for."""
MORE = 0.1
"""Where more than this share came on top, or was gone of those that were asked for, all of them are."""


def part(missing: Collection[str], known: Hidden) -> set[str]:
    """Return which of the issues that are missing from a listing are to be asked for by their ids."""
    if known.stayed <= MANY or len(missing) > known.stayed * (1 + MORE):
        return set(missing)
    return {id_ for id_ in missing if crc32(id_.encode("utf-8", "surrogatepass")) % PARTS == known.turn}


def after(missing: int, asked: int, gone: int, known: Hidden) -> Hidden:
    """Return what is known after so many were missing, asked for and gone."""
    stayed = 0 if gone > asked * MORE else missing - gone
    return Hidden(stayed if stayed > MANY else 0, (known.turn + 1) % PARTS if stayed > MANY else 0)
