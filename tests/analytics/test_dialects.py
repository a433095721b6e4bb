"""The branches for warehouses that cannot be run here: they compile, and parse in their own dialect."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlglot
from sqlglot.errors import ErrorLevel
from support.marts import PACKAGE

from pylon_elt.pipelines.transform import package

OWN = {
    "snowflake": ("flatten", "convert_timezone"),
    "bigquery": ("json_query_array", "generate_date_array"),
    "databricks": ("lateral view", "from_json"),
}
"""What shows that a branch was taken."""
ABROAD = re.compile(r"as json|map\(varchar|epoch_us|jsonb|unnest\(range|(?<!convert_)timezone\('")
"""What only DuckDB or Postgres understands."""


@pytest.fixture(scope="module")
def compiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is sent to the warehouses of the tests that are run."""
    tests = (item for item in request.session.items if "compiled" in getattr(item, "fixturenames", ()))
    warehouses = sorted({item.callspec.params["warehouse"] for item in tests})
    folder = tmp_path_factory.mktemp("dialects")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("dialects.py")), str(folder), *warehouses],
        env=os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return folder


@pytest.mark.parametrize("warehouse", OWN)
def test_every_model_compiles_and_parses(warehouse: str, compiled: Path) -> None:
    texts = {path.stem: path.read_text() for path in (compiled / warehouse / "compiled").rglob("*.sql")}
    assert sorted(texts) == package.models()
    for name, text in texts.items():
        parsed = sqlglot.parse_one(text, read=warehouse, error_level=ErrorLevel.RAISE)
        assert not parsed.find(sqlglot.exp.Command), name
        assert not ABROAD.search(text), name
        assert warehouse == "snowflake" or not re.search(r'from "', text), name
    everything = "\n".join(texts.values())
    assert all(word in everything for word in OWN[warehouse])


def test_every_macro_that_differs_has_a_branch_for_every_warehouse() -> None:
    """A macro with a branch for Postgres and none for another leans on DuckDB's there, unless that is said here."""
    text = "\n".join(path.read_text() for path in (PACKAGE / "macros").glob("*.sql"))
    branches: dict[str, set[str]] = {}
    for warehouse, macro in re.findall(
        r"macro (default|postgres|snowflake|bigquery|databricks)__(\w+)", text
    ):
        branches.setdefault(macro, set()).add(warehouse)
    lean = {
        macro: sorted({"snowflake", "bigquery", "databricks"} - found)
        for macro, found in branches.items()
        if {"snowflake", "bigquery", "databricks"} - found
    }
    assert lean == {
        "column": ["bigquery", "databricks"],
        "any_space": ["bigquery", "snowflake"],
        "add_seconds": ["databricks"],
        "now": ["databricks"],
        "percentile": ["snowflake"],
        "try_date": ["databricks", "snowflake"],
        "try_instant": ["databricks"],
        "try_number": ["databricks"],
        "type_json": ["bigquery"],
        "type_number": ["databricks", "snowflake"],
        "joined": ["bigquery"],
    }, "what stands here is standard SQL that these understand"
