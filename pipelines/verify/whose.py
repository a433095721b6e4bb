"""Whose workspace the token reads: compared with another one, a copy would differ in all, and nothing would mend it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.api.answers import object_problem
from pylon_elt.sources.pylon.catalog import ENDPOINTS, TABLES
from pylon_elt.sources.pylon.copy import organization
from pylon_elt.sources.pylon.errors import ConfigurationError, CredentialsError, PylonError

from ..base.desk import command

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.api.client import Client
    from pylon_elt.sources.pylon.settings import Settings


async def require_same(client: Client, settings: Settings, known: Mapping[str, Any]) -> None:
    """Make sure that the token is one of the organisation whose workspace the copy holds; where that can be told.

    Args:
        client: Asks Pylon.
        settings: How to read.
        known: The organisation of the copy, or nothing.

    Raises:
        ConfigurationError: It is another one's.
        CredentialsError: The token is refused.
    """
    try:
        answer = await client.ask(ENDPOINTS["me"], check=object_problem)
    except CredentialsError:
        raise
    except PylonError:
        return
    (here,) = settings.masks.apply(TABLES["organization"], [answer.data])  # as it is told elsewhere
    if known.get("id") and here.get("id") and known["id"] != here["id"]:
        its = organization.told(known)
        raise ConfigurationError(
            f"The copy holds the workspace of the organisation {its}, but the token belongs to"
            f" {organization.told(here)}.",
            f"Nothing was compared. Set a token of {its}. Only where the two are one workspace, let the copy go on with"
            f" {command('run')} --adopt.",
        )
