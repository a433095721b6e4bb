"""Each destination alike: a copy is the truth, row for row and column for column, whatever has happened."""

from __future__ import annotations

from random import Random

from support.ordeal import ONE_TURN
from support.site import Site
from support.suspended import content


def test_a_first_load_is_the_truth_and_a_run_with_nothing_to_do_changes_nothing(site: Site) -> None:
    site.finish(turns=ONE_TURN)
    site.check()
    before, mark = content(site), len(site.server.log)
    site.finish(turns=ONE_TURN)
    assert site.asked_since(mark) == []
    assert content(site) == before
