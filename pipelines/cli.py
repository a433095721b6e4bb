"""The command ``pylon``. Its help answers at once: what is heavy is imported by the verb that needs it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .ask import verbs as cli_analysis
from .assistant import verbs as cli_assistant
from .base.desk import Run, Verify, current, name, use
from .base.leaving import leave
from .base.options import (
    AsJson,
    Dataset,
    Debug,
    Destination,
    Exclude,
    FullRefresh,
    LinesAs,
    LogFormat,
    Progress,
    Seed,
    Select,
    ShowProgress,
    TableAs,
    Untested,
    Version,
    Yes,
    application,
    prepare,
)
from .desks.pylon import PYLON
from .many.verbs import for_all
from .publish import verbs as cli_publish
from .serve import verbs as cli_serve

app = application("pylon")


Region = Annotated[
    str | None,
    typer.Option("--region", metavar="us|eu", help="Pylon's region of the workspace.  [default: us]"),
]
BaseUrl = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="Another host than the region's, such as the emulator."),
]
StartDate = Annotated[
    str | None,
    typer.Option(
        "--start-date", metavar="DATE", help="Leave out issues created before it, such as 2025-01-31."
    ),
]


def main() -> None:
    """Run the command line."""
    try:
        app(prog_name="pylon")
    except SystemExit as ended:
        leave(ended.code)
        raise


@app.callback()
def pylon(_version: Version = False) -> None:
    """Copy a Pylon workspace into a database of your own, and keep the copy equal to it.

    \b
    Begin with:
      export PYLON_API_KEY=...    (in Pylon: Settings, API tokens)
      pylon check                 is everything in place?
      pylon run                   copy into ./support.duckdb, then run it again whenever you like
      pylon status                what is there, and how fresh it is
    """
    use(PYLON)


@app.command(short_help="Copy what is new or changed, and remove what is gone.")
@for_all
def run(
    select: Select = None,
    exclude: Exclude = None,
    destination: Destination = "duckdb",
    dataset: Dataset = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(
            "--max-minutes",
            metavar="N",
            min=0.01,
            help="Stop after so long; the next run goes on from there. Time to spare goes into re-reading the"
            " conversations that were verified longest ago (sweep_days).",
        ),
    ] = None,
    full_refresh: FullRefresh = False,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt",
            help="Go on with a copy that was made with another organisation's token; it changes hands.",
        ),
    ] = False,
    untested_destination: Untested = False,
    yes: Yes = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Only say what is due and what it costs; ask Pylon nothing, change nothing."
        ),
    ] = False,
    progress: ShowProgress = Progress.AUTO,
    log_format: LinesAs = LogFormat.TEXT,
    region: Region = None,
    base_url: BaseUrl = None,
    start_date: StartDate = None,
    debug: Debug = False,
) -> None:
    """Copy what is new or changed, and remove what is gone.

    Ctrl-C ends a run in good order: what was read is saved, and the next run goes on from there.
    Exit codes: 0 done, 1 failed, 2 usage, 3 credentials or configuration, 4 Pylon stayed unavailable,
    5 a data check failed, 75 another run is at work, 130 Ctrl-C.

    \b
    Examples:
      pylon run
      pylon run --select issues,issue_messages --max-minutes 30
      pylon run --destination postgres --log-format json
      pylon run --dry-run
      pylon run --all
    """
    from .base.screens import one_screen

    prepare(debug=debug, as_json=log_format is LogFormat.JSON)
    with one_screen(debug=debug, as_json=log_format is LogFormat.JSON):
        options = Run(
            select=tuple(select or ()),
            exclude=tuple(exclude or ()),
            destination=destination,
            dataset=dataset or name(),
            max_minutes=max_minutes,
            full_refresh=full_refresh,
            adopt=adopt,
            yes=yes,
            progress=progress.value,
            as_json=log_format is LogFormat.JSON,
            settings=_settings(region, base_url, start_date, untested=untested_destination),
        )
        if not dry_run:
            raise SystemExit(PYLON.run(options))
        from .run import command as run_command

        raise SystemExit(run_command.dry_run(options))


@app.command(short_help="Say whether a run would work, and what is missing.")
@for_all
def check(
    select: Select = None,
    exclude: Exclude = None,
    destination: Destination = "duckdb",
    dataset: Dataset = None,
    region: Region = None,
    base_url: BaseUrl = None,
    form: TableAs = LogFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Say whether a run would work: token, region, permissions for each table, and the destination.

    It asks each endpoint once, for one row where it can. Exit codes: 0 all is well, 3 something must be
    set right, 4 Pylon cannot be reached.

    \b
    Examples:
      pylon check
      pylon check --region eu --destination postgres
      pylon check --exclude kb_articles
    """
    from .base.screens import one_screen

    as_json = form is LogFormat.JSON
    prepare(debug=debug, as_json=as_json)
    with one_screen(debug=debug, as_json=as_json):
        from .look import check as checks

        tables = (tuple(select or ()), tuple(exclude or ()))
        given = _settings(region, base_url)
        found = PYLON.check(*tables, given)
        raise SystemExit(checks.run(found, destination, dataset or name(), as_json=as_json))


