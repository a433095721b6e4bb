"""JSON with all digits of its whole numbers; the quick library makes floats of those of more than 64 bits. Pure."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

MOST_DIGITS = 1000
"""Python takes some thousand digits at most, and no database takes more."""
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * 19
"""A whole number of more than 64 bits has as many digits, or more."""


def loads(content: bytes) -> Any:
    """Read JSON in UTF-8. A whole number of more than ``MOST_DIGITS`` stays text.

    Raises:
        ValueError: It is none, or a number is greater than any double.
    """
    value = orjson.loads(content)
    return slow(content.decode()) if _LONG in content.translate(_ZEROS) else value


def slow(text: str) -> Any:
    """Read JSON, or nearly JSON, in which raw control characters may stand; a number that no double holds stays text.

    Raises:
        ValueError: It is no JSON even so.
        RecursionError: It is nested too deep.
    """
    return json.loads(text, strict=False, parse_int=_integer, parse_float=_number, parse_constant=_constant)


def dumps(value: Any, *, sort_keys: bool = False) -> bytes:
    """Write a value as JSON in UTF-8."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort_keys else None)
    except TypeError:  # whole numbers of more than 64 bits
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys, default=str)
        return text.encode("utf-8", "surrogatepass")


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= MOST_DIGITS else text


def _number(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def _constant(_name: str) -> None:
    return None  # NaN and the infinities are no JSON, and no database sorts them alike
