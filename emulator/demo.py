"""The demo: a sample workspace, served on this machine, copied by the real ``pylon run``, and looked at.

Run it with ``make demo``. It leaves ``pylon-demo.duckdb`` in the working folder, to be queried further,
and a report, ``pylon-demo.html``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from . import Server, Settings, World, running

DATABASE = Path("pylon-demo.duckdb")
REPORT = Path("pylon-demo.html")
ISSUES = 2000
WINDOW_SECONDS = 1.5

QUESTIONS = {
    "Open backlog by team": """
        SELECT coalesce(t.name, '(no team)') AS team, count(*) AS open_issues,
               count(*) FILTER (i.state = 'new') AS new, min(i.created_at)::date AS oldest
        FROM issues i LEFT JOIN teams t ON t.id = i.team_id
        LEFT JOIN issue_statuses s ON s.slug = i.state
        WHERE i.state <> 'closed' AND coalesce(s.category, '') <> 'closed'
        GROUP BY 1 ORDER BY 2 DESC, 1""",
    "Median first response by month (hours)": """
        SELECT strftime(created_at, '%Y-%m') AS month, count(*) AS issues,
               round(median(first_response_seconds) / 3600, 1) AS median_hours
        FROM issues WHERE first_response_seconds IS NOT NULL
        GROUP BY 1 ORDER BY 1 DESC LIMIT 12""",
    "Accounts with the most open issues": """
        SELECT a.name AS account, count(*) AS open_issues, max(i.latest_message_time)::date AS latest_message
        FROM issues i JOIN accounts a ON a.id = i.account_id
        WHERE i.state <> 'closed' GROUP BY a.id, a.name ORDER BY 2 DESC, 1 LIMIT 8""",
}
"""What a support lead would ask first, each answered by one query over the copy."""


def main() -> int:
    """Copy the sample workspace twice and print what landed.

    Returns the exit code of the first copy that failed.
    """
    console = Console(highlight=False)
    for leftover in DATABASE.parent.glob(DATABASE.stem + ".*"):
        leftover.unlink()
    console.print(
        f"A sample workspace of {ISSUES:,} issues over two years, served on this machine.\n"
        f"Its rate limits are Pylon's of autumn 2026 (30, 120 and 300 requests a minute), with minutes of "
        f"[bold]{WINDOW_SECONDS:g} seconds[/bold]: this is a demo."
    )
    world = World.seeded(seed=7, issues=ISSUES, now=datetime.now(UTC) - timedelta(minutes=5))
    world.advance(300)
    with running(world, Settings(tier="autumn", window_seconds=WINDOW_SECONDS)) as server:
        return _copy_and_look(console, server)


def _copy_and_look(console: Console, server: Server) -> int:
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(server, folder)
        if code := _run(console, server, environment, "First run: everything"):
            return code
        _show(console)
        server.clear_log()
        code = _run(console, server, environment, "Second run: nothing has changed")
        code = code or _analyse(console, environment)
    at = f"DESTINATION__DUCKDB__CREDENTIALS={DATABASE} {Path(sys.executable).with_name('pylon')}"
    console.print(
        f"\nThe copy is in {DATABASE}; the report is at {REPORT.absolute()}. Ask more, such as:\n"
        f"  {at} ask backlog --by account\n  {at} query 'from issues limit 5'",
        soft_wrap=True,
    )
    return code


def _analyse(console: Console, environment: dict[str, str]) -> int:
    """Build the tables for analysis, ask one of the ready questions, and write the report."""
    for title, arguments in {
        "Tables for analysis": ["transform", "--progress", "none"],
        "A ready question": ["ask", "response", "--by", "team"],
        "The report": ["report", "--html", str(REPORT)],
    }.items():
        console.rule(f"[bold]{title}")
        if code := _pylon(console, environment, arguments):
            return code
    return 0


def _environment(server: Server, folder: str) -> dict[str, str]:
    return os.environ | {
        "PYLON_API_KEY": server.token,
        "SOURCES__PYLON__BASE_URL": server.base_url,
        "SOURCES__PYLON__RATE_WINDOW_SECONDS": str(WINDOW_SECONDS),
        "DESTINATION__DUCKDB__CREDENTIALS": str(DATABASE.absolute()),
        "DLT_DATA_DIR": folder,
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }


def _run(console: Console, server: Server, environment: dict[str, str], title: str) -> int:
    console.rule(f"[bold]{title}")
    started = time.monotonic()
    code = _pylon(console, environment, ["run"])
    if code == 0:
        requests = sum(count["served"] for count in server.counts().values())
        noun = "request" if requests == 1 else "requests"
        console.print(f"[bold]{requests:,} {noun} in {time.monotonic() - started:.0f} s.[/bold]")
    return code


def _pylon(console: Console, environment: dict[str, str], arguments: Sequence[str]) -> int:
    console.print(f"[dim]$ pylon {' '.join(arguments)}[/dim]")
    command = [str(Path(sys.executable).with_name("pylon")), *arguments]
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own command


def _show(console: Console) -> None:
    with duckdb.connect(str(DATABASE), read_only=True) as connection:
        connection.execute("USE pylon")
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'pylon'"
            " AND NOT starts_with(table_name, '_') ORDER BY 1"
        ).fetchall()
        counts = [(name, len(connection.table(name))) for (name,) in tables]
        console.print(_table("What landed", ["table", "rows"], counts))
        for title, query in QUESTIONS.items():
            answer = connection.execute(query)
            names = [column[0] for column in answer.description]
            console.print(_table(title, names, answer.fetchall()))


def _table(title: str, names: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in names:
        table.add_column(name, justify="left" if name in ("table", "team", "account", "month") else "right")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row))
    return table


if __name__ == "__main__":
    raise SystemExit(main())
