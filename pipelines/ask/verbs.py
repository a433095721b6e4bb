"""The verbs of ``pylon`` that look at a copy: they write nothing to it, and ask Pylon nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..base.desk import current
from ..base.desk import name as usual
from ..base.options import Dataset, Debug, Format, Marts, Schema, Select, Source, prepare
from ..many.verbs import for_one, for_one_or_union

app = typer.Typer(rich_markup_mode=None)

WITH_OWN_OPTIONS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""A question's options are its own, and its help shows them."""

Form = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
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

SafeCells = Annotated[
    bool,
    typer.Option(
        "--safe-cells", help="CSV for spreadsheets: an apostrophe before text that would be a formula."
    ),
]


@app.command(short_help="Answer a SELECT from the copy.")
@for_one_or_union
def query(
    sql: Annotated[str, typer.Argument(help="The statement; - reads it from stdin.", show_default=False)],
    form: Form = None,
    output: Output = None,
    limit: Limit = 100,
    safe_cells: SafeCells = False,
    destination: Source = "duckdb",
    dataset: Dataset = None,
    schema: Schema = "",
    debug: Debug = False,
) -> None:
    """Answer a SELECT from the copy, and from the tables that pylon transform builds.

    Nothing can be written, and no file but the copy be read. Tables need no schema before their name. While a run
    writes to a DuckDB file, the answer comes from its snapshot, and says so. In Postgres, a superuser and other
    roles that could do more than read tables are refused.
    Exit codes: 0 done, 1 there is no copy, 2 the statement is wrong, 3 configuration, 75 locked.

    \b
    Examples:
      pylon query "select state, count(*) from issues group by 1"
      pylon query "from pylon__account_health where is_at_risk" --format csv --output risk.csv
      pylon query - --format json < question.sql
    """
    from ..base.screens import one_screen

    prepare(debug=debug)
    with one_screen(debug=debug):
        from . import query as query_command

        options = query_command.Options(
            destination, dataset or usual(), schema, form, output, limit, safe_cells
        )
        raise SystemExit(query_command.run(sql, options))


@app.command(
    short_help="Answer a ready question; without a name, list them.",
    context_settings=WITH_OWN_OPTIONS,
)
@for_one
def ask(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="The question; without one, all are listed.", show_default=False)
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what it is about, its options and its SQL.")
    ] = False,
    form: Form = None,
    output: Output = None,
    limit: Limit = 100,
    safe_cells: SafeCells = False,
    destination: Source = "duckdb",
    dataset: Dataset = None,
    schema: Schema = "",
    debug: Debug = False,
    show_help: Annotated[
        bool, typer.Option("--help", "-h", help="Show this message, or the options of a question, and exit.")
    ] = False,
) -> None:
    """Answer a ready question from the tables that pylon transform builds; without a name, list the questions.

    Each question has options of its own, such as --by: pylon ask backlog --help shows them, --explain its SQL too.
    Exit codes: 0 done, 1 the tables are not there, 2 usage, 3 configuration, 75 locked.

    \b
    Examples:
      pylon ask
      pylon ask backlog --by team
      pylon ask response --by month --months 24 --format csv --output response.csv
      pylon ask unanswered --explain
    """
    from ..base.screens import one_screen

    prepare(debug=debug)
    with one_screen(debug=debug):
        from . import ask as ask_command
        from . import query as query_command

        options = query_command.Options(
            destination, dataset or usual(), schema, form, output, limit, safe_cells
        )
        if show_help and name is None:
            typer.echo(context.get_help())
            code = 0
        elif show_help:
            code = ask_command.help_of(str(name), context.get_help())
        elif name is None:
            code = ask_command.list_all()
        elif explain:
            code = ask_command.explain(name)
        else:
            code = ask_command.run(name, context.args, options)
        raise SystemExit(code)


