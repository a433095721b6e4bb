"""The package on a small copy: everything is built, every test holds, everything is described."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from support.commands import Commands
from support.marts import GONE, PACKAGE, SCHEMAS, Built, dbt, duckdb_profile

from pylon_elt.pipelines.transform import package
from pylon_elt.sources.pylon.catalog import ALL_TABLES


def described() -> dict[str, dict[str, Any]]:
    """Return what the YAML files say of each model."""
    files = [yaml.safe_load(path.read_text()) for path in (PACKAGE / "models").rglob("_*.yml")]
    return {model["name"]: model for file in files for model in file.get("models", ())}


def test_every_model_is_built_and_every_test_holds(built: Built) -> None:
    nodes = built.told["nodes"]
    assert {node["status"] for node in nodes} == {"success", "pass"}
    assert sorted(node["name"] for node in nodes if node["kind"] == "model") == package.models()
    assert sum(node["kind"] == "test" for node in nodes) >= 265
    assert built.told["schema"] == "pylon_analytics"


def test_unit_tests_hold(commands: Commands, built: Built, tmp_path: Path) -> None:
    done = dbt(
        commands,
        *("test", "--select", "test_type:unit"),
        folder=tmp_path,
        profile=duckdb_profile(built.database),
    )
    assert done.code == 0, done.text
    assert "PASS=57 WARN=0 ERROR=0" in done.out, "56 unit tests, and what lists the raw tables"


def test_every_table_and_column_is_described(built: Built) -> None:
    told = described()
    found: dict[str, list[str]] = {}
    for row in built.ask(
        "SELECT table_name, column_name FROM information_schema.columns"
        f" WHERE table_schema IN {SCHEMAS} ORDER BY table_name, ordinal_position"
    ):
        found.setdefault(row["table_name"], []).append(row["column_name"])
    assert sorted(found) == sorted(told) == package.models()
    for name, columns in found.items():
        theirs = name in ("pylon__issues", "pylon__issue_days")
        own = [column for column in columns if not (theirs and column.startswith("custom_"))]
        known = {column["name"]: column["description"] for column in told[name]["columns"]}
        known.pop("custom_fields", None) if name == "pylon__issues" else None
        assert sorted(known) == sorted(own), name
        assert told[name]["description"].endswith((".", "it.")), name
        assert all(text.endswith(".") for text in known.values()), name


def test_descriptions_are_in_the_database(built: Built) -> None:
    columns = built.ask(
        f"SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name IN {SCHEMAS}"
    )
    tables = built.ask(f"SELECT table_name, comment FROM duckdb_tables() WHERE schema_name IN {SCHEMAS}")
    told = described()
    assert {row["table_name"]: row["comment"] for row in tables} == {
        name: model["description"] for name, model in told.items()
    }
    for row in columns:
        known = {column["name"]: column["description"] for column in told[row["table_name"]]["columns"]}
        assert row["comment"] == known.get(row["column_name"]), row


def test_every_table_of_many_rows_has_a_key_that_is_tested() -> None:
    for name, model in described().items():
        columns = [test for column in model["columns"] for test in column.get("data_tests", ())]
        together = [test for test in model.get("data_tests", ()) if "unique_together" in test]
        assert "unique" in columns or together, name


def test_every_mart_has_a_unit_test_or_is_only_a_join() -> None:
    files = [yaml.safe_load(path.read_text()) for path in (PACKAGE / "models").rglob("_unit_*.yml")]
    fixed = {test["model"] for file in files for test in file["unit_tests"]}
    joined = {"pylon__issues", "pylon__issue_messages", "pylon__issue_status_times", "pylon__sync_freshness"}
    assert set(package.marts()) - fixed == joined


def test_custom_fields_have_columns_of_their_own(built: Built) -> None:
    """Slugs that differ by a dash or by case get columns apart, typed by their definitions."""
    types = {
        row["column_name"]: row["data_type"]
        for row in built.ask(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_name = 'pylon__issues' AND column_name LIKE 'custom\\_%' ESCAPE '\\'"
        )
    }
    definitions = built.ask(
        "FROM pylon.custom_fields SELECT slug, type WHERE object_type = 'issue' ORDER BY created_at, slug"
    )
    expected: dict[str, str] = {"custom_fields": "JSON"}
    for field in definitions:
        plain = "custom_" + field["slug"].lower().replace("-", "_").replace(" ", "_")
        number = sum(
            name == plain or (name.startswith(f"{plain}_") and name[-1].isdigit()) for name in expected
        )
        kind = {"number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}.get(field["type"], "VARCHAR")
        expected[plain if not number else f"{plain}_{number + 1}"] = kind
    assert types == expected
    assert len([name for name in types if "sev_level" in name]) == 3


def test_a_run_does_not_disturb_the_tables(built: Built) -> None:
    """The marts live in schemas of their own: the copy's holds nothing but the copy."""
    tables = {
        row["table_name"]
        for row in built.ask("SELECT table_name FROM information_schema.tables WHERE table_schema = 'pylon'")
    }
    assert not [name for name in tables if "pylon__" in name]
    assert not built.ask("SELECT 1 FROM duckdb_views() WHERE NOT internal AND schema_name LIKE 'pylon%'")


def test_what_was_deleted_is_told_and_counted_nowhere(built: Built) -> None:
    assert ("issues", None) in {
        (row["table_name"], row["issue_id"]) for row in built.rows("stg_pylon__deletions")
    }
    assert len(built.rows("stg_pylon__deletions")) == len(built.rows("deletions"))
    assert GONE not in {row["issue_number"] for row in built.rows("pylon__issues")}
    freshness = {row["table_name"]: row["row_count"] for row in built.rows("pylon__sync_freshness")}
    there = {
        row["table_name"]
        for row in built.ask("FROM information_schema.tables SELECT table_name WHERE table_schema = 'pylon'")
    }
    assert freshness == {name: len(built.rows(name)) if name in there else 0 for name in ALL_TABLES}
    assert freshness["deletions"] > 0
