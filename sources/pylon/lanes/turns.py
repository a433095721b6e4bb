"""From one extract of dlt to one turn."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import dlt
from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext
from dlt.common.storages.load_package import load_package_state

from ..api.pacing import Pacers
from ..api.paging import Paging
from ..copy import loading
from ..copy.contents import Contents
from ..copy.copied import Copied
from ..copy.naming import refuse_ambiguous
from ..copy.state import SourceState
from ..copy.verified import Verified
from ..rows import extras
from ..settings import Settings
from . import clocks, missed, plain, sweep
from .budget import Limits
from .plain import OneAtATime
from .turn import Control, Turn


class Turns:
    """Makes one turn for each extract, whichever lane asks first.

    Args:
        settings: Checked settings.
        control: What outlives an extract. Without one, each extract starts from the pace in dlt's state, reads until
            nothing is due, and raises where a lane fails.
        limits: When an extract ends although something is due; without them, none does.
        copied: The copy, held open by the caller. Without it, each extract opens it and closes it.
    """

    def __init__(
        self,
        settings: Settings,
        control: Control | None = None,
        limits: Limits | None = None,
        copied: Copied | None = None,
    ) -> None:
        self.settings = settings
        self._control = control
        self._limits = limits or Limits()
        self._copied = copied
        self._turn: Turn | None = None
        self._readers = OneAtATime()

    def enter(self) -> None:
        """Let a resource begin, in the thread that extracts.

        Raises:
            ConfigurationError: What is due would be told by another copy than the one that is loaded.
        """
        if self._copied is None:
            plain.refuse_other_dataset(SourceState.current())

    def current(self) -> Turn:
        """Return the turn of the extract in progress."""
        self._readers.take()
        load_id = load_package_state()["load_id"]
        if self._turn is None or self._turn.load_id != load_id:
            self._turn = self._begin(load_id)
        return self._turn

    @property
    def left(self) -> bool:
        """Whether the last turn left something that is due for another one."""
        return self._turn is not None and self._turn.left

    def _begin(self, load_id: str) -> Turn:
        # dlt.current.pipeline() would resolve a configuration first, of which nothing is used
        pipeline: Any = Container()[PipelineContext].pipeline()
        state = SourceState.current()
        # else the caller has made source and pipeline, and has looked at the copy
        is_plain = self._copied is None
        if is_plain:
            plain.refuse(dlt.current.source(), pipeline, self.settings, self)
        refuse_ambiguous(pipeline)
        loading.know_dialects(pipeline)
        loading.choose_file_format(dlt.current.source(), pipeline)
        control = self._control or Control(*learnt(self.settings, state), strict=True)
        copied = self._copied or Copied(pipeline)
        try:
            if is_plain:
                plain.look(dlt.current.source(), pipeline, self.settings, state, copied)
            turn = self._made(load_id, control, copied)
        except BaseException:
            self._let_go(copied)
            raise

        def end() -> None:
            _remember(state, control)
            if is_plain and turn.counted:
                state.rests_on = [*state.rests_on[:1], load_id]
            clocks.tell(turn)
            if turn.at_rest:
                self._let_go(copied)
                if self._control is None:
                    _log(control)

        turn.at_end(end)
        return turn

    def _made(self, load_id: str, control: Control, copied: Copied) -> Turn:
        """Return a turn with what is due in it."""
        if control.ahead:
            control.ahead.close()
        contents = Contents(copied, _emptied())
        lanes = list(dlt.current.source().resources.selected)
        turn = Turn(self.settings, control, self._limits, contents, load_id, lanes)
        if copied is not self._copied:
            missed.find(turn, SourceState.current())
        turn.stock.take(datetime.now(UTC), self._limits.most_due, control.began_at)
        if control.sweep_before:
            sweep.queue(turn, Verified(copied), control.sweep_before)
        return turn

    def _let_go(self, copied: Copied) -> None:
        """Close the copy, unless the caller holds it open."""
        if copied is not self._copied:
            copied.close()


def _emptied() -> list[str]:
    """Return the tables that the load in progress drops or empties first, as ``refresh`` asks it to."""
    state: Any = load_package_state()["state"]
    tables = [*(state.get("dropped_tables") or []), *(state.get("truncated_tables") or [])]
    return [str(table["name"]) for table in tables]


def pacers(settings: Settings, state: SourceState) -> Pacers:
    """Return how fast each endpoint may be asked, as it was learnt."""
    return Pacers(settings.rate_limits, settings.rate_window_seconds, remembered=state.pace)


def learnt(settings: Settings, state: SourceState) -> tuple[Pacers, Paging]:
    """Return how fast each endpoint may be asked, and how it pages, as it was learnt."""
    return pacers(settings, state), Paging(state.paging)


def _remember(state: SourceState, control: Control) -> None:
    """Keep in the source's state what later runs and ``pylon status`` want to know."""
    state.pace = control.pacers.to_remember()
    state.paging = control.paging.to_remember()
    if control.organization:
        state.whose = control.organization
    if found := control.report.extra_fields:
        state.extra_fields = extras.added(state.extra_fields, found, datetime.now(UTC))


def _log(control: Control) -> None:
    """Tell users of dlt, who have no summary, what they should know."""
    logger = logging.getLogger("dlt")
    for table, error in control.report.lacking.items():
        logger.warning(
            "%s is not available here: %s What the copy has of it stays as it is.", table, error.message
        )
    for text in control.report.warnings:
        logger.warning("%s", text)
