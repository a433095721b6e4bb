"""What dlt finds out about types anew for each setting of each step, found out once in a process.

These are functions of types alone, and types do not change; a run of a small copy spends half of its time on them.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import dlt.common.configuration.inject
import dlt.common.configuration.resolve
import dlt.common.validation
import dlt.load.load
import dlt.normalize.normalize
from dlt.common import typing as types
from dlt.common.configuration.specs import base_configuration as specs

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


def remember() -> None:
    """Let this process, and what is forked from it, find out once."""
    for module, names in OF_TYPES.items():
        for name in names:
            _replace(getattr(module, name))
    hints = remembered(lambda spec: types.get_type_hints(spec, globalns=vars(sys.modules[spec.__module__])))
    dlt.common.validation.get_type_hints = lambda spec, **_: hints(spec)
    fields = remembered(specs.BaseConfiguration.get_resolvable_fields.__func__)
    specs.BaseConfiguration.get_resolvable_fields = classmethod(lambda cls: dict(fields(cls)))


def recall() -> None:
    """Find out now what is known of all settings, for forks that would each do so."""
    waiting: list[type[specs.BaseConfiguration]] = [specs.BaseConfiguration]
    while waiting:
        spec = waiting.pop()
        waiting += spec.__subclasses__()
        for hint in spec.get_resolvable_fields().values():
            for learn in (*(getattr(specs, name) for name in OF_TYPES[specs]), types.is_optional_type):
                learn(hint)


def _replace(function: Callable[..., Any]) -> None:
    """Put it in the place of the function, in whatever module of dlt has it."""
    quick = remembered(function)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "dlt":
            for attribute, value in list(vars(module).items()):
                if value is function:
                    setattr(module, attribute, quick)
