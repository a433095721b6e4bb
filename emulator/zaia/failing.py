"""The answers that go wrong, and how a refusal reads."""

from __future__ import annotations

from collections.abc import Callable
from http.client import responses

from starlette.responses import HTMLResponse, RedirectResponse, Response

from ..faults import Fault
from ..replies import JSON_TYPE, ApiError, JsonResponse
from ..wire import Reset

_HTML = "<!doctype html><html><body><h1>%s</h1></body></html>"


def refusal(status: int, message: str) -> JsonResponse:
    """Return the answer that reports a failure; how the service's own looks is not documented."""
    body = {"statusCode": status, "error": responses.get(status, "Error"), "message": message}
    return JsonResponse(body, status)


def refused(error: ApiError) -> JsonResponse:
    """Return the answer that reports an error."""
    return refusal(error.status, error.message)


def failed(faults: list[Fault]) -> Response | None:
    """Return what is answered in place of the proper answer, if one of the faults does that."""
    return next((answer(fault) for fault in faults if (answer := _ANSWERS.get(fault.kind))), None)


def _status(fault: Fault) -> Response:
    if fault.html:
        return HTMLResponse(_HTML % fault.status, fault.status)
    return refusal(fault.status, f"fault: {fault.status}")


_ANSWERS: dict[str, Callable[[Fault], Response]] = {
    "reset": lambda _: Reset(),
    "redirect": lambda fault: RedirectResponse(fault.location, 302),
    "status": _status,
    "html": lambda _: HTMLResponse(_HTML % "Welcome"),
    "not_json": lambda _: Response('[{"id": "', media_type=JSON_TYPE),
    "no_list": lambda _: JsonResponse({"statusCode": 500, "message": "fault: no_list"}),
}
