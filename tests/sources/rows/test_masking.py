"""Masks: what is dropped, hashed or redacted, and what may not be."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylon_elt.sources.pylon.catalog import TABLES
from pylon_elt.sources.pylon.errors import ConfigurationError
from pylon_elt.sources.pylon.rows.masking import REDACTED, masks

ISSUE: dict[str, Any] = {
    "id": "i1",
    "title": "Hello",
    "requester": {"id": "c1", "email": "ann@example.com"},
    "custom_fields": {"plan": {"slug": "plan", "value": "gold", "values": None}, "seats": {"value": 7}},
    "secret_field": {"of": "Ann"},
    "another": 5,
    "nothing": None,
    "resolution_seconds": 12,
}


def masked(
    rules: dict[str, dict[str, str]], row: dict[str, Any] = ISSUE, table: str = "issues"
) -> dict[str, Any]:
    return dict(masks(rules, "key").apply(TABLES[table], [row])[0])


def test_without_masks_rows_are_what_they_were() -> None:
    rows = [ISSUE]
    assert masks(None, None).apply(TABLES["issues"], rows) is rows
    assert not masks(None, None)


def test_a_dropped_value_is_gone_wherever_it_stands() -> None:
    found = masked({"issues": {"requester_email": "drop"}})
    assert found["requester"] == {"id": "c1", "email": None}
    assert {**found, "requester": None} == {**ISSUE, "requester": None}
    assert ISSUE["requester"]["email"] == "ann@example.com", "the API's object is left alone"


def test_a_hash_is_equal_for_equal_values_in_all_tables_and_differs_by_key() -> None:
    rules = {"issues": {"requester_email": "hash"}, "contacts": {"email": "hash"}}
    digest = masked(rules)["requester"]["email"]
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert masked(rules, {"id": "c1", "email": "ann@example.com"}, "contacts")["email"] == digest
    other = masks(rules, "another key").apply(TABLES["issues"], [ISSUE])[0]["requester"]["email"]
    assert other != digest


def test_json_keeps_its_shape_and_loses_its_values() -> None:
    found = masked({"issues": {"custom_fields": "redact"}})["custom_fields"]
    assert found == {
        "plan": {"slug": REDACTED, "value": REDACTED, "values": None},
        "seats": {"value": REDACTED},
    }


def test_undocumented_fields_are_masked_as_extra() -> None:
    dropped = masked({"issues": {"_extra": "drop"}})
    assert "secret_field" not in dropped
    assert "another" not in dropped
    assert dropped["title"] == "Hello"
    redacted = masked({"issues": {"_extra": "redact"}})
    assert redacted["secret_field"] == {"of": REDACTED}
    assert redacted["another"] == REDACTED


def test_a_star_masks_the_column_in_every_table_that_has_it() -> None:
    rules = {"*": {"email": "drop"}, "users": {"email": "redact"}}
    assert masked(rules, {"id": "c", "email": "a"}, "contacts")["email"] is None
    assert masked(rules, {"id": "u", "email": "a"}, "users")["email"] == REDACTED, (
        "the table's own rule counts"
    )


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"isues": {"title": "drop"}}, "Did you mean issues?"),
        ({"issues": {"titel": "drop"}}, "issues.titel"),
        ({"*": {"titel": "drop"}}, "titel"),
        ({"issues": {"title": "hide"}}, "drop, hash, redact"),
        ({"issues": {"id": "hash"}}, "needs"),
        ({"issues": {"updated_at": "drop"}}, "needs"),
        ({"issue_messages": {"issue_id": "drop"}}, "needs"),
        ({"issues": {"_synced_at": "drop"}}, "needs"),
        ({"issue_sync": {"row_count": "drop"}}, "cannot be masked"),
        ({"issues": {"resolution_seconds": "hash"}}, "Say drop"),
    ],
)
def test_what_cannot_be_masked_is_refused_by_name(rules: dict[str, dict[str, str]], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        masks(rules, "key")
    assert said in str(caught.value)


def test_a_star_passes_over_what_the_connector_writes() -> None:
    found = masked({"*": {"tags": "drop"}}, {**ISSUE, "tags": ["a"]})
    assert found["tags"] is None
    with pytest.raises(ConfigurationError, match="cannot be masked"):
        masks({"issue_snapshots": {"tags": "drop"}}, None)


def test_a_hash_needs_a_key() -> None:
    with pytest.raises(ConfigurationError, match="mask_key"):
        masks({"issues": {"title": "hash"}}, None)
    masks({"issues": {"title": "redact"}}, None)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(values, st.sampled_from(["drop", "hash", "redact"]))
def test_no_text_survives_its_mask(value: object, rule: str) -> None:
    secret = "Quetzalcoatl"
    row = {"id": "i", "custom_fields": {"a": value, "b": [secret, {"c": secret}]}}
    kept = orjson.dumps(masked({"issues": {"custom_fields": rule}}, row))
    assert secret.encode() not in kept
