"""Prefect 3: bring the copy up to date every quarter of an hour, then build the tables for analysis.

``python pylon_flow.py`` serves the schedule. Both tasks call the command in an environment of its own. The token and
the destination are in the environment of this process, or in ``.dlt/`` in the working folder.
"""

import os
import subprocess
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.states import Completed

FOLDER = os.environ.get("PYLON_FOLDER", "/srv/pylon")
"""Where ``.dlt/`` is, and the file of DuckDB."""
COMMAND = os.environ.get("PYLON_COMMAND", f"{FOLDER}/.venv/bin/pylon")
ANOTHER_RUN = 75
"""The exit code that says so: no failure, the next one goes on."""


@task(retries=2, retry_delay_seconds=60)
def pylon(*arguments: str) -> bool:
    """Call the command; whether it has done its work, rather than left it to another run."""
    done = subprocess.run(
        [COMMAND, *arguments], cwd=FOLDER, capture_output=True, text=True, errors="replace", check=False
    )
    told = "\n".join(filter(None, (done.stdout.strip(), done.stderr.strip())))
    get_run_logger().info("pylon %s: exit code %d\n%s", " ".join(arguments), done.returncode, told)
    if done.returncode not in (0, ANOTHER_RUN):
        raise RuntimeError(f"pylon {arguments[0]} ended with {done.returncode}; the log says why")
    return done.returncode == 0


@flow(name="pylon")
def copy_and_analyse() -> Any:
    """Run, and transform unless another run is at work."""
    if not pylon("run", "--progress", "none", "--max-minutes", "14"):
        return Completed(message="Another run is at work.", name="Skipped")
    if not pylon("transform"):
        return Completed(message="Another run is at work.", name="Skipped")
    return Completed(message="The copy is up to date.")


if __name__ == "__main__":
    copy_and_analyse.serve(name="pylon", cron="*/15 * * * *", limit=1)
