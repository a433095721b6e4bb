"""``pylon emulator`` serves a workspace that ``pylon run`` can copy."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from urllib.request import Request, urlopen

from support.commands import Commands, wait_until
from support.repository import ROOT

CHECKOUT = {"PYTHONPATH": str(ROOT)}


def test_it_serves_until_it_is_told_to_stop(commands: Commands, tmp_path: Path) -> None:
    serving = commands.start(
        "emulator", "--port", "0", "--issues", "5", folder=tmp_path, environment=CHECKOUT
    )
    wait_until(lambda: serving.stdout.exists() and "token=" in serving.stdout.read_text())
    url, token = (
        serving.stdout.read_text().split()[0],
        serving.stdout.read_text().partition("token=")[2].split()[0],
    )
    result = commands.run(
        "run", "--base-url", url, "--select", "issues", folder=tmp_path,
        environment={"PYLON_API_KEY": token, "DLT_DATA_DIR": str(tmp_path / "dlt")},
    )  # fmt: skip
    assert result.code == 0, result.err
    assert "issues" in result.out
    serving.signal(signal.SIGTERM)
    assert serving.wait(20).code == 0


def test_it_serves_zaia_too(commands: Commands, tmp_path: Path) -> None:
    serving = commands.start(
        "emulator", "--api", "zaia", "--port", "0", "--tickets", "5", folder=tmp_path, environment=CHECKOUT
    )
    wait_until(lambda: serving.stdout.exists() and "key=" in serving.stdout.read_text())
    url, key = serving.stdout.read_text().split()
    request = Request(f"{url}/api/v1/agents", headers={"Authorization": key.removeprefix("key=")})
    with urlopen(request, timeout=20) as answer:
        assert len(json.load(answer)) == 4
    serving.signal(signal.SIGTERM)
    assert serving.wait(20).code == 0


def test_the_options_for_zaia_have_a_help_of_their_own(commands: Commands, tmp_path: Path) -> None:
    told = commands.run("emulator", "--", "--api", "zaia", "--help", folder=tmp_path, environment=CHECKOUT)
    assert "--tickets" in told.out
    assert "--issues" not in told.out


def test_its_own_options_and_mistakes_are_passed_through(commands: Commands, tmp_path: Path) -> None:
    assert (
        "--window-seconds"
        in commands.run("emulator", "--", "--help", folder=tmp_path, environment=CHECKOUT).out
    )
    wrong = commands.run("emulator", "--issues", "many", folder=tmp_path, environment=CHECKOUT)
    assert wrong.code == 2
    assert "invalid int value" in wrong.err
