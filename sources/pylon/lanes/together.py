"""What must be read side by side: lanes wait for one another, so dlt has to ask all of them."""

from __future__ import annotations

from collections.abc import Collection
from weakref import WeakKeyDictionary

from dlt.common.configuration import resolve_configuration
from dlt.extract import DltSource
from dlt.extract.pipe_iterator import PipeIterator

from ..catalog import HANGING, WRITTEN
from ..errors import ConfigurationError

_readers: WeakKeyDictionary[DltSource, int] = WeakKeyDictionary()
_WAITING = {*HANGING, *(table.name for table in WRITTEN)}
"""What may wait for rows of other tables, and has a place meanwhile."""


def refuse_several(source: DltSource, reader: object) -> None:
    """Make sure that all resources of an extract are those of one source: others would be waited for in vain.

    Raises:
        ConfigurationError: They were taken from several. Nothing was loaded.
    """
    if _readers.setdefault(source, id(reader)) != id(reader):
        raise ConfigurationError(
            "Resources of several pylon_source() are in one load: each waits for others of its own source.",
            'Take all of them from one, as with pylon_source().with_resources("issues", "issue_messages").',
        )


def refuse_too_few_places(selected: Collection[str]) -> None:
    """Make sure that dlt looks after more resources at once than may wait for others: else none would get on.

    Raises:
        ConfigurationError: It looks after too few. Nothing was read.
    """
    places = resolve_configuration(PipeIterator.PipeIteratorConfiguration()).max_parallel_items
    needed = len(_WAITING.intersection(selected)) + 1
    if places < min(needed, len(selected)):
        raise ConfigurationError(
            f"dlt looks after {places} resources at once (max_parallel_items), of which {needed - 1} here wait for"
            " others: with these, it would wait for ever.",
            f"Set max_parallel_items = {needed} or more under [extract] in .dlt/config.toml, or"
            f" EXTRACT__MAX_PARALLEL_ITEMS={needed}; or select fewer tables.",
        )
