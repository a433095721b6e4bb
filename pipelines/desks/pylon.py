"""Pylon, as the verbs know it. What is heavy is imported by the verb that needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..base.desk import Described, Desk, Finding, Run, Verify

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.copy.copied import Copied


class Pylon:
    """The desk of ``pylon …``."""

    name = "pylon"

    def tables(self) -> tuple[str, ...]:
        """Return the names of all tables that a copy may have, ledgers included."""
        from pylon_elt.sources.pylon.catalog import ALL_TABLES

        return tuple(ALL_TABLES)

    def described(self, table: str) -> Described | None:
        """Return what the catalogue says of a table of a copy; ``None``: it has no such table."""
        from pylon_elt.sources.pylon.catalog import ALL_TABLES

        if (found := ALL_TABLES.get(table)) is None:
            return None
        types = {column.name: str(column.type) for column in found.columns}
        return Described(found.key, types, {column.name: column.description for column in found.columns})

    def whose(self, held: Callable[[str, str, str], str]) -> str:
        """Return the id of the organisation that a copy holds, as its runs were told; else as its table says."""
        from pylon_elt.sources.pylon.copy.state import SourceState

        from ..copy import saved

        text = held("_dlt_pipeline_state", "state", "ORDER BY _dlt_load_id DESC")
        known = SourceState.among(saved.decoded(text, self.name)).whose if text else {}
        return str(known.get("id") or held("organization", "id", "ORDER BY id"))

    def run(self, asked: Run) -> int:
        """Copy what is new or changed, show it, and return the exit code."""
        from ..base.memory import import_frugally

        import_frugally()
        from ..run import command

        return command.run(asked)

    def check(
        self, select: Sequence[str], exclude: Sequence[str], given: Mapping[str, Any]
    ) -> Iterator[Finding]:
        """Ask each endpoint for one row, and yield what was found."""
        from ..look import check

        return check.findings(select, exclude, given)

    def status(self, destination: str, dataset: str, *, as_json: bool) -> int:
        """Print what the copy holds, how fresh it is and what is due, and return the exit code."""
        from ..look import status

        return status.run(destination, dataset, as_json=as_json)

    def verify(self, asked: Verify) -> int:
        """Compare the copy with what Pylon has, and return the exit code."""
        from ..verify import command

        return command.run(asked)

    def require_tested(self, pipeline: dlt.Pipeline) -> None:
        """Refuse a destination in which no copy was ever compared with its workspace, unless that is configured.

        Raises:
            UntestedDestination: It is one.
        """
        from pylon_elt.sources.pylon.copy.tested import require_tested

        from ..base.configuration import lets_untested

        require_tested(pipeline, allowed=lets_untested())

    def built_from(self, dataset: str) -> Mapping[str, str]:
        """Return the variables by which the dbt package finds a copy."""
        return {"schema": dataset}

    def require_built_from(self, pipeline: dlt.Pipeline, copied: Copied) -> None:
        """Make sure that there are issues to build tables for analysis from.

        Raises:
            Problem: There are none.
        """
        from ..transform.issues import require_issues

        require_issues(pipeline, copied)


PYLON: Desk = Pylon()
