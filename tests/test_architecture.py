"""The rooms of ``docs/architecture.md``: each is there and named, and no import runs upward."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from support.imports import imported, is_relative, modules
from support.repository import ROOT

PLAN = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

SOURCE = (
    "errors",
    "catalog",
    "rows",
    "settings",
    "misplaced",
    "tokens",
    "api",
    "copy",
    "lanes",
    "upkeep",
    "",
)
"""The rooms of ``sources/pylon``, the lowest first; what stands in none is a room of its own, the face is last."""

ZAIA = (
    *(
        "errors",
        "settings",
        "destination",
        "notes",
        "catalog",
        "rows",
        "answers",
        "session",
        "reader",
        "behind",
        "lists",
    ),
    *(
        "copy",
        "changes",
        "loads",
        "readings",
        "run",
        "directory",
        "missing",
        "tickets",
        "hanging",
        "chats",
        "resources",
        "",
    ),
)
"""The modules of ``sources/zaia``, the lowest first."""

PIPELINES = (
    *("base", "copy", "run", "verify", "transform", "many"),
    *("look", "ask", "publish", "assistant", "serve", "zaia", "desks"),
    *("docs", "sample", "cli", "zaia_cli", ""),
)  # fmt: skip
"""The rooms of ``pipelines``, the lowest first."""

CODE = ("sources", "pipelines", "emulator", "analytics", "benchmarks")
LONGEST_CLASS, LONGEST_FUNCTION = 150, 40
TOP = ("sources", "pipelines", "emulator", "analytics", "benchmarks", "docs", "deploy", "tests")


def _room(module: str, building: str) -> str | None:
    """Return the room of a module, "" for the building's own ``__init__``; ``None``: it stands elsewhere."""
    if module == building:
        return ""
    return (
        module.removeprefix(f"{building}.").partition(".")[0] if module.startswith(f"{building}.") else None
    )


def _is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize(
    ("building", "order"), [("sources.pylon", SOURCE), ("sources.zaia", ZAIA), ("pipelines", PIPELINES)]
)
def test_no_import_runs_upward(building: str, order: tuple[str, ...]) -> None:
    upward = []
    for module, path in modules(building.replace(".", "/")).items():
        mine = _room(module, building)
        assert mine in order, f"{module} stands in no room of the plan"
        for name in imported(module, path):
            its = _room(name if _is_module(name) else name.rpartition(".")[0], building)
            if its is not None and order.index(its) > order.index(mine):
                upward.append(f"{module} imports {name}")
    assert upward == []


@pytest.mark.parametrize(
    ("folder", "never"), [("sources", ("pipelines", "emulator", "analytics")), ("pipelines", ("emulator",)),
                          ("emulator", ("pipelines",)), ("analytics", ("pipelines", "emulator"))]
)  # fmt: skip
def test_buildings_that_know_nothing_of_each_other(folder: str, never: tuple[str, ...]) -> None:
    found = [
        f"{module} imports {name}"
        for module, path in modules(folder).items()
        for name in imported(module, path)
        if name.partition(".")[0] in never
    ]
    assert found == []


@pytest.mark.parametrize("source", ["pylon", "zaia"])
def test_a_source_can_be_copied_under_another_name(source: str) -> None:
    found = modules(f"sources/{source}")
    assert found
    assert [module for module, path in found.items() if not is_relative(path)] == []


@pytest.mark.parametrize(("source", "other"), [("pylon", "zaia"), ("zaia", "pylon")])
def test_no_source_knows_of_another(source: str, other: str) -> None:
    found = [
        f"{module} imports {name}"
        for module, path in modules(f"sources/{source}").items()
        for name in imported(module, path)
        if name.startswith(f"sources.{other}")
    ]
    assert found == []


def test_only_what_sends_requests_knows_httpx() -> None:
    knowing = [
        path.relative_to(ROOT).as_posix()
        for folder in ("sources", "pipelines")
        for path in modules(folder).values()
        if re.search(r"^\s*(import|from) httpx\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert knowing == [f"sources/pylon/api/{name}.py" for name in ("direct", "relay", "transport")]


def _rooms() -> set[str]:
    """Return the folders with code, and those at the top, as the plan names them."""
    inside = [
        folder
        for building in ("sources", "sources/pylon", "pipelines")
        for folder in (ROOT / building).iterdir()
        if folder.is_dir() and folder.name != "__pycache__"
    ]
    return {f"{path.relative_to(ROOT).as_posix()}/" for path in [*inside, *(ROOT / name for name in TOP)]}


def test_the_plan_names_every_room_and_no_other() -> None:
    named = set(re.findall(r"^\| `([\w/]+/)` \|", PLAN, re.MULTILINE))
    assert named == _rooms()


def test_what_the_plan_points_at_is_there() -> None:
    """Modules as ``room/module.py``, and in them what stands behind ``::``."""
    wrong = []
    for place, name in re.findall(r"`([\w/.]+\.py)(?:::([\w.]+))?`", PLAN):
        found = [
            ROOT / base / place
            for base in ("", "sources", "sources/pylon", "pipelines")
            if (ROOT / base / place).is_file()
        ]
        if not found or (name and name not in _defined(found[0])):
            wrong.append(f"{place}::{name}")
    assert wrong == []


def _defined(path: Path) -> set[str]:
    """Return the functions and classes of a module, methods as ``Class.method``."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
            names |= {f"{node.name}.{one.name}" for one in inner}
    return names


@pytest.mark.parametrize("folder", CODE)
def test_no_class_and_no_function_is_longer_than_a_reader_can_hold(folder: str) -> None:
    long = [
        f"{module}.{node.name}: {length} lines"
        for module, path in modules(folder).items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and (length := _length(node))
        > (LONGEST_CLASS if isinstance(node, ast.ClassDef) else LONGEST_FUNCTION)
    ]
    assert long == []


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    """Count the lines of a class, or those of a function's own code: its signature and docstring are documentation."""
    if isinstance(node, ast.ClassDef):
        return (node.end_lineno or 0) - node.lineno + 1
    code = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (node.end_lineno or 0) - code[0].lineno + 1 if code else 0
