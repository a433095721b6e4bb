"""What dlt finds out anew for each setting and each schema of each step, found out once in a process.

These are functions of types, which do not change, or of a document's content, by which they are known; a run of a small
copy spends more than half of its time on them. ``tests/test_remembering.py`` holds them against dlt's own.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import inspect
import marshal
import os
import sys
import threading
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

import dlt.common.configuration.inject
import dlt.common.configuration.resolve
import dlt.common.normalizers.json.relational
import dlt.common.normalizers.naming.naming
import dlt.common.validation
import dlt.extract.extract
import dlt.load.load
import dlt.normalize.normalize
import orjson
import yaml
from dlt.common import json
from dlt.common import typing as types
from dlt.common.configuration import container, resolve
from dlt.common.configuration.exceptions import ContextDefaultCannotBeCreated
from dlt.common.configuration.providers import environ
from dlt.common.configuration.specs import base_configuration as specs
from dlt.common.destination.capabilities import DestinationCapabilitiesContext
from dlt.common.normalizers.json import helpers

OF_TYPES: dict[Any, tuple[str, ...]] = {
    types: (
        "extract_inner_type",
        "extract_type_if_modifier",
        "is_annotated",
        "is_callable_type",
        "is_dict_generic_type",
        "is_final_type",
        "is_list_generic_type",
        "is_literal_type",
        "is_newtype_type",
        "is_optional_type",
        "is_subclass",
        "is_typeddict",
        "is_union_type",
    ),
    specs: (
        "extract_inner_hint",
        "get_config_if_union_hint",
        "is_base_configuration_inner_hint",
        "is_context_inner_hint",
        "is_credentials_inner_hint",
        "is_hint_not_resolvable",
        "is_secret_hint",
        "is_valid_hint",
    ),
}


AS_THEY_ARE = (
    orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
)
"""Nothing but JSON's own types is JSON."""


def remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that computes each answer once; two arguments are the same if they are one object."""
    known: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    @functools.wraps(function)
    def wrapped(*args: Any, **options: Any) -> Any:
        key = (*map(id, args), *options.items())
        if key not in known:
            known[key] = (args, function(*args, **options))  # kept alive, so that the ids stay theirs
        return known[key][1]

    return wrapped


def clone(document: Any) -> Any:
    """Return a deep copy of a schema or a part of it: nearly all of it is mappings, lists and text."""
    try:
        return marshal.loads(marshal.dumps(document))
    except ValueError:  # there is more in it
        return _clone(document, {})


def _clone(part: Any, known: dict[int, Any]) -> Any:
    kind = type(part)
    if kind is str or kind is bool or kind is int or part is None:
        return part
    if id(part) in known:
        return known[id(part)]
    if kind is dict:
        copied = known[id(part)] = {}
        for name, value in part.items():
            copied[name] = _clone(value, known)
        return copied
    if kind is list:
        listed = known[id(part)] = []
        listed += [_clone(value, known) for value in part]
        return listed
    return deepcopy(part, known)


def validated(validate: Callable[..., None]) -> Callable[..., None]:
    """Return a function that validates each document once; what is refused is refused each time."""
    valid: set[tuple[Any, ...]] = set()

    @functools.wraps(validate)
    def wrapped(spec: Any, doc: Any, path: str, filter_f: Any = None, validator_f: Any = None) -> None:
        try:
            content = hashlib.sha1(orjson.dumps(doc, option=AS_THEY_ARE)).digest()
        except TypeError:
            content = None  # functions among it
        key = (spec, filter_f, validator_f, content)
        if key not in valid:
            validate(spec, doc, path, filter_f, validator_f)
            if content:
                valid.add(key)

    return wrapped


def content_hash(schema: Any) -> str:
    """Return the hash of a schema's content: dlt's own, with the names given to it at once."""
    unhashed = ("version", "version_hash", "imported_version_hash", "previous_hashes")
    content = {name: value for name, value in schema.items() if name not in unhashed}
    tables = content.get("tables") or {}
    names = "".join(name + "".join(tables[name].get("columns") or ()) for name in sorted(tables))
    text = json.dumpb(content, sort_keys=True) + names.encode()
    key = hashlib.sha1(text).digest()  # a quarter of the time
    if key not in _HASHES:
        _HASHES[key] = base64.b64encode(hashlib.sha3_256(text).digest()).decode("ascii")
    return _HASHES[key]


_HASHES: dict[bytes, str] = {}
"""By another hash, those that dlt gives to schemas."""


def checked_alike(validator: Callable[..., Any]) -> Callable[..., Any]:
    """Return what makes one validator for each naming convention, so that what it found right is known again."""
    known: dict[tuple[Any, ...], Any] = {}

    def made(convention: Any) -> Any:
        key = (type(convention), convention.max_length)
        if key not in known:
            known[key] = validator(convention)
        return known[key]

    return made


def fields_of(spec: type[specs.BaseConfiguration]) -> tuple[str, ...]:
    """Return the names of a configuration's fields, as iterating over it gives them."""
    fields = spec.__dataclass_fields__.values()
    return tuple(field.name for field in fields if specs.is_valid_configspec_field(field))


def fields_by_type() -> None:
    """Let a configuration ask its type for its fields: it is asked for them whenever it is asked whether it is there."""
    known = functools.cache(fields_of)

    def names(self: specs.BaseConfiguration) -> Iterator[str]:
        return iter(known(type(self)))

    specs.BaseConfiguration.__iter__ = names
    specs.BaseConfiguration.__len__ = lambda self: len(known(type(self)))
    specs.BaseConfiguration._BaseConfiguration__has_attr = lambda self, name: name in known(type(self))


