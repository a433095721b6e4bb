"""What an answer says: one bad value costs that value, and no list is taken for one that is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from support.written import serving

from pylon_elt.sources.zaia.answers import DEEPEST, parse, rows_of
from pylon_elt.sources.zaia.session import Session


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'["a\n\tb\x01"]', ["a\n\tb\x01"]),
        (b"[NaN, -Infinity, 1e400, 1.5]", [None, None, "1e400", 1.5]),
        (b"[" + b"9" * 5000 + b"]", ["9" * 5000]),
        (b"\xef\xbb\xbf[]", []),
        ('["é"]'.encode("utf-16"), ["é"]),
        (b'["\xff"]', ["\ufffd"]),
        (b'["\\ud83d"]', ["\ud83d"]),
    ],
)
def test_what_is_not_quite_json_is_read(content: bytes, value: Any) -> None:
    assert parse(content) == value


@pytest.mark.parametrize("content", [b"", b"[1,", b"<html>", b'["a', b"[" * 5000])
def test_what_is_no_json_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(content)


def test_text_takes_the_place_of_what_is_nested_too_deep() -> None:
    deep = '{"a": ["]", {"b": 1}], "c": ' + "[" * 5000 + "]" * 5000 + "}"
    value = parse(f"[{deep}, 2]".encode())
    assert (value[0]["a"], value[1]) == (["]", {"b": 1}], 2)
    inner, levels = value[0]["c"], 2
    while isinstance(inner, list):
        (inner,), levels = inner, levels + 1
    assert (levels, set(inner)) == (DEEPEST, {"[", "]"})
    assert parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", "é".encode()),
        ("text/html; charset=iso-8859-1", "é".encode()),
        ("application/json; charset=nonsense", "é".encode()),
        ("application/json; charset=iso-8859-1", "é".encode("latin-1")),
    ],
)
def test_json_is_unicode_whatever_the_header_calls_it(kind: str, body: bytes) -> None:
    with serving(lambda *_: (200, {"Content-Type": kind}, b'["' + body + b'"]')) as server:
        answer: requests.Response = Session(5.0, 0, 1, 0.0).get(server.url)
        assert answer.json() == ["é"]


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ([], []),
        ({"data": []}, []),
        ({"total": 0, "tickets": []}, []),
        ({"warnings": [], "tickets": [1]}, [1]),
        ({"labels": ["x"], "data": [1]}, [1]),
        ({"errors": ["slow"], "data": [1]}, [1]),
        ({"errors": ["slow"], "data": []}, None),
        ({"error": {"details": [1]}}, None),
        ({}, None),
        (None, None),
        ("no", None),
    ],
)
def test_rows_are_what_an_answer_holds_and_not_what_it_says_of_errors(body: Any, rows: Any) -> None:
    assert rows_of(body) == rows
