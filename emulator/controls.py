"""Control routes, by which another process does what Python can: JSON in, JSON out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from random import Random
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .faults import Faults
from .replies import JsonResponse

Action = Callable[[dict[str, Any]], Any]
"""What a route does with the body, or with the query of a request without one."""


def controls(known: Mapping[str, Action]) -> Starlette:
    """Return the application of the routes, which are named by method and path; a mistake is answered by 400."""

    async def unknown(_request: Request, _error: Exception) -> Response:
        return JsonResponse({"error": f"no such control route; there are {', '.join(known)}"}, 404)

    mistakes = dict.fromkeys((LookupError, ValueError, TypeError, AttributeError), _mistake)
    routes = [_route(name, action) for name, action in known.items()]
    return Starlette(routes=routes, exception_handlers={HTTPException: unknown, **mistakes})


def _route(name: str, action: Action) -> Route:
    method, path = name.split()

    async def answer(request: Request) -> Response:
        raw = await request.body()
        args = orjson.loads(raw) if raw.strip() else dict(request.query_params)
        if not isinstance(args, dict):
            raise TypeError("the body must be a JSON object")
        return JsonResponse(action(args))

    return Route(f"/{path}", answer, methods=[method])


async def _mistake(_request: Request, error: Exception) -> Response:
    return JsonResponse({"error": str(error)}, 400)


class Actions(ABC):
    """What can be done to the world, the settings and the faults of any emulator."""

    def __init__(self, engine: Any, changes: Collection[str], called: str) -> None:
        """Control `engine`, whose world is changed by some of its methods, which are called so."""
        self._engine, self._changes, self._called = engine, changes, called

    def change(self, args: dict[str, Any]) -> Any:
        """Change the world by a method of its own, or at random."""
        name, kwargs = args["do"], args.get("args") or {}
        if name == "random":
            rng = Random(kwargs.get("seed", 0))
            return [self.change_at_random(rng, kwargs) for _ in range(int(kwargs.get("count", 1)))]
        if name not in self._changes:
            raise ValueError(
                f"no such {self._called}: {name}; there are random, {', '.join(sorted(self._changes))}"
            )
        return getattr(self._engine.world, name)(**kwargs)

    @abstractmethod
    def change_at_random(self, rng: Random, args: dict[str, Any]) -> Any:
        """Do one thing at random; return what and to whom."""

    def settings(self, args: dict[str, Any]) -> Any:
        """Change settings."""
        self._engine.settings.update(args)
        return {"changed": sorted(args)}

    def faults(self, args: dict[str, Any]) -> Any:
        """Switch faults on: one as the body, several under "add"; {"clear": true} ends the others."""
        return switch(self._engine.faults, args)

    def advance(self, args: dict[str, Any]) -> Any:
        """Move the world's present."""
        self._engine.world.advance(float(args["seconds"]))
        return {"now": self._engine.world.now().isoformat()}


def plain(value: Any) -> Any:
    """Return a setting as JSON can have it."""
    return sorted(value) if isinstance(value, set | frozenset) else value


def switch(faults: Faults, args: Mapping[str, Any]) -> Any:
    """Switch faults on, one as `args` or several under "add"; "clear" ends the others. Return those that are on."""
    wanted = [faults.make(**one) for one in args.get("add", [args] if "kind" in args else [])]
    if args.get("clear"):
        faults.clear()
    for fault in wanted:
        faults.add(fault)
    return [{"kind": fault.kind, "endpoint": fault.endpoint, "played": fault.played} for fault in faults]
