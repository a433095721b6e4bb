"""Which of several tokens is used, and what is told of the others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

import pylon_elt.sources.pylon as face
from pylon_elt.sources.pylon.errors import CredentialsError
from pylon_elt.sources.pylon.settings import Settings
from pylon_elt.sources.pylon.tokens import VARIABLE, choose

Configure = Callable[..., None]
FILE = "api_key under [sources.pylon]"


@pytest.fixture
def used(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Set tokens, make the source, and return the token that it reads with."""
    settings: list[Settings] = []
    ours = face._resources

    def resources(config: Settings) -> Any:
        settings.append(config)
        return ours(config)

    monkeypatch.setattr(face, "_resources", resources)

    def use(own: str = "", exported: str = "", file: str = "", **given: Any) -> str:
        for name, value in ((VARIABLE, own), ("PYLON_API_KEY", exported)):
            monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
        configure(f'[sources.pylon]\napi_key = "{file}"\n' if file else "", "secrets.toml")
        face.pylon_source(**given)
        return settings[-1].api_key

    return use


@pytest.mark.parametrize(
    ("tokens", "token"),
    [
        ({"own": "a", "exported": "b", "file": "c"}, "a"),
        ({"own": "a", "file": "c"}, "a"),
        ({"exported": "b", "file": "c"}, "b"),
        ({"exported": "b", "file": "<configure me>"}, "b"),
        ({"exported": "<configure me>", "file": "c"}, "c"),
        ({"file": " c "}, "c"),
        ({"own": "a", "exported": "b", "file": "c", "api_key": "given"}, "given"),
        ({"exported": "b", "api_key": "given"}, "given"),
    ],
)
def test_what_is_exported_goes_before_files_and_an_argument_before_all(
    used: Callable[..., str], tokens: dict[str, str], token: str
) -> None:
    assert used(**tokens) == token


def test_without_any_it_is_told_where_one_goes(used: Callable[..., str]) -> None:
    with pytest.raises(CredentialsError, match="PYLON_API_KEY"):
        used()


def test_two_that_differ_are_told_in_dlts_log(
    used: Callable[..., str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("dlt"), "propagate", True)
    used(exported="pyl_one", file="pyl_two")
    assert "Two different tokens are set" in caplog.text
    caplog.clear()
    used(exported="pyl_one", file="pyl_two", api_key="pyl_three")
    used(exported="pyl_one", file="pyl_one")
    assert "Two different tokens are set" not in caplog.text


@pytest.mark.parametrize(
    ("own", "exported", "configured", "told"),
    [
        ("", "", "pyl_c", ""),
        ("", "pyl_b", "pyl_c", f"PYLON_API_KEY is used, {FILE} is not"),
        ("", "pyl_b", " pyl_b", ""),
        ("", "pyl_b", "<configure me>", ""),
        ("pyl_a", "pyl_b", "pyl_a", f"{VARIABLE} is used, PYLON_API_KEY is not"),
        ("pyl_a", "pyl_a", "pyl_a", ""),
    ],
)
def test_the_warning_names_the_places_and_no_token(
    monkeypatch: pytest.MonkeyPatch, own: str, exported: str, configured: str, told: str
) -> None:
    monkeypatch.setenv(VARIABLE, own)
    monkeypatch.setenv("PYLON_API_KEY", exported)
    token = choose(configured)
    assert (told in token.warning) if told else not token.warning
    assert "pyl_" not in token.warning + repr(token)
