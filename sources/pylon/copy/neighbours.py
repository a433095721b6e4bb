"""Which dataset a load may write to: none that belongs to another copy in the same database.

A load writes to two datasets, that of the copy and dlt's staging dataset, which it empties each time. Their names
differ by a layout only, so that the staging dataset of one copy can be the dataset of another.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import ConfigurationError
from .copied import Copied

DLT_STAGING = "_staging"
"""Ends the name of dlt's staging dataset unless it is configured otherwise."""
OWN_STAGING = "_dlt_staging"
"""Ends it where ``pylon run`` loads; one underscore each, since dlt's naming makes one of two."""
MARTS = ("_analytics", "_analytics_staging")
"""End the names of the datasets that ``pylon transform`` builds."""
BUILT = ("pylon__issues", "stg_pylon__issues")
"""Tables that only ``pylon transform`` makes."""


def refuse_neighbours(copied: Copied) -> None:
    """Make sure that a load into the dataset of a copy writes over nothing that belongs to another.

    Raises:
        ConfigurationError: The dataset belongs to another copy, or its staging dataset holds one. Nothing was read.
    """
    dataset, staging = copied.datasets()
    if not dataset:
        return  # a destination without datasets has no neighbours
    if staging != dataset and holds_copy(copied.neighbour(staging)):
        raise ConfigurationError(
            f"The dataset {staging} holds a copy, and dlt would empty it at each load of {dataset}, as its staging"
            " dataset.",
            "Load into a dataset of another name, or set another staging_dataset_name_layout for the destination.",
        )
    if holds_copy(copied):
        return
    for owner, what in _owners(dataset, staging):
        if holds_copy(copied.neighbour(owner)):
            raise ConfigurationError(
                f"The dataset {dataset} is {what} of the copy in {owner}, which is in the same database.",
                "Load into a dataset of another name.",
            )
    if any(copied.holds(table) for table in BUILT):
        raise ConfigurationError(
            f"The dataset {dataset} holds tables for analysis, which pylon transform builds anew each time.",
            "Load into a dataset of another name.",
        )


def holds_copy(copied: Copied) -> bool:
    """Whether a dataset holds what a load has completed, or issues that are not dlt's staging.

    A staging dataset has dlt's table of versions, but no load is ever completed in it.
    """
    if copied.select("SELECT {l.load_id} FROM {_dlt_loads} AS l WHERE {l.status} = 0", most=1):
        return True
    return copied.holds("issues") and not copied.holds("_dlt_version")


def _owners(dataset: str, staging: str) -> Iterator[tuple[str, str]]:
    """Return which datasets might use this one, and for what."""
    begin, found, end = staging.partition(dataset)
    layouts = {(begin, end)} if found else set()
    for first, last in sorted(layouts | {("", DLT_STAGING), ("", OWN_STAGING)}):
        yield from _owner(dataset, first, last, "the staging dataset, which dlt empties at each load,")
    for last in MARTS:
        yield from _owner(dataset, "", last, "where pylon transform builds the tables for analysis")


def _owner(dataset: str, first: str, last: str, what: str) -> Iterator[tuple[str, str]]:
    owner = dataset.removeprefix(first).removesuffix(last)
    if owner and f"{first}{owner}{last}" == dataset and owner != dataset:
        yield owner, what
