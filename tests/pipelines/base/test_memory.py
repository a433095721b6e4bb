"""What loads gives memory back at once, and nothing of how it does so is left to its children or taken from its user."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from pylon_elt.pipelines.base.memory import ALLOCATORS

WATCHED = """
import json, os, sys
told = {}
class Watch:
    def find_spec(self, name, path, target=None):
        if name in ("duckdb", "pyarrow"):
            told[name] = {key: os.environ.get(key) for key in KEYS}
sys.meta_path.insert(0, Watch())
"""
CALLED = "from pylon_elt.pipelines.base.memory import import_frugally\nimport_frugally()\n"
DESK = """
from types import ModuleType
command = ModuleType("command")
command.run = lambda asked: None
sys.modules["pylon_elt.pipelines.{room}.command"] = command
from pylon_elt.pipelines.desks.{name} import {desk}
{desk}.run(None)
"""
TOLD = """
import pyarrow as pa
told["pool"] = pa.default_memory_pool().backend_name
told["after"] = {key: os.environ.get(key) for key in KEYS}
print(json.dumps(told))
"""
NONE = dict.fromkeys(ALLOCATORS)


def told(program: str, **environment: str) -> dict[str, object]:
    """Return what a process tells of its environment while the two are imported, and afterwards."""
    kept = {name: value for name, value in os.environ.items() if name not in ALLOCATORS}
    done = subprocess.run(
        [sys.executable, "-c", f"KEYS = {list(ALLOCATORS)}{WATCHED}{program}{TOLD}"],
        check=True,
        capture_output=True,
        text=True,
        env={**kept, **environment},
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    "program",
    [
        CALLED,
        DESK.format(room="run", name="pylon", desk="PYLON"),
        DESK.format(room="zaia", name="zaia", desk="ZAIA"),
    ],
    ids=["called", "pylon run", "zaia run"],
)
def test_both_are_imported_frugally_and_the_environment_is_as_before(program: str) -> None:
    assert told(program) == {"duckdb": ALLOCATORS, "pyarrow": ALLOCATORS, "pool": "system", "after": NONE}


def test_what_users_have_set_stays() -> None:
    set_by_user = dict.fromkeys(ALLOCATORS, "mimalloc") | {"DUCKDB_JE_MALLOC_CONF": "narenas:1"}
    found = told(CALLED, **set_by_user)
    assert found == {"duckdb": set_by_user, "pyarrow": set_by_user, "pool": "mimalloc", "after": set_by_user}
