"""``pylon publish`` and ``zaia publish`` as their users meet them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pyiceberg.catalog import load_catalog
from support.commands import Commands
from support.repository import ROOT
from support.workplaces import CopyDesk

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.base.desk import use
from pylon_elt.pipelines.desks.pylon import PYLON
from pylon_elt.pipelines.publish import publish


@pytest.fixture
def desk(commands: Commands, stored: Path, tmp_path: Path) -> CopyDesk:
    """A desk with a copy of its own."""
    shutil.copy2(stored, tmp_path / "support.duckdb")
    return CopyDesk(commands, tmp_path)


@pytest.mark.dear
def test_what_it_says(desk: CopyDesk) -> None:
    first = desk.pylon("publish", "--to", "lake", "--select", "issues,tags")
    assert first.code == exits.DONE, first.text
    (line,) = (line for line in first.out.splitlines() if line.startswith("issues "))
    assert "120 rows  12 of 12 parts written" in line
    assert "2 tables, 2 of them changed" in first.out
    again = desk.pylon("publish", "--format", "iceberg", "--to", "lake", "--select", "issues,tags")
    assert again.code == exits.DONE
    assert "nothing has changed" in again.out


@pytest.mark.dear
def test_what_it_says_to_machines(desk: CopyDesk) -> None:
    result = desk.pylon("publish", "--to", "lake", "--select", "tags", "--json")
    table = result.event("table")
    assert (table["table"], table["written"], table["rows"]) == (
        "tags",
        1,
        desk.sql("select count(*) from tags")[0][0],
    )
    assert result.event("done")["committed"] == 1


@pytest.mark.dear
def test_the_other_desk_has_a_namespace_of_its_own(desk: CopyDesk) -> None:
    for program in ("pylon", "zaia"):
        result = desk.pylon("publish", "--to", "lake", "--select", "tags", program=program)
        assert result.code == exits.DONE, result.text
    refused = desk.pylon(
        "publish", "--to", "lake", "--select", "tags", "--namespace", "pylon", program="zaia"
    )
    assert refused.code == exits.CONFIGURATION
    assert "Traceback" not in refused.text
    folder = desk.folder / "lake"
    with load_catalog("lake", type="sql", uri=f"sqlite:///{folder}/catalog.db") as catalog:
        assert {name for (name,) in catalog.list_namespaces()} == {"pylon", "zaia"}


@pytest.mark.dear
def test_any_catalogue_of_pyiceberg_will_do(desk: CopyDesk) -> None:
    secret = "hush-hush-4711"
    environment = {
        "PYICEBERG_CATALOG__PROD__TYPE": "sql",
        "PYICEBERG_CATALOG__PROD__URI": f"sqlite:///{desk.folder}/prod.db",
        "PYICEBERG_CATALOG__PROD__WAREHOUSE": f"file://{desk.folder}/warehouse",
        "PYICEBERG_CATALOG__PROD__S3__SECRET_ACCESS_KEY": secret,
    }
    arguments = ("publish", "--catalog", "prod", "--namespace", "support", "--select", "tags")
    assert desk.pylon(*arguments, env=environment).code == exits.DONE
    assert "nothing has changed" in desk.pylon(*arguments, env=environment).out
    assert list((desk.folder / "warehouse" / "support" / "tags").rglob("*.parquet"))
    gone = environment | {"PYICEBERG_CATALOG__PROD__URI": f"postgresql://me:{secret}@127.0.0.1:1/none"}
    refused = desk.pylon(*arguments, "--debug", env=gone)
    assert refused.code == exits.CONFIGURATION
    assert "prod" in refused.text
    assert secret not in refused.text


@pytest.mark.dear
@pytest.mark.parametrize(
    ("arguments", "hint", "code"),
    [
        ([], "--to", exits.USAGE),
        (["--to", "s3://bucket/lake"], "--catalog", exits.USAGE),
        (["--to", "support.duckdb"], "Name another folder", exits.USAGE),
        (["--to", "lake", "--select", "isues"], "Did you mean issues?", exits.USAGE),
        (["--to", "lake", "--format", "delta"], "iceberg", exits.USAGE),
        (["--catalog", "nowhere"], ".pyiceberg.yaml", exits.CONFIGURATION),
    ],
)
def test_what_cannot_be_is_answered_with_what_to_do(
    desk: CopyDesk, arguments: list[str], hint: str, code: int
) -> None:
    result = desk.pylon("publish", *arguments)
    assert result.code == code, result.text
    assert hint in result.text
    assert "Traceback" not in result.text


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(PYLON)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyiceberg" else find(name))
    options = publish.Options(
        to=str(tmp_path / "lake"), catalog="", namespace="", select=(), marts=False, keep_days=1.0, adopt=False,
        destination="duckdb", dataset="pylon", schema="", tables=PYLON.tables(), as_json=False,
    )  # fmt: skip
    with pytest.raises(exits.Problem, match="pylon publish needs pyiceberg") as told:
        publish.run(options)
    assert told.value.code == exits.CONFIGURATION
    assert "[publish]" in told.value.remedy
    assert not (tmp_path / "lake").exists()


@pytest.mark.dear
def test_what_the_extra_brings_is_not_loaded_before_it_is_asked_for() -> None:
    code = "import sys; import pylon_elt.pipelines.publish.publish; print('pyiceberg' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.strip() == "False"


def test_without_a_copy_it_says_how_to_make_one(commands: Commands, tmp_path: Path) -> None:
    result = CopyDesk(commands, tmp_path).pylon("publish", "--to", "lake")
    assert result.code == exits.FAILED
    assert "pylon run" in result.text
    assert not (tmp_path / "lake").exists()
