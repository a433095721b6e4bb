"""Which token is used where several are set: what is exported for this run goes before what lies in a file."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from dlt.common import logger
from dlt.common.configuration import configspec
from dlt.common.configuration.resolve import resolve_configuration
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue

from .settings import TOKEN_VARIABLE, filled_in

VARIABLE = "SOURCES__PYLON__API_KEY"
"""dlt's variable for the setting ``api_key``, before all others."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, "" for none.

    Args:
        value: The token.
        warning: What is to be told where two are set and differ, else "". It holds no part of either.
    """

    value: str = field(repr=False)
    warning: str = ""


@configspec
class _Configured(BaseConfiguration):
    api_key: TSecretStrValue | None = None


def choose(configured: str | None) -> Token:
    """Choose among ``SOURCES__PYLON__API_KEY``, ``PYLON_API_KEY`` and the files, in this order.

    Args:
        configured: What dlt found as ``api_key``, in its variable or in a file.
    """
    found, exported = (
        (filled_in(text) or "").strip() for text in (configured, os.environ.get(TOKEN_VARIABLE))
    )
    if not found or not exported or found == exported:
        return Token(found or exported)
    # dlt may have looked below the name of the pipeline or of the source as well
    own = {value.strip() for name, value in os.environ.items() if name.endswith("PYLON__API_KEY")}
    if found in own:
        return Token(found, _warning(VARIABLE, TOKEN_VARIABLE, "Unset the latter."))
    other = "api_key under [sources.pylon]"
    return Token(exported, _warning(TOKEN_VARIABLE, other, f"Take one of them away, or set {VARIABLE}."))


def injected(given: str | None) -> str | None:
    """Return the token for an argument of a source: an explicit one as it is, else as :func:`choose` says.

    dlt fills in arguments from its configuration, and does not tell. So what equals the configured value counts as
    configured.
    """
    if given is None or given != resolve_configuration(_Configured()).api_key:
        return given
    token = choose(given)
    if token.warning:
        logger.warning(token.warning)
    return token.value


def _warning(used: str, unused: str, remedy: str) -> str:
    return f"Two different tokens are set: {used} is used, {unused} is not. {remedy}"
