"""The command ``zaia``: the same verbs for the second desk. Its help answers at once, as that of ``pylon`` does."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import cli
from .ask import verbs
from .base.desk import Run, Verify, name, use
from .base.leaving import leave
from .base.options import (
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
from .desks.zaia import ZAIA
from .many.verbs import plain
from .publish import verbs as cli_publish

app = application("zaia")

BaseUrl = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="Another host than Zaia's own, such as the emulator."),
]


def main() -> None:
    """Run the command line."""
    use(ZAIA)
    try:
        app(prog_name="zaia")
    except SystemExit as ended:
        leave(ended.code)
        raise


@app.callback()
def zaia(_version: Version = False) -> None:
    """Copy a Zaia workspace into a database of your own, and keep the copy equal to it.

    The copy stands in the schema zaia, beside that of Pylon if there is one: both go into ./support.duckdb.

    \b
    Begin with:
      export ZAIA_API_KEY=...     (in Zaia: workspace settings)
      zaia check                  is everything in place?
      zaia run                    copy into ./support.duckdb, then run it again whenever you like
      zaia status                 what is there, and how fresh it is
    """
    use(ZAIA)


@app.command(short_help="Copy what is new or changed, and remove what is gone.")
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
            help="Leave threads and messages to the next run after so long; all lists are read first.",
        ),
    ] = None,
    full_refresh: FullRefresh = False,
    confirm_removals: Annotated[
        bool,
        typer.Option(
            "--confirm-removals", help="Remove however many rows are gone; the safety catch is off."
        ),
    ] = False,
    untested_destination: Untested = False,
    yes: Yes = False,
    progress: ShowProgress = Progress.AUTO,
    log_format: LinesAs = LogFormat.TEXT,
    base_url: BaseUrl = None,
    debug: Debug = False,
) -> None:
    """Copy what is new or changed, and remove what is gone.

    All lists are read and loaded first, then what hangs on chats, minute by minute: whatever ends a run,
    the next one goes on from there.
    Exit codes: 0 done, 1 failed, 2 usage, 3 credentials or configuration, 4 Zaia stayed unavailable,
    5 more would be removed than can be believed, 75 another run is at work, 130 Ctrl-C.

    \b
    Examples:
      zaia run
      zaia run --select tickets,chats
      zaia run --destination postgres --log-format json
    """
    from .base.screens import one_screen

    as_json = log_format is LogFormat.JSON
    prepare(debug=debug, as_json=as_json)
    with one_screen(debug=debug, as_json=as_json):
        asked = Run(
            select=tuple(select or ()),
            exclude=tuple(exclude or ()),
            destination=destination,
            dataset=dataset or name(),
            max_minutes=max_minutes,
            full_refresh=full_refresh,
            confirm=confirm_removals,
            yes=yes,
            progress=progress.value,
            as_json=as_json,
            settings=_settings(base_url, untested=untested_destination),
        )
        raise SystemExit(ZAIA.run(asked))


@app.command(short_help="Say whether a run would work, and what is missing.")
def check(
    select: Select = None,
    exclude: Exclude = None,
    destination: Destination = "duckdb",
    dataset: Dataset = None,
    base_url: BaseUrl = None,
    form: TableAs = LogFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Say whether a run would work: key, each list, and the destination.

    It asks each list once, for one row. Exit codes: 0 all is well, 3 something must be set right, 4 Zaia
    cannot be reached.

    \b
    Examples:
      zaia check
      zaia check --destination postgres
    """
    from .base.screens import one_screen

    as_json = form is LogFormat.JSON
    prepare(debug=debug, as_json=as_json)
    with one_screen(debug=debug, as_json=as_json):
        from .look import check as checks

        tables = (tuple(select or ()), tuple(exclude or ()))
        found = ZAIA.check(*tables, _settings(base_url))
        raise SystemExit(checks.run(found, destination, dataset or name(), as_json=as_json))


@app.command(short_help="Compare the copy with Zaia: all lists, and a sample of chats.")
def verify(
    destination: Destination = "duckdb",
    dataset: Dataset = None,
    sample: Annotated[
        int, typer.Option("--sample", metavar="N", min=0, help="Of how many chats to compare the messages.")
    ] = 20,
    seed: Seed = None,
    log_format: TableAs = LogFormat.TEXT,
    base_url: BaseUrl = None,
    debug: Debug = False,
) -> None:
    """Compare the copy with what Zaia shows, and change nothing.

    All lists are read whole, as the daily complete reading does, and the threads and messages of some chats.
    What bears a time after the last run is no difference. No run can begin meanwhile.
    Exit codes: 0 no difference, 4 Zaia stayed unavailable, 5 a difference, 75 a run is at work.

    \b
    Examples:
      zaia verify
      zaia verify --sample 200 --seed 7
    """
    from .base.screens import one_screen

    as_json = log_format is LogFormat.JSON
    prepare(debug=debug, as_json=as_json)
    with one_screen(debug=debug, as_json=as_json):
        asked = Verify(destination, dataset or name(), sample, seed, as_json, _settings(base_url))
        raise SystemExit(ZAIA.verify(asked))


