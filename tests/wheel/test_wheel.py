"""What is in the wheel, and that it works where others have folders of the same names."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from support.building import build
from support.repository import files

pytestmark = pytest.mark.dear

OURS = ("sources", "pipelines", "emulator", "analytics")
NOT_INSTALLED = {f"pylon_elt/sources/{name}/requirements.txt" for name in ("pylon", "zaia")}
"""It is for dlt init, which starts from a clone."""


def _there(folder: str) -> set[str]:
    """Return the files of a folder of ours as they are called once they are installed."""
    return {f"pylon_elt/{name}" for name in files(folder)}


def test_the_wheel_holds_one_package_and_all_of_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    code = {name for name in names if name.startswith("pylon_elt/")}
    (information,) = {name.split("/")[0] for name in names - code}
    assert information == "pylon_elt-0.1.0.dist-info"
    assert f"{information}/licenses/LICENSE" in names
    expected = set().union(*map(_there, OURS)) - NOT_INSTALLED
    assert code == expected | {"pylon_elt/__init__.py", "pylon_elt/py.typed"}
    assert {Path(name).suffix for name in code} >= {".py", ".sql", ".yml", ".md", ".css"}


def test_the_source_distribution_makes_the_same_wheel(checkout: Path, wheel: Path, tmp_path: Path) -> None:
    packed = build("sdist", checkout, tmp_path / "sdist")
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    again = build("wheel", tmp_path / packed.name.removesuffix(".tar.gz"), tmp_path / "again")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert set(one.namelist()) == set(other.namelist())


class Elsewhere:
    """A folder that has packages of its own with our folders' names, all of which break whoever imports them."""

    def __init__(self, folder: Path, environment: Path) -> None:
        self.folder = folder
        self._scripts = environment / "bin"
        for name in OURS:
            (folder / name).mkdir()
            (folder / name / "__init__.py").write_text(f"raise RuntimeError('this is another {name}')\n")
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = kept | {"PYTHONPATH": ".", "DLT_DATA_DIR": str(folder / "dlt")}

    def pylon(self, *arguments: str, script: str = "pylon") -> str:
        """Run a verb, and return what it says."""
        done = subprocess.run(
            [str(self._scripts / script), *arguments],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def serving(self, *arguments: str, script: str = "pylon") -> Iterator[str]:
        """Run a verb that serves, and yield the first line that it says."""
        command = [str(self._scripts / script), *arguments]
        with subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            watch = threading.Timer(120, process.kill)
            watch.start()
            try:
                yield process.stdout.readline()
            finally:
                watch.cancel()
                process.send_signal(signal.SIGINT)
                process.stdout.read()
        assert process.returncode == 0


@pytest.fixture
def elsewhere(tmp_path: Path, environment: Path) -> Elsewhere:
    return Elsewhere(tmp_path, environment)


def test_what_runs_is_what_was_installed(elsewhere: Elsewhere, environment: Path) -> None:
    python = str(environment / "bin" / "python")
    found = subprocess.run(
        [python, "-c", "import pylon_elt.sources.pylon as ours; print(ours.__file__)"],
        cwd=elsewhere.folder, env=elsewhere.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert Path(found.stdout.strip()).is_relative_to(environment)
    for name in OURS:
        with pytest.raises(subprocess.CalledProcessError):
            subprocess.run(
                [python, "-c", f"import {name}"],
                cwd=elsewhere.folder, env=elsewhere.environment, capture_output=True, check=True,
            )  # fmt: skip
    for script in ("pylon", "pylon-elt"):
        assert elsewhere.pylon("--version", script=script) == "pylon 0.1.0\n"
    assert elsewhere.pylon("--version", script="zaia") == "zaia 0.1.0\n"


@pytest.mark.slow
def test_every_verb_works_where_others_have_such_folders(elsewhere: Elsewhere) -> None:
    with elsewhere.serving("emulator", "--port", "0", "--issues", "20") as line:
        url, _, token = line.strip().partition(" token=")
        elsewhere.environment |= {"PYLON_API_KEY": token, "SOURCES__PYLON__BASE_URL": url}
        assert "Nothing is left to read." in elsewhere.pylon("run")
    with elsewhere.serving("emulator", "--port", "0", "--tickets", "5", script="zaia") as line:
        url, _, key = line.strip().partition(" key=")
        elsewhere.environment |= {"ZAIA_API_KEY": key, "SOURCES__ZAIA__BASE_URL": url}
        assert "Nothing is left to read." in elsewhere.pylon("run", "--select", "tickets", script="zaia")
    found = elsewhere.pylon("query", "select count(*) as n from pylon.issues", "--format", "json")
    assert json.loads(found) == [{"n": 20}]

    told = elsewhere.pylon("demo", "--issues", "30", script="pylon-elt")
    for shown in (
        "First run",
        "What landed",
        "Open backlog by team",
        "Second run",
        "40 tickets of Zaia",
        "tables built",
        "p90_hours",
    ):
        assert shown in told
    assert (elsewhere.folder / "pylon-demo.html").read_text().startswith("<!doctype html>")
    # whose copy is ready to be asked
    elsewhere.environment["DESTINATION__DUCKDB__CREDENTIALS"] = "pylon-demo.duckdb"
    found = elsewhere.pylon("query", "select count(*) as n from pylon.issues", "--format", "json")
    assert json.loads(found) == [{"n": 30}]
    assert "1 table built" in elsewhere.pylon("transform", "--select", "stg_pylon__teams")
    assert "median_hours" in elsewhere.pylon("ask", "response")
    elsewhere.pylon("report", "--html", "report.html")
    assert (elsewhere.folder / "report.html").read_text().startswith("<!doctype html>")
    with elsewhere.serving("dashboard", "--port", "0", "--no-browser") as line:
        address = line.split()[-1]
        assert urlsplit(address).hostname == "127.0.0.1"
        with build_opener(HTTPCookieProcessor()).open(address, timeout=60) as page:
            assert page.status == 200
            assert "Filters and charts are on their way" in page.read().decode()
