"""The life of one copy, simulated: random edits, faults, kills and time, and an exact comparison at the end."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import httpx
import pytest
from support import worlds
from support.compare import assert_equal_copy, assert_ledger_settled
from support.conformance import matches
from support.days import let_a_day_pass
from support.oddities import ODDITIES
from support.simulated import Killed, Site

from pylon_elt.sources.pylon.catalog import ENDPOINTS, TABLES, PerParent, Versions
from pylon_elt.sources.pylon.lanes.budget import Limits

ROUNDS = 4
READ = tuple(name for name, table in TABLES.items() if not isinstance(table.read, Versions))
PASSING = tuple(name for name, oddity in ODDITIES.items() if oddity.kind != "marred")
"""What a server may answer for a while. A text that was marred stays so until its row is read again."""
NULL_IF_NONE = {
    table.read.endpoint
    for table in TABLES.values()
    if isinstance(table.read, PerParent) and table.read.is_null_if_none
}
"""Without a list they say that there is none, and are believed until the parent moves or the sweep comes."""


def live(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Live through some rounds of edits, runs and trouble, and compare at the end.

    Args:
        seed: Of all that is drawn.
        monkeypatch: Lets days pass.
    """
    rng = random.Random(seed)
    world = worlds.bump_all(
        worlds.quiet(seed=rng.randrange(4), issues=rng.randint(1, 9), accounts=4, contacts=5, others=0.4)
    )
    tables = READ if rng.random() < 0.5 else _some(rng)
    page_size = rng.choice([None, 2, 5])
    site = Site(
        world, tables, refresh_hours=0, custom_object_types=["companies", "work-orders"], page_size=page_size
    )
    site.meanwhile = lambda: worlds.stir(world, rng, 1, pause=rng.choice([0, 5]))
    for _ in range(rng.randint(1, ROUNDS)):
        site.limits = rng.choice(
            [Limits(), Limits(), Limits(most_rows=1, most_due=1), Limits(most_rows=9, most_due=2)]
        )
        worlds.stir(world, rng, rng.randint(0, 8), pause=rng.choice([0, 5, 4000]))
        if rng.random() < 0.3:
            world.bulk_edit(world.issue_ids(), state=rng.choice(["closed", "on_hold"]))
        site.spoil = _spoiling(rng)
        site.kills = rng if rng.random() < 0.5 else None
        site.ahead = rng if rng.random() < 0.5 else None
        if rng.random() < 0.3:
            let_a_day_pass(monkeypatch)
        with suppress(Killed):
            site.run()
    _settle(site, monkeypatch)
    assert_equal_copy(worlds.truth(world), site.rows(), tables)
    if "issue_sync" in tables:
        assert_ledger_settled({**site.rows(), "_dlt_loads": site.database.loads()})


def _some(rng: random.Random) -> tuple[str, ...]:
    """Return some tables, with what they need."""
    wanted = {"issues", *rng.sample(READ, rng.randint(1, len(READ)))}
    while parents := {its for name in wanted if (its := TABLES[name].parent_table)} - wanted:
        wanted |= parents
    ledgers = {TABLES[name].read.ledger for name in wanted if hasattr(TABLES[name].read, "ledger")}
    return tuple(name for name in TABLES if name in wanted | ledgers)


def _spoiling(rng: random.Random) -> Any:
    """Return faults of some endpoints, each for a share of their requests."""
    share = rng.choice([0, 0, 0.05, 0.3, 1])
    hit = {endpoint: rng.choice(PASSING) for endpoint in ENDPOINTS.values() if rng.random() < 0.2}
    draw = random.Random(rng.random())

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        for endpoint, oddity in hit.items():
            if oddity == "no data" and endpoint in NULL_IF_NONE:
                continue
            if matches(endpoint, request) and draw.random() < share:
                return ODDITIES[oddity].change(answer)
        return None

    return spoil


def _settle(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the faults end, the clock go on, and everything be compared that a run compares now and then."""
    site.limits = Limits()
    site.spoil, site.kills = (lambda _request, _answer: None), None
    let_a_day_pass(monkeypatch)
    site.world.advance(400)
    site.run()
    site.reconcile()
    for _ in range(2):
        ran = site.run()
    assert not ran.report.failures
    assert not ran.report.warnings
