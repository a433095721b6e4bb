"""``--workspace`` and ``--all``: what a verb about one copy becomes where several workspaces are configured."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from ..base.desk import was_given
from ..base.options import LogFormat, Progress, prepare

Verb = Callable[..., None]

Named = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="NAME",
        help="One of several workspaces, as [workspaces.NAME] configures it.",
    ),
]
Every = Annotated[
    bool, typer.Option("--all", help="All workspaces side by side; one that fails keeps none from going on.")
]
AtOnce = Annotated[
    int | None,
    typer.Option(
        "--at-once",
        metavar="N",
        min=1,
        help="With --all, the most at a time.  [default: as processors and memory allow]",
    ),
]
NamedOrUnion = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="NAME",
        help="One of several workspaces; all for the union that transform --all makes.",
    ),
]
FOR_UNION = {"workspace": (NamedOrUnion, None)}
FOR_ONE = {"workspace": (Named, None)}
FOR_ALL = {**FOR_ONE, "every": (Every, False), "at_once": (AtOnce, None)}
OF_ONE_COPY = ("dataset", "schema")
"""The options that can be about one copy only: with all, copies would fall together."""


def for_one(verb: Verb) -> Verb:
    """Let a verb be about a workspace that is named."""
    return _with(verb, FOR_ONE)


def for_one_or_union(verb: Verb) -> Verb:
    """Let a verb be about a workspace that is named, or, by the name ``all``, about the union of all."""
    return _with(verb, FOR_UNION)


def for_all(verb: Verb) -> Verb:
    """Let a verb be about a workspace that is named, or about all of them."""
    return _with(verb, FOR_ALL)


def plain(verb: Verb) -> Verb:
    """Return a verb as it is for a desk that has one workspace only."""
    found: Verb = inspect.unwrap(verb)
    return found


def _with(verb: Verb, options: dict[str, tuple[Any, Any]]) -> Verb:
    @wraps(verb)
    def wrapped(**given: Any) -> None:
        found = {name: given.pop(name) for name in options}
        if found.get("every") or found.get("at_once"):
            _all(found, given)
        elif found["workspace"] is not None:
            given |= _one(found["workspace"], given, union=options is FOR_UNION)
        verb(**given)

    signature = inspect.signature(verb, eval_str=True)
    known = list(signature.parameters.values())
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in options.items()
    ]
    place = next((at for at, one in enumerate(known) if one.name == "destination"), len(known))
    ordered = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*known[:place], *added, *known[place:])
    ]
    wrapped.__signature__ = signature.replace(parameters=ordered)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {one.name: one.annotation for one in ordered} | {"return": None}
    return wrapped


def _one(name: str, given: dict[str, Any], *, union: bool) -> dict[str, Any]:
    """Let this process be about a workspace, and return the options that follow from it."""
    with _screen(given):
        from . import chosen

        explicit = given["destination"] if was_given("destination") else ""
        if union and name == "all":
            place = chosen.choose_union(explicit)
        else:
            place = chosen.choose(name, explicit, given.get("dataset") or "")
        return {"destination": place.destination, "dataset": place.dataset}


def _all(found: dict[str, Any], given: dict[str, Any]) -> None:
    with _screen(given):
        from . import command

        asked = command.Asked(
            workspace=found["workspace"],
            every=found["every"],
            at_once=found["at_once"],
            destination=given["destination"] if was_given("destination") else "",
            of_one=tuple(f"--{name}" for name in OF_ONE_COPY if given.get(name)),
            as_json=_as_json(given),
            quiet=given.get("progress") is Progress.NONE,
        )
        raise SystemExit(command.run(asked))


def _screen(given: dict[str, Any]) -> Any:
    from ..base.screens import one_screen

    prepare(debug=given["debug"], as_json=_as_json(given))
    return one_screen(debug=given["debug"], as_json=_as_json(given))


def _as_json(given: dict[str, Any]) -> bool:
    written = (given.get("form"), given.get("log_format"))
    return bool(given.get("as_json")) or LogFormat.JSON in written
