"""What a resource tells dlt of its table, batch by batch."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from dlt.extract import DltResource

from pylon_elt.sources.pylon.catalog import TABLES
from pylon_elt.sources.pylon.lanes import resources

BATCH = pa.table({"id": ["1"]})


@pytest.fixture
def issues() -> Any:
    """The resource as the source makes it; none of these tests reads."""
    return resources._resource(TABLES["issues"], lambda: pytest.fail("it was read"), selected=True)


@pytest.fixture
def worked_out(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The batches for which dlt has worked out a schema."""
    batches: list[Any] = []
    compute = DltResource.compute_table_schema

    def counted(its: DltResource, item: Any = None, meta: Any = None) -> Any:
        batches.append(item)
        return compute(its, item, meta)

    monkeypatch.setattr(DltResource, "compute_table_schema", counted)
    return batches


def test_a_table_is_worked_out_once_for_all_batches(issues: Any, worked_out: list[Any]) -> None:
    as_dlt_does = DltResource.compute_table_schema(issues, BATCH)
    for _ in range(3):
        found = issues.compute_table_schema(BATCH)
        assert found == as_dlt_does
        found["columns"]["id"]["data_type"] = "spoilt"
        found["x-normalizer"] = {}
    assert len(worked_out) == 2


def test_hints_that_a_user_changes_count_from_then_on(issues: Any) -> None:
    issues.compute_table_schema(BATCH)
    issues.apply_hints(write_disposition="append", columns={"title": {"description": "mine"}})
    found = issues.compute_table_schema(BATCH)
    assert found == DltResource.compute_table_schema(issues, BATCH)
    assert (found["write_disposition"], found["columns"]["title"]["description"]) == ("append", "mine")


def test_hints_that_ask_for_the_batch_are_asked_for_each(issues: Any) -> None:
    issues.compute_table_schema(BATCH)
    names, ways = iter(("a", "b")), iter(("append", "replace"))
    issues.apply_hints(table_name=lambda _batch: next(names), write_disposition=lambda _batch: next(ways))
    found = [issues.compute_table_schema(BATCH) for _ in range(2)]
    assert [(one["name"], one["write_disposition"]) for one in found] == [("a", "append"), ("b", "replace")]
