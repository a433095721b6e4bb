"""One screen for whatever ends a command: what happened, what to do next, and the exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from . import exits
from .printable import printable
from .redaction import redact

WIDTH = 110
"""Texts are no wider, however wide the screen is."""
ENDLESS = 10_000
about: dict[str, str] = {}
"""What each JSON object says besides: the workspace, where one was named."""


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
        hush()
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
        facts = {"what": problem.what, "remedy": problem.remedy, "exit": problem.code}
        event("failure", **facts, passing=problem.passing)
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


def event(name: str, **facts: Any) -> None:
    """Print one JSON object, in one line on stdout, with its name, the time (UTC) and whose workspace it is about."""
    facts = {**facts, **about}
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    tell(json.dumps({"event": name, "at": at, **facts}, ensure_ascii=False, default=_written))


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


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


def room(stream: Any = None) -> int:
    """Return how long a line can be: as the terminal, or ``COLUMNS``, says; what goes to no screen has no end.

    Args:
        stream: Where it is written to; by default stdout.
    """
    import shutil

    is_terminal = getattr(stream or sys.stdout, "isatty", bool)
    return shutil.get_terminal_size().columns if is_terminal() else ENDLESS


def width() -> int:
    """Return how long a line may be: as the screen can show, and not too long to be read."""
    return min(WIDTH, room())


def flowing(text: str) -> str:
    """Return a line that stays one where no screen would break it."""
    return _lines(text, room(), "", "")


def wrapped(label: str, text: str) -> str:
    """Return a text that fits the screen, after a label that hangs out on its left.

    No word is broken. A label that takes most of a narrow screen is a part of the text.
    """
    if len(label) > width() // 2:
        indent = " " * (len(label) - len(label.lstrip()))
        return _lines(f"{label.lstrip()}{text}", width(), indent, f"{indent}    ")
    return _lines(text, width(), label, " " * len(label))


def beside(fixed: str, text: str, indent: int = 6) -> str:
    """Return a text behind what is in columns, or below it where the screen is too narrow."""
    if not text:
        return fixed.rstrip()
    if len(fixed) + 2 + len(text) <= room():
        return f"{fixed}  {text}"
    return f"{fixed.rstrip()}\n{wrapped(' ' * indent, text)}"


def _lines(text: str, most: int, first: str, then: str) -> str:
    import textwrap

    lines: list[str] = []
    for part in text.splitlines():
        indent = then if lines else first
        lines += textwrap.wrap(
            part,
            most,
            initial_indent=indent,
            subsequent_indent=then,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [indent]
    return "\n".join(lines)


def hush() -> None:
    """Whoever read our output has gone: say nothing more, not even at the interpreter's end."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
