"""One screen for whatever ends a command: what happened, what to do next, and the exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from . import exits
from .printable import printable
from .redaction import redact

INTERRUPTED = 130
"""The exit code of a command that was ended with Ctrl-C, by the shell's convention."""
WIDTH = 110


@contextmanager
def one_screen(*, debug: bool = False, as_json: bool = False) -> Iterator[None]:
    """Turn any failure into a screen on stderr and an exit code; a traceback only where it was asked for."""
    try:
        yield
    except (SystemExit, GeneratorExit):
        raise
    except KeyboardInterrupt:
        say("\nInterrupted; nothing was lost.")
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        _hush()
        raise SystemExit(exits.DONE) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] in ("typer", "click"):
            raise
        from .causes import explain

        if debug:
            from .refusals import told

            say(told(error))
        problem = explain(error)
        if not problem.told:
            show(problem, as_json=as_json)
        raise SystemExit(problem.code) from None


def show(problem: exits.Problem, *, as_json: bool = False) -> None:
    """Print a problem."""
    if as_json:
        event = {"event": "failure", "what": problem.what, "remedy": problem.remedy, "exit": problem.code}
        say(json.dumps(event))
        return
    say(wrapped("Error: ", problem.what))
    if problem.remedy:
        say(wrapped("Next:  ", problem.remedy))


def say(text: str) -> None:
    """Print to stderr, secrets crossed out and controls of terminals written out."""
    sys.stderr.write(f"{printable(redact(text))}\n")
    sys.stderr.flush()


def tell(text: str = "") -> None:
    """Print a result to stdout, secrets crossed out and controls of terminals written out."""
    sys.stdout.write(f"{printable(redact(text))}\n")
    sys.stdout.flush()


def confirm(tables: Sequence[str], where: str) -> None:
    """Make sure that a full refresh is meant.

    Raises:
        Problem: Nobody is there to ask, or the answer is no.
    """
    if not sys.stdin.isatty():
        raise exits.Problem(
            "--full-refresh drops tables, and nobody is there to be asked.",
            "Add --yes to do it without a question.",
            exits.USAGE,
        )
    say(wrapped("", f"This drops {', '.join(tables)} in {where}, and reads them anew."))
    sys.stderr.write("Go on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise exits.Problem("Nothing was done.", code=exits.FAILED)


def wrapped(label: str, text: str) -> str:
    """Return a text that fits the screen, after a label that hangs out on its left."""
    import textwrap

    lines = [
        line
        for part in text.splitlines()
        for line in textwrap.wrap(part, WIDTH - len(label), break_long_words=False, break_on_hyphens=False)
        or [""]
    ]
    return "\n".join((label if number == 0 else " " * len(label)) + line for number, line in enumerate(lines))


def _hush() -> None:
    """Whoever read our output has gone: say nothing more, not even at the interpreter's end."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
