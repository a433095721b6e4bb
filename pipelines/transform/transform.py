"""``pylon transform``: build the tables for analysis from the copy, with dbt."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.copy.neighbours import holds_copy

from ..base import exits, installing, screens
from ..base.desk import Desk, command
from ..base.wording import count, duration
from ..copy import destinations, inspection, snapshot
from ..copy.lock import run_lock
from . import dbt_profile, dbt_run, package, settings
from .build_views import BuildView
from .build_views import choose as choose_view
from .issues import no_copy

if TYPE_CHECKING:
    import dlt

LEFT_BY_DBT = ("dbt_packages", "logs", "target", "package-lock.yml")
QUIET = ("--quiet", "--log-level", "none", "--log-level-file", "none", "--no-use-colors", "--no-write-json")


@dataclass(frozen=True)
class Options:
    """The command line of ``pylon transform``."""

    desk: Desk
    select: tuple[str, ...]
    destination: str
    dataset: str
    schema: str
    test: bool
    progress: str
    as_json: bool
    debug: bool


def run(options: Options) -> int:
    """Build the tables, and say what was built.

    Raises:
        Problem: There is nothing to build from, dbt is missing, a model or a test failed, or the lock is held.
        ConfigurationError: A setting of the package cannot be used.
    """
    with TemporaryDirectory() as scratch:
        pipeline = destinations.open_pipeline(
            options.destination, options.dataset, name=options.desk.name, pipelines_dir=scratch
        )
        kind = dbt_profile.adapter(pipeline, options.destination)
        installing.require("analytics-postgres" if kind == "postgres" else "analytics", command("transform"))
        variables = settings.read_settings()
        _require_known(options.select)
        schema = _require_room(pipeline, options)
        started = monotonic()
        with run_lock(pipeline), _project(pipeline, schema, kind) as folder:
            build = _build(folder, options, variables, pipeline.dataset_name)
            if problem := snapshot.keep(destinations.database_file(pipeline)):
                screens.say(f"Warning: {problem}")
        _tell(build, options, destinations.location(pipeline), schema, monotonic() - started)
    return exits.DONE


def _require_known(select: tuple[str, ...]) -> None:
    """Answer a misspelt name at once; what is more than a name, dbt understands."""
    names = package.models()
    for text in select:
        if not text.strip():
            raise exits.Problem("--select names no table.", "Leave it out to build all.", exits.USAGE)
        if text.strip("+@").isidentifier() and text.strip("+@") not in names:
            raise _nothing(text)


def _require_room(pipeline: dlt.Pipeline, options: Options) -> str:
    """Make sure that there is a copy to build from, and none where it is built.

    Returns:
        The schema in which to build.
    """
    places = destinations.marts(pipeline, options.schema)
    where = (options.destination, options.dataset)
    with inspection.looked_at(*where, name=options.desk.name) as (_, read, copied):
        if copied is None:
            raise no_copy()
        options.desk.require_built_from(read, copied)
        for place in places:
            if place != pipeline.dataset_name and holds_copy(copied.neighbour(place)):
                raise exits.Problem(
                    f"The schema {place} holds another copy.",
                    f"Build the tables somewhere else, with: {command('transform', another='schema')}",
                    exits.CONFIGURATION,
                )
    return places[0]


@contextmanager
def _project(pipeline: dlt.Pipeline, schema: str, kind: str) -> Iterator[Path]:
    """Put the package and a profile into a folder that goes away: dbt writes beside what it reads."""
    with TemporaryDirectory(prefix="pylon-transform-") as name:
        folder = Path(name)
        shutil.copytree(package.FOLDER, folder / "project", ignore=shutil.ignore_patterns(*LEFT_BY_DBT))
        with dbt_profile.written(pipeline, folder, schema, kind):
            yield folder


def _build(folder: Path, options: Options, given: dict[str, Any], dataset: str) -> dbt_run.Build:
    variables = {f"{package.PREFIX}{name}": value for name, value in given.items()}
    variables |= {
        f"{package.PREFIX}{name}": value for name, value in options.desk.built_from(dataset).items()
    }
    arguments = [
        *(() if options.debug else QUIET),
        *("--log-path", str(folder / "logs")),
        *(("build", "--exclude", "resource_type:unit_test") if options.test else ("run",)),
        *("--project-dir", str(folder / "project"), "--profiles-dir", str(folder)),
        *("--target-path", str(folder / "target"), "--vars", json.dumps(variables)),
        *(("--select", *options.select) if options.select else ()),
    ]
    with _view(options) as view:
        build = dbt_run.invoke(arguments, view.finished)
    if not build.nodes:
        raise _nothing(" ".join(options.select))
    return build


@contextmanager
def _view(options: Options) -> Iterator[BuildView]:
    view = choose_view(options.progress, as_json=options.as_json)
    try:
        yield view
    finally:
        view.close()


def _nothing(asked: str) -> exits.Problem:
    near = get_close_matches(asked.strip("+@"), package.models(), n=1)
    return exits.Problem(
        f"Nothing is called {asked}.",
        f"Did you mean {near[0]}?" if near else f"Choose from {', '.join(package.marts())}.",
        exits.USAGE,
    )


def _tell(build: dbt_run.Build, options: Options, location: str, schema: str, seconds: float) -> None:
    if options.as_json:
        facts = {"location": location, "schema": schema, "seconds": round(seconds, 1)}
        screens.event("transformed", **facts, nodes=[asdict(node) for node in build.nodes])
        return
    screens.tell(
        f"{count(build.count('model'), 'table')} built in {duration(seconds)}: {location}, schema {schema}."
    )
    if options.test:
        passed = build.count("test") - len(build.warnings)
        screens.tell(f"{count(passed, 'test')} passed.")
    for node in build.warnings:
        screens.tell(f"Warning: {node.name}: {node.message}")
