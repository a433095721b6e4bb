"""What the rows of a list of issues leave out, as far as that was seen: kept with the progress of the issues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from .state import Key, SourceState, View, instants, stored_instants

A_DAY = timedelta(days=1)
SELDOM = timedelta(days=30)
"""However often a field was found to be empty where it is not given, it is looked at again after so long."""
RECENTLY = A_DAY / 2
"""What was seen so long ago need not be written down again."""

Belief = tuple[datetime, timedelta]
"""Since when something is believed (UTC), and for how long."""


def _beliefs(stored: Sequence[tuple[str, float, list[str]]]) -> dict[str, Belief]:
    return {
        name: (datetime.fromisoformat(at), timedelta(seconds=wait))
        for at, wait, names in stored
        for name in names
    }


def _stored_beliefs(beliefs: Mapping[str, Belief]) -> list[Any]:
    alike = defaultdict[Belief, list[str]](list)  # most fields are given by one answer
    for name, belief in beliefs.items():
        alike[belief].append(name)
    return [[at.isoformat(), wait.total_seconds(), sorted(names)] for (at, wait), names in alike.items()]


class Leaving(View):
    """What is known of the fields that one list of issues does not give."""

    left_out = Key[Mapping[str, datetime]](instants, stored_instants, {})
    """The fields that it leaves out though issues have them, and since when that is known (UTC)."""
    believed = Key[Mapping[str, Belief]](_beliefs, _stored_beliefs, {})
    """When a field was given, or found to be empty where it is not (UTC), and for how long that is believed."""
    emptied = Key[Mapping[str, datetime]](instants, stored_instants, {})
    """When a field was found to be empty that the copy held and that was not given (UTC)."""

    @classmethod
    def of(cls, state: SourceState, endpoint: str) -> Leaving:
        """Return what is known of an endpoint."""
        return cls(state.table("issues").setdefault("leaving", {}).setdefault(endpoint, {}))

    def is_due(self, field: str, at: datetime, *, wanted: bool) -> bool:
        """Whether it has to be looked at what a missing field means; ``wanted``: the copy holds it."""
        if field in self.left_out:
            return False
        if wanted:
            return field not in self.emptied or at >= self.emptied[field] + A_DAY
        since, wait = self.believed.get(field, (None, A_DAY))
        return since is None or at >= since + wait

    def untold(self, fields: Iterable[str]) -> set[str]:
        """Return the fields that it leaves out, or of which it has not been found out whether it does."""
        return {
            name for name in fields if name in self.left_out or (self.believed and name not in self.believed)
        }

    def give(self, fields: Collection[str], at: datetime) -> None:
        """Note fields that were given: they are not left out, and where they are missing they are empty."""
        if known := self.left_out.keys() & fields:
            self.left_out = {name: since for name, since in self.left_out.items() if name not in known}
        if news := [name for name in fields if not self._is_recent(name, at)]:
            self._believe(news, at, SELDOM)

    def empty(self, fields: Iterable[str], at: datetime, wanted: Collection[str]) -> None:
        """Note fields that were found to be empty where they are not given: the more often, the longer believed."""
        for name in fields:
            _, wait = self.believed.get(name, (at, A_DAY / 2))
            self._believe([name], at, min(2 * wait, SELDOM))
            if name in wanted:
                recent = {other: seen for other, seen in self.emptied.items() if at < seen + A_DAY}
                self.emptied = {**recent, name: at}

    def leave(self, fields: Iterable[str], at: datetime) -> None:
        """Note fields that are left out."""
        self.left_out = {**dict.fromkeys(fields, at), **self.left_out}

    def _believe(self, fields: Iterable[str], at: datetime, wait: timedelta) -> None:
        self.believed = {**self.believed, **dict.fromkeys(fields, (at, wait))}

    def _is_recent(self, field: str, at: datetime) -> bool:
        since, _ = self.believed.get(field, (None, None))
        return since is not None and at - since < RECENTLY