@app.command(short_help="Write the tables to Parquet files.")
@for_one_or_union
def export(
    folder: Annotated[Path, typer.Argument(help="Where to write; it is made.", show_default=False)],
    select: Select = None,
    marts: Marts = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also into a folder that holds other things.")
    ] = False,
    destination: Source = "duckdb",
    dataset: Dataset = None,
    schema: Schema = "",
    debug: Debug = False,
) -> None:
    """Write the tables of the copy to Parquet files, one each; a file is there only when it is complete.

    Files of the same names are replaced.
    Exit codes: 0 done, 1 there is no copy, 2 usage, 3 configuration, 75 locked.

    \b
    Examples:
      pylon export parquet/
      pylon export parquet/ --select issues,issue_messages
      pylon export parquet/ --marts --destination postgres
    """
    from ..base.screens import one_screen

    prepare(debug=debug)
    with one_screen(debug=debug):
        from . import export as export_command

        options = export_command.Options(
            folder,
            tuple(select or ()),
            marts,
            force,
            destination,
            dataset or usual(),
            schema,
            current().tables(),
        )
        raise SystemExit(export_command.run(options))


@app.command(short_help="Write the dashboard as one page of HTML.")
@for_one
def report(
    file: Annotated[Path, typer.Option("--html", metavar="FILE", help="Where to write the page.")],
    days: Annotated[
        int,
        typer.Option(
            "--days", min=0, max=36_500, metavar="N", help="The period up to the last load; 0 for all."
        ),
    ] = 180,
    team: Annotated[str, typer.Option("--team", metavar="NAME", help="Only this team's issues.")] = "",
    account: Annotated[
        str, typer.Option("--account", metavar="NAME", help="Only this account's issues.")
    ] = "",
    desk: Annotated[
        str, typer.Option("--desk", metavar="NAME", help="Only this desk's issues: pylon or zaia.")
    ] = "",
    agent: Annotated[
        str, typer.Option("--agent", metavar="NAME", help="Only issues this agent is in charge of.")
    ] = "",
    priority: Annotated[
        str, typer.Option("--priority", metavar="NAME", help="Only issues of this priority.")
    ] = "",
    tag: Annotated[str, typer.Option("--tag", metavar="NAME", help="Only issues with this tag.")] = "",
    field: Annotated[
        str, typer.Option("--field", metavar="'NAME: VALUE'", help="Only issues with this in a custom field.")
    ] = "",
    working_hours: Annotated[
        bool, typer.Option("--working-hours", help="Tell times in working hours, not round the clock.")
    ] = False,
    destination: Source = "duckdb",
    dataset: Dataset = None,
    schema: Schema = "",
    debug: Debug = False,
) -> None:
    """Write the dashboard as one page of HTML that needs nothing else: for mail, a wiki or paper.

    It needs the extra [report], and the tables that pylon transform builds.
    Exit codes: 0 done, 1 the tables are not there, 2 usage, 3 configuration, 75 locked.

    \b
    Examples:
      pylon report --html report.html
      pylon report --html support.html --team Support --days 90
    """
    from ..base.screens import one_screen

    prepare(debug=debug)
    with one_screen(debug=debug):
        from . import report as report_command

        options = report_command.Options(
            file,
            days,
            team,
            account,
            destination,
            dataset or usual(),
            schema,
            desk,
            agent,
            priority,
            tag,
            field,
            working_hours,
        )
        raise SystemExit(report_command.run(options))


@app.command(short_help="Show the dashboard in a browser on this machine.")
@for_one
def dashboard(
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            metavar="N",
            help="Where to serve it; 0 for any.  [default: 2718, or any]",
        ),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in a browser.")] = True,
    destination: Source = "duckdb",
    dataset: Dataset = None,
    schema: Schema = "",
    debug: Debug = False,
) -> None:
    """Show the dashboard in a browser on this machine, until Ctrl-C.

    It needs the extra [dashboard], and the tables that pylon transform builds. They are
    read once, and again at a click, so no run has to wait for it. Nothing leaves this machine.
    Exit codes: 0 done, 1 the tables are not there, 2 usage, 3 configuration, 75 locked.

    \b
    Examples:
      pylon dashboard
      pylon dashboard --port 8080 --no-browser
    """
    from ..base.screens import one_screen

    prepare(debug=debug)
    with one_screen(debug=debug):
        from . import dashboard as dashboard_command

        options = dashboard_command.Options(port, browser, destination, dataset or usual(), schema)
        dashboard_command.run(options)