@app.command(
    short_help="Serve a stand-in for Zaia's API on this machine.",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def emulator(context: typer.Context) -> None:
    """Serve a stand-in for Zaia's API on this machine, with a sample workspace, until Ctrl-C.

    All options go to the emulator; see them with: zaia emulator -- --help

    \b
    Examples:
      zaia emulator --port 8902 --tickets 60
      ZAIA_API_KEY=zaia_test zaia run --base-url http://127.0.0.1:8902
    """
    from .base.screens import one_screen

    with one_screen():
        from .sample.emulator import serve

        serve(["--api", "zaia", *context.args])


STATUS = """Show what the copy holds, how fresh it is, when each list is read whole, and the last runs.

It only reads, and asks Zaia nothing. While a run writes to a DuckDB file, the answer comes from its snapshot,
and says from when that is; without one, it says who is at work (exit code 75).

\b
Examples:
  zaia status
  zaia status --format json
"""
TRANSFORM = """Build the tables for analysis from the copy: support__tickets, support__messages and more.

They unite Zaia's tickets with Pylon's issues where the schema pylon is in the same database; pylon transform
builds the same. It needs the extra [analytics]. Settings stand under [transform] in .dlt/config.toml.
Exit codes: 0 done, 1 a table could not be built, 2 usage, 3 configuration, 5 a test does not hold,
75 a run is at work.

\b
Examples:
  zaia transform
  zaia transform --select +support__tickets
"""
QUERY = """Answer a SELECT from the copy, and from the tables that zaia transform builds.

Nothing can be written, and no file but the copy be read. Tables need no schema before their name. While a run
writes to a DuckDB file, the answer comes from its snapshot, and says so. In Postgres, a superuser and other
roles that could do more than read tables are refused.
Exit codes: 0 done, 1 there is no copy, 2 the statement is wrong, 3 configuration, 75 locked.

\b
Examples:
  zaia query "select status, count(*) from tickets group by 1"
  zaia query "from support__tickets where is_open" --format csv --output open.csv
"""
ASK = """Answer a ready question from the tables that zaia transform builds; without a name, list the questions.

Each question has options of its own, such as --by: zaia ask desks --help shows them, --explain its SQL too.
Exit codes: 0 done, 1 the tables are not there, 2 usage, 3 configuration, 75 locked.

\b
Examples:
  zaia ask
  zaia ask desks --by channel
"""
EXPORT = """Write the tables of the copy to Parquet files, one each; a file is there only when it is complete.

Files of the same names are replaced.
Exit codes: 0 done, 1 there is no copy, 2 usage, 3 configuration, 75 locked.

\b
Examples:
  zaia export parquet/
  zaia export parquet/ --marts --destination postgres
"""
PUBLISH = """Publish the tables of the copy as Iceberg tables, which Spark, Daft, Trino and others read.

Copy and published tables are compared, and what differs is written anew. Each table changes in one commit, and one
that has not changed in none. It keeps no state: after a kill, publish again. It needs the extra [publish].
Exit codes: 0 done, 1 there is no copy, or a catalogue that failed, 2 usage, 3 configuration, or a table that is not
ours, 75 locked.

\b
Examples:
  zaia publish --to lake/
  zaia publish --catalog prod --namespace support --select tickets,chat_messages
"""
REPORT = """Write the dashboard as one page of HTML that needs nothing else: for mail, a wiki or paper.

It needs the extra [report], and the tables that zaia transform builds.
Exit codes: 0 done, 1 the tables are not there, 2 usage, 3 configuration, 75 locked.

\b
Examples:
  zaia report --html report.html
"""
DASHBOARD = """Show the dashboard in a browser on this machine, until Ctrl-C.

It needs the extra [dashboard], and the tables that zaia transform builds. They are read once, and again at a
click, so no run has to wait for it. Nothing leaves this machine.
Exit codes: 0 done, 1 the tables are not there, 2 usage, 3 configuration, 75 locked.

\b
Examples:
  zaia dashboard --port 8080 --no-browser
"""
app.command(help=STATUS, short_help="Show what the copy holds, and how fresh it is.")(plain(cli.status))
app.command(help=TRANSFORM, short_help="Build the tables for analysis with dbt.")(plain(cli.transform))
app.command(help=QUERY, short_help="Answer a SELECT from the copy.")(plain(verbs.query))
app.command(
    help=ASK,
    short_help="Answer a ready question; without a name, list them.",
    context_settings=verbs.WITH_OWN_OPTIONS,
)(plain(verbs.ask))
app.command(help=EXPORT, short_help="Write the tables to Parquet files.")(plain(verbs.export))
app.command(help=PUBLISH, short_help="Publish the tables as Iceberg tables.")(plain(cli_publish.publish))
app.command(help=REPORT, short_help="Write the dashboard as one page of HTML.")(plain(verbs.report))
app.command(help=DASHBOARD, short_help="Show the dashboard in a browser on this machine.")(
    plain(verbs.dashboard)
)


def _settings(base_url: str | None, *, untested: bool = False) -> dict[str, Any]:
    return {"base_url": base_url, "untested_destination": untested or None}


if __name__ == "__main__":
    main()
