"""Bytes of an answer to what they say: no digit is lost, and no nesting ends anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylon_elt.sources.pylon.api.answers import complaints, read
from pylon_elt.sources.pylon.api.parsing import DEEPEST, TOO_DEEP, parse
from pylon_elt.sources.pylon.rows import exact

NOW = datetime(2026, 7, 1, tzinfo=UTC)
integers = st.integers(-(10**30), 10**30) | st.sampled_from([2**63, 2**64 - 1, 2**64, -(2**63) - 1])
anything = st.recursive(
    st.none() | st.booleans() | integers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def nested(depth: int, inner: bytes = b"1") -> bytes:
    """Objects and arrays in turn; texts with brackets that close nothing stand beside them."""
    pairs = [(b'{"]a":"}]\\"[","b":', b"}") if level % 2 else (b'["{",', b"]") for level in range(depth)]
    return b"".join(begin for begin, _ in pairs) + inner + b"".join(end for _, end in reversed(pairs))


@given(anything)
def test_no_digit_of_a_whole_number_is_lost(value: Any) -> None:
    content = json.dumps(value).encode()
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return  # half a character, which is mended
    assert parse(content).value == value
    assert exact.loads(exact.dumps(value)) == value


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("18446744073709551616", 2**64),
        ("-9223372036854775809", -(2**63) - 1),
        ("[1e400, 1E+4000, -1e999]", ["1e400", "1E+4000", "-1e999"]),
        ("9" * 5000, "9" * 5000),
        ("-0", 0),
        ('["a text with 12345678901234567890123", 0.5]', ["a text with 12345678901234567890123", 0.5]),
    ],
)
def test_numbers_of_any_size_are_proper_json(written: str, wanted: Any) -> None:
    parsed = parse(written.encode())
    assert (parsed.value, parsed.mended) == (wanted, False)


def test_a_number_beside_what_is_no_json_is_kept_and_the_answer_is_mended() -> None:
    parsed = parse(b'["\xff", 1e400, 18446744073709551616]')
    assert (parsed.value, parsed.mended) == (["\ufffd", "1e400", 2**64], True)


@pytest.mark.parametrize("depth", [DEEPEST - 3, DEEPEST - 2, 253, 500, 1023, 5000, 100_000])
def test_what_lies_too_deep_is_kept_as_text(depth: int) -> None:
    deep = nested(depth)
    content = b'{"data":[{"id":"a","x":%s,"y":[1]},{"id":"b","x":2}],"pagination":null}' % deep
    answer = read(content, NOW)
    first, second = answer.rows
    assert second == {"id": "b", "x": 2}
    assert (first.pop(TOO_DEEP, None), first["y"]) == (["x"] if depth > DEEPEST - 3 else None, [1])
    assert not answer.mended
    value, levels = first["x"], 0
    while not isinstance(value, (str, int)):
        value, levels = value["b"] if isinstance(value, dict) else value[1], levels + 1
    if depth > DEEPEST - 3:
        assert levels == DEEPEST - 3
        assert value.encode() in deep
        assert value.count("]a") == (depth - levels + 1) // 2
    assert exact.loads(exact.dumps(first)) == first


def test_texts_full_of_brackets_are_no_nesting() -> None:
    rows = [{"id": str(number), "t": "[{" * 500 + '"' + "[" * 300} for number in range(20)]
    content = json.dumps({"data": rows}).encode()
    assert read(content, NOW).rows == rows
    assert not parse(content).cut


def test_what_is_nested_too_deep_and_cut_short_is_no_json() -> None:
    with pytest.raises(ValueError, match="nested too deep"):
        parse(b"[" * 5000)


def test_a_complaint_names_what_was_nested_too_deep() -> None:
    answer = read(b'{"data":[{"id":"a1","x":%s}]}' % nested(300), NOW)
    assert list(complaints(answer)) == ["JSON nested too deep in a1; what lies deeper is kept as text."]
    assert list(complaints(read(b'{"data":{"id":"a1","x":%s}}' % nested(300), NOW))) != []
