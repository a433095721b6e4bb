"""Several workspaces in one database of Postgres: a schema for each, and one for the union."""

from __future__ import annotations

from typing import Any

import pytest

from pylon_elt.pipelines.base import exits

pytest.importorskip("psycopg2")

from support.postgres import Postgres

pytestmark = pytest.mark.dear

FEW = ("--select", "+pylon__issues")
SELECT = ("--select", "issues,issue_messages,accounts,users,custom_fields")


def test_each_has_a_schema_and_the_union_its_own(open_house: Any, postgres: Postgres) -> None:
    house = open_house("acme", "beta", each='destination = "postgres"\n')
    env = {"DESTINATION__POSTGRES__CREDENTIALS": postgres.create("many")}
    ran = house.desk.pylon("run", "--all", *SELECT, "--progress", "none", env=env)
    assert ran.code == exits.DONE, ran.text
    for _ in range(2):  # the second one takes the place of the first
        built = house.desk.pylon("transform", "--all", *FEW, env=env)
        assert built.code == exits.DONE, built.text
        assert (
            "of acme, beta united in postgres at localhost:5432/many, schema pylon_all_analytics" in built.out
        )
        counts = (
            "SELECT workspace, count(*) FROM pylon_all_analytics.pylon__issues"
            " WHERE title LIKE '%' GROUP BY 1 ORDER BY 1"
        )
        assert postgres.execute(counts, "many") == [("acme", 12), ("beta", 7)]
    for name in ("acme", "beta"):
        missing = (
            f"SELECT count(*) FROM pylon_{name}_analytics.pylon__issues AS one LEFT JOIN"
            " pylon_all_analytics.pylon__issues AS united ON united.issue_id = one.issue_id"
            f" AND united.workspace = '{name}' AND united.created_at = one.created_at"
            " WHERE united.issue_id IS NULL"
        )
        assert postgres.execute(missing, "many") == [(0,)]
    listed = "SELECT workspace, dataset FROM pylon_all_analytics.support__workspaces ORDER BY 1"
    assert postgres.execute(listed, "many") == [("acme", "pylon_acme"), ("beta", "pylon_beta")]
    postgres.execute("DROP TABLE pylon_all_analytics.support__workspaces", "many")
    refused = house.desk.pylon("transform", "--all", *FEW, env=env)
    assert refused.code == exits.CONFIGURATION
    assert "The schema pylon_all_analytics is where the union of all workspaces would be made" in refused.text


def test_a_name_that_would_make_one_the_staging_of_another_is_refused(open_house: Any) -> None:
    house = open_house("acme", each='destination = "postgres"\n')
    env = {"WORKSPACES__ACME_STAGING__API_KEY": "pyl_x", "WORKSPACES__ACME_STAGING__DESTINATION": "postgres"}
    refused = house.desk.pylon("status", "-w", "acme_staging", env=env)
    assert refused.code == exits.CONFIGURATION
    assert "pylon_acme_staging, which belongs to pylon_acme" in refused.text
