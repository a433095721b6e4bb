"""What a run announces, what the server was then asked, and what lies in a folder."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pylon_elt.sources.pylon.catalog import ENDPOINTS

from .workplaces import Desk


def plan(desk: Desk, *arguments: str) -> dict[str, Any]:
    result = desk.pylon("run", "--dry-run", "--log-format", "json", *arguments)
    assert result.code == 0, result.err
    return json.loads(result.out)  # type: ignore[no-any-return]


def asked(desk: Desk) -> dict[str, int]:
    """Return what the server was asked, by our names of endpoints."""
    labels = {_anonymous(endpoint.label): endpoint.label for endpoint in ENDPOINTS.values()}
    counts = desk.server.counts().items()
    return {labels[_anonymous(name)]: count["served"] for name, count in counts if count["served"]}


def _anonymous(label: str) -> str:
    """Placeholders have other names on either side."""
    return re.sub(r"\{\w+\}", "{}", label)


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".streams" not in str(path)
    }
