"""Which parts of a published table have to be written anew, or taken out. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .cuts import Part
from .digests import Digests


@dataclass(frozen=True, slots=True)
class Plan:
    """What a publish does to one table.

    Args:
        write: The parts that are written anew, from the copy.
        drop: The parts that go, with nothing in their place.
    """

    write: tuple[Part, ...]
    drop: tuple[Part, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts whose files leave the table."""
        return (*self.write, *self.drop)


def plan(held: Digests, published: Digests | None) -> Plan:
    """Return which parts differ.

    Args:
        held: What the copy holds.
        published: What the table holds; ``None``: none of it can stay.
    """
    there = published or {}
    write = tuple(part for part, digest in held.items() if there.get(part) != digest)
    return Plan(_ordered(write), _ordered(tuple(part for part in there if part not in held)))


def _ordered(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Sort parts, the newest month first: so it is there also where the rest takes long, and in one order."""
    return tuple(sorted(parts, key=_place, reverse=True))


def _place(part: Part) -> tuple[bool, int, str]:
    return (part is not None, part if isinstance(part, int) else 0, part if isinstance(part, str) else "")
