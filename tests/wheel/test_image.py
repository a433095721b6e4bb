"""What ``deploy/Dockerfile`` makes, without Docker: ``make smoke`` has carried out its first stage in a folder."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support import dockerfile
from support.dockerfile import HOME, PROGRAM, exec_form

from pylon_elt import emulator

MADE = "PYLON_IMAGE"
"""Names that folder."""
PATIENCE = 60.0


def test_it_serves_is_healthy_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    made = os.environ.get(MADE) or pytest.skip("make smoke carries out the Dockerfile's steps first")
    _, image = dockerfile.stages()

    def moved(words: list[str]) -> list[str]:
        return [word.replace(PROGRAM, f"{Path(made).absolute()}{PROGRAM}") for word in words]

    world = emulator.World.seeded(seed=3, issues=4)
    with emulator.running(world, emulator.Settings()) as server:
        environment = {
            **{name: value.replace(HOME, str(tmp_path)) for name, value in image.environment().items()},
            "PATH": os.defpath,
            "HOME": str(tmp_path),
            "PYLON_API_KEY": server.token,
            "SOURCES__PYLON__BASE_URL": server.base_url,
        }
        command = moved(exec_form(image.last("ENTRYPOINT")) + exec_form(image.last("CMD")))
        with (tmp_path / "log").open("w") as log:
            service = subprocess.Popen(
                command, cwd=tmp_path, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
            try:
                health, until = moved(exec_form(image.last("HEALTHCHECK"))), time.monotonic() + PATIENCE
                while subprocess.run(health, env=environment, capture_output=True, check=False).returncode:
                    assert service.poll() is None, (tmp_path / "log").read_text()
                    assert time.monotonic() < until, (tmp_path / "log").read_text()
                    time.sleep(0.2)
                while not (tmp_path / "support.snapshot.duckdb").exists():
                    assert time.monotonic() < until, (tmp_path / "log").read_text()
                    time.sleep(0.2)
                service.send_signal(signal.SIGTERM)
                assert service.wait(PATIENCE) == 0
            finally:
                service.kill()
                service.wait()
    for verb, said in (
        (["transform", "--help"], "transform"),
        (["query", "select count(*) from issues"], "4"),
    ):
        told = subprocess.run(
            moved(exec_form(image.last("ENTRYPOINT"))) + verb,
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert said in told.stdout, told.stdout + told.stderr


def test_it_is_slim_and_not_root() -> None:
    build, image = dockerfile.stages()
    assert build.image.endswith("-slim AS build")
    assert image.image.endswith("-slim")
    assert image.last("USER") not in ("root", "0")
    assert image.last("WORKDIR") == image.last("VOLUME") == HOME
