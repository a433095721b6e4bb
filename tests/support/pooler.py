"""A pooler in transaction mode before a Postgres server: each transaction gets the connection that was used last.

It speaks as much of the protocol (version 3) as simple queries need; the server must trust whoever comes.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_REFUSED = {80877103, 80877104}
"""Requests for TLS and for GSSAPI."""


class _Wire:
    """A connection, read message by message."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._file = connected.makefile("rb")

    def startup(self) -> bytes:
        """Return a first message, which has no type."""
        length = self._exactly(4)
        return length + self._exactly(struct.unpack("!I", length)[0] - 4)

    def message(self) -> tuple[bytes, bytes]:
        """Return a message's type and the whole of it."""
        head = self._exactly(5)
        return head[:1], head + self._exactly(struct.unpack("!I", head[1:])[0] - 4)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def close(self) -> None:
        self._socket.close()

    def _exactly(self, length: int) -> bytes:
        data = self._file.read(length)
        if len(data) < length:
            raise ConnectionError
        return data


class _Pool:
    """The connections of the server that nobody has at present, of one database and role."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._idle: list[_Wire] = []
        self._lock = threading.Lock()
        self.greeting = b""

    def take(self, startup: bytes) -> _Wire:
        with self._lock:
            return self._idle.pop() if self._idle else self._connect(startup)

    def give(self, wire: _Wire) -> None:
        with self._lock:
            self._idle.append(wire)

    def close(self) -> None:
        for wire in self._idle:
            wire.close()

    def _connect(self, startup: bytes) -> _Wire:
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(str(self._server))
        wire, greeting = _Wire(connected), []
        wire.send(startup)
        while True:
            kind, message = wire.message()
            greeting.append(message)
            if kind == b"Z":
                self.greeting = b"".join(greeting)
                return wire


@contextmanager
def pooling(server: Path) -> Iterator[int]:
    """Listen on a port of this machine, and return it.

    Args:
        server: The server's socket.
    """
    listening, pool = socket.create_server(("127.0.0.1", 0)), _Pool(server)

    def listen() -> None:
        with suppress(OSError):
            while True:
                client = _Wire(listening.accept()[0])
                threading.Thread(target=_serve, args=(client, pool), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        pool.close()


def _serve(client: _Wire, pool: _Pool) -> None:
    with suppress(ConnectionError, OSError):
        while struct.unpack("!I", (startup := client.startup())[4:8])[0] in _REFUSED:
            client.send(b"N")
        pool.give(pool.take(startup))
        client.send(pool.greeting)
        lent: _Wire | None = None
        while True:
            kind, query = client.message()
            if kind == b"X":
                break
            lent = lent or pool.take(startup)
            lent.send(query)
            while True:
                kind, answer = lent.message()
                client.send(answer)
                if kind == b"Z":
                    break
            if answer[-1:] == b"I":  # no transaction is open
                pool.give(lent)
                lent = None
    client.close()
