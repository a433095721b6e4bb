"""Zaia, as the verbs know it. What is heavy is imported by the verb that needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..base.desk import Described, Desk, Finding, Run, Verify

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.copy.copied import Copied


class Zaia:
    """The desk of ``zaia …``."""

    name = "zaia"

    def tables(self) -> tuple[str, ...]:
        """Return the names of all tables that a copy may have, ledgers included."""
        from pylon_elt.sources.zaia.catalog import CHAT_SYNC, DELETIONS, TABLES

        return (*TABLES, DELETIONS.name, CHAT_SYNC.name)

    def described(self, table: str) -> Described | None:
        """Return what the catalogue says of a table of a copy; ``None``: it has no such table."""
        from pylon_elt.sources.zaia.catalog import CHAT_SYNC, DELETIONS, TABLES, TAIL

        known = {**TABLES, DELETIONS.name: DELETIONS, CHAT_SYNC.name: CHAT_SYNC}
        if (found := known.get(table)) is None:
            return None
        columns = found.own or (*found.columns, *TAIL)
        types = {column.name: column.type for column in columns}
        return Described(found.key, types, {column.name: column.description for column in columns})

    def whose(self, held: Callable[[str, str, str], str]) -> str:
        """Return the id of the workspace to which the tickets of a copy belong."""
        return held("tickets", "workspace_id", "WHERE workspace_id IS NOT NULL ORDER BY workspace_id")

    def run(self, asked: Run) -> int:
        """Copy what is new or changed, show it, and return the exit code."""
        from ..base.memory import import_frugally

        import_frugally()
        from ..zaia import command

        return command.run(asked)

    def check(
        self, select: Sequence[str], exclude: Sequence[str], given: Mapping[str, Any]
    ) -> Iterator[Finding]:
        """Ask each list for one row, and yield what was found."""
        from ..zaia import check

        return check.findings(select, exclude, given)

    def status(self, destination: str, dataset: str, *, as_json: bool) -> int:
        """Print what the copy holds, how fresh it is and what is due, and return the exit code."""
        from ..zaia import status

        return status.run(destination, dataset, as_json=as_json)

    def verify(self, asked: Verify) -> int:
        """Compare the copy with what Zaia has, and return the exit code."""
        from ..zaia import verify

        return verify.run(asked)

    def require_tested(self, pipeline: dlt.Pipeline) -> None:
        """Refuse a destination in which no copy was ever compared with its workspace, unless that is configured.

        Raises:
            Problem: It is one.
        """
        from ..zaia.advice import require_tested
        from ..zaia.settings import lets_untested

        require_tested(pipeline, allowed=lets_untested())

    def built_from(self, dataset: str) -> Mapping[str, str]:
        """Return the variables by which the dbt package finds a copy."""
        return {"zaia_schema": dataset}

    def require_built_from(self, pipeline: dlt.Pipeline, copied: Copied) -> None:
        """Make sure that there are tickets to build tables for analysis from, or that the workspace has none.

        Raises:
            Problem: No run has read them.
        """
        from ..transform.issues import no_copy
        from ..zaia.status import were_tickets_read

        if not copied.holds("tickets") and not were_tickets_read(pipeline, copied):
            raise no_copy()


ZAIA: Desk = Zaia()
