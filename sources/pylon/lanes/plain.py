"""What an extract of a plain dlt pipeline begins with: nobody has looked at source, pipeline and copy before it."""

from __future__ import annotations

import asyncio
import logging
import sys
from threading import Lock
from typing import Any

from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext
from dlt.extract import DltSource

from ..catalog import ALL_TABLES
from ..copy import grounds
from ..copy.copied import Copied
from ..copy.neighbours import refuse_neighbours
from ..copy.sharing import refuse_shared
from ..copy.state import SourceState
from ..copy.writing import refuse_other_loads
from ..errors import ConfigurationError
from ..settings import Settings
from . import whose
from .pipes import PylonResource
from .together import refuse_several, refuse_too_few_places


def refuse(source: DltSource, pipeline: Any, settings: Settings, reader: object) -> None:
    """Refuse what a user of dlt may ask for and what would lose rows, or never end; the copy is not looked at.

    Raises:
        ConfigurationError: It is asked for. Nothing was read.
    """
    refuse_other_loads(source, pipeline, untested=settings.untested_destination)
    refuse_several(source, reader)
    for resource in source.resources.selected.values():
        if isinstance(resource, PylonResource) and resource.name not in ALL_TABLES:
            raise ConfigurationError(
                f"A resource was given the name {resource.name}: rows are looked for under its own.",
                "Leave out with_name(). A view gives a table another name.",
            )
    refuse_too_few_places(list(source.resources.selected))


def look(source: DltSource, pipeline: Any, settings: Settings, state: SourceState, copied: Copied) -> None:
    """Look at the copy, and forget what the state says of it and it does not hold.

    Raises:
        ConfigurationError: The dataset is another's. Nothing was read.
    """
    refuse_neighbours(copied)
    refuse_shared(pipeline, copied, source.schema.name, [*source.resources.selected])
    waiting = [*pipeline.list_extracted_load_packages(), *pipeline.list_normalized_load_packages()]
    for told in grounds.settle(state, source.schema, copied, waiting):
        logging.getLogger("dlt").warning("%s: %s.", pipeline.pipeline_name, told)
    whose.suspect(settings, state)


def refuse_other_dataset(state: SourceState) -> None:
    """Make sure that an extract looks at the dataset into which its rows are loaded.

    What is given as ``pipeline.run(…, dataset_name=…)``, dlt 1.31 forgets while it extracts, and only there: the copy
    that says what is due would be another one than that which gets it. Only the call itself knows. The first time, it
    is all the same, since everything is due.

    Args:
        state: How far the workspace was read; asked by a resource, in the thread that called ``run``.

    Raises:
        ConfigurationError: It looks at another one. Nothing was read.
    """
    pipeline: Any = Container()[PipelineContext].pipeline()
    frame = sys._getframe()  # noqa: SLF001 - there is no other way to see it
    while frame := frame.f_back:  # type: ignore[assignment]
        if frame.f_code.co_name == "run" and frame.f_locals.get("self") is pipeline:
            break
    given = frame.f_locals.get("dataset_name") if frame else None
    if not given or not state.stored:
        return
    named = pipeline._make_dataset_name(given, pipeline.destination)  # noqa: SLF001 - as dlt makes one of it
    if named != pipeline.dataset_name:
        raise ConfigurationError(
            f"run() was given the dataset {given}, but the pipeline has filled {pipeline.dataset_name}, whose tables"
            " would tell what is due.",
            f'Make a pipeline for each dataset: dlt.pipeline(…, dataset_name="{given}").',
        )


class OneAtATime:
    """Makes sure that one source is read by one extract at a time: its lanes wait for those of their own extract."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def take(self) -> None:
        """Take the source for the running event loop; dlt has another one for each extract.

        Raises:
            ConfigurationError: The one that has it is still at work.
        """
        mine = asyncio.get_running_loop()
        with self._lock:
            if self._loop is not None and self._loop is not mine and self._loop.is_running():
                raise ConfigurationError(
                    "One pylon_source() is being read by two extracts at once: each would wait for lanes that the other"
                    " has.",
                    "Make a source for each thread, by calling pylon_source() there.",
                )
            self._loop = mine
