"""Pages become typed tables, and no value is lost on the way. Judged by the parser of the end-to-end tests."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.compare import expected_row

from pylon_elt.sources.pylon.catalog import CHILDREN, DIRECTORY, TABLES, Table
from pylon_elt.sources.pylon.errors import Unavailable
from pylon_elt.sources.pylon.rows.masking import UNMASKED
from pylon_elt.sources.pylon.rows.rows import (
    REMOVED,
    arrow_schema,
    instant,
    misfits,
    to_arrow,
    tombstones,
)

NOW = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)
READ = [TABLES["issues"], *CHILDREN, *DIRECTORY]

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
integers = st.integers(-(2**63), 2**64 - 1)
scalars = st.none() | st.booleans() | integers | st.floats(allow_nan=False, allow_infinity=False) | texts
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def times(draw: st.DrawFn) -> str:
    """An RFC 3339 time with any fraction and zone."""
    moment = draw(st.datetimes(datetime.fromisoformat("0002-01-01"), datetime.fromisoformat("9998-12-31")))
    digits = draw(st.text("0123456789", max_size=9))
    zone = draw(st.sampled_from(["Z", "Z", "Z", "+00:00", "-11:30", "+14:00"]))
    return f"{moment.replace(microsecond=0).isoformat()}{'.' + digits if digits else ''}{zone}"


URLS = st.lists(
    st.sampled_from(["https://a.example/b?c=d", "https://a.example/b", "", "?x"]) | anything, max_size=3
)
FITTING: dict[str, st.SearchStrategy[Any]] = {
    "text": texts,
    "timestamp": times(),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53),
    "bool": st.booleans(),
    "json": anything,
    "urls": URLS,
}


@st.composite
def objects(draw: st.DrawFn, table: Table) -> dict[str, Any]:
    """An object of the API for a table: most fields as documented, some missing, some of the wrong kind."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.path or column.name == "_extra":
            continue
        if column.name in table.key and not column.given:
            row[column.name] = draw(texts)
        elif draw(st.integers(0, 5)):
            kind = FITTING[column.type] if draw(st.integers(0, 9)) else anything
            row[column.name] = draw(st.none() | kind)
    for name in draw(st.lists(texts | st.sampled_from(["_extra", "_synced_at", "Id", REMOVED]), max_size=2)):
        row[name] = draw(anything)
    return row


@st.composite
def batches(draw: st.DrawFn) -> tuple[Table, list[dict[str, Any]]]:
    table = draw(st.sampled_from(READ))
    return table, draw(st.lists(objects(table), min_size=1, max_size=4))


def build(table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Convert as the lanes do, and parse the JSON columns again."""
    given = {"_synced_at": NOW, **({table.parent: "p"} if table.parent else {})}
    built = to_arrow(table, rows, given, UNMASKED)
    assert built.schema == arrow_schema(table)
    documents = [column.name for column in table.columns if column.type in ("json", "urls")]
    found = built.to_pylist()
    for row in found:
        assert row.pop(REMOVED) is None
        for name in documents:
            row[name] = None if row[name] is None else json.loads(row[name])
    return found


@given(batches())
@example(
    (TABLES["issues"], [{"id": "a", "created_at": "0001-01-01T00:00:00Z"}, {"id": "b", "created_at": 5}])
)
@example((TABLES["issues"], [{"id": "a", "created_at": "0001-01-01T00:00:00+02:00"}]))
@example((TABLES["issues"], [{"id": "a", "created_at": "9999-12-31T23:59:59-02:00"}]))
@example((TABLES["issues"], [{"id": "a", "created_at": "2600-01-01T00:00:00.1234567Z"}]))
@example(
    (TABLES["issues"], [{"id": "a", "created_at": "1600-01-01T00:00:00Z", "updated_at": "x"}, {"id": "b"}])
)
@example((TABLES["issues"], [{"id": "a", "account": {"id": "x"}, "number": True, "title": 1}]))
def test_every_value_lands_in_its_column_or_in_extra(batch: tuple[Table, list[dict[str, Any]]]) -> None:
    table, rows = batch
    for got, source in zip(build(table, rows), rows, strict=True):
        wanted = expected_row(table, {**source, **({table.parent: "p"} if table.parent else {})})
        assert got.pop("_synced_at") == NOW
        wanted.pop("_synced_at", None)
        if wanted["_extra"] is not None:
            wanted["_extra"].pop("_synced_at", None)
            wanted["_extra"] = wanted["_extra"] or None
        assert got == json.loads(json.dumps(wanted, default=Moment)) | {
            name: value for name, value in wanted.items() if isinstance(value, datetime)
        }


class Moment(dict):  # type: ignore[type-arg]
    """Lets a time pass through json.dumps, which only puts the other values into JSON's own types."""

    def __init__(self, _moment: datetime) -> None:
        super().__init__()


@given(times())
def test_an_instant_is_cut_to_microseconds_in_utc(text: str) -> None:
    found = instant(text)
    head, fraction, zone = re.fullmatch(r"(.{19})\.?(\d*)(.*)", text).groups()  # type: ignore[union-attr]
    clock = datetime.fromisoformat(head + ("+00:00" if zone == "Z" else zone))
    wanted = clock + timedelta(microseconds=int(fraction[:6].ljust(6, "0")))
    assert found == wanted
    assert found is not None
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2026-01-01",
        "12:00:00Z",
        "2026-01-01T00:00:00",
        "2026-13-01T00:00:00Z",
        "now",
        None,
        5,
        {},
        "T",
        "0001-01-01T00:00:00+02:00",
    ],
)
def test_what_is_no_instant_is_none(value: Any) -> None:
    assert instant(value) is None


