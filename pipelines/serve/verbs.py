"""The verb of ``pylon`` that keeps copies up to date for as long as it is let."""

from __future__ import annotations

from typing import Annotated

import typer

from ..base.desk import was_given
from ..base.options import Dataset, Debug, Destination, LinesAs, LogFormat, prepare
from ..many.verbs import Named

app = typer.Typer(rich_markup_mode=None)


@app.command(short_help="Keep the copy up to date: on a schedule, and when a webhook rings.")
def serve(
    every: Annotated[
        str, typer.Option("--every", metavar="TIME", help="From one run to the next: 90s, 15m, 2h or 1d.")
    ] = "15m",
    hooks: Annotated[
        bool,
        typer.Option(
            "--hooks",
            help="Take Pylon's webhooks at /hooks/pylon, signed with PYLON_WEBHOOK_SECRET, and copy at once what rang.",
        ),
    ] = False,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="N", help="The port; 0 for any.")
    ] = 2720,
    workspace: Named = None,
    every_one: Annotated[
        bool, typer.Option("--all", help="All workspaces; one that fails keeps none from going on.")
    ] = False,
    destination: Destination = "duckdb",
    dataset: Dataset = None,
    log_format: LinesAs = LogFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Keep the copy up to date until SIGTERM or Ctrl-C: a run at an interval, each in a process of its own.

    It answers /healthz (it is alive), /readyz (each copy is up to date, else 503 and why) and /metrics (for
    Prometheus), and with --hooks the webhooks of Pylon: what rang is in the copy seconds later. A signal lets runs
    under way end at their turn's end, with all that was read saved; a second one ends them at once.
    Exit codes: 0 ended by a signal, 2 usage, 3 credentials or configuration.

    \b
    Examples:
      pylon serve --every 15m
      PYLON_WEBHOOK_SECRET=... pylon serve --hooks
      pylon serve --all --every 1h --log-format json
    """
    from ..base.screens import one_screen

    as_json = log_format is LogFormat.JSON
    prepare(debug=debug, as_json=as_json)
    with one_screen(debug=debug, as_json=as_json):
        from . import command

        options = command.Options(
            every=every,
            workspace=workspace,
            all=every_one,
            destination=destination if was_given("destination") else "",
            dataset=dataset or "",
            host=host,
            port=port,
            hooks=hooks,
            as_json=as_json,
        )
        raise SystemExit(command.run(options))
