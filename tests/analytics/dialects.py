"""Compiles the package with the macros of other warehouses, though their adapters are not installed.

Called as ``dialects.py FOLDER WAREHOUSE …``; the compiled models are then in ``FOLDER/WAREHOUSE/compiled``. Only the package's own
branches are the warehouse's: for dbt's own macros, DuckDB's stand in.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from dbt.adapters.duckdb.impl import DuckDBAdapter
from dbt.adapters.duckdb.relation import DuckDBRelation
from dbt.cli.main import dbtRunner
from dbt.context.providers import BaseDatabaseWrapper

PACKAGE = Path(__file__).resolve().parents[2] / "analytics"
WAREHOUSES = {"snowflake": '"', "bigquery": "`", "databricks": "`"}
"""How each quotes a name."""


def main(folder: Path, *warehouses: str) -> bool:
    plain = BaseDatabaseWrapper._get_adapter_macro_prefixes
    target = {"type": "duckdb", "path": ":memory:", "schema": "marts", "threads": 1}
    (folder / "profiles.yml").write_text(json.dumps({"pylon": {"target": "it", "outputs": {"it": target}}}))
    variables = {"pylon_check_tables": False, "pylon_timezone": "Europe/Berlin"}
    common = [
        *("--project-dir", str(PACKAGE), "--profiles-dir", str(folder)),
        *("--vars", json.dumps(variables)),
    ]
    manifest = None
    for warehouse in warehouses:
        mark = WAREHOUSES[warehouse]
        BaseDatabaseWrapper._get_adapter_macro_prefixes = lambda self, name=warehouse: [name, *plain(self)]
        DuckDBRelation.quoted = lambda _, name, mark=mark: f"{mark}{name}{mark}"
        DuckDBAdapter.quote = classmethod(lambda cls, name, mark=mark: f"{mark}{name}{mark}")
        quiet = [
            "--quiet",
            "--no-write-json",
            "--log-level-file",
            "none",
            "--no-send-anonymous-usage-stats",
            "--log-path",
            str(folder),
        ]
        place = ["--target-path", str(folder / warehouse)]
        manifest = manifest or dbtRunner().invoke([*quiet, "parse", *common, *place]).result
        models = ["--select", "resource_type:model", "--indirect-selection", "empty"]
        if not dbtRunner(manifest=manifest).invoke([*quiet, "compile", *models, *common, *place]).success:
            return False
    return True


if __name__ == "__main__":
    sys.exit(0 if main(Path(sys.argv[1]), *sys.argv[2:]) else 1)
