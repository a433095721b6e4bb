"""One screen for whatever ends a command: what happened, what to do next, and the exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from . import exits
from .printable import printable
from .redaction import redact

WIDTH = 110
"""Lines are no longer, however wide the screen is."""


@contextmanager
def one_screen(*, debug: bool = False, as_json: bool = False) -> Iterator[None]:
    """Turn any failure into a screen on stderr and an exit code; a traceback only where it was asked for."""
    try:
        yield
    except (SystemExit, GeneratorExit):
        raise
    except KeyboardInterrupt:
        say("\nInterrupted; nothing was lost.")
        raise SystemExit(exits.INTERRUPTED) from None
    except BrokenPipeError:
        _hush()
        raise SystemExit(exits.DONE) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] in ("typer", "click"):
            raise
        from .causes import explain

        if debug:
            import traceback

            say(traceback.format_exc().rstrip())
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


def width() -> int:
    """Return how long a line may be: as wide as the terminal, or as ``COLUMNS`` says, and not too long to be read."""
    import shutil

    return min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)


def wrapped(label: str, text: str) -> str:
    """Return a text that fits the screen, after a label that hangs out on its left.

    No word is broken. A label that takes most of a narrow screen is a part of the text.
    """
    room = width()
    if len(label) > room // 2:
        indent = " " * (len(label) - len(label.lstrip()))
        return _lines(f"{label.lstrip()}{text}", room, indent, f"{indent}    ")
    return _lines(text, room, label, " " * len(label))


def _lines(text: str, room: int, first: str, then: str) -> str:
    import textwrap

    lines: list[str] = []
    for part in text.splitlines():
        indent = then if lines else first
        lines += textwrap.wrap(
            part,
            room,
            initial_indent=indent,
            subsequent_indent=then,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [indent]
    return "\n".join(lines)


def _hush() -> None:
    """Whoever read our output has gone: say nothing more, not even at the interpreter's end."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
