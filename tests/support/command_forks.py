"""Runs ``pylon``, ``zaia`` and ``dbt`` commands, each in a fork: what it takes to import everything is paid once.

Reads a command as one line of JSON, answers with the fork's process id, and with its exit status once it has ended.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import signal
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ.update(
    DBT_SEND_ANONYMOUS_USAGE_STATS="false", RUNTIME__DLTHUB_TELEMETRY="false", RUNTIME__LOG_LEVEL="CRITICAL"
)

import tomllib  # noqa: E402, F401

import anyio._backends._asyncio  # noqa: E402, F401
import dbt.cli.main  # noqa: E402
import dlt  # noqa: E402
import dlt._workspace._plugins  # noqa: E402
import dlt.common.libs.pyarrow  # noqa: E402
import dlt.destinations.impl.duckdb.duck  # noqa: E402
import dlt.load.load  # noqa: E402
import dlt.normalize.items_normalizers  # noqa: E402, F401
import duckdb  # noqa: E402, F401
import httpcore  # noqa: E402, F401
import pendulum.locales.en.locale  # noqa: E402, F401
import pyarrow.parquet  # noqa: E402, F401
import pydantic.type_adapter  # noqa: E402, F401
import requests  # noqa: E402, F401
from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: E402
from support import parsed  # noqa: E402
from support.remembering import recall, remember  # noqa: E402

import pylon_elt.pipelines.look.check  # noqa: E402
import pylon_elt.pipelines.look.status  # noqa: E402
import pylon_elt.pipelines.run.command  # noqa: E402
import pylon_elt.pipelines.run.reconcile_command  # noqa: E402
import pylon_elt.pipelines.transform.transform  # noqa: E402
import pylon_elt.pipelines.zaia.command  # noqa: E402, F401
from pylon_elt.pipelines import cli, zaia_cli  # noqa: E402


def run_dbt() -> None:
    """Be dbt, and close its files: a fork ends at once, and would leave what was written last beside them."""
    try:
        dbt.cli.main.cli()
    finally:
        DuckDBConnectionManager.close_all_connections()


LATER = {"mcp": "pylon_elt.pipelines.assistant.server"}
"""What takes long to import and only a verb needs: imported once there is a command with that verb."""

PROGRAMS = {"pylon": cli.main, "zaia": zaia_cli.main, "dbt": run_dbt}


def command(spec: dict[str, Any]) -> NoReturn:
    """Be the command."""
    os.chdir(spec["folder"])
    os.environ.clear()
    os.environ.update(spec["environment"])
    for number, name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(spec[name], flags), number)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    if spec.get("largest_file"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (spec["largest_file"],) * 2)
    sys.argv = [spec["program"], *spec["arguments"]]
    code = 0
    try:
        PROGRAMS[spec["program"]]()
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    os._exit(code)


def answer(**facts: Any) -> None:
    """Write one line of JSON."""
    os.write(OUT, (json.dumps(facts) + "\n").encode())


def wait(number: int, process: int) -> None:
    """Wait for a fork and tell how it ended."""
    _, status = os.waitpid(process, 0)
    answer(number=number, exit=os.waitstatus_to_exitcode(status))


OUT = os.dup(1)

if __name__ == "__main__":
    remember()
    recall()
    if folder := os.environ.get("PYLON_TESTS_PARSED"):
        parsed.share(Path(folder))
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        if later := LATER.get(next(iter(asked["arguments"]), "")):
            importlib.import_module(later)
        child = os.fork()
        if child == 0:
            try:
                command(asked)
            except BaseException:
                import traceback

                traceback.print_exc()
                os._exit(99)
        answer(number=asked["number"], process=child)
        threading.Thread(target=wait, args=(asked["number"], child), daemon=True).start()
    os._exit(0)  # without the complaints that DuckDB makes about what was frozen
