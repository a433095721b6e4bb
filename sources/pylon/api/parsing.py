"""Bytes of an answer to what they say: no digit of a whole number is lost, and no nesting is too deep.

Pure. Quick for what is usual; what is not takes a slower way that loses nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from ..rows import exact
from . import lenient

DEEPEST = 100
"""How many levels of an answer stay as they are. Text takes the place of what lies deeper: databases, and the tools
that read them, allow no more than some hundred."""

TOO_DEEP = "nested_too_deep"
"""The field of an object that names those of its fields of which a part was nested too deep."""

_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)
_BEYOND_DOUBLE = re.compile(rb"(?<=[0-9][eE])\+?[0-9]{3,}|[0-9]{300,}")
"""What makes numbers too large for the quick parser, which then says that it was no JSON."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What an answer says.

    ``mended`` tells that it was no proper JSON, ``cut`` that a part of it lay too deep, and stands as text.
    """

    value: Any
    mended: bool = False
    cut: bool = False


def parse(content: bytes) -> Parsed:
    """Read JSON. A number that no double holds stays text.

    Raises:
        ValueError: It cannot be read as JSON, not even as :mod:`lenient` does.
    """
    shallow = _shallow(content)
    try:
        value, mended = exact.loads(shallow), False
    except ValueError:
        value, mended = lenient.loads(shallow), not _is_proper(shallow)
    return Parsed(value, mended, shallow is not content)


def mark(row: dict[str, Any], above: int) -> None:
    """Write into an object which of its fields have a part that was cut.

    Args:
        row: An object of an answer of which something was cut.
        above: How many levels of the answer lie above its fields.
    """
    deep = [name for name, value in row.items() if _depth(value) >= DEEPEST - above]
    if deep:
        row[TOO_DEEP] = deep


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def _is_proper(content: bytes) -> bool:
    """Say whether nothing but the size of its numbers kept the quick parser from reading it."""
    try:
        orjson.loads(_BEYOND_DOUBLE.sub(b"1", content))
    except orjson.JSONDecodeError:
        return False
    return True


def _shallow(content: bytes) -> bytes:
    """Return an answer in which text takes the place of what lies too deep; mostly the same object."""
    return _cut(content) if _may_be_deep(content) else content


def _may_be_deep(content: bytes) -> bool:
    """Say whether it might be nested too deep, from its brackets alone; those within texts may deceive it."""
    brackets = content.translate(None, _NO_BRACKETS)
    for _ in range(DEEPEST):
        if len(brackets) <= 2 * DEEPEST:
            return False
        inner = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(inner) == len(brackets):
            break
        brackets = inner
    return True


def _cut(content: bytes) -> bytes:
    pieces: list[bytes] = []
    depth = done = begin = 0
    for token in _TOKEN.finditer(content):
        mark_ = content[token.start()]
        if mark_ in b"[{":
            depth += 1
            if depth == DEEPEST + 1:
                begin = token.start()
        elif mark_ in b"]}":
            depth -= 1
            if depth == DEEPEST:
                text = content[begin : token.end()].decode("utf-8", "replace")
                pieces += content[done:begin], orjson.dumps(text)
                done = token.end()
    return b"".join([*pieces, content[done:]]) if pieces else content
