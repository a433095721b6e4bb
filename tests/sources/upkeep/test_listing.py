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
from pylon_elt.sources.pylon.upkeep.unknown import made_up

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Desk:
    """Gives for an id the issue that it belongs to now; ``None``: an answer without one.

    Args:
        issues: What it gives.
        unknown: What it answers for other ids: a status and a sentence, with the id in it.
        bad: The same for some ids.
    """

    def __init__(
        self,
        issues: Mapping[str, str | None],
        unknown: tuple[int, str] = (404, "not_found"),
        bad: Mapping[str, tuple[int, str]] | None = None,
    ) -> None:
        self._issues, self._unknown, self._bad = issues, unknown, bad or {}

    async def ask(self, _endpoint: object, *, ids: Mapping[str, str]) -> Answer:
        if (asked := ids["issue_id"]) not in self._issues:
            status, why = self._bad.get(asked, self._unknown)
            raise Rejected(f"GET /issues/{asked}", status, "", why.format(asked))
        given = self._issues[asked]
        return Answer({"id": given} if given else None, NOW)

    async def now(self) -> datetime:
        return NOW


def confirmed(
    issues: Mapping[str, str | None], listed: list[str], missing: str, **answers: Any
) -> list[Gone]:
    client: Any = Desk(issues, **answers)
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


OLD, KEPT = "0b46bf62-4d0f-4b4e-9a3c-d5b1a0e94b3f", "5a833a70-6fb1-4b61-afbc-f478c8f958ff"


def test_an_id_that_is_refused_as_one_that_no_issue_has_is_gone() -> None:
    (gone,) = confirmed({KEPT: KEPT}, [KEPT], OLD, unknown=(400, "no issue {}"))
    assert gone.evidence.endswith("gave 400, as for an id that no issue has")


@pytest.mark.parametrize(
    ("unknown", "bad"),
    [((404, "no issue {}"), (400, "no issue {}")), ((400, "no issue {}"), (400, "issue {} is locked"))],
)
def test_one_that_is_refused_otherwise_is_not(unknown: tuple[int, str], bad: tuple[int, str]) -> None:
    assert confirmed({KEPT: KEPT}, [KEPT], OLD, unknown=unknown, bad={OLD: bad}) == []


def test_where_no_other_issue_is_given_a_refusal_says_nothing() -> None:
    assert confirmed({}, [], OLD, unknown=(400, "no issue {}")) == []
    with pytest.raises(Unavailable, match="nobody can say which are gone"):
        confirmed({}, [KEPT], OLD, unknown=(400, "no issue {}"))


@pytest.mark.parametrize(
    ("id_", "found"),
    [(OLD, "0b46bf62-4d0f-4b4e-9a3c-d5b1d3b27e6c"), ("iss_0123456789", "iss_0156789012"), ("17", None)],
)
def test_an_id_that_no_issue_has_is_of_the_same_form(id_: str, found: str | None) -> None:
    assert made_up(id_, ()) == found
    assert made_up(id_, (found,)) is None
