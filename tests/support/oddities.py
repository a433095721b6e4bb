"""What servers answer that no document mentions: each oddity, and what a reader has to make of it.

What is expected is one of four kinds, by the principles of ``docs/architecture.md``: a row leaves the copy only for a
reading that says so, and one bad thing costs that one thing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import orjson

Kind = Literal["lacking", "failing", "harmless", "marred", "silent"]
"""``lacking``: the workspace has no such endpoint: told once, no failure. ``failing``: it may come back: a failure that
says to run again. ``harmless``: all rows are read. ``marred``: all rows are read, one text has a character that cannot
be shown. ``silent``: no failure, and no row is read or removed for it."""

HTML = b"<!doctype html><html><body>Welcome</body></html>"


@dataclass(frozen=True)
class Oddity:
    """One way of answering."""

    kind: Kind
    change: Callable[[httpx.Response], httpx.Response | None]
    lists: bool = True
    """Whether an endpoint that lists rows can answer so."""
    objects: bool = True
    """Whether an endpoint that gives one object can."""


def _status(status: int, code: str = "") -> Callable[[httpx.Response], httpx.Response]:
    body = {"errors": ["no"], "request_id": "r", **({"code": code} if code else {})}
    return lambda _answer: httpx.Response(status, json=body)


def _page(status: int) -> Callable[[httpx.Response], httpx.Response]:
    return lambda _answer: httpx.Response(status, headers={"content-type": "text/html"}, content=HTML)


def _raw(change: Callable[[bytes], bytes], **headers: str) -> Callable[[httpx.Response], httpx.Response]:
    return lambda answer: httpx.Response(answer.status_code, headers=headers, content=change(answer.content))


def _body(change: Callable[[dict[str, Any]], None]) -> Callable[[httpx.Response], httpx.Response | None]:
    def changed(answer: httpx.Response) -> httpx.Response | None:
        if answer.status_code != 200:
            return None
        body = orjson.loads(answer.content)
        change(body)
        return httpx.Response(200, content=orjson.dumps(body))

    return changed


def _paged(**pagination: Any) -> Callable[[httpx.Response], httpx.Response | None]:
    def change(body: dict[str, Any]) -> None:
        known = body.get("pagination") or {}
        if not known.get("has_next_page"):
            body["pagination"] = {**known, **pagination} if pagination else None

    return _body(change)


def _into_failure(body: dict[str, Any]) -> None:
    body.clear()
    body.update(errors=["no"], request_id="r", code="internal")


def _data(change: Callable[[Any], Any]) -> Callable[[httpx.Response], httpx.Response | None]:
    def changed(body: dict[str, Any]) -> None:
        body["data"] = change(body.get("data"))

    return _body(changed)


def _marred(piece: bytes) -> Callable[[httpx.Response], httpx.Response | None]:
    """Put something into the last text of the first row that is no id and no time."""

    def changed(answer: httpx.Response) -> httpx.Response | None:
        if answer.status_code != 200:
            return None
        body = orjson.loads(answer.content)
        rows = body["data"] if isinstance(body.get("data"), list) else [body.get("data")]
        for row in rows:
            names = [name for name, value in (row or {}).items() if isinstance(value, str) and name in TEXTS]
            if names:
                row[names[-1]] = "MARRED"
                break
        return httpx.Response(200, content=orjson.dumps(body).replace(b"MARRED", piece))

    return changed


TEXTS = frozenset(
    {"name", "title", "body_html", "description", "content", "label", "email", "value", "message_html"}
)
"""Fields whose text does not tell one row from another."""

ODDITIES: dict[str, Oddity] = {
    "403": Oddity("lacking", _status(403, "permission_denied")),
    "404": Oddity("lacking", _status(404, "not_found")),
    "405": Oddity("lacking", _status(405)),
    "410": Oddity("lacking", _status(410)),
    "501": Oddity("lacking", _status(501)),
    "404 as a web page": Oddity("lacking", _page(404)),
    "a web page": Oddity("lacking", _page(200)),
    "400": Oddity("failing", _status(400)),
    "401 here only": Oddity("failing", _status(401, "invalid_oauth_token")),
    "500": Oddity("failing", _status(500)),
    "503 as a web page": Oddity("failing", _page(503)),
    "a redirect": Oddity(
        "failing", lambda _answer: httpx.Response(302, headers={"location": "https://x.test/"})
    ),
    "an empty body": Oddity("failing", lambda _answer: httpx.Response(200, content=b"")),
    "no content": Oddity("failing", lambda _answer: httpx.Response(204)),
    "a body cut short": Oddity("failing", _raw(lambda body: body[: len(body) // 2])),
    "encoded otherwise than it says": Oddity(
        "failing", _raw(lambda body: body, **{"content-encoding": "gzip"})
    ),
    "an array": Oddity("failing", _raw(lambda _body: b"[]")),
    "null": Oddity("failing", _raw(lambda _body: b"null")),
    "a text for data": Oddity("failing", _data(lambda _data: "no")),
    "an object for a list": Oddity("failing", _data(lambda _data: {"rows": []}), objects=False),
    "numbers for rows": Oddity("failing", _data(lambda _data: [1, 2]), objects=False),
    "a list for an object": Oddity("failing", _data(lambda data: [data]), lists=False),
    "a failure for a success": Oddity("failing", _body(_into_failure)),
    "a failure beside data": Oddity(
        "failing", _body(lambda body: body.update(errors=["no"], code="internal"))
    ),
    "no key for data": Oddity("silent", _body(lambda body: body.pop("data", None)), objects=False),
    "no key for an object": Oddity("failing", _body(lambda body: body.pop("data", None)), lists=False),
    "no data": Oddity("silent", _data(lambda _data: None), objects=False),
    "a next page without a cursor": Oddity("harmless", _paged(has_next_page=True, cursor=""), objects=False),
    "a next page with a null cursor": Oddity(
        "harmless", _paged(has_next_page=True, cursor=None), objects=False
    ),
    "the same cursor again": Oddity("harmless", _paged(has_next_page=True, cursor="c"), objects=False),
    "no pagination": Oddity("harmless", _paged(), objects=False),
    "a null among the rows": Oddity("harmless", _data(lambda rows: [*(rows or []), None]), objects=False),
    "an object without a key": Oddity("harmless", _data(lambda rows: [*(rows or []), {}]), objects=False),
    "a byte order mark": Oddity("harmless", _raw(lambda body: b"\xef\xbb\xbf" + body)),
    "unknown fields": Oddity("harmless", _body(lambda body: body.update(more={"a": 1}))),
    "half a character": Oddity("marred", _marred(rb"\ud83d")),
    "bytes that are no text": Oddity("marred", _marred(b"\xff\xfe")),
    "a raw control character": Oddity("marred", _marred(b"\x07")),
}
"""Every oddity by its name."""
