"""The token and the passwords never appear, whatever happens and whatever was asked for."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from support.workplaces import Desk

from pylon_elt.pipelines.base import redaction

TOKEN = "pyl_very+secret/token="
PASSWORD = "p@ss w0rd/äß"
QUOTED = "p%40ss%20w0rd%2F%C3%A4%C3%9F"


def everything(folder: Path) -> str:
    """Return all files below a folder, as text."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".toml")
    return "\n".join(path.read_bytes().decode("utf-8", "replace") for path in files)


@pytest.mark.parametrize(
    "arguments", [["run", "--debug"], ["run", "--debug", "--log-format", "json"], ["check", "--debug"]]
)
def test_neither_a_good_nor_a_bad_token_is_ever_written(
    open_desk: Any, tmp_path: Path, arguments: list[str]
) -> None:
    desk = open_desk(token=TOKEN)
    bad = "bad-" + TOKEN
    for token in (TOKEN, bad):
        desk.pylon(*arguments, "--select", "issues,teams", env={"PYLON_API_KEY": token})
    desk.server.faults.add("not_json", "GET /tags")
    desk.pylon(*arguments, "--select", "tags", env={"PYLON_API_KEY": TOKEN})
    assert TOKEN not in everything(tmp_path)


def test_a_token_in_secrets_toml_is_not_written_either(open_desk: Any, tmp_path: Path) -> None:
    desk = open_desk(token=TOKEN)
    desk.config(f'[sources.pylon]\napi_key = "{TOKEN}"\n', "secrets.toml")
    desk.pylon("run", "--debug", "--select", "teams", env={"PYLON_API_KEY": None})
    desk.database.rename(tmp_path / "kept.duckdb")
    desk.database.mkdir()
    desk.pylon("run", "--debug", "--select", "teams", env={"PYLON_API_KEY": None})
    assert TOKEN not in everything(tmp_path)


@pytest.mark.parametrize("verb", [["run"], ["status"], ["check", "--select", "teams"], ["run", "--dry-run"]])
def test_the_password_of_a_destination_is_never_written(desk: Desk, tmp_path: Path, verb: list[str]) -> None:
    pytest.importorskip("psycopg2")
    for credentials in (
        f"postgresql://reader:{QUOTED}@127.0.0.1:9/db",
        f"postgresql://reader:{QUOTED}@nowhere.invalid/db?sslmode=nonsense",
        f"postgresql://reader:{QUOTED}@",
        f"postgres:/reader:{QUOTED}@x/y",
        f"postgresql://127.0.0.1:9/db?user=reader&password={QUOTED}",
    ):
        result = desk.pylon(
            *verb,
            "--destination",
            "postgres",
            "--debug",
            env={"DESTINATION__POSTGRES__CREDENTIALS": credentials},
        )
        assert result.code in (1, 3)
        assert PASSWORD not in result.text
        assert QUOTED not in result.text
    assert QUOTED not in everything(tmp_path)


def test_a_full_refresh_that_fails_shows_no_secret_in_its_log(desk: Desk, tmp_path: Path) -> None:
    """dlt writes tracebacks of its own at this log level."""
    verbose = {"RUNTIME__LOG_LEVEL": "DEBUG"}
    result = desk.pylon("run", "--select", "issues,teams", "--debug", env=verbose, largest_file=100_000)
    assert result.code == 1
    assert "dlt" in result.err
    assert desk.server.token not in everything(tmp_path / "desk")


@pytest.mark.parametrize(
    "text",
    [
        f"the token {TOKEN} is wrong",
        json.dumps({"what": f'the "{TOKEN}"'}),
        f"postgresql://u:{QUOTED}@host/db",
        f"postgresql://u:{PASSWORD}@host/db",
        f"dsn: host=x password={PASSWORD} user=u",
        json.dumps({"password": PASSWORD}),
    ],
)
def test_redaction_knows_every_way_to_write_a_secret(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PYLON_API_KEY", TOKEN)
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", f"postgresql://u:{QUOTED}@host/db")
    clean = redaction.redact(text)
    assert redaction.MARK in clean
    for secret in (TOKEN, PASSWORD, QUOTED):
        assert secret not in clean
        assert json.dumps(secret)[1:-1] not in clean


def test_redaction_leaves_paths_and_hosts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", "/data/support.duckdb")
    text = "duckdb at /data/support.duckdb, https://api.usepylon.com:443/me, write postgresql://user:password@host"
    assert redaction.redact(text) == text


def test_what_others_log_is_redacted_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SOURCES__PYLON__API_KEY", TOKEN)
    redaction.cover_logs("somebody")
    log = logging.getLogger("somebody")
    try:
        raise ValueError(TOKEN)
    except ValueError:
        log.exception("with %s", TOKEN)
    assert TOKEN not in caplog.text
    assert "ValueError" in caplog.text
