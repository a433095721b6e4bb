"""What the documentation says is what the code does."""

from __future__ import annotations

import inspect
import re
import tomllib

import pytest
from support.repository import ROOT

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.base.workspaces import KEYS
from pylon_elt.pipelines.copy import lake_settings
from pylon_elt.pipelines.docs import destinations_page, reference
from pylon_elt.pipelines.transform import checks, package
from pylon_elt.sources.pylon import pylon_source
from pylon_elt.sources.pylon.catalog import TABLES
from pylon_elt.sources.pylon.copy.tested import DESTINATIONS

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_sections_are_what_the_catalogue_says() -> None:
    assert reference.render(README) == README, "run: make docs"


def test_tables_page_is_what_the_catalogue_says() -> None:
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert page == reference.tables_page(), "run: make docs"


def test_destinations_page_is_what_was_tested() -> None:
    page = (ROOT / "docs" / "destinations.md").read_text(encoding="utf-8")
    assert page == destinations_page.page(), "run: make docs"
    for one in DESTINATIONS.values():
        assert f"`{one.name}`" in page
        assert all((ROOT / path).is_file() for path in one.by.values())


@pytest.mark.parametrize("path", reference.PACKAGE)
def test_dbt_package_has_what_the_catalogue_says(path: str) -> None:
    text = reference.PACKAGE[path]()
    assert (ROOT / path).read_text(encoding="utf-8") == text, "run: make docs"


def test_every_variable_of_the_dbt_package_is_used() -> None:
    files = [path for path in (ROOT / "analytics").rglob("*.*") if path.suffix in {".sql", ".yml"}]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    for name in package.defaults():
        assert f"var('pylon_{name}')" in text, name


def test_decisions_name_only_variables_that_exist() -> None:
    told = re.findall(
        r"`(pylon_[a-z]\w+)`", (ROOT / "analytics" / "DECISIONS.md").read_text(encoding="utf-8")
    )
    known = {f"pylon_{name}" for name in package.defaults()} | {"pylon_touches"}
    assert {name for name in told if not name.startswith("pylon__")} <= known
    assert len(told) > 8


def test_readme_names_every_table_and_exit_code() -> None:
    for name in TABLES:
        assert f"[`{name}`](docs/tables.md#{name})" in README
    codes = {
        getattr(exits, name)
        for name in dir(exits)
        if name.isupper() and isinstance(getattr(exits, name), int)
    }
    assert codes == set(exits.MEANINGS)
    for code in codes:
        assert re.search(rf"^\| {code} \|", README, re.MULTILINE), code


def test_readme_explains_every_setting_of_the_source() -> None:
    for name in inspect.signature(pylon_source).parameters:
        assert re.search(rf"^\| `{name}` \|", README, re.MULTILINE), name


def test_readme_explains_every_setting_of_a_lake() -> None:
    for name in lake_settings.NAMES:
        assert re.search(rf"^\| `{name}` \|", README, re.MULTILINE), name


def test_example_configuration_sets_only_what_exists() -> None:
    text = (ROOT / ".dlt" / "config.toml").read_text(encoding="utf-8")
    everything = re.sub(r"^# (\w+ = |\[)", r"\1", text, flags=re.MULTILINE)
    written = tomllib.loads(everything)
    settings = written["sources"]["pylon"]
    assert settings.keys() <= inspect.signature(pylon_source).parameters.keys()
    assert len(settings) >= 6
    assert all(each.keys() <= set(KEYS) for each in written["workspaces"].values())
    assert written["transform"].keys() <= package.defaults().keys()
    assert not [name for name, value in written["transform"].items() if checks.fault(name, value)]


def test_everything_of_the_dbt_package_is_shipped() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    files = [
        path for path in (ROOT / "analytics").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    files = [path for path in files if path.suffix != ".py"]  # modules are shipped as such
    assert [path for path in files if not any(path.match(pattern) for pattern in patterns)] == []
    assert "pylon_elt*" in project["tool"]["setuptools"]["packages"]["find"]["include"]


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)#]+)", README))))
def test_readme_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
