"""The verb of ``pylon`` that serves a copy to assistants."""

from __future__ import annotations

from typing import Annotated

import typer

from ..base.desk import name as usual
from ..base.options import Dataset, Debug, Schema, Source, prepare
from ..many.verbs import for_one

app = typer.Typer(rich_markup_mode=None)


@app.command(short_help="Let an assistant ask the copy (Model Context Protocol).")
@for_one
def mcp(
    http: Annotated[
        bool, typer.Option("--http", help="Serve over HTTP instead of stdio, to who knows the token.")
    ] = False,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="With --http: where to listen.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=0, max=65535, metavar="N", help="With --http; 0 for any.  [default: 2719, or any]"
        ),
    ] = None,
    private_notes: Annotated[
        bool, typer.Option("--private-notes", help="Internal notes too, which are left out otherwise.")
    ] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            metavar="COLUMN",
            help="Leave out a column, TABLE.COLUMN or in all tables COLUMN; repeat it or use commas. With it"
            " goes what the tables for analysis have of it, under whatever name.",
        ),
    ] = None,
    without_masked: Annotated[
        bool, typer.Option("--without-masked", help="Leave out the columns that the configuration masks.")
    ] = False,
    rows: Annotated[
        int, typer.Option("--rows", min=1, max=100_000, metavar="N", help="The most rows of an answer.")
    ] = 500,
    size: Annotated[
        int, typer.Option("--bytes", min=1000, metavar="N", help="The most bytes of an answer.")
    ] = 100_000,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.1, metavar="N", help="How long an answer may take.")
    ] = 20.0,
    destination: Source = "duckdb",
    dataset: Dataset = None,
    schema: Schema = "",
    debug: Debug = False,
) -> None:
    """Serve the copy to an assistant by the Model Context Protocol, over stdio until its input ends.

    It needs the extra [mcp]. The assistant can list and ask the ready questions, describe tables, ask a SELECT, read a
    conversation and find some by words. It only reads, as pylon query does, asks Pylon nothing, and sees a new snapshot
    at once. With --http the token is that of PYLON_MCP_TOKEN, else a new one, told on stderr.
    Exit codes: 0 done, 2 usage, 3 configuration.

    \b
    Examples:
      pylon mcp
      pylon mcp --without contacts.email,requester_email --rows 100
      PYLON_MCP_TOKEN=... pylon mcp --http --port 2719
    """
    from ..base.screens import one_screen

    prepare(debug=debug)
    with one_screen(debug=debug):
        from . import serve
        from .access import Place
        from .limits import Limits

        options = serve.Options(
            http,
            host,
            port,
            private_notes,
            tuple(without or ()),
            without_masked,
            Limits(rows, size, seconds),
            Place(destination, dataset or usual(), schema),
            debug,
        )
        serve.run(options)
