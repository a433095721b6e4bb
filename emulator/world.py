"""The emulated workspace."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any, Self

from .directory_seed import directory
from .feedback_seed import feedback, phone_issues
from .mutations import Mutations
from .office_seed import office
from .random_mutations import random_mutation
from .records import collector_paused
from .seed import Recipe, plan
from .seed_basis import Ground
from .times import DAY, SECOND, Clock, OffsetClock, to_ns
from .work_seed import work

QUIET = 60 * SECOND
"""Time without events before a world begins: a reader that starts at once must meet no row of this second."""


class World(Mutations):
    """A workspace of issues, their children and a directory, with a clock and one lock."""

    @classmethod
    def seeded(
        cls,
        seed: int = 0,
        issues: int = 2000,
        years: float = 2.0,
        messages_mean: float = 4,
        now: datetime | None = None,
        *,
        accounts: int | None = None,
        contacts: int | None = None,
        others: float = 1.0,
        clock: Clock | None = None,
    ) -> Self:
        """Generate a sample workspace that is `years` old; the same for the same arguments.

        `now` (aware) is the moment of generation, from which the world's clock then runs on; by default the
        present. `clock` replaces the real time that drives it. Nothing has happened in the last minute before
        it. Bodies and children are made when first read. `others` scales the collections beyond the directory
        (tasks, surveys, audit logs and so on); 0 leaves them out. All else is the same without them, but for
        the few issues that came in by telephone.
        """
        ticking = OffsetClock(clock, now)
        moment = to_ns(now or ticking()) - QUIET
        span = max(1, int(years * 365 * DAY))
        rng = Random(f"directory {seed}")
        account_count = min(5000, max(4, issues // 20)) if accounts is None else accounts
        contact_count = min(20_000, max(8, issues // 6)) if contacts is None else contacts
        with collector_paused():
            recipe = Recipe(seed, directory(rng, moment, span, account_count, contact_count), moment)
            records = plan(recipe, issues, span, messages_mean)
            ids = tuple(record.id for record in records)
            ground = Ground(seed, moment, span, recipe.directory, ids, others)
            recipe = replace(recipe, phones=frozenset(phone_issues(ground)))
            return cls(recipe, records, ticking, work(ground) | feedback(ground) | office(ground))

    @classmethod
    def empty(cls, now: datetime | None = None, *, clock: Clock | None = None, seed: int = 0) -> Self:
        """Return a workspace with a directory but without issues."""
        return cls.seeded(seed, issues=0, now=now, clock=clock)

    def now(self) -> datetime:
        """Return the world's present, aware and in UTC."""
        return self.clock().astimezone(UTC)

    def random_mutation(self, rng: Random, others: bool = False) -> dict[str, Any]:
        """Do one random thing to the world and return it as {"do": name, "args": {...}}.

        Without `others` the collections beyond the directory are left alone, but for what follows from the rest.
        """
        with self.lock:
            return random_mutation(self, rng, others)
