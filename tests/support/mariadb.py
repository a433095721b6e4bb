"""A throw-away MariaDB server in a folder that can be copied, from the machine's own binaries."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

PATIENCE = 60.0
SMALL = (
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=16M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--performance-schema=off",
    "--skip-networking",
    "--skip-log-bin",
)
"""Settings of a server whose data nobody needs after a power cut, and whom only this machine may ask."""


def binaries() -> tuple[Path, Path]:
    """Return the server, and what makes its first files.

    Raises:
        LookupError: They are not on this machine.
    """
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = [shutil.which(name, path=places) for name in ("mariadbd", "mariadb-install-db")]
    if not all(found):
        raise LookupError("there is no mariadbd: apt-get install mariadb-server-core mariadb-client-core")
    return Path(str(found[0])), Path(str(found[1]))


def make_data(folder: Path) -> None:
    """Make the first files of a server, which :class:`MariaDb` starts."""
    _, install = binaries()
    folder.mkdir(parents=True)
    temporary = _temporary(folder)
    with (folder / "made.log").open("wb") as log:
        subprocess.run(
            [
                *(install, "--no-defaults", f"--user={_user()}", f"--datadir={folder / 'data'}"),
                *("--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=16M"),
                f"--tmpdir={temporary}",
            ],
            check=True,
            stdout=log,
            stderr=log,
        )


def _temporary(folder: Path) -> Path:
    """Return a place for temporary tables of its own: a server that begins removes what lies in the one of all."""
    place = folder / "tmp"
    place.mkdir(exist_ok=True)
    return place


@dataclass
class MariaDb:
    """A server whose files are in a folder; it runs from the first question on, and always at the same socket."""

    folder: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def url(self) -> str:
        """Return how dlt connects."""
        return f"mysql+pymysql://root@localhost/mysql?unix_socket={quote(str(self.socket), safe='')}"

    @property
    def socket(self) -> Path:
        """Where it answers: a short path, since that of a socket may have about a hundred characters."""
        digest = sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path("/tmp") / f"pylon-maria-{digest}" / "socket"

    def start(self) -> None:
        """Start the server, unless it runs."""
        if self._process is None:
            self.socket.parent.mkdir(mode=0o700, exist_ok=True)
            server, _ = binaries()
            with (self.folder / "server.log").open("ab") as log:
                self._process = subprocess.Popen(
                    [
                        *(server, "--no-defaults", f"--user={_user()}", f"--datadir={self.folder / 'data'}"),
                        *(f"--socket={self.socket}", f"--pid-file={self.socket.with_name('pid')}", *SMALL),
                        f"--tmpdir={_temporary(self.folder)}",
                    ],
                    stdout=log,
                    stderr=log,
                )
            self._wait()

    def stop(self) -> None:
        """Stop the server, if it runs; its files are whole then."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None
            shutil.rmtree(self.socket.parent, ignore_errors=True)

    def connect(self, **options: Any) -> Any:
        """Return a connection of one's own."""

        self.start()
        return self._connect(**options)

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def _connect(self, **options: Any) -> Any:
        import pymysql

        return pymysql.connect(
            unix_socket=str(self.socket), user="root", charset="utf8mb4", autocommit=True, **options
        )

    def _wait(self) -> None:
        import pymysql

        until = time.monotonic() + PATIENCE
        while True:
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "server.log").read_text(errors="replace")
            try:
                self._connect().close()
            except pymysql.err.OperationalError:
                assert time.monotonic() < until, "mariadbd did not answer"
                time.sleep(0.05)
            else:
                return


def _user() -> str:
    """Return who runs the server: root has to say so."""
    return pwd.getpwuid(os.geteuid()).pw_name
