"""Lets a process be about one of several workspaces: its settings, its token, its place."""

from __future__ import annotations

from ..base import exits, screens, workspaces
from ..base.redaction import remember
from ..copy import destinations, places
from ..copy.destinations import DEFAULT


def choose(name: str, destination: str = "", dataset: str = "") -> places.Place:
    """Let this process be about a workspace, and return where its copy is.

    Args:
        name: What the workspace is called.
        destination: Where the copy is instead of where the workspace says; "" for there.
        dataset: The same for the schema.

    Raises:
        Problem: There is no such workspace (exit code 2).
        ConfigurationError: It cannot be used, or shares its token or its place with another one.
    """
    workspace = workspaces.read(name)
    if workspace.token.value:
        remember(workspace.token.value)
    plain = destinations.plain_file()
    place = places.place_of(workspace, plain, destination, dataset)
    places.refuse_shared(workspace, place, plain)
    workspaces.use(workspace)
    destinations.DuckDb.instead = place.file
    screens.about["workspace"] = name
    return place


def choose_union(destination: str = "") -> places.Place:
    """Let this process be about the union of all workspaces, and return where it is.

    Args:
        destination: Which one, where they are copied to several destinations; "" for DuckDB.

    Raises:
        Problem: It is yet to be made.
    """
    place = places.union_of(destination or DEFAULT, destinations.plain_file())
    if place.file is not None and not place.file.exists():
        raise exits.Problem(
            "There is no union of all workspaces yet.",
            "Make it first, with: pylon transform --all",
            exits.FAILED,
        )
    destinations.DuckDb.instead = place.file
    return place
