"""Two copies in one database: neither is written over by the other, whatever they are called."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from support.workplaces import Desk

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.copy.destinations import open_pipeline

pytestmark = pytest.mark.dear

LAYOUT = "STAGING_DATASET_NAME_LAYOUT"
CHOSEN = ("--select", "issues")


def run(desk: Desk, dataset: str, **layout: str) -> str:
    """Copy the issues, and return what is told."""
    given = {f"DESTINATION__{LAYOUT}": value for value in layout.values()}
    result = desk.pylon("run", *CHOSEN, "--dataset", dataset, env=given)
    assert result.code in (exits.DONE, exits.CONFIGURATION), result.text
    return result.text if result.code else ""


def test_a_copy_called_staging_survives_the_other(desk: Desk) -> None:
    for dataset in ("pylon_staging", "pylon"):
        assert not run(desk, dataset)
    desk.server.world.edit_issue(1, title="edited")
    desk.server.world.advance(60)
    for dataset in ("pylon", "pylon_staging"):
        assert not run(desk, dataset)
        assert desk.rows("issues", "pylon") == desk.rows("issues", "pylon_staging") == 30


@pytest.mark.parametrize("dataset", ["pylon_staging", "Pylon-Staging", "pylon_dlt_staging"])
def test_the_staging_dataset_of_a_copy_is_refused(desk: Desk, dataset: str) -> None:
    assert not run(desk, "pylon")
    desk.server.clear_log()
    told = run(desk, dataset)
    assert "the staging dataset, which dlt empties at each load, of the copy in pylon" in told
    assert not desk.server.log
    checked = desk.pylon("check", *CHOSEN, "--dataset", dataset)
    assert checked.code == exits.CONFIGURATION
    assert "of the copy in pylon" in checked.text
    assert not run(desk, "pylon")


def test_a_configured_layout_is_kept_and_minded(desk: Desk) -> None:
    assert not run(desk, "pylon_staging")
    desk.server.clear_log()
    told = run(desk, "pylon", layout="%s_staging")
    assert "The dataset pylon_staging holds a copy" in told
    assert "set another staging_dataset_name_layout" in told
    assert not desk.server.log
    assert not run(desk, "own", layout="scratch_of_%s")
    assert desk.tables("scratch_of_own") == {"issues"}
    assert "of the copy in own" in run(desk, "scratch_of_own", layout="scratch_of_%s")


def test_what_somebody_else_keeps_in_the_staging_dataset_is_not_written_over(desk: Desk) -> None:
    with duckdb.connect(str(desk.database)) as connection:
        connection.execute("CREATE SCHEMA pylon_dlt_staging; CREATE TABLE pylon_dlt_staging.issues (id TEXT)")
    assert "The dataset pylon_dlt_staging holds a copy" in run(desk, "pylon")
    assert not desk.server.log


def test_tables_for_analysis_and_copies_keep_out_of_each_other(desk: Desk) -> None:
    assert not run(desk, "pylon")
    build = ("transform", "--select", "stg_pylon__issues")
    assert desk.pylon(*build, "--schema", "reports").code == exits.DONE
    desk.server.clear_log()
    for dataset in ("pylon_analytics", "pylon_analytics_staging"):
        told = run(desk, dataset)
        assert "where pylon transform builds the tables for analysis of the copy in pylon" in told
    assert "holds tables for analysis" in run(desk, "reports_staging")
    assert not desk.server.log
    assert not run(desk, "other")
    refused = desk.pylon(*build, "--schema", "other")
    assert refused.code == exits.CONFIGURATION
    assert "The schema other holds another copy" in refused.text
    assert desk.tables("other") == {"issues"}


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("", "", "pylon_dlt_staging"),
        ("DESTINATION__", "a_%s", "a_pylon"),
        ("DESTINATION__POSTGRES__", "b_%s", "b_pylon"),
        ("PYLON__DESTINATION__POSTGRES__", "c_%s", "c_pylon"),
    ],
)
def test_every_destination_has_the_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", "postgresql://me:pw@localhost/nothing")
    if variable:
        monkeypatch.setenv(f"{variable}{LAYOUT}", value)
    pipeline = open_pipeline("postgres", pipelines_dir=str(tmp_path))
    assert pipeline.sql_client().staging_dataset_name == expected
