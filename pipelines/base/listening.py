"""Taking the address at which a server of ours is to be reached."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from . import exits

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Hosts that only this machine reaches."""


def listen(host: str, ports: Sequence[int]) -> socket.socket:
    """Listen on the first of some ports that can be had.

    Raises:
        Problem: None can: each is taken, or the address is not this machine's.
    """
    try:
        return first_free(host, ports)
    except OSError as error:
        raise exits.Problem(
            f"{host} port {ports[0]} cannot be listened on: {error.strerror}.",
            "Choose another port, or 0 for any: --port 0",
            exits.CONFIGURATION,
        ) from error


def first_free(host: str, ports: Sequence[int]) -> socket.socket:
    """Listen on the first of some ports that can be had: who comes before the server is ready waits.

    Raises:
        OSError: None can; why the last one cannot.
    """
    *others, last = ports
    for port in others:
        try:
            return _bound(host, port)
        except OSError:
            continue
    return _bound(host, last)


def _bound(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening
