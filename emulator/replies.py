"""What a handler answers, and how that becomes JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import JSONResponse

from .seed import SIGNED

_MARK = SIGNED.encode()
JSON_TYPE = "application/json; charset=utf-8"
CODES = {
    401: "invalid_api_token",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    429: "rate_limited",
}
"""The code of an error that bears no other."""


class JsonResponse(JSONResponse):
    """An answer in JSON, written by orjson."""

    media_type = JSON_TYPE

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return orjson.dumps(content)


class ApiError(Exception):
    """A failure the API reports: an HTTP status, a sentence, and the code by which clients decide."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        """Describe the failure."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or CODES.get(status)


def bad_request(message: str) -> ApiError:
    """Return the error for a request that is wrong in itself."""
    return ApiError(400, message)


def not_found(what: str) -> ApiError:
    """Return the error for something that does not exist."""
    return ApiError(404, f"{what} not found")


@dataclass
class Page:
    """The payload of a success.

    `data` is one serialised object, a list of them, or None. Handlers fill the first four fields; what the
    body says of `pagination`, and which parts are null or left out, is decided after them.
    """

    data: bytes | Sequence[bytes] | None
    cursor: str | None = None
    """The cursor of the next page; None on the last page."""
    paged: bool = False
    query: str = ""
    """The digest of the query, which every cursor into its result bears."""
    pagination: Mapping[str, Any] | None = None
    null_pagination: bool = False
    absent_data: bool = False

    def render(self, request_id: str, signature: str) -> bytes:
        """Return the body; `signature` becomes the query string of every signed URL in it."""
        parts = [] if self.absent_data else [b'"data":' + self._data()]
        if self.pagination is not None:
            parts.append(b'"pagination":' + orjson.dumps(self.pagination))
        elif self.null_pagination:
            parts.append(b'"pagination":null')
        parts.append(b'"request_id":' + orjson.dumps(request_id))
        body = b"{" + b",".join(parts) + b"}"
        return body.replace(_MARK, f"?signature={signature}&expires=3600".encode())

    def _data(self) -> bytes:
        if self.data is None:
            return b"null"
        if isinstance(self.data, bytes):
            return self.data
        return b"[" + b",".join(self.data) + b"]"


def error_response(error: ApiError, request_id: str) -> JsonResponse:
    """Return the answer that reports a failure."""
    body: dict[str, Any] = {"errors": [error.message], "request_id": request_id}
    if error.code:
        body["code"] = error.code
    return JsonResponse(body, error.status)
