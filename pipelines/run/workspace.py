"""Whose workspace a run reads: a copy holds that of one organisation, and no token of another may write to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pylon_elt.sources.pylon.api.answers import object_problem
from pylon_elt.sources.pylon.api.client import Client
from pylon_elt.sources.pylon.catalog import ENDPOINTS, TABLES
from pylon_elt.sources.pylon.copy import organization
from pylon_elt.sources.pylon.copy.state import SourceState
from pylon_elt.sources.pylon.errors import ConfigurationError, CredentialsError, PylonError, TurnOver

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.api.answers import Answer
    from pylon_elt.sources.pylon.copy.copied import Copied
    from pylon_elt.sources.pylon.lanes.turn import Control
    from pylon_elt.sources.pylon.settings import Settings

ME = "me"
"""The endpoint that names the organisation, by the catalogue."""
_TABLE = TABLES["organization"]


def require_same(
    pipeline: dlt.Pipeline, settings: Settings, control: Control, copied: Copied, *, adopt: bool = False
) -> None:
    """Ask whose token this is, and make sure that the copy holds the same organisation's workspace, or none yet.

    What was asked is left in ``control``: the turns need not ask again, and keep whose copy it is. Where it cannot be
    asked, the run goes on, with a warning.

    Args:
        pipeline: What is to be filled; its state is that of the destination.
        settings: How to read.
        control: The pace, the report, and when the run ends.
        copied: What the copy holds.
        adopt: Let the copy belong to the token's organisation from now on, whose it was before.

    Raises:
        ConfigurationError: The copy is another organisation's. Nothing was read.
        CredentialsError: The token is refused.
    """
    answer = asyncio.run(_ask(settings, control))
    if answer is None:
        return
    # as it may be written: the name may be masked
    (here,) = settings.masks.apply(_TABLE, [answer.data])
    if not here.get("id"):
        return
    known = organization.of_copy(SourceState.of(pipeline), copied)
    if known.get("id") and known["id"] != here["id"] and not adopt:
        its = organization.told(known)
        raise ConfigurationError(
            f"The dataset {pipeline.dataset_name} holds the workspace of the organisation {its}, but the token"
            f" belongs to {organization.told(here)}.",
            f"Set a token of {its}, or copy into another dataset with --dataset. Only where the two are one"
            " workspace, let the copy go on with --adopt.",
        )
    control.answers[ME] = answer
    control.organization = {"id": here["id"], "name": here.get("name") or ""}


async def _ask(settings: Settings, control: Control) -> Answer | None:
    client = Client(settings, control.pacers, pause=control.budget.pause)
    try:
        return await client.ask(ENDPOINTS[ME], check=object_problem)
    except CredentialsError:
        raise
    except TurnOver:
        return None  # the run is to end before it has begun
    except PylonError as error:
        control.report.warn(f"Whether the token belongs to the workspace of the copy is not known: {error}")
        return None
    finally:
        control.offset = client.offset
        await client.close()
