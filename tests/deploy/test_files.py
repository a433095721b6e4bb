"""The line for cron, the steps for GitHub Actions and the units for systemd, executed or checked as they stand there."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.postgres import running_postgres
from support.scheduled import COMMAND, DEPLOY, Place

pytestmark = [pytest.mark.dear, pytest.mark.slow]


def _link_environment(place: Place) -> None:
    (place.folder / ".venv").symlink_to(sys.prefix)


def test_cron(place: Place) -> None:
    _link_environment(place)
    (place.folder / "pylon.env").write_text(f"PYLON_API_KEY={place.server.token}\n", encoding="utf-8")
    line = (DEPLOY / "crontab").read_text(encoding="utf-8").splitlines()[-1].split(maxsplit=5)[5]
    command = line.replace("/srv/pylon", str(place.folder)).replace("/etc/pylon.env", "./pylon.env")
    place.call(["sh", "-c", command], also={"PYLON_API_KEY": ""})
    place.assert_copied_and_analysed()
    assert "issues" in (place.folder / "pylon.log").read_text(encoding="utf-8")


def test_the_group_reads_what_the_service_writes_and_nobody_else(place: Place) -> None:
    unit = (DEPLOY / "pylon.service").read_text(encoding="utf-8")
    mask = next(line.partition("=")[2] for line in unit.splitlines() if line.startswith("UMask="))
    place.call(["sh", "-c", f"umask {mask}; exec {COMMAND} run --progress none"])
    files = [place.file, *place.folder.glob("*snapshot*")]
    assert len(files) > 1
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o640}


def test_github_actions(place: Place) -> None:
    """The steps after the installation; two runs at once are no failure."""
    job = yaml.safe_load((DEPLOY / "github-actions.yml").read_text(encoding="utf-8"))["jobs"]["run"]
    run, transform = (step["run"] for step in job["steps"][-2:])
    _link_environment(place)
    output = place.folder / "output"
    with running_postgres() as server:
        server.create("actions")
        also = {"GITHUB_OUTPUT": str(output), "DESTINATION__POSTGRES__CREDENTIALS": server.url("actions")}
        assert set(job["env"]) == {"PYLON_API_KEY", "DESTINATION__POSTGRES__CREDENTIALS"}
        place.call(["bash", "-e", "-c", run], also=also)
        assert output.read_text(encoding="utf-8") == "code=0\n"
        place.call(["bash", "-e", "-c", transform], also=also)
        another = re.sub(r"\.venv/bin/pylon run .* \|\|", "(exit 75) ||", run)
        assert another != run
        place.call(["bash", "-e", "-c", another], also=also)
    assert output.read_text(encoding="utf-8") == "code=0\ncode=75\n"
    assert job["steps"][-1]["if"] == "steps.run.outputs.code == '0'"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
@pytest.mark.parametrize("name", ["pylon.service", "pylon-serve.service", "pylon.timer"])
def test_systemd_takes_the_units(name: str, tmp_path: Path) -> None:
    for unit in DEPLOY.glob("pylon*.*r*"):
        text = unit.read_text(encoding="utf-8").replace("/srv/pylon/.venv/bin/pylon", str(COMMAND))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
