"""The verb ``publish``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from ..base.desk import current
from ..base.desk import name as usual
from ..base.options import AsJson, Dataset, Debug, Marts, Schema, Select, Source, prepare
from ..many.verbs import for_one_or_union

app = typer.Typer(rich_markup_mode=None)


class TableFormat(StrEnum):
    """As what tables are published."""

    ICEBERG = "iceberg"


@app.command(short_help="Publish the tables as Iceberg tables, and keep those up to date.")
@for_one_or_union
def publish(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="URI",
            help="A folder, which gets a catalogue of its own; with --catalog, where that one keeps its files.",
        ),
    ] = "",
    form: Annotated[  # noqa: ARG001 - there is one
        TableFormat, typer.Option("--format", "-f", help="As what to publish the tables.")
    ] = TableFormat.ICEBERG,
    catalog: Annotated[
        str,
        typer.Option(
            "--catalog",
            metavar="NAME",
            help="A catalogue by its name in pyiceberg's configuration: REST, SQL, Glue and others.",
        ),
    ] = "",
    namespace: Annotated[
        str, typer.Option("--namespace", metavar="NAME", help="Where in the catalogue.  [default: DATASET]")
    ] = "",
    select: Select = None,
    marts: Marts = False,
    keep_days: Annotated[
        float,
        typer.Option(
            "--keep-days",
            min=0.0,
            metavar="N",
            help="How long a former state of a table can still be read; then its files are removed.",
        ),
    ] = 1.0,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Go on with tables that were published from another workspace.")
    ] = False,
    destination: Source = "duckdb",
    dataset: Dataset = None,
    schema: Schema = "",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Publish the tables of the copy as Iceberg tables, which Spark, Daft, Trino and others read.

    Copy and published tables are compared, and what differs is written anew: of large tables the months, or parts,
    in which something changed. Each table changes in one commit, and one that has not changed in none. It keeps no
    state: after a kill, publish again. It needs the extra [publish].
    Exit codes: 0 done, 1 there is no copy, or a catalogue that failed, 2 usage, 3 configuration, or a table that is
    not ours, 75 locked.

    \b
    Examples:
      pylon publish --to lake/
      pylon publish --to lake/ --marts --keep-days 0
      pylon publish --catalog prod --namespace support --select issues,issue_messages
    """
    from ..base.screens import one_screen

    prepare(debug=debug, as_json=as_json)
    with one_screen(debug=debug, as_json=as_json):
        from . import publish as publishing

        options = publishing.Options(
            to,
            catalog,
            namespace,
            tuple(select or ()),
            marts,
            keep_days,
            adopt,
            destination,
            dataset or usual(),
            schema,
            current().tables(),
            as_json,
        )
        raise SystemExit(publishing.run(options))
