"""dlt's own declarative ``rest_api`` source, configured for the same job."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
from dlt.sources.rest_api import rest_api_source

from .floor import counted
from .server import NOW, YEARS
from .stopwatch import Stopwatch

DEFAULTS: dict[str, Any] = {"primary_key": "id", "write_disposition": "merge"}
"""As in the example that ``dlt init rest_api duckdb`` writes: a second run must not double the rows."""
CURSOR = {"type": "cursor", "cursor_path": "pagination.cursor", "cursor_param": "cursor"}


@dataclass(frozen=True)
class Tuning:
    """What a user can turn; the defaults are dlt's."""

    parallelized: bool = False
    workers: int | None = None
    loader_file_format: str | None = None
    compression: bool = True
    max_table_nesting: Any = None
    normalize_workers: int | None = None
    write_disposition: str = "merge"

    def configure(self) -> None:
        """Set what dlt reads from its configuration."""
        wanted = {
            "EXTRACT__WORKERS": self.workers,
            "EXTRACT__MAX_PARALLEL_ITEMS": self.workers and 4 * self.workers,
            "NORMALIZE__WORKERS": self.normalize_workers,
            "DATA_WRITER__DISABLE_COMPRESSION": None if self.compression else "true",
        }
        os.environ.update({name: str(value) for name, value in wanted.items() if value is not None})

    @property
    def run_options(self) -> dict[str, Any]:
        """The arguments of ``pipeline.run``."""
        return {"loader_file_format": self.loader_file_format} if self.loader_file_format else {}


def over_http(
    watch: Stopwatch,
    folder: Path,
    *,
    url: str,
    token: str,
    tuning: dict[str, Any],
    children: tuple[str, ...] = ("messages",),
) -> dict[str, Any]:
    """List the issues by windows of 30 days, and ask for the children of each."""
    tuned = Tuning(**tuning)
    tuned.configure()
    issues = {
        "name": "issues",
        "endpoint": {
            "path": "issues",
            "params": {"start_time": "{resources.windows.start}", "end_time": "{resources.windows.end}"},
            "data_selector": "data",
            "paginator": CURSOR,
        },
    }
    resources = [dlt.resource(windows, name="windows", selected=False), issues]
    source = _source(url, token, tuned, [*resources, *(_child(name, tuned) for name in children)])
    pipeline = _pipeline(folder)
    with watch:
        pipeline.run(source, **tuned.run_options)
    return counted(folder / "copy.duckdb", "rest")


def incremental(watch: Stopwatch, folder: Path, *, url: str, token: str) -> dict[str, Any]:
    """Search by ``updated_at`` from dlt's cursor on, and ask for the messages of what is found."""
    tuned = Tuning(loader_file_format="parquet", compression=False, max_table_nesting=0)
    tuned.configure()
    condition = {"field": "updated_at", "operator": "time_is_after", "value": "{incremental.start_value}"}
    issues = {
        "name": "issues",
        "endpoint": {
            "path": "issues/search",
            "method": "POST",
            "json": {"limit": 999, "filter": condition},
            "incremental": {"cursor_path": "updated_at", "initial_value": windows_start().isoformat()},
            "data_selector": "data",
            "paginator": {"type": "cursor", "cursor_path": "pagination.cursor", "cursor_body_path": "cursor"},
        },
    }
    source = _source(url, token, tuned, [issues, _child("messages", tuned)])
    pipeline = _pipeline(folder)
    with watch:
        pipeline.run(source, **tuned.run_options)
    return counted(folder / "copy.duckdb", "rest")


def windows_start() -> datetime:
    """Return when the sample workspace began, at the latest."""
    return datetime.fromisoformat(NOW) - timedelta(days=YEARS * 366)


def windows() -> Iterator[list[dict[str, str]]]:
    """Return the windows of 30 days that cover the sample workspace, newest first."""
    end, first = datetime.fromisoformat(NOW) + timedelta(days=1), windows_start()
    while end > first:
        start = end - timedelta(days=30)
        yield [{"start": _z(start), "end": _z(end)}]
        end = start


def _z(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _child(name: str, tuned: Tuning) -> dict[str, Any]:
    child = {
        "name": f"issue_{name}",
        "endpoint": {
            "path": f"issues/{{resources.issues.id}}/{name}",
            "data_selector": "data",
            "paginator": "single_page",
            "response_actions": [{"status_code": code, "action": "ignore"} for code in (400, 404, 410)],
        },
        "include_from_parent": ["id"],
    }
    return {**child, "parallelized": True} if tuned.parallelized else child


def _source(url: str, token: str, tuned: Tuning, resources: list[Any]) -> Any:
    config: Any = {
        "client": {"base_url": url, "auth": {"type": "bearer", "token": token}},
        "resource_defaults": {**DEFAULTS, "write_disposition": tuned.write_disposition},
        "resources": resources,
    }
    return rest_api_source(config, name="rest", max_table_nesting=tuned.max_table_nesting)


def _pipeline(folder: Path) -> dlt.Pipeline:
    return dlt.pipeline(
        "rest",
        destination=dlt.destinations.duckdb(str(folder / "copy.duckdb")),
        dataset_name="rest",
        pipelines_dir=str(folder / "pipelines"),
    )
