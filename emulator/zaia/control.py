"""The control routes under `/_emulator/`: the same powers as the Python interface, for other processes."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from starlette.applications import Starlette

from ..controls import Actions, controls, plain
from .engine import Engine

CHANGES = frozenset(
    {
        "new_ticket", "take_over", "complete", "reopen", "reassign", "tag", "untag", "remove_ticket", "new_chat",
        "remove_chat", "new_thread", "new_message", "edit_message", "remove_message", "add", "rename", "remove",
    }
)  # fmt: skip
"""The methods of the world that change it."""


def control(engine: Engine) -> Starlette:
    """Return the application of the control routes; they are neither logged nor limited."""
    actions = ZaiaActions(engine)
    return controls(
        {
            "GET snapshot": lambda _: engine.world.snapshot(),
            "GET log": actions.log,
            "GET counts": lambda _: actions.counts(),
            "GET settings": lambda _: actions.shown(),
            "POST change": actions.change,
            "POST settings": actions.settings,
            "POST faults": actions.faults,
            "POST advance": actions.advance,
            "POST clear": lambda _: engine.log.clear(),
        }
    )


class ZaiaActions(Actions):
    """What the control routes do that takes more than a line."""

    def __init__(self, engine: Engine) -> None:
        """Control `engine`."""
        super().__init__(engine, CHANGES, "change")

    def log(self, args: dict[str, Any]) -> Any:
        """Return the records with a number over `since`."""
        since = int(args.get("since", 0))
        return [record.as_json() for record in self._engine.log if record.n > since]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return, by list, how many requests were let in and how many were refused by the limit."""
        log = list(self._engine.log)
        refused = Counter(record.name for record in log if record.status == 429)
        served = Counter(record.name for record in log if record.status != 429)
        names = sorted({record.name for record in log})
        return {name: {"served": served[name], "refused": refused[name]} for name in names}

    def shown(self) -> dict[str, Any]:
        """Return the settings that are plain data."""
        hidden = ("faults", "before_request")
        return {
            name: plain(value) for name, value in vars(self._engine.settings).items() if name not in hidden
        }

    def change_at_random(self, rng: Random, args: dict[str, Any]) -> Any:  # noqa: ARG002 - it takes none
        """Do one thing at random."""
        return self._engine.world.change(rng)
