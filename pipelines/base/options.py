"""Options that several verbs of ``pylon`` share, and what each verb does before it begins."""

from __future__ import annotations

import gc
import os
import sys
from enum import StrEnum
from typing import Annotated

import typer


class Progress(StrEnum):
    """How to show what a run is doing."""

    AUTO = "auto"
    RICH = "rich"
    PLAIN = "plain"
    NONE = "none"


class Format(StrEnum):
    """How to write rows."""

    TABLE = "table"
    VERTICAL = "vertical"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class LogFormat(StrEnum):
    """How to write what a run has to say."""

    TEXT = "text"
    JSON = "json"


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        from .desk import name

        try:
            typer.echo(f"{name()} {version('pylon-elt')}")
        except PackageNotFoundError:  # run from a folder where nothing was installed
            typer.echo(f"{name()} (not installed)")
        raise typer.Exit


def _not_empty(given: str | None) -> str | None:
    """Return a name; an empty one is most often a variable that is not set, and must not mean the usual one."""
    if given is not None and not given.strip():
        raise typer.BadParameter("it names nothing; leave it out for the usual one.")
    return given


Version = Annotated[
    bool,
    typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave."),
]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", "-s", metavar="TABLE", help="Only these tables; repeat it or use commas."),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", "-x", metavar="TABLE", help="All tables but these; repeat it or use commas."),
]
FullRefresh = Annotated[
    bool, typer.Option("--full-refresh", help="Drop the chosen tables and read them anew; asks first.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before --full-refresh.")]
ShowProgress = Annotated[
    Progress,
    typer.Option("--progress", help="How to show progress; auto takes rich on a terminal, else plain."),
]
LinesAs = Annotated[
    LogFormat,
    typer.Option("--log-format", help="Lines for people, or for machines one JSON object a line on stdout."),
]
TableAs = Annotated[
    LogFormat,
    typer.Option(
        "--format", "--log-format", help="Text for people, or for machines one JSON object a line on stdout."
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", help="Draw the same sample again.  [default: at random]"),
]
Destination = Annotated[
    str,
    typer.Option(
        "--destination",
        "-d",
        metavar="NAME",
        help="Where to copy to, by dlt's name.",
    ),
]
Source = Annotated[
    str,
    typer.Option(
        "--destination", "-d", metavar="NAME", help="Where the copy is; any SQL destination of dlt."
    ),
]
Untested = Annotated[
    bool,
    typer.Option(
        "--untested-destination",
        help="Load also where no copy was ever compared with its workspace; docs/destinations.md lists both.",
    ),
]
Dataset = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        metavar="NAME",
        callback=_not_empty,
        help="The schema that holds the tables.  [default: as the command]",
    ),
]
Schema = Annotated[
    str,
    typer.Option("--schema", metavar="NAME", help="Where transform built.  [default: DATASET_analytics]"),
]
Marts = Annotated[bool, typer.Option("--marts", help="The tables that pylon transform built, too.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line instead of text.")]


def application(name: str) -> typer.Typer:
    """Return a command that has no verbs yet."""
    return typer.Typer(
        name=name,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def prepare(*, debug: bool, as_json: bool = False) -> None:
    """Set dlt up, before it is imported, to be as quiet as a command line should be, and Python to be as quick."""
    from .memory import COLLECTIONS
    from .redaction import cover_logs

    gc.set_threshold(*COLLECTIONS)
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    os.environ["PGCLIENTENCODING"] = "UTF8"  # a role's own could not say what people write
    # what dlt logs as an error is a traceback of something that it retries; what stops us is told by a screen
    os.environ.setdefault("RUNTIME__LOG_LEVEL", "ERROR" if debug else "CRITICAL")
    if as_json:
        os.environ.setdefault("RUNTIME__LOG_FORMAT", "JSON")
    os.environ["RUNTIME__INTERCEPT_SIGNALS"] = (
        "false"  # a run ends its turn at a signal; dlt would break it off
    )
    # a variable of that name is somebody else's; dlt would normalize in so many processes, which outlive a kill
    if "WORKERS" in os.environ:
        os.environ.setdefault("NORMALIZE__WORKERS", "1")
    cover_logs("dlt", "httpx", "httpcore")
    # httpx goes without its own command line, which would bring two libraries for command lines along
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
