"""How a command ends: at once, since nothing is left to be done for a process that goes away as a whole."""

from __future__ import annotations

import atexit
import os
import sys
import threading


def leave(code: object) -> None:
    """End the process; return where Python itself has to end it.

    Python would take apart all that was imported, object by object, which is a fifth of the CPU time of a short verb.
    What is registered to be done at the end is done, and what was printed is written out.

    Args:
        code: The exit code, as ``SystemExit`` has it.
    """
    others = (thread for thread in threading.enumerate() if thread is not threading.main_thread())
    if not (code is None or isinstance(code, int)) or not all(thread.daemon for thread in others):
        return
    atexit._run_exitfuncs()  # noqa: SLF001 - the only way; each is done once, also where Python goes on from here
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # whoever read has gone
        return
    os._exit(code or 0)
