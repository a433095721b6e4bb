"""A world in which every change shows: what nobody could notice is another test's subject."""

from __future__ import annotations

from random import Random
from typing import Any

from pylon_elt.emulator import World
from pylon_elt.emulator.mutations import SILENT
from pylon_elt.emulator.records import JSON
from pylon_elt.emulator.store import Ref


class LoudWorld(World):
    """Every change of an issue or its conversation bumps ``updated_at``."""

    deletions = True
    """Whether issues can be deleted. One that is deleted before its last change was read stays as it was."""

    @classmethod
    def of(cls, seed: int, issues: int = 60) -> LoudWorld:
        """Return a small seeded workspace."""
        world = cls.seeded(seed=seed, issues=issues, years=0.3)
        world.bumps.update(dict.fromkeys(SILENT, True))
        return world

    def touch_silently(self, ref: Ref, **fields: Any) -> JSON:
        """Change an issue, and not silently."""
        if "updated_at" in fields:
            return super().touch_silently(ref, **fields)
        return self.edit_issue(ref, **fields)

    def delete_issue(self, ref: Ref) -> None:
        """Remove an issue, where that is allowed."""
        if self.deletions:
            super().delete_issue(ref)

    def stir(self, rng: Random, count: int = 12, *, deletions: bool = True) -> None:
        """Do some random things, and surely the hard ones: a conversation emptied, a message moved, followers gone."""
        self.deletions = deletions
        for _ in range(count):
            self.random_mutation(rng)
        talkative = [
            id_ for id_ in self.issue_ids() if self.messages(id_) and self.issue(id_)["title"] != "SCRUBBED"
        ]
        emptied, source, target = rng.sample(talkative, 3)
        for message in self.messages(emptied):
            self.delete_message(message["id"])
        self.move_message(rng.choice(self.messages(source))["id"], target)
        for follower in self.followers(target):
            self.unfollow(target, follower["id"])
        teams = [team["id"] for team in self.rows("teams")]
        self.edit("teams", rng.choice(teams), name=f"Team {rng.randrange(10**6)}")
        self.drop(
            "teams",
            self.put("teams", {"name": "Short-lived"})["id"] if rng.random() < 0.5 else rng.choice(teams),
        )
        self.put("teams", {"name": f"New {rng.randrange(10**6)}", "users": []})
        if deletions:
            self.delete_issue(rng.choice([id_ for id_ in talkative if id_ not in (emptied, source, target)]))
        # far enough from what comes next that no lookback covers for a watermark that moved too far
        self.advance(60)
