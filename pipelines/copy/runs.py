"""The history of runs: JSON lines in the working folder of a copy, the last of them only; no secrets."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from . import modes
from .destinations import PIPELINE

KEPT = 50


@dataclass(frozen=True)
class Run:
    """One run as it is remembered. ``started`` is UTC in ISO 8601."""

    started: str
    seconds: float
    exit: int
    turns: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    refused: int = 0
    ended_early: str = ""
    problem: str = ""


def history_file(folder: str | Path, name: str = PIPELINE) -> Path:
    """Return where the runs of a pipeline are remembered, by its working folder and its name."""
    return Path(folder) / f"{name}.runs.jsonl"


def remember(folder: str | Path, run: Run, name: str = PIPELINE) -> None:
    """Append a run, and forget the oldest. A history that cannot be written never fails a run."""
    path = history_file(folder, name)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(asdict(known)) for known in (*recall(folder, name), run)][-KEPT:]
        draft = path.with_suffix(".new")
        modes.create(draft, path.parent.stat().st_mode)
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
        draft.replace(path)


def recall(folder: str | Path, name: str = PIPELINE) -> list[Run]:
    """Return the runs that are remembered, oldest first; lines that cannot be read are passed over."""
    try:
        lines = history_file(folder, name).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [run for line in lines if (run := _run(line)) is not None]


def _run(line: str) -> Run | None:
    try:
        known: dict[str, Any] = json.loads(line)
        return Run(**{item.name: known[item.name] for item in fields(Run) if item.name in known})
    except (ValueError, TypeError):
        return None
