"""The emulated Zaia workspace."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Self

from ..text import uuid
from ..times import Clock
from .changes import Changes
from .clock import MADE, WorldClock
from .seed import fill
from .stirring import change, stir


class World(Changes):
    """Tickets, their chats and what both refer to, with a clock of its own and one lock."""

    @classmethod
    def seeded(
        cls,
        seed: int = 0,
        tickets: int = 60,
        *,
        now: datetime | None = None,
        days: float = 90.0,
        live: Clock | None = None,
    ) -> Self:
        """Generate a sample workspace that is `days` old at `now` (aware); the same for the same arguments.

        The clock stands at `now` until something changes; each change moves it on, or, with `live`, to what that
        clock says.
        """
        rng = Random(f"zaia {seed}")
        moment = now or MADE
        world = cls(uuid(rng), WorldClock(moment, live), rng)
        fill(world, rng, tickets, moment, days)
        return world

    def stir(self, rng: Random) -> list[tuple[str, str]]:
        """Change several things at random; return what and to whom."""
        return stir(self, rng)

    def change(self, rng: Random) -> tuple[str, str] | None:
        """Change one thing at random; return what and to whom, or None if that could not happen."""
        return change(self, rng)
