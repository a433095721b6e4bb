"""``pylon mcp``: serves the tools to one program over stdio, or over HTTP to whoever knows the token."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, cast

from ..base import configuration, exits, installing, screens
from ..base.desk import command
from ..base.listening import LOOPBACK, listen
from . import hidden as hiding
from .access import Access, Place
from .limits import Limits
from .token import RequireToken

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from .hidden import Hidden
    from .tools import Tools

HOST, PORT = "127.0.0.1", 2719
TOKEN = "PYLON_MCP_TOKEN"  # noqa: S105 - the name of a variable
PATH = "/mcp"
PATIENCE = 2.0
"""Seconds that a call under way has to put its things away when the server ends."""


@dataclass(frozen=True)
class Options:
    """The command line of ``pylon mcp``."""

    http: bool
    host: str
    port: int | None
    notes: bool
    without: Sequence[str]
    without_masked: bool
    limits: Limits
    place: Place
    debug: bool = False


def run(options: Options) -> NoReturn:
    """Serve until the input ends, or Ctrl-C or SIGTERM come, and end the process.

    Raises:
        Problem: mcp is missing, a column is unknown, the token is too short, or the port is taken.
    """
    installing.require("mcp", command("mcp"))
    hidden = hiding.of(
        not options.notes, options.without, configuration.masks() if options.without_masked else None
    )
    tools, end = _answering(options, hidden)
    from . import server

    made = server.make(tools, hidden, options.limits, debug=options.debug)
    # whoever waits for a line of input cannot be told to stop waiting, so the process ends without it; uvicorn ends in
    # good order first, and hands the signal on
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _leave(end))
    if options.http:
        with listen(options.host, (PORT, 0) if options.port is None else (options.port,)) as listening:
            _over_http(made, options.host, listening)
    else:
        made.run("stdio")
    _leave(end)


def _over_http(server: MCPServer[Any], host: str, listening: socket.socket) -> None:
    import uvicorn

    token = _token()
    port = listening.getsockname()[1]
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,  # each request stands for itself: there is nothing to keep between two
        json_response=True,
        host=host,
        transport_security=security(host),
    )
    shown = f"[{host}]" if ":" in host else host
    screens.tell(f"The server is at http://{shown}:{port}{PATH}\nCtrl-C ends it.")
    if host not in LOOPBACK:
        screens.say("Others on the network reach it, and read along: put a proxy with TLS before it.")
    config = uvicorn.Config(
        RequireToken(app, token), log_level="critical", access_log=False, timeout_graceful_shutdown=1
    )
    uvicorn.Server(config).run(sockets=[listening])


def security(host: str) -> Any:
    """Return how the server may be called: a page that makes its own name mean this machine is refused."""
    from mcp.server.transport_security import TransportSecuritySettings

    names = [*LOOPBACK] if host in LOOPBACK else [*LOOPBACK, host, socket.gethostname(), socket.getfqdn()]
    shown = [f"[{name}]" if ":" in name else name for name in dict.fromkeys(names)]
    hosts = [form for name in shown for form in (name, f"{name}:*")]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=hosts,
        allowed_origins=[f"http://{one}" for one in hosts],
    )


def _token() -> str:
    """Return the token: that of the environment, else a new one, which is told on stderr."""
    given = os.environ.get(TOKEN, "").strip()
    if given:
        if len(given) < 16 or not given.isascii() or not given.isprintable() or " " in given:
            raise exits.Problem(
                f"{TOKEN} is no token: it must have 16 or more letters and digits, and no blanks.",
                "Leave it out, and a new one is made and told.",
                exits.CONFIGURATION,
            )
        return given
    made = secrets.token_urlsafe(24)
    sys.stderr.write(f"The token is {made} (set {TOKEN} to choose it); send it as Authorization: Bearer …\n")
    sys.stderr.flush()
    return made


def _answering(options: Options, hidden: Hidden) -> tuple[Tools, Callable[[], None]]:
    """Return what answers, in a process of its own where there can be one, and what ends the call under way."""
    from . import apart
    from .tools import Tools, explained

    def told(error: Exception) -> exits.Problem:
        if options.debug:
            from ..base import refusals

            screens.say(refusals.told(error))
        return explained(error)

    access = Access(options.place, options.limits)
    tools = Tools(access, hidden, options.limits)
    if not apart.can_fork():
        return tools, partial(access.end, PATIENCE)
    made = apart.Apart(tools, access, options.limits, told)
    return cast("Tools", made), made.end


def _leave(break_off: Callable[[], None], end: Callable[[int], Any] = os._exit) -> NoReturn:
    """End at once, but for what a call under way has to put away: some thread may wait for input for ever."""
    break_off()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, RuntimeError):  # the last: the signal came while it was written to
            stream.flush()
    end(exits.DONE)
    raise SystemExit(exits.DONE)
