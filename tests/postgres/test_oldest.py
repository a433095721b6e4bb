"""A copy on the oldest Postgres that is maintained."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from support.ordeal import ONE_TURN
from support.postgres import OLDEST, running_postgres
from support.runner import Runner
from support.site import PostgresCopy, site_of

pytestmark = [
    pytest.mark.dear,
    pytest.mark.slow,
    pytest.mark.skipif(not OLDEST.exists(), reason="Postgres 15 is not here"),
]


def test_first_load_edits_and_a_kill(tmp_path: Path, runner: Runner) -> None:
    with running_postgres(OLDEST) as server:
        assert server.execute("SHOW server_version")[0][0].startswith("15.")
        server.create("oldest")
        folder = tmp_path / "site"
        folder.mkdir()
        with site_of(PostgresCopy(server, "oldest", folder), runner, seed=1, issues=30) as site:
            site.finish(turns=ONE_TURN)
            site.check()
            site.world.stir(Random(1))
            site.killed("after sql INSERT INTO .*_dlt_loads", turns=ONE_TURN)
            site.finish(turns=ONE_TURN)
            site.check()
