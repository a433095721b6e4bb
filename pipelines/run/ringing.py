"""The issues for which a webhook rang: a run reads them, and forgets the rings once that is committed."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from ..copy.rung import Rung

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.lanes.turn import Control


class Ringing:
    """The rings of one run.

    Args:
        folder: The working folder of the copy.
    """

    def __init__(self, folder: str) -> None:
        self._rung = Rung(folder)
        self._taken: dict[str, int] = {}

    def hear(self, control: Control) -> None:
        """Let the next turn read what rang until now, once in a run; the caller has the lock."""
        try:
            waiting = self._rung.waiting()
        except sqlite3.Error as error:
            control.report.warn(
                f"{self._rung.file}, which holds what webhooks rang for, cannot be read: {error}."
            )
            return
        news = {id_: at for id_, at in waiting.items() if self._taken.get(id_) != at}
        self._taken |= news
        control.rung = list(dict.fromkeys([*control.rung, *news]))

    def answered(self, control: Control) -> None:
        """Forget the rings of the issues that the turn before has read and loaded."""
        taken = {id_: self._taken[id_] for id_ in control.heard}
        control.heard.clear()
        try:
            self._rung.done(taken)
        except sqlite3.Error as error:
            control.report.warn(
                f"{self._rung.file} cannot be written: {error}. Its issues are read once more."
            )
