"""Which module imports which, told from the source text: imports inside functions and for type checkers count too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from .repository import ROOT

NAME = "pylon_elt"


def modules(folder: str) -> dict[str, Path]:
    """Return the modules below a folder of the repository by their dotted names, such as ``sources.pylon.api.client``."""
    return {_name(path): path for path in sorted((ROOT / folder).rglob("*.py"))}


def imported(module: str, path: Path) -> set[str]:
    """Return what a module imports from the project: dotted names of modules, or of what stands in one."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return set(_imports(ast.parse(path.read_text(encoding="utf-8")), package))


def is_relative(path: Path) -> bool:
    """Whether a module names none of the project's packages by its full name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    full = [
        node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level
    ]
    full += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return not any(name.partition(".")[0] == NAME for name in full)


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith(f"{NAME}."):
                    yield alias.name.removeprefix(f"{NAME}.")
        elif isinstance(node, ast.ImportFrom):
            yield from _from(node, package)


def _from(node: ast.ImportFrom, package: str) -> Iterator[str]:
    """Return what ``from … import …`` brings; of ``from . import x``, the module ``x``."""
    if node.level:
        parts = package.split(".")
        base = ".".join(parts[: len(parts) - node.level + 1])
        origin = f"{base}.{node.module}" if node.module else base
    elif node.module and node.module.partition(".")[0] == NAME:
        origin = node.module.removeprefix(NAME).removeprefix(".")
    else:
        return
    for alias in node.names:
        yield f"{origin}.{alias.name}".removeprefix(".")
