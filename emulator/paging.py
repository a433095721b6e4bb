"""Cursors: what they remember, and that they belong to the request they came from."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import orjson

from .replies import bad_request

Kind = Literal["offset", "keyset"]
Key = tuple[int, int]
Place = int | Key
"""Where a page starts: after so many rows, or after the row with this key."""


def digest(*parts: Any) -> str:
    """Return a short mark of a query, so that a cursor of another query can be told."""
    canonical = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2s(canonical, digest_size=6).hexdigest()


def encode(place: Place, query: str) -> str:
    """Return the cursor for a place in the result of the query with the digest `query`."""
    return base64.urlsafe_b64encode(orjson.dumps([query, place])).decode()


def decode(cursor: str, query: str) -> Place:
    """Return the place that a cursor stands for; answer 400 if it is malformed or of another query."""
    try:
        found = orjson.loads(base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeEncodeError, orjson.JSONDecodeError) as error:
        raise bad_request("invalid cursor") from error
    match found:
        case [str(mark), int(offset)] if mark == query and 0 <= offset < 1 << 40:
            return offset
        case [str(mark), [int(at), int(number)]] if mark == query:
            return at, number
    raise bad_request("invalid cursor")


def read_limit(query: Mapping[str, str], low: int, high: int, default: int) -> int:
    """Return the `limit` of a query string within [low, high]; `default` where it is not given."""
    text = query.get("limit")
    if text is None or text == "":
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise bad_request("limit must be an integer")
    return check_limit(int(text), low, high)


def check_limit(limit: int, low: int, high: int) -> int:
    """Return `limit` if it is within [low, high]; answer 400 otherwise."""
    if not low <= limit <= high:
        raise bad_request(f"limit must be between {low} and {high}")
    return limit