def test_urls_lose_their_signatures_wherever_they_stand() -> None:
    urls = [
        "https://f.example/a?sig=1&x=?",
        "https://f.example/b?id=1",
        None,
        5,
        {"url": "https://f.example/c?sig=1", "text": "https://f.example/c?sig=1"},
    ]
    rows = build(
        TABLES["issues"],
        [{"id": "a", "attachment_urls": urls}, {"id": "b", "attachment_urls": "https://f.example/?sig=1"}],
    )
    plain = {"url": "https://f.example/c", "text": "https://f.example/c?sig=1"}
    assert [row["attachment_urls"] for row in rows] == [
        ["https://f.example/a?x=?", *urls[1:4], plain],
        "https://f.example/",
    ]


@pytest.mark.parametrize("key", [None, 5, ["a"], ...])
def test_an_object_without_its_key_is_refused_by_name(key: Any) -> None:
    rows = [{"id": "a"}, {} if key is ... else {"id": key}]
    with pytest.raises(Unavailable, match="GET /tags gave an object without id"):
        build(TABLES["tags"], rows)


def test_a_derived_column_that_does_not_fit_is_kept_where_it_came_from() -> None:
    [row] = build(TABLES["issues"], [{"id": "a", "account": {"id": 5, "name": "x"}}])
    assert row["account_id"] is None
    assert row["account"] == {"id": 5, "name": "x"}
    assert row["_extra"] is None


@pytest.mark.parametrize(
    "table", [table for table in TABLES.values() if table.scope != "row"], ids=lambda t: t.name
)
def test_a_tombstone_has_the_scope_and_no_id_of_pylons(table: Table) -> None:
    parents = [{table.parent: "p"}, {table.parent: "q"}]
    built = tombstones(table, parents, NOW)
    assert built.schema == arrow_schema(table)
    for row, parent in zip(built.to_pylist(), parents, strict=True):
        assert row[REMOVED] is True
        for name in table.key:
            number = built.schema.field(name).type == pa.int64()
            mark = -1 if number else f"__scope__:{parent.get(table.parent, '')}"
            assert row[name] == parent.get(name, mark)
        for name in parent:
            assert row[name] == parent[name]
        rest = {name for name, value in row.items() if value is not None}
        assert rest <= {REMOVED, table.sort, table.parent, *table.key}


def test_misfits_names_what_stands_in_extra() -> None:
    rows = [{"id": "a", "value": 5}, {"id": "b", "new": None, "hex_color": "#fff"}, {"id": "c"}]
    assert misfits(to_arrow(TABLES["tags"], rows, {"_synced_at": NOW}, UNMASKED)) == {"value", "new"}
    assert misfits(pa.table({"x": [1]})) == set()


@given(st.lists(anything, max_size=4))
def test_json_columns_hold_what_came(values: list[Any]) -> None:
    values = orjson.loads(orjson.dumps(values))
    rows = build(TABLES["issues"], [{"id": str(n), "custom_fields": value} for n, value in enumerate(values)])
    assert [row["custom_fields"] for row in rows] == values
