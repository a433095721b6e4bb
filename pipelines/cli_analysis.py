"""The verbs of ``pylon`` that look at a copy: they write nothing to it, and ask Pylon nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .cli_options import Dataset, Debug, Schema, Source, prepare

app = typer.Typer()

Form = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="table|csv|json|parquet",
        help="How to write the rows.  [default: table; by the name of --output]",
    ),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file, whole or not at all.")
]
Limit = Annotated[
    int,
    typer.Option("--limit", min=0, metavar="N", help="The most rows of a table on the screen; 0 for all."),
]


@app.command(short_help="Answer a SELECT from the copy.")
def query(
    sql: Annotated[str, typer.Argument(help="The statement; - reads it from stdin.", show_default=False)],
    form: Form = None,
    output: Output = None,
    limit: Limit = 100,
    destination: Source = "duckdb",
    dataset: Dataset = "pylon",
    schema: Schema = "",
    debug: Debug = False,
) -> None:
    r"""Answer a SELECT from the copy, and from the tables that pylon transform builds.

    Nothing can be written, and no file but the copy be read. Tables need no schema before their name. While a run
    writes to a DuckDB file, the answer comes from its snapshot, and says so.
    Exit codes: 0 done, 1 there is no copy, 2 the statement is wrong, 3 configuration, 75 locked.

    \b
    Examples:
      pylon query "select state, count(*) from issues group by 1"
      pylon query "from pylon__account_health where is_at_risk" --format csv --output risk.csv
      pylon query - --format json < question.sql
    """
    from .screens import one_screen

    prepare(debug=debug)
    with one_screen(debug=debug):
        from . import query_command

        options = query_command.Options(destination, dataset, schema, form, output, limit)
        raise SystemExit(query_command.run(sql, options))