@app.command(short_help="Show what the copy holds, how fresh it is, and what is due.")
@for_all
def status(
    destination: Destination = "duckdb",
    dataset: Dataset = None,
    form: TableAs = LogFormat.TEXT,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show what the copy holds, how fresh it is, what is due, the pace learnt and the last runs; also how long ago
    conversations were verified, what the search showed late, and which new fields there are.

    It only reads, and asks Pylon nothing. While a run writes to a DuckDB file, the answer comes from its snapshot,
    and says from when that is; without one, it says who is at work (exit code 75).

    \b
    Examples:
      pylon status
      pylon status --destination postgres
      pylon status --format json
    """
    from .base.screens import one_screen

    as_json = as_json or form is LogFormat.JSON
    prepare(debug=debug)
    with one_screen(debug=debug, as_json=as_json):
        raise SystemExit(current().status(destination, dataset or name(), as_json=as_json))


@app.command(short_help="Remove from the copy what is gone from Pylon, and mend what differs.")
@for_all
def reconcile(
    destination: Destination = "duckdb",
    dataset: Dataset = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Remove however many there are; the safety catch is off.")
    ] = False,
    untested_destination: Untested = False,
    region: Region = None,
    base_url: BaseUrl = None,
    start_date: StartDate = None,
    form: TableAs = LogFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Compare the copy with a complete listing, and remove the issues that are gone from Pylon.

    Issues that the copy lacks, or holds otherwise, are mended; the next run reads their conversations.
    A run does the same by itself once a day (reconcile_hours). If an unlikely number of issues is gone,
    nothing is removed, and the exit code is 5: look whether that is right, and confirm it with --yes.

    \b
    Examples:
      pylon reconcile
      pylon reconcile --yes
    """
    from .base.screens import one_screen

    as_json = form is LogFormat.JSON
    prepare(debug=debug, as_json=as_json)
    with one_screen(debug=debug, as_json=as_json):
        from .base.memory import import_frugally

        import_frugally()
        from .run import reconcile_command

        given = _settings(region, base_url, start_date, untested=untested_destination)
        where = (destination, dataset or name(), given)
        raise SystemExit(reconcile_command.run(*where, confirmed=yes, as_json=as_json))


@app.command(short_help="Compare the copy with Pylon: counts by month, and a sample value by value.")
@for_all
def verify(
    destination: Destination = "duckdb",
    dataset: Dataset = None,
    sample: Annotated[
        int,
        typer.Option("--sample", metavar="N", min=0, help="How many issues to compare value by value."),
    ] = 20,
    seed: Seed = None,
    log_format: TableAs = LogFormat.TEXT,
    region: Region = None,
    base_url: BaseUrl = None,
    start_date: StartDate = None,
    debug: Debug = False,
) -> None:
    """Compare the copy with what Pylon holds, and change nothing.

    The issues of each month are counted in a complete listing and in the copy, and a sample of issues is
    compared value by value, messages, threads and followers included. It first says how many requests that
    takes. What changed since the last run is no difference. What the server fails for is told, and all else
    compared. Exit codes: 0 no difference, 4 none in what could be compared, or Pylon stayed unavailable,
    5 a difference, 75 a run is at work.

    \b
    Examples:
      pylon verify
      pylon verify --sample 200 --seed 7
      pylon verify --format json
    """
    from .base.screens import one_screen

    as_json = log_format is LogFormat.JSON
    prepare(debug=debug, as_json=as_json)
    with one_screen(debug=debug, as_json=as_json):
        given = _settings(region, base_url, start_date)
        asked = Verify(destination, dataset or name(), sample, seed, as_json, given)
        raise SystemExit(PYLON.verify(asked))


@app.command(short_help="Say where Pylon's OpenAPI document differs from what is read.")
def drift(
    openapi: Annotated[
        Path,
        typer.Option("--openapi", metavar="FILE", help="Pylon's OpenAPI document, a JSON file."),
    ],
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Compare Pylon's OpenAPI document with the catalogue: new endpoints, new and removed fields, changed types.

    Nothing is asked, and no copy is needed. The API does not serve its document: save it from Pylon's
    documentation. Exit codes: 0 no drift, 2 no such document, 5 drift.

    \b
    Examples:
      pylon drift --openapi openapi.json
      pylon drift --openapi openapi.json --json
    """
    from .base.screens import one_screen

    prepare(debug=debug, as_json=as_json)
    with one_screen(debug=debug, as_json=as_json):
        from .verify import drift as comparison

        raise SystemExit(comparison.run(openapi, as_json=as_json))


@app.command(short_help="Build the tables for analysis with dbt.")
@for_all
def transform(
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select",
            "-s",
            metavar="MODEL",
            help="Only these, in dbt's words; +MODEL with what it needs; repeat it.",
        ),
    ] = None,
    destination: Annotated[
        str,
        typer.Option("--destination", "-d", metavar="NAME", help="Where the copy is: duckdb or postgres."),
    ] = "duckdb",
    dataset: Dataset = None,
    schema: Annotated[
        str, typer.Option("--schema", metavar="NAME", help="Where to build.  [default: DATASET_analytics]")
    ] = "",
    test: Annotated[bool, typer.Option("--test", help="Test the tables too.")] = False,
    progress: ShowProgress = Progress.AUTO,
    form: TableAs = LogFormat.TEXT,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Build the tables for analysis from the copy: issues, metrics, backlog by day, account health and more.

    It needs the extra [analytics]. Time zone, working hours and thresholds are set under [transform] in
    .dlt/config.toml. A run and a build of one copy wait for each other.
    Exit codes: 0 done, 1 a table could not be built, 2 usage, 3 configuration, 5 a test does not hold,
    75 a run is at work.

    \b
    Examples:
      pylon transform
      pylon transform --select +pylon__backlog_daily
      pylon transform --test --destination postgres
      pylon transform --all
    """
    from .base.screens import one_screen

    as_json = as_json or form is LogFormat.JSON
    prepare(debug=debug)
    with one_screen(debug=debug, as_json=as_json):
        from .transform import transform as building

        options = building.Options(
            desk=current(),
            select=tuple(select or ()),
            destination=destination,
            dataset=dataset or name(),
            schema=schema,
            test=test,
            progress=progress.value,
            as_json=as_json,
            debug=debug,
        )
        raise SystemExit(building.run(options))


@app.command(short_help="Move a copy's DuckDB file to where runs look for it.")
def move(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Where the copy is; earlier versions called it pylon.duckdb."),
    ] = Path("pylon.duckdb"),
    dataset: Dataset = None,
    debug: Debug = False,
) -> None:
    """Move a copy's DuckDB file, its snapshot and its memory of former runs to where runs look for it.

    That is support.duckdb in this folder, or what DESTINATION__DUCKDB__CREDENTIALS says. The next run goes on
    from where the last one ended. Exit codes: 0 done, 2 there is nothing to move or something in the way,
    75 a run is at work.

    \b
    Examples:
      pylon move
      DESTINATION__DUCKDB__CREDENTIALS=/data/support.duckdb pylon move /data/pylon.duckdb
    """
    from .base.screens import one_screen

    prepare(debug=debug)
    with one_screen(debug=debug):
        from .copy import move as moving

        raise SystemExit(moving.run(file, dataset or name()))


@app.command(short_help="Copy a sample workspace, and look at it; needs no account.")
def demo(
    issues: Annotated[
        int, typer.Option("--issues", metavar="N", min=1, help="How many issues it has.")
    ] = 2000,
    debug: Debug = False,
) -> None:
    """Copy a sample workspace that is served on this machine, look at what landed, and analyse it.

    No account is needed, and nothing leaves this machine. A few tickets of Zaia, another desk, go into the same
    file. It leaves pylon-demo.duckdb and pylon-demo.html in this folder, and touches no other copy. The analysis
    needs the extras [analytics,report]; without them, it says how to install those.

    \b
    Examples:
      pylon demo --issues 500
      DESTINATION__DUCKDB__CREDENTIALS=pylon-demo.duckdb pylon query "from issues limit 5"
    """
    from .base.screens import one_screen

    prepare(debug=debug)
    with one_screen(debug=debug):
        from .sample import demo as showing

        raise SystemExit(showing.run(issues))


@app.command(
    short_help="Serve a stand-in for Pylon's API, or Zaia's, on this machine.",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def emulator(context: typer.Context) -> None:
    """Serve a stand-in for Pylon's API, or Zaia's, on this machine, with a sample workspace, until Ctrl-C.

    All options go to the emulator; see them with: pylon emulator -- --help
    and, those for Zaia's API, with: pylon emulator -- --api zaia --help

    \b
    Examples:
      pylon emulator --port 8765 --issues 500
      PYLON_API_KEY=pyl_test pylon run --base-url http://127.0.0.1:8765
      pylon emulator --api zaia --port 8902 --tickets 60
    """
    from .base.screens import one_screen

    with one_screen():
        from .sample.emulator import serve

        serve(context.args)


app.add_typer(cli_analysis.app)
app.add_typer(cli_assistant.app)
app.add_typer(cli_serve.app)
app.add_typer(cli_publish.app)


def _settings(
    region: str | None = None,
    base_url: str | None = None,
    start_date: str | None = None,
    *,
    untested: bool = False,
) -> dict[str, Any]:
    return {
        "region": region,
        "base_url": base_url,
        "start_date": start_date,
        "untested_destination": untested or None,
    }


if __name__ == "__main__":
    main()
