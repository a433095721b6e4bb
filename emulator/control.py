"""The control routes under `/_emulator/`: the same powers as the Python interface, for other processes."""

from __future__ import annotations

from random import Random
from typing import Any

from starlette.applications import Starlette

from .controls import Action, Actions, controls, plain
from .engine import Engine
from .log import Log
from .webhooks import Webhook

MUTATIONS = frozenset(
    {
        "create_issue", "edit_issue", "touch_silently", "bulk_edit", "delete_issue", "scrub_issue",
        "add_message", "edit_message", "redact_message", "delete_message", "move_message",
        "add_thread", "delete_thread", "follow", "unfollow", "set_form", "put", "create", "edit", "drop",
        "merge_accounts", "add_comment", "edit_comment", "delete_comment", "rename_option", "add_voice_call",
        "finish_transcript",
    }
)  # fmt: skip


def control(engine: Engine) -> Starlette:
    """Return the application of the control routes; they are neither logged nor limited."""
    actions = PylonActions(engine)
    known: dict[str, Action] = {
        "GET snapshot": lambda _: engine.world.snapshot(),
        "GET log": actions.log,
        "GET counts": lambda _: counts(engine.log),
        "GET settings": lambda _: {key: plain(value) for key, value in vars(engine.settings).items()},
        "POST mutate": actions.change,
        "POST settings": actions.settings,
        "POST faults": actions.faults,
        "POST advance": actions.advance,
        "POST clear": lambda _: engine.log.clear(),
        "POST webhooks": lambda args: engine.webhooks.start(Webhook(**args)),
        "GET webhooks": lambda _: engine.webhooks.counts(),
    }
    return controls(known)


class PylonActions(Actions):
    """What the control routes do that takes more than a line."""

    def __init__(self, engine: Engine) -> None:
        """Control `engine`."""
        super().__init__(engine, MUTATIONS, "mutation")

    def log(self, args: dict[str, Any]) -> Any:
        """Return the records with a number over `since`, of one endpoint or all."""
        since, endpoint = int(args.get("since", 0)), args.get("endpoint")
        records = [record for record in self._engine.log.records if record.n > since]
        return [record.as_json() for record in records if endpoint in (None, record.endpoint)]

    def change_at_random(self, rng: Random, args: dict[str, Any]) -> Any:
        """Do one thing at random; `others` lets it be to the collections beyond the directory."""
        return self._engine.world.random_mutation(rng, bool(args.get("others")))


def counts(log: Log) -> dict[str, Any]:
    """Return the sums of every endpoint that was asked."""
    return {name: count.as_json() for name, count in list(log.counts.items())}
