"""What differs at each reading although nobody changed it: signed links in texts, the order of sets, what ticks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from random import Random
from typing import overload

import orjson

from .records import JSON

TEXTS = ("body_html", "message_html")


@overload
def unsettled(data: bytes, kinds: Collection[str], rng: Random, seconds: int) -> bytes: ...
@overload
def unsettled(
    data: Sequence[bytes], kinds: Collection[str], rng: Random, seconds: int
) -> Sequence[bytes]: ...
@overload
def unsettled(data: None, kinds: Collection[str], rng: Random, seconds: int) -> None: ...
def unsettled(
    data: bytes | Sequence[bytes] | None, kinds: Collection[str], rng: Random, seconds: int
) -> bytes | Sequence[bytes] | None:
    """Return the objects of an answer as this one reading shows them.

    Args:
        data: One object, a list of them, or nothing.
        kinds: What differs.
        rng: Draws signatures and orders.
        seconds: The present in whole seconds, by which times tick.
    """
    if data is None:
        return None
    if not isinstance(data, bytes):
        return [unsettled(one, kinds, rng, seconds) for one in data]
    row = orjson.loads(data)
    if isinstance(row, dict):
        _unsettle(row, kinds, rng, seconds)
    return orjson.dumps(row)


def _unsettle(row: JSON, kinds: Collection[str], rng: Random, seconds: int) -> None:
    for name in TEXTS:
        if row.get(name) and "links" in kinds:
            row[name] += (
                f'<img src="https://files.example/shot.png?signature={rng.getrandbits(64):x}&amp;expires=9">'
            )
        if row.get(name) and "whole" in kinds:
            row[name] += f"<!-- {rng.getrandbits(64):x} -->"
    if "order" in kinds and isinstance(row.get("tags"), list):
        rng.shuffle(row["tags"])
    for status, spent in (row.get("time_in_status_seconds") or {}).items() if "ticking" in kinds else ():
        row["time_in_status_seconds"][status] = spent + seconds
