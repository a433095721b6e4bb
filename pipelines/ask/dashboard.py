"""``pylon dashboard``: serves the dashboard to browsers on this machine, and to nobody else."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, NoReturn

from ..base import exits, installing, screens
from ..base.desk import command
from ..base.listening import first_free
from .report import read

if TYPE_CHECKING:
    from pylon_elt.analytics.dashboard.marts import Marts

HOST = "127.0.0.1"
PORT = 2718


@dataclass(frozen=True)
class Options:
    """The command line of ``pylon dashboard``."""

    port: int | None
    browser: bool
    destination: str
    dataset: str
    schema: str


def run(options: Options) -> NoReturn:
    """Serve until Ctrl-C, and end the process.

    Raises:
        Problem: There is nothing to show, marimo is missing, or the port is taken.
    """
    installing.require("dashboard", command("dashboard"))
    os.environ["MARIMO_SKIP_UPDATE_CHECK"] = "1"
    from pylon_elt.analytics.dashboard import source

    def marts() -> Marts:
        return read(options.destination, options.dataset, options.schema)

    def marts_or_why() -> Marts:
        try:
            return marts()
        except exits.Problem as problem:
            raise source.NothingToShow(f"{problem.what}\n\n{problem.remedy}") from problem

    with _socket(options.port) as listening:
        source.use(marts_or_why, marts())
        token = secrets.token_urlsafe(16)
        url = f"http://{HOST}:{listening.getsockname()[1]}/?access_token={token}"
        screens.tell(f"The dashboard is at {url}\nCtrl-C ends it.")
        if options.browser and sys.stdout.isatty():
            _open(url)
        _serve(token, listening)
    _leave_threads_behind()


def _socket(port: int | None) -> socket.socket:
    """Listen on the port that was asked for, else on the usual one or any that is free."""
    try:
        return first_free(HOST, (PORT, 0) if port is None else (port,))
    except OSError as error:
        raise exits.Problem(
            f"Port {port} is taken.", "Choose another, or 0 for any: --port 0", exits.CONFIGURATION
        ) from error


def _serve(token: str, listening: socket.socket) -> None:
    """Only who knows the token is let in: other pages in the same browser reach this port, too."""
    # what the first page needs is imported while the browser loads marimo's own
    Thread(target=import_module, args=("pylon_elt.analytics.dashboard.view",), daemon=True).start()
    import marimo
    import uvicorn

    from pylon_elt.analytics.dashboard import __file__ as package
    from pylon_elt.analytics.dashboard.first_paint import FirstPaint

    page = str(Path(package).with_name("app.py"))
    app: Any = marimo.create_asgi_app(quiet=True, include_code=False, token=token).with_app(
        path="", root=page, middleware=[lambda inner: FirstPaint(inner, _first_numbers)]
    )
    config = uvicorn.Config(app.build(), log_level="error", ws="auto", timeout_graceful_shutdown=1)
    for name in ("uvicorn.error", "asyncio"):
        logging.getLogger(name).addFilter(_in_one_line)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


def _leave_threads_behind() -> NoReturn:
    """End at once: Python would wait for threads of marimo's that wait for a browser, and Ctrl-C would not help.

    A connection that broke off before the page was asked for leaves such a thread; nothing here is left to be written.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(exits.DONE)


def _in_one_line(record: logging.LogRecord) -> bool:
    """Tell what went wrong without the traceback: who sends nonsense must not fill the terminal."""
    if record.exc_info and (error := record.exc_info[1]) is not None:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        record.msg, record.args, record.exc_info = f"A request could not be answered: {what[:200]}", (), None
    return True


def _first_numbers(given: Mapping[str, Sequence[str]]) -> str:
    from pylon_elt.analytics.dashboard import source, view

    return view.first(source, given)


def _open(url: str) -> None:
    import webbrowser

    with suppress(webbrowser.Error):
        webbrowser.open(url)
