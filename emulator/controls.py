"""Control routes, by which another process does what Python can: JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
