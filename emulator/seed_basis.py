"""What the seeds of the other collections build on: the directory, the issues, the time and the sizes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .directory_seed import Directory
from .records import JSON
from .times import SECOND, format_ns

LARGEST = 10_000
"""The most rows that the seed makes of one collection."""


@dataclass(frozen=True)
class Ground:
    """A workspace before its other collections: `now` and `span` in nanoseconds, `scale` of their sizes."""

    seed: int
    now: int
    span: int
    directory: Directory
    issues: tuple[str, ...]
    """The ids of the issues."""
    scale: float = 1.0

    def rng(self, name: str) -> Random:
        """Return the random numbers of one collection, which no other shares."""
        return Random(f"{name} {self.seed}")

    def size(self, base: float, least: int) -> int:
        """Return how many rows to make where `base` would be usual; none at a scale of 0."""
        return min(LARGEST, max(least, round(base * self.scale))) if self.scale > 0 else 0

    def some(self, rng: Random, table: str) -> JSON | None:
        """Return a row of the directory; None if the table is empty."""
        rows = self.directory.tables[table]
        return rows[int(rng.random() * len(rows))] if rows else None

    def id_of(self, rng: Random, table: str, share: float = 1.0) -> str | None:
        """Return the id of a row of the directory, or with the rest of `share` None."""
        found = self.some(rng, table)
        return found["id"] if found and rng.random() < share else None

    def account(self, rng: Random, share: float = 1.0) -> JSON | None:
        """Return an account as other objects refer to it, or with the rest of `share` None."""
        found = self.some(rng, "accounts")
        return mini_account(found) if found and rng.random() < share else None

    def user(self, rng: Random) -> JSON:
        """Return a user as other objects refer to it."""
        found = rng.choice(self.directory.tables["users"])
        return {"id": found["id"], "email": found["email"]}

    def actor(self, rng: Random) -> JSON:
        """Return who did something: mostly a user, now and then a contact."""
        contact = self.some(rng, "contacts")
        if contact is None or rng.random() < 0.8:
            return {"user": self.user(rng)}
        return {"contact": {"id": contact["id"], "email": contact["email"] or ""}, "user": None}

    def times(self, rng: Random) -> tuple[int, int]:
        """Return when something was created and when it was updated last; one in four never was."""
        created = self.since(rng, self.now - self.span)
        return created, created if rng.random() < 0.25 else self.since(rng, created)

    def since(self, rng: Random, start: int) -> int:
        """Return an instant from `start` to now, in whole seconds, milliseconds, microseconds or neither."""
        at = start + int((self.now - start) * rng.random())
        unit = (SECOND, 1_000_000, 1000, 1)[int(rng.random() * 4)]
        return max(start, at // unit * unit)


def mini_account(account: JSON) -> JSON:
    """Return an account as other objects refer to it."""
    return {"id": account["id"], "external_ids": account.get("external_ids")}


def stamps(created: int, updated: int) -> JSON:
    """Return the two times that most objects bear."""
    return {"created_at": format_ns(created), "updated_at": format_ns(updated)}


def maybe(rng: Random, row: JSON, share: float = 0.7, /, **fields: object) -> None:
    """Give a row some fields; of the rest half get null, and half go without."""
    for name, value in fields.items():
        draw = rng.random()
        if draw < share or draw > (1 + share) / 2:
            row[name] = value if draw < share else None
