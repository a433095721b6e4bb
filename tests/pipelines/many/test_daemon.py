"""Several workspaces in one daemon: each by its own secret and at its own path, one failing alone."""

from __future__ import annotations

from typing import Any

import pytest
from support.commands import wait_until
from support.compare import assert_equal_copy, read_duckdb
from support.daemon import serving
from support.worlds import truth, with_messages

from pylon_elt.emulator import webhooks
from pylon_elt.pipelines.base import exits

pytestmark = pytest.mark.dear

SECRETS: dict[str, str | None] = {
    "PYLON_WEBHOOK_SECRET_ACME": "whsec_of_acme_0123456789",
    "PYLON_WEBHOOK_SECRET_BETA": "whsec_of_beta_0123456789 whsec_of_beta_that_follows",
}


def test_one_fails_alone_and_none_rings_at_another(open_house: Any) -> None:
    house = open_house("acme", "beta")
    world = house.servers["beta"].world
    env = {**SECRETS, "WORKSPACES__ACME__API_KEY": "pyl_wrong"}
    with serving(house.desk, "--all", "--hooks", "--every", "1h", env=env) as daemon:
        wait_until(lambda: daemon.figure("runs_total") >= 2)
        status, told = daemon.ready()
        assert status == 503
        assert told["workspaces"]["beta"]["ready"]
        assert "The last one ended with 3" in told["workspaces"]["acme"]["why"]
        issue = with_messages(world, 1)
        world.redact_message(world.messages(issue)[0]["id"])
        path = f"{daemon.url}/hooks/pylon"
        assert (
            webhooks.send(
                webhooks.Webhook(f"{path}/beta", SECRETS["PYLON_WEBHOOK_SECRET_ACME"] or ""), issue
            ).status
            == 401
        )
        for url, answered in ((path, 404), (f"{path}/gamma", 404), (f"{path}/beta", 202)):
            assert (
                webhooks.send(webhooks.Webhook(url, "whsec_of_beta_that_follows"), issue).status == answered
            )
        wait_until(lambda: daemon.figure("rings_waiting", workspace="beta") == 0)
        wait_until(lambda: daemon.figure("runs_total", workspace="beta", exit="0") >= 2)
        assert house.servers["beta"].count("GET /issues/{id}") >= 1
        assert daemon.figure("runs_total", workspace="acme", exit="0") == 0
        ended = daemon.end()
    assert ended.code == 0, ended.text
    assert "pyl_wrong" not in ended.text
    tables = ["issues", "issue_messages", "issue_threads", "issue_followers"]
    assert_equal_copy(truth(world), read_duckdb(house.file("beta")), tables)


def test_one_secret_for_two_is_refused(open_house: Any) -> None:
    house = open_house("acme", "beta")
    env = dict.fromkeys(SECRETS, "whsec_of_both_0123456789")
    served = house.desk.pylon("serve", "--all", "--hooks", env=env)
    assert served.code == exits.CONFIGURATION
    assert "The workspaces acme and beta have one webhook secret." in served.text
    missing = house.desk.pylon("serve", "-w", "beta", "--hooks")
    assert missing.code == exits.CONFIGURATION
    assert "PYLON_WEBHOOK_SECRET_BETA is not set" in missing.text
