"""What an answer says: JSON, read so that one bad value costs that value, and where in it the rows are. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

DEEPEST = 100
"""So many levels stay as they are. Text takes the place of what lies deeper: databases allow some hundred."""
MOST_DIGITS = 1000
"""Python takes some thousand digits of a whole number at most; a longer one stays text."""
ROWS = frozenset({"data", "items", "results", "entries", "records", "rows", "list", "content", "values"})
"""Names under which lists are wrapped."""
NOT_ROWS = frozenset(
    {"error", "errors", "warning", "warnings", "message", "detail", "details", "meta", "metadata"}
    | {"links", "pagination"}
)
"""Names of lists that hold no rows, nor does what lies below them."""
WITHIN = 3
"""So many levels below the top the rows may lie."""

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{\]}]', re.DOTALL)


def parse(content: bytes, charset: str | None = None) -> Any:
    """Read JSON; what is not quite JSON too.

    Such are raw control characters, NaN, a byte order mark, and numbers that no computer holds, which stay text.

    Args:
        content: The answer.
        charset: The encoding that the server names, for what is no Unicode.

    Raises:
        ValueError: It is no JSON even so.
    """
    text = _shallow(_decoded(content, charset))
    try:
        return json.loads(
            text, strict=False, parse_int=_integer, parse_float=_number, parse_constant=_no_number
        )
    except RecursionError as error:  # of what is cut short within
        raise ValueError("it is nested too deep") from error


def rows_of(body: Any) -> list[Any] | None:
    """Return the list that an answer holds, bare or wrapped; ``None``: it holds none that says anything of rows."""
    if isinstance(body, list):
        return body
    if not isinstance(body, dict):
        return None
    lists = list(_lists(body))
    best = [rows for name, rows in lists if name in ROWS] or [rows for _, rows in lists]
    found = next(filter(None, best), best[0] if best else None)
    return None if not found and _tells_of_an_error(body) else found


def _lists(body: dict[str, Any], within: int = WITHIN) -> Iterator[tuple[str, list[Any]]]:
    for name, value in body.items():
        if name.lower() in NOT_ROWS:
            continue
        if isinstance(value, list):
            yield name.lower(), value
        elif isinstance(value, dict) and within > 1:
            yield from _lists(value, within - 1)


def _tells_of_an_error(body: dict[str, Any]) -> bool:
    code = body.get("statusCode")
    return (
        any(body.get(name) for name in ("error", "errors"))
        or any(body.get(name) is False for name in ("success", "ok"))
        or str(body.get("status")).lower() in {"error", "fail", "failed", "failure"}
        or (isinstance(code, int) and code >= 400)
    )


def _decoded(content: bytes, charset: str | None) -> str:
    """Return an answer as text: JSON is Unicode, whatever the header says of it, as proxies write Latin-1 there."""
    for encoding in filter(None, (json.detect_encoding(content), charset)):
        with suppress(UnicodeDecodeError, LookupError):
            return content.decode(encoding).removeprefix("\ufeff")
    return content.decode("utf-8", "replace")


def _shallow(text: str) -> str:
    """Return JSON in which text takes the place of what lies too deep."""
    pieces: list[str] = []
    depth = done = begin = 0
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "[" | "{":
                depth += 1
                if depth == DEEPEST + 1:
                    begin = token.start()
            case "]" | "}":
                depth -= 1
                if depth == DEEPEST:
                    pieces += text[done:begin], json.dumps(text[begin : token.end()])
                    done = token.end()
    return "".join([*pieces, text[done:]])


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= MOST_DIGITS else text


def _number(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def _no_number(_name: str) -> None:
    return None  # NaN and the infinities are no JSON, and no database sorts them alike
