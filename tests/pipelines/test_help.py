"""Help: every verb has one, with an example; and it comes at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from support.commands import Commands
from support.repository import ROOT

from pylon_elt.pipelines import cli, zaia_cli
from pylon_elt.pipelines.base import exits
from pylon_elt.sources.pylon.settings import NAMES

GROUPS: dict[str, Any] = {
    "pylon": typer.main.get_command(cli.app),
    "zaia": typer.main.get_command(zaia_cli.app),
}
VERBS = sorted(GROUPS["pylon"].commands)
ALL = [(program, verb) for program, group in GROUPS.items() for verb in sorted(group.commands)]
HEAVY = ("dlt", "httpx", "pyarrow", "duckdb", "pendulum", "rich", "sqlglot", "sources", "pyiceberg")


def test_there_is_a_verb_for_everything_a_user_does() -> None:
    expected = "run check status reconcile verify drift transform query ask export publish report dashboard mcp serve move demo emulator"
    assert set(expected.split()) <= set(VERBS)


def test_the_second_desk_has_the_verbs_that_are_not_about_pylon_alone() -> None:
    expected = "run check status verify transform query ask export publish report dashboard emulator"
    assert set(GROUPS["zaia"].commands) == set(expected.split())


@pytest.mark.parametrize(("program", "verb"), ALL)
def test_every_verb_has_help_with_an_example(
    program: str, verb: str, commands: Commands, tmp_path: Path
) -> None:
    result = commands.run(verb, "--help", folder=tmp_path, program=program)
    assert result.code == 0
    assert result.err == ""
    assert f"Usage: {program}" in result.out
    examples = result.out.partition("\n  Examples:\n")[2].partition("\n\n")[0].splitlines()
    assert any(line.startswith(f"    {program} {verb}") or f" {program} {verb}" in line for line in examples)
    assert len(examples) > 1 or verb in ("emulator", "report", "dashboard"), "each on a line of its own"
    if program == "zaia":
        assert "Pylon" not in result.out.replace("Pylon's issues", "")


@pytest.mark.parametrize(("program", "verb"), ALL)
def test_every_option_is_explained(program: str, verb: str) -> None:
    for option in GROUPS[program].commands[verb].params:
        assert option.help, f"{verb} {option.name}"


def test_no_argument_at_all_shows_the_help(commands: Commands, tmp_path: Path) -> None:
    result = commands.run(folder=tmp_path)
    assert all(verb in result.text for verb in VERBS)


def test_the_exit_codes_are_in_the_help(commands: Commands, tmp_path: Path) -> None:
    text = commands.run("run", "--help", folder=tmp_path).text
    assert all(f"{code} " in text for code in exits.MEANINGS)


def test_version_names_the_package(commands: Commands, tmp_path: Path) -> None:
    assert commands.run("--version", folder=tmp_path).out.startswith("pylon ")


def test_an_unknown_verb_or_option_is_a_usage_error(commands: Commands, tmp_path: Path) -> None:
    for arguments in (
        ["rnu"],
        ["run", "--fast"],
        ["run", "--progress", "loud"],
        ["run", "--max-minutes", "0"],
    ):
        result = commands.run(*arguments, folder=tmp_path)
        assert result.code == exits.USAGE
        assert "Traceback" not in result.err


@pytest.mark.parametrize("program", ["cli", "zaia_cli"])
@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(program: str, arguments: list[str], tmp_path: Path) -> None:
    script = (
        "import sys, resource\n"
        f"sys.argv = ['pylon', *{arguments!r}]\n"
        f"from pipelines import {program} as cli\n"
        "try:\n    cli.app(prog_name='pylon')\n"
        "except SystemExit:\n    pass\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], used.ru_utime + used.ru_stime)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    modules, _, seconds = done.stdout.splitlines()[-1].rpartition(" ")
    assert modules == "[]"
    assert float(seconds) < 0.5, "CPU seconds, of which this machine takes 0.1"


def test_every_setting_can_be_read_from_the_environment() -> None:
    from pylon_elt.pipelines.base import configuration

    kinds = (
        configuration._TEXTS,
        configuration._NUMBERS,
        configuration._WHOLE,
        configuration._TABLES,
        configuration._LISTS,
        configuration._FLAGS,
        configuration._DATES,
    )
    secrets = (configuration.SECRET, configuration.MASK_KEY)
    assert sorted([*(name for kind in kinds for name in kind), *secrets]) == sorted(NAMES)