def normalized_once() -> None:
    """Let each name be normalized once by each naming convention."""
    convention = dlt.common.normalizers.naming.naming.NamingConvention
    normalize = convention.normalize_path
    known: dict[tuple[Any, ...], str] = {}

    def normalize_path(self: Any, path: str) -> str:
        key = (type(self), self.max_length, path)
        if key not in known:
            known[key] = normalize(self, path)
        return known[key]

    convention.normalize_path = normalize_path


class QuickYaml:
    """Writes YAML by libyaml, where it is there, and what is the same once."""

    known: ClassVar[dict[tuple[Any, ...], str]] = {}

    @classmethod
    def dump(cls, document: Any, **options: Any) -> str:
        """Return a document as YAML."""
        key = (orjson.dumps(document, option=AS_THEY_ARE), *options.items())
        if key not in cls.known:
            cls.known[key] = yaml.dump(document, Dumper=getattr(yaml, "CDumper", yaml.Dumper), **options)
        return cls.known[key]


@functools.cache
def _in_bytes(name: str) -> bytes:
    return os.fsencode(name)


def in_environment(_: Any, key: str, _hint: Any, pipeline: str, *sections: str) -> tuple[str | None, str]:
    """Return what the environment says of a setting, and what it is called there."""
    name = environ.EnvironProvider.get_key_name(key, pipeline, *sections)
    # most are not there, which the mapping of texts tells by an exception
    return (os.environ[name] if _in_bytes(name) in os.environ._data else None), name


def settings_found_quickly() -> None:
    """Let the name of a setting be put together once, no secrets be looked for where none are mounted, and only what was
    found be noted as found.
    """
    name = functools.cache(environ.EnvironProvider.get_key_name)
    environ.EnvironProvider.get_key_name = staticmethod(name)
    if not Path(environ.SECRET_STORAGE_PATH).parent.is_dir():
        environ.EnvironProvider.get_value = in_environment
    log = resolve.log_traces

    def log_traces(config: Any, key: str, hint: Any, value: Any, default: Any, traces: Any) -> None:
        if found := [
            trace
            for trace in traces
            if trace.value is not None or trace.provider == resolve.EXPLICIT_VALUES_PROVIDER_NAME
        ]:
            log(config, key, hint, value, default, found)

    resolve.log_traces = log_traces
    thread = threading.current_thread
    effective = container.Container._effective_thread_id
    container.Container._effective_thread_id = lambda self: (
        effective(self) if thread().name.startswith("dlt-pool-") else threading.get_ident()
    )


def strategies_found_quickly() -> None:
    """Let the strategy of a merge be found without a look at all settings for what only the destination says."""
    plain = inspect.unwrap(helpers.resolve_merge_strategy)

    def resolve_merge_strategy(tables: Any, table: Any) -> Any:
        try:
            capabilities = container.Container()[DestinationCapabilitiesContext]
        except ContextDefaultCannotBeCreated:  # nobody says where it goes
            capabilities = None
        return plain(tables, table, capabilities)

    helpers.resolve_merge_strategy = resolve_merge_strategy


def remember() -> None:
    """Let this process, and what is forked from it, find out once."""
    for module, names in OF_TYPES.items():
        for name in names:
            _replace(getattr(module, name), remembered)
    hints = remembered(lambda spec: types.get_type_hints(spec, globalns=vars(sys.modules[spec.__module__])))
    dlt.common.validation.get_type_hints = lambda spec, **_: hints(spec)
    fields = remembered(specs.BaseConfiguration.get_resolvable_fields.__func__)
    specs.BaseConfiguration.get_resolvable_fields = classmethod(lambda cls: dict(fields(cls)))
    fields_by_type()
    normalized_once()
    settings_found_quickly()
    strategies_found_quickly()
    dlt.extract.extract.yaml = QuickYaml
    for module in (dlt.common.schema.schema, dlt.common.schema.utils):
        module.deepcopy = clone
        module.generate_version_hash = content_hash
    quick = validated(dlt.common.validation.validate_dict)
    for module in (dlt.common.schema.schema, dlt.common.normalizers.json.relational):
        module.validate_dict = quick
    relational = dlt.common.normalizers.json.relational
    relational.column_name_validator = checked_alike(relational.column_name_validator)
    unknown = dlt.common.validation.validate_dict_ignoring_xkeys
    dlt.common.schema.utils.validate_dict_ignoring_xkeys = functools.partial(quick, **unknown.keywords)


def recall() -> None:
    """Find out now what is known of all settings, for forks that would each do so."""
    waiting: list[type[specs.BaseConfiguration]] = [specs.BaseConfiguration]
    while waiting:
        spec = waiting.pop()
        waiting += spec.__subclasses__()
        for hint in spec.get_resolvable_fields().values():
            for learn in (*(getattr(specs, name) for name in OF_TYPES[specs]), types.is_optional_type):
                learn(hint)


def _replace(function: Callable[..., Any], by: Callable[..., Any]) -> None:
    """Put what it makes in the place of the function, in whatever module of dlt has it."""
    quick = by(function)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "dlt":
            for attribute, value in list(vars(module).items()):
                if value is function:
                    setattr(module, attribute, quick)
