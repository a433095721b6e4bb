"""What is believed of an issue that a complete listing lacks, by what is given for its id."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from pylon_elt.sources.pylon.api.answers import Answer
from pylon_elt.sources.pylon.api.client import Client
from pylon_elt.sources.pylon.copy.ids import Ids
from pylon_elt.sources.pylon.errors import Rejected, Unavailable
from pylon_elt.sources.pylon.upkeep.listing import Gone, Listing, confirm

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Desk:
    """Gives for an id the issue that it belongs to now; ``None``: an answer without one."""

    def __init__(self, issues: Mapping[str, str | None]) -> None:
        self._issues = issues

    async def ask(self, _endpoint: object, *, ids: Mapping[str, str]) -> Answer:
        if (asked := ids["issue_id"]) not in self._issues:
            raise Rejected(f"GET /issues/{asked}", 404, "not_found", "")
        given = self._issues[asked]
        return Answer({"id": given} if given else None, NOW)

    async def now(self) -> datetime:
        return NOW


def confirmed(issues: Mapping[str, str | None], listed: list[str], missing: str) -> list[Gone]:
    client: Any = Desk(issues)
    listing = Listing(Ids(listed), NOW, listed)
    return asyncio.run(confirm(cast(Client, client), [missing], listing, print))


def test_an_issue_that_became_part_of_another_is_gone() -> None:
    """Its id goes on to be answered, with the other one."""
    (gone,) = confirmed({"old": "kept", "kept": "kept"}, ["kept"], "old")
    assert gone.issue_id == "old"
    assert gone.evidence == "not in a complete listing; GET /issues/{issue_id} gave kept"


@pytest.mark.parametrize("given", ["old", "OLD", "not listed either", None])
def test_any_other_answer_is_no_evidence(given: str | None) -> None:
    assert confirmed({"old": given, "kept": "kept"}, ["kept"], "old") == []


def test_where_each_id_is_answered_with_one_issue_nothing_is_gone() -> None:
    with pytest.raises(Unavailable, match="nobody can say which are gone"):
        confirmed({"old": "a", "a": "b", "b": "a"}, ["a", "b"], "old")
