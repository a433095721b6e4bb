"""Changes at random."""

from __future__ import annotations

from random import Random

from .changes import Changes
from .records import COMPLETED, ONGOING, PENDING

ON_TICKETS: dict[str, tuple[int, ...]] = {
    "take_over": (PENDING,),
    "complete": (ONGOING,),
    "reopen": (COMPLETED,),
    "reassign": (PENDING, ONGOING, COMPLETED),
    "tag": (PENDING, ONGOING, COMPLETED),
    "remove_ticket": (PENDING, ONGOING, COMPLETED),
}
"""What happens to a ticket, and in which states."""
RENAMED = ("agents", "ticketing_teams", "tags", "channels", "external_users", "users")
WEIGHTS = {
    "new_ticket": 6,
    "take_over": 4,
    "complete": 4,
    "reopen": 1,
    "reassign": 3,
    "tag": 2,
    "remove_ticket": 1,
    "new_chat": 2,
    "remove_chat": 1,
    "new_message": 6,
    "rename": 2,
}
"""How often each happens, to each other."""


def stir(world: Changes, rng: Random) -> list[tuple[str, str]]:
    """Let three to nine things happen, and return what and to whom; what cannot happen, does not."""
    return [done for done in (change(world, rng) for _ in range(rng.randrange(3, 10))) if done]


def change(world: Changes, rng: Random) -> tuple[str, str] | None:
    """Let one thing happen, and return what and to whom; None if it cannot."""
    (kind,) = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))
    with world.lock:
        ident = _happen(world, kind, rng)
    return None if ident is None else (kind, ident)


def _happen(world: Changes, kind: str, rng: Random) -> str | None:
    if kind in ("new_ticket", "new_chat"):
        return str(getattr(world, kind)())
    if kind == "rename":
        name = rng.choice(RENAMED)
        return world.rename(name, rng.choice(world.ids(name)))
    if kind in ON_TICKETS:
        found = [one for one in world.ids("tickets") if world.tickets[one].state in ON_TICKETS[kind]]
    else:
        found = world.ids("chats")
    return str(getattr(world, kind)(rng.choice(found))) if found else None
