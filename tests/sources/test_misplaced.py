"""What was meant as a setting and is none is refused by name: it may be a mask that nobody reads."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from pylon_elt.sources.pylon import pylon_source
from pylon_elt.sources.pylon.errors import ConfigurationError
from pylon_elt.sources.pylon.misplaced import misplaced
from pylon_elt.sources.pylon.settings import NAMES

Configure = Callable[..., None]
EMAIL = "sources.pylon.mask.contacts.email"


def found(*, own_only: bool = True) -> list[tuple[str, str]]:
    return [(one.place, one.near) for one in misplaced(own_only=own_only)]


@pytest.mark.parametrize("own_only", [True, False])
@pytest.mark.parametrize(
    ("section", "near"),
    [
        ("sources.pylon.masks.contacts", EMAIL),
        ("sources.pylon.Mask.contacts", EMAIL),
        ("sources.pylon.MASK.contacts", EMAIL),
        ("sources.pylon.contacts", EMAIL),
        ("sources.pylons.mask.contacts", EMAIL),
        ("sources.Pylon.mask.contacts", EMAIL),
        ("sources.pilon.masks.contacts", EMAIL),
        ("sources.pylon_mask.contacts", EMAIL),
        ("source.pylon.mask.contacts", EMAIL),
        ("Sources.pylon.mask.contacts", EMAIL),
        ("source.pylons.masks.contacts", EMAIL),
        ("pylons.mask.contacts", EMAIL),
        ("support.source.pylon.mask.contacts", EMAIL),
        ("support.sources.pylon.masks.contacts", EMAIL),
        ("sources.pylon.page_size", "sources.pylon.page_size"),
        ("sources.pylon.contact", ""),
        ("sources.pylon.teams", ""),
    ],
)
def test_a_section_that_nobody_reads_is_named_with_the_near_one(
    configure: Configure, section: str, near: str, own_only: bool
) -> None:
    configure(f'[{section}]\nemail = "hash"\n')
    assert found(own_only=own_only) == [(f"{section}.email in config.toml", near)]


@pytest.mark.parametrize("own_only", [True, False])
@pytest.mark.parametrize(
    ("variable", "near"),
    [
        ("SOURCES__PYLON__MASKS", "SOURCES__PYLON__MASK"),
        ("SOURCE__PYLON__MASK", "SOURCES__PYLON__MASK"),
        ("SOURCES__PYLONS__MASK", "SOURCES__PYLON__MASK"),
        ("SOURCES_PYLON_MASK", "SOURCES__PYLON__MASK"),
        ("SOURCES__PYLON_MASK_KEY", "SOURCES__PYLON__MASK_KEY"),
        ("SOURCES__PYLON___MASK", "SOURCES__PYLON__MASK"),
        ("PYLON_MASK", "SOURCES__PYLON__MASK"),
        ("sources__pylon__mask", "SOURCES__PYLON__MASK"),
        ("SUPPORT__SOURCE__PYLON__REGION", "SOURCES__PYLON__REGION"),
        ("SOURCES__PYLON__REGOIN", "SOURCES__PYLON__REGION"),
        ("SOURCES__PYLON__MASK__CONTACTS__EMAIL", "SOURCES__PYLON__MASK, with a table as JSON"),
        ("SUPPORT__SOURCES__PYLON__MASK__CONTACTS", "SUPPORT__SOURCES__PYLON__MASK, with a table as JSON"),
        ("SOURCES__PYLON", ""),
    ],
)
def test_a_variable_that_nobody_reads_is_named_with_the_near_one(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, variable: str, near: str, own_only: bool
) -> None:
    monkeypatch.setenv(variable, "hash")
    ((place, meant),) = found(own_only=own_only)
    assert place == f"The variable {variable}"
    if not (own_only and variable.startswith("SUPPORT__SOURCES")):  # which is refused as a whole there
        assert meant == near


READ_BY_DLT = """
[sources.support.mask.contacts]
email = "hash"
[sources.python]
region = "us"
[sources.github]
regoin = "us"
[sources.pylon_eu]
region = "eu"
[sources]
max_table_nesting = 1
[pylons.load]
workers = 3
[destination.pylon]
region = "x"
[normalize.data_writer]
buffer_max_items = 10
[sources.pylon.data_writer]
buffer_max_items = 10
[sources.pylon.schema]
naming = "snake_case"
[sources.pylon.contacts]
max_table_nesting = 1
[sources.pylon.contacts.data_writer]
buffer_max_items = 10
[sources.pylon.deletions.extract]
workers = 2
[sources.pylon.pylon.extract]
workers = 2
[support.sources.pylon.extract]
workers = 2
[transform]
timezone = "UTC"
"""


@pytest.mark.parametrize("own_only", [True, False])
def test_what_dlt_reads_and_what_belongs_to_others_is_left_alone(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, own_only: bool
) -> None:
    configure(READ_BY_DLT)
    for name in ("SOURCES__GITHUB__MASKS", "SOURCES__PYLON_EU__REGION", "MASK", "REGION", "PYLON_HOME"):
        monkeypatch.setenv(name, "hash")
    monkeypatch.setenv("SOURCE__PYLON__MASK", "")
    assert found(own_only=own_only) == []


@pytest.mark.parametrize("own_only", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_every_setting_may_stand_in_its_section_and_in_the_environment(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, name: str, own_only: bool
) -> None:
    value = '{ contacts = { email = "hash" } }' if name == "mask" else "1"
    configure(f"[sources.pylon]\n{name} = {value}\n", "secrets.toml")
    monkeypatch.setenv(f"SOURCES__PYLON__{name.upper()}", "1")
    monkeypatch.setenv("PYLON_API_KEY", "pyl_a")
    assert found(own_only=own_only) == []


ELSEWHERE = ("sources.pylon.pylon", "support.sources.pylon", "pylon", "sources", "sources.pylon.pylon_eu")


@pytest.mark.parametrize("section", ELSEWHERE)
def test_where_only_dlt_looks_is_refused_by_the_command_line(configure: Configure, section: str) -> None:
    configure(f'[{section}.mask.contacts]\nemail = "hash"\n')
    assert found() == [(f"{section}.mask.contacts.email in config.toml", EMAIL)]
    assert found(own_only=False) == []


def test_a_mask_without_its_section_is_refused_by_the_command_line(configure: Configure) -> None:
    configure('[mask."*"]\nemail = "hash"\n')
    assert found() == [('mask."*".email in config.toml', 'sources.pylon.mask."*".email')]


def test_of_a_table_in_two_files_only_the_first_would_be_read(configure: Configure) -> None:
    configure('[sources.pylon.mask.contacts]\nemail = "hash"\n')
    configure('[sources.pylon.mask.users]\nemail = "hash"\n', "secrets.toml")
    assert found() == [(f"{EMAIL} in config.toml", "one table, all of it in secrets.toml")]


@pytest.mark.parametrize("name", ["api_key", "mask_key"])
def test_a_secret_among_what_is_no_secret_is_not_read(configure: Configure, name: str) -> None:
    configure(f'[sources.pylon]\n{name} = "sesame"\n')
    assert found() == [(f"sources.pylon.{name} in config.toml", f"sources.pylon.{name} in secrets.toml")]


def test_the_source_refuses_it_before_anything_else(configure: Configure) -> None:
    configure('[sources.pylon.masks.contacts]\nemail = "hash"\n')
    with pytest.raises(ConfigurationError) as refused:
        pylon_source(api_key="pyl_a")
    assert refused.value.message == (
        "sources.pylon.masks.contacts.email in config.toml is set, and nobody reads it."
    )
    assert refused.value.remedy == f"Did you mean {EMAIL}?"
    configure(f'[{EMAIL.rpartition(".")[0]}]\nemail = "drop"\n')
    assert pylon_source(api_key="pyl_a").resources


def test_a_name_like_no_other_lists_all_and_shows_no_value(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__PYLON__ZZZ", "sesame")
    with pytest.raises(ConfigurationError) as refused:
        pylon_source(api_key="pyl_a")
    assert "mask_key" in refused.value.remedy
    assert os.environ["SOURCES__PYLON__ZZZ"] not in str(refused.value)
