"""dlt's SQLAlchemy destination, for MariaDB, MySQL and SQLite, as a copy needs it."""

from __future__ import annotations

from typing import Any

from dlt.common.configuration import configspec
from dlt.destinations import sqlalchemy as dlt_sqlalchemy
from dlt.destinations.impl.sqlalchemy.configuration import SqlalchemyClientConfiguration

NAME = "sqlalchemy"
HIDDEN = {"hide_parameters": True}
"""Errors of SQLAlchemy name the rows that were refused, unless it is told not to."""


@configspec
class _Configuration(SqlalchemyClientConfiguration):
    def on_resolved(self) -> None:
        """Add what each engine is made with; what users give goes before it."""
        self.credentials.engine_kwargs = {
            **HIDDEN,
            **(self.engine_args or {}),
            **(self.engine_kwargs or {}),
            **(self.credentials.engine_args or {}),
            **(self.credentials.engine_kwargs or {}),
        }
        self.credentials.engine_args = None
        super().on_resolved()


class Alchemy(dlt_sqlalchemy):
    """dlt's destination, with the dialects of :mod:`pylon_elt.sources.pylon.copy.dialects`."""

    spec = _Configuration

    @classmethod
    def adjust_capabilities(cls, caps: Any, config: Any, naming: Any) -> Any:
        """Say what the database can do, once it is known that it may be one of these."""
        from pylon_elt.sources.pylon.copy.dialects import register  # brings SQLAlchemy

        register()
        return super().adjust_capabilities(caps, config, naming)

    @property
    def destination_type(self) -> str:
        """Keep dlt's name: settings stand under ``[destination.sqlalchemy]``."""
        return f"dlt.destinations.{NAME}"
