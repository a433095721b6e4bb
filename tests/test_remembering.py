"""What the tests let dlt remember is what dlt would find out: each shortcut of ``support.remembering`` against dlt's own."""

from __future__ import annotations

import copy
import importlib.util
import sys
import threading
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, TypedDict

import dlt.common.configuration.specs.base_configuration as specs
import dlt.common.destination.utils as destination_utils
import dlt.common.normalizers.naming.naming as naming
import dlt.common.schema.utils as schema_utils
import dlt.common.validation as validation
import pytest
import yaml
from dlt.common.configuration import container, resolve_configuration
from dlt.common.configuration.providers import environ
from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.common.configuration.utils import get_resolved_traces
from dlt.common.destination.exceptions import DestinationCapabilitiesException
from dlt.common.exceptions import DictValidationException
from dlt.common.normalizers.json import helpers
from dlt.common.normalizers.naming import snake_case
from dlt.common.schema import Schema
from dlt.destinations import duckdb, dummy
from support import remembering

from pylon_elt.sources.pylon import pylon_source


def untouched(module: ModuleType) -> ModuleType:
    """Return a module of dlt as it is before anybody replaces what is in it."""
    spec = importlib.util.spec_from_file_location(f"{module.__name__}_untouched", str(module.__file__))
    assert spec is not None
    assert spec.loader is not None
    loaded = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The schema of the whole source, with its columns."""
    source = pylon_source(api_key="a-token")
    for resource in source.resources.values():
        source.schema.update_table(resource.compute_table_schema())
    return source.schema.to_dict()  # type: ignore[return-value]


def test_a_clone_is_equal_and_shares_nothing_that_can_change(schema: dict[str, Any]) -> None:
    cloned = remembering.clone(schema)
    assert cloned == schema == copy.deepcopy(schema)
    cloned["tables"]["issues"]["columns"]["id"]["data_type"] = "bigint"
    cloned["settings"]["default_hints"]["unique"].append("re:of the clone")
    assert schema["tables"]["issues"]["columns"]["id"]["data_type"] == "text"
    assert "re:of the clone" not in schema["settings"]["default_hints"]["unique"]


def test_what_is_twice_in_a_document_is_once_in_its_clone() -> None:
    part = {"a": [1, {2}]}
    whole: dict[str, Any] = {"one": part, "other": part}
    whole["itself"] = whole
    cloned = remembering.clone(whole)
    assert cloned["one"] is cloned["other"] is not part
    assert cloned["itself"] is cloned
    assert cloned["one"]["a"][1] == {2}
    assert cloned["one"]["a"][1] is not part["a"][1]


def test_a_schema_has_the_hash_that_dlt_gives_it(schema: dict[str, Any]) -> None:
    original = untouched(schema_utils).generate_version_hash
    columns = schema["tables"]["issues"]["columns"]
    turned = {
        **schema,
        "tables": {**schema["tables"], "issues": {"columns": dict(reversed(columns.items()))}},
    }
    bare = {"name": "bare", "version": 1, "tables": {"one": {}}}
    for one in (schema, turned, bare, {**bare, "tables": {}}, {**bare, "previous_hashes": ["a"]}):
        assert schema_utils.generate_version_hash(one) == original(one)
    assert original(turned) != original(schema)


class _Wanted(TypedDict, total=False):
    number: int
    names: list[str]


@pytest.mark.parametrize(
    "wrong", [{"number": "1"}, {"number": 1.0}, {"names": ("a",)}, {"names": [1]}, {"else": 1}]
)
def test_what_is_no_document_is_refused_each_time_and_after_one_that_is(wrong: dict[str, Any]) -> None:
    validate = remembering.validated(untouched(validation).validate_dict)
    for _ in range(2):
        validate(_Wanted, {"number": 1, "names": ["a"]}, ".")
        with pytest.raises(DictValidationException):
            validate(_Wanted, wrong, ".")


def test_what_is_no_json_is_validated_each_time() -> None:
    asked: list[Any] = []
    validate = remembering.validated(lambda _spec, doc, *_: asked.append(doc))
    document = {"function": len}
    validate(_Wanted, document, ".")
    validate(_Wanted, document, ".")
    validate(_Wanted, {}, ".")
    validate(_Wanted, {}, ".")
    assert asked == [document, document, {}]


def test_a_configuration_has_the_fields_that_dlt_finds() -> None:
    original = untouched(specs).BaseConfiguration
    waiting: list[type[Any]] = [specs.BaseConfiguration]
    seen = 0
    while waiting:
        spec = waiting.pop()
        waiting += spec.__subclasses__()
        one = object.__new__(spec)
        names = list(original.__iter__(one))
        assert list(specs.BaseConfiguration.__iter__(one)) == names
        assert specs.BaseConfiguration.__len__(one) == len(names)
        has = specs.BaseConfiguration._BaseConfiguration__has_attr
        assert all(has(one, name) for name in names)
        assert not has(one, "__section__")
        seen += bool(names)
    assert seen > 20


@pytest.mark.parametrize("length", [None, 20])
@pytest.mark.parametrize(
    "path", ["issues", "Some Thing", "a__b", "__a", "a___b_", "x" * 100, "1st+*-@|", "ÄÖ"]
)
def test_a_name_is_normalized_as_dlt_does(path: str, length: int | None) -> None:
    convention = snake_case.NamingConvention(length)
    expected = untouched(naming).NamingConvention.normalize_path(convention, path)
    assert [convention.normalize_path(path) for _ in range(2)] == [expected, expected]


def test_columns_are_written_as_dlt_writes_them(schema: dict[str, Any]) -> None:
    options: dict[str, Any] = {"allow_unicode": True, "default_flow_style": False, "sort_keys": False}
    for table in schema["tables"].values():
        assert remembering.QuickYaml.dump(table["columns"], **options) == yaml.dump(
            table["columns"], **options
        )


def test_a_schema_that_is_wrong_is_still_refused(schema: dict[str, Any]) -> None:
    stored = copy.deepcopy(schema)
    Schema.from_dict(copy.deepcopy(stored))
    stored["tables"]["issues"]["columns"]["id"]["nullable"] = "no"
    with pytest.raises(DictValidationException):
        Schema.from_dict(stored)


def test_a_document_with_more_than_json_in_it_is_cloned_too() -> None:
    document = {"when": datetime(2026, 1, 1, tzinfo=UTC), "kept": [1]}
    cloned = remembering.clone(document)
    assert cloned == document
    assert cloned["kept"] is not document["kept"]


@pytest.mark.parametrize("sections", [(), ("sources", "pylon"), ("a", "", "b")])
@pytest.mark.parametrize("pipeline", [None, "pylon"])
def test_a_setting_has_the_name_that_dlt_gives_it(pipeline: str | None, sections: tuple[str, ...]) -> None:
    original = untouched(environ).EnvironProvider.get_key_name
    expected = original("api_key", pipeline, *sections)
    assert [environ.EnvironProvider.get_key_name("api_key", pipeline, *sections) for _ in range(2)] == [
        expected,
        expected,
    ]


@pytest.mark.parametrize("name", ["MainThread", "dlt-pool-17-0", "dlt-pool-x"])
def test_a_thread_has_the_context_that_dlt_gives_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.current_thread(), "name", name)
    quick, plain = container.Container(), untouched(container).Container()
    assert quick._effective_thread_id() == plain._effective_thread_id()


def test_what_is_found_of_a_setting_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME__LOG_FORMAT", "of this test")
    noted = get_resolved_traces()
    noted.clear()
    resolve_configuration(RuntimeConfiguration())
    found = {(trace.key, trace.value) for trace in noted.resolved_traces}
    assert ("log_format", "of this test") in found


@pytest.mark.parametrize("disposition", ["merge", "append", "replace"])
@pytest.mark.parametrize("strategy", [None, "upsert", "scd2"])
@pytest.mark.parametrize("destination", [None, duckdb, dummy])
def test_a_merge_has_the_strategy_that_dlt_finds(
    destination: Any, strategy: str | None, disposition: str
) -> None:
    table = {"name": "one", "columns": {}, "write_disposition": disposition, "x-merge-strategy": strategy}
    tables = {"one": {name: value for name, value in table.items() if value is not None}}

    def found(resolve: Any) -> Any:
        try:
            return resolve(tables, tables["one"])
        except DestinationCapabilitiesException as error:
            return str(error)

    of_dlt = untouched(destination_utils).resolve_merge_strategy
    if destination is None:
        assert found(helpers.resolve_merge_strategy) == found(of_dlt)
        return
    with container.Container().injectable_context(destination().capabilities()):
        assert found(helpers.resolve_merge_strategy) == found(of_dlt)
