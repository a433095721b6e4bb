"""What can go wrong with a request to Zaia's API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from .. import faults
from ..faults import KINDS as COMMON

KINDS: dict[str, str] = {
    **{kind: COMMON[kind] for kind in ("status", "redirect", "reset", "hang", "truncate", "trickle")},
    "html": "200 with an HTML page",
    "not_json": "200 that says it is JSON and is none",
    "no_list": "200 with an object that tells of a failure and has no rows",
    "empty": "a list has no rows, though there are some",
    "short": "a page of a list lacks its last row",
}


@dataclass
class Fault(faults.Fault):
    """What goes wrong, and on which requests: `endpoint` is a list's name, `page` tells the first from later ones."""

    KINDS: ClassVar[Mapping[str, str]] = KINDS


Given = Fault | str | int | None
"""A fault; or its kind; or "cut" (the connection closes within the answer), "wrong_key" (401); or a status; or none."""

_SHORT = {"cut": Fault("truncate", cut="short"), "wrong_key": Fault("status", status=401)}


def read(given: Given) -> Fault | None:
    """Return the fault that is meant.

    Raises:
        ValueError: There is none of that kind.
    """
    if given is None or isinstance(given, Fault):
        return given
    if isinstance(given, int):
        return Fault("status", status=given)
    return _SHORT.get(given) or Fault(given)


class Sequence:
    """The faults that were given for the requests to come, one for each."""

    def __init__(self) -> None:
        """Begin with none."""
        self._source: Iterable[Given] = ()
        self._left: Iterator[Given] = iter(())

    def next(self, source: Iterable[Given]) -> Fault | None:
        """Return what goes wrong with the next request; another `source` than before begins anew."""
        if source is not self._source:
            self._source, self._left = source, iter(source)
        return read(next(self._left, None))
