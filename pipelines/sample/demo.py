"""``pylon demo``: a sample workspace, served on this machine, copied by the real ``pylon run``, and looked at.

It leaves ``pylon-demo.duckdb`` in the working folder, to be queried further, and a report, ``pylon-demo.html``.
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

from ..base import installing
from .emulator import Emulator, serving

DATABASE = Path("pylon-demo.duckdb")
REPORT = Path("pylon-demo.html")
SETTLED_SECONDS = 300
"""How long ago the sample workspace was last changed."""
CONFIGURED = (
    *("SOURCES__", "WORKSPACES__", "DESTINATION__", "TRANSFORM__", "SNAPSHOT__"),
    *("PYLON_API_KEY", "ZAIA_API_KEY"),
)
"""What the user has set for workspaces of their own begins so."""
WINDOW_SECONDS = 1.5
TICKETS = 40
"""How many tickets the sample workspace of the other desk has."""
PROGRAMS = {"pylon": "pylon_elt.pipelines.cli", "zaia": "pylon_elt.pipelines.zaia_cli"}

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


def run(issues: int) -> int:
    """Copy the sample workspace twice, and another desk's beside it; print what landed, and analyse it if possible.

    Returns:
        The exit code of the first command that failed.

    Raises:
        Problem: The emulator does not start.
    """
    console = Console(highlight=False)
    for leftover in DATABASE.parent.glob(DATABASE.stem + ".*"):
        leftover.unlink()
    console.print(
        f"A sample workspace of {issues:,} issues over two years, served on this machine.\n"
        f"Its rate limits are Pylon's of autumn 2026 (30, 120 and 300 requests a minute), with minutes of "
        f"[bold]{WINDOW_SECONDS:g} seconds[/bold]: this is a demo."
    )
    then = datetime.now(UTC) - timedelta(seconds=SETTLED_SECONDS)
    options = {
        "seed": 7,
        "issues": issues,
        "now": then.isoformat(),
        "tier": "autumn",
        "window-seconds": WINDOW_SECONDS,
    }
    with serving(*(f"--{name}={value}" for name, value in options.items())) as emulator:
        emulator.advance(SETTLED_SECONDS)
        return _copy_and_look(console, emulator)


def _copy_and_look(console: Console, emulator: Emulator) -> int:
    with tempfile.TemporaryDirectory() as folder:
        demo = _Commands(console, emulator, Path(folder))
        if code := demo.copy("First run: everything"):
            return code
        _show(console)
        emulator.clear_log()
        if code := demo.copy("Second run: nothing has changed"):
            return code
        if code := demo.copy_other_desk():
            return code
        code = (
            demo.analyse()
            if installing.has("analytics") and installing.has("report")
            else _tell_of_more(console)
        )
    at = f"DESTINATION__DUCKDB__CREDENTIALS={DATABASE} {Path(sys.executable).with_name('pylon')}"
    examples = ["query 'from issues limit 5'"]
    if installing.has("analytics"):
        examples.insert(0, "ask backlog --by account")
    console.print(f"\nThe copy is in {DATABASE.absolute()}. Ask more, such as:", soft_wrap=True)
    for example in examples:
        console.print(f"  {at} {example}", soft_wrap=True)
    return code


def _tell_of_more(console: Console) -> int:
    console.rule("[bold]And more")
    console.print(
        "Tables for analysis, ready questions and a report need dbt and altair. "
        + installing.how("analytics", "report"),
        soft_wrap=True,
        markup=False,
    )
    return 0


class _Commands:
    """Runs ``pylon`` and ``zaia`` on sample workspaces, away from whatever is configured in this folder."""

    def __init__(self, console: Console, emulator: Emulator, folder: Path) -> None:
        self._console = console
        self._emulator = emulator
        self._folder = folder
        own = {name: value for name, value in os.environ.items() if not name.startswith(CONFIGURED)}
        self._environment = own | {
            "SOURCES__PYLON__API_KEY": emulator.token,
            "SOURCES__PYLON__BASE_URL": emulator.base_url,
            "SOURCES__PYLON__RATE_WINDOW_SECONDS": str(WINDOW_SECONDS),
            "DESTINATION__DUCKDB__CREDENTIALS": str(DATABASE.absolute()),
            "DLT_DATA_DIR": str(folder),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }

    def copy(self, title: str) -> int:
        """Bring the copy up to date, and say what that took."""
        self._console.rule(f"[bold]{title}")
        started = time.monotonic()
        code = self._run("pylon", "run")
        if code == 0:
            requests = self._emulator.served()
            noun = "request" if requests == 1 else "requests"
            self._console.print(f"[bold]{requests:,} {noun} in {time.monotonic() - started:.0f} s.[/bold]")
        return code

    def copy_other_desk(self) -> int:
        """Copy some tickets of another desk into the same file."""
        self._console.rule(f"[bold]Another desk: {TICKETS} tickets of Zaia, into the same file")
        now = datetime.now(UTC).isoformat()
        with serving("--api", "zaia", f"--tickets={TICKETS}", "--seed=7", f"--now={now}") as emulator:
            self._environment |= {
                "SOURCES__ZAIA__API_KEY": emulator.token,
                "SOURCES__ZAIA__BASE_URL": emulator.base_url,
                "SOURCES__ZAIA__REQUESTS_PER_MINUTE": "0",
            }
            return self._run("zaia", "run")

    def analyse(self) -> int:
        """Build the tables for analysis, ask two of the ready questions, and write the report."""
        for title, arguments in {
            "Tables for analysis": ["transform", "--progress", "none"],
            "A ready question": ["ask", "response", "--by", "team"],
            "The report": ["report", "--html", str(REPORT.absolute())],
            "A question over both desks": ["ask", "desks"],
        }.items():
            self._console.rule(f"[bold]{title}")
            if code := self._run("pylon", *arguments):
                return code
        return 0

    def _run(self, program: str, *arguments: str) -> int:
        self._console.print(f"[dim]$ {program} {' '.join(arguments)}[/dim]", soft_wrap=True)
        command = [sys.executable, "-P", "-m", PROGRAMS[program], *arguments]
        done = subprocess.run(command, env=self._environment, cwd=self._folder, check=False)  # noqa: S603
        return done.returncode


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
