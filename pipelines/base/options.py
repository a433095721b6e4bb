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
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


Destination = Annotated[
    str,
    typer.Option("--destination", "-d", metavar="NAME", help="Where to copy to; any SQL destination of dlt."),
]
Source = Annotated[
    str,
    typer.Option(
        "--destination", "-d", metavar="NAME", help="Where the copy is; any SQL destination of dlt."
    ),
]
Dataset = Annotated[str, typer.Option("--dataset", metavar="NAME", help="The schema that holds the tables.")]
Schema = Annotated[
    str,
    typer.Option(
        "--schema", metavar="NAME", help="Where pylon transform built.  [default: DATASET_analytics]"
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def prepare(*, debug: bool, as_json: bool = False) -> None:
    """Set dlt up, before it is imported, to be as quiet as a command line should be, and Python to be as quick."""
    from .memory import COLLECTIONS
    from .redaction import cover_logs

    gc.set_threshold(*COLLECTIONS)
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    # what dlt logs as an error is a traceback of something that it retries; what stops us is told by a screen
    os.environ.setdefault("RUNTIME__LOG_LEVEL", "ERROR" if debug else "CRITICAL")
    if as_json:
        os.environ.setdefault("RUNTIME__LOG_FORMAT", "JSON")
    os.environ["RUNTIME__INTERCEPT_SIGNALS"] = (
        "false"  # a run ends its turn at a signal; dlt would break it off
    )
    cover_logs("dlt", "httpx", "httpcore")
    # httpx goes without its own command line, which would bring two libraries for command lines along
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
