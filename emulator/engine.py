"""Deciding on a request: who asks, whether there is allowance left, which fault plays, what the answer is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from random import Random

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from .calls import Call, Handler
from .collection_routes import HANDLERS as COLLECTION_HANDLERS
from .directory_routes import HANDLERS as DIRECTORY_HANDLERS
from .endpoints import Endpoint
from .faults import PAGE_KINDS, Fault, Faults
from .issue_routes import HANDLERS as ISSUE_HANDLERS
from .limits import Decision, Limiter
from .log import Log, Record
from .paging import encode
from .records import JSON
from .replies import JSON_TYPE, ApiError, Page, bad_request, error_response, not_found
from .search import Searcher
from .search_routes import HANDLERS as SEARCH_HANDLERS
from .settings import Settings
from .text import uuid
from .volatile import unsettled
from .webhooks import Webhooks
from .wire import Reset
from .world import World

HANDLERS: dict[str, Handler] = ISSUE_HANDLERS | DIRECTORY_HANDLERS | COLLECTION_HANDLERS | SEARCH_HANDLERS
Hook = Callable[[Record], None]


@dataclass
class Exchange:
    """A request on its way: what was asked, and what has been decided about it so far."""

    record: Record
    request_id: str
    params: dict[str, str]
    """What the path names."""
    decision: Decision | None = None
    faults: list[Fault] = field(default_factory=list)
    error: ApiError | None = None

    @property
    def id(self) -> str:
        """The `{id}` in the path, or else the first that it names."""
        return self.params.get("id") or next(iter(self.params.values()), "")

    def fault(self, kind: str) -> Fault | None:
        """Return the fault of a kind that plays on this request."""
        return next((fault for fault in self.faults if fault.kind == kind), None)


class Engine:
    """The service without its network: a world, settings, faults and the log."""

    def __init__(self, world: World, settings: Settings) -> None:
        """Serve `world` as `settings` say."""
        self.world = world
        self.settings = settings
        self.faults = Faults()
        self.log = Log()
        self.limiter = Limiter()
        self.hooks: list[Hook] = []
        self.webhooks = Webhooks(world)
        self._searcher = Searcher(world)
        self._rng = Random()

    def admit(self, request: Request, body: object, found: Endpoint | ApiError) -> Exchange:
        """Log a request, decide whether it is let in, and draw the faults that play on it.

        `found` is the endpoint that its route leads to, or why there is none.
        """
        name = found.name if isinstance(found, Endpoint) else f"{request.method} (unknown)"
        path, query = request.scope["path"], _firsts(request.query_params)
        record = Record(self.log.number(), self.world.now(), name, path, query, body)
        exchange = Exchange(record, uuid(self._rng), dict(request.path_params))
        try:
            self._authorise(request.headers.get("authorization", ""))
            if isinstance(found, ApiError):
                raise found
            if not {name, found.path}.isdisjoint(self.settings.lacking):
                raise not_found("page")
            if name in self.settings.denied:
                raise ApiError(403, "the token does not allow this")
            self._ration(exchange, found)
            exchange.faults = self.faults.pick(name, exchange.id or None, _has_cursor(record))
            record.fault = exchange.faults[0].kind if exchange.faults else None
        except ApiError as error:
            exchange.error = error
        if self.settings.log == "full":
            self.log.records.append(record)
        return exchange

    def _authorise(self, authorization: str) -> None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ApiError(401, "Authorization: Bearer <token> is required", "invalid_authorization_header")
        if token.strip() not in self.settings.tokens():
            raise ApiError(401, "unknown token")
        if self.settings.token_region not in (None, self.settings.region):
            raise ApiError(401, "this token belongs to the other region", "wrong_region_token")
        if self.settings.suspended:
            raise ApiError(401, "the organization is suspended", "organization_suspended")

    def _ration(self, exchange: Exchange, endpoint: Endpoint) -> None:
        settings, name = self.settings, endpoint.name
        now = self.world.now().timestamp()
        limit, share = settings.allowance(name, endpoint.rate), settings.share(name)
        decision = self.limiter.take(
            name,
            now,
            limit=limit,
            share=share,
            window=settings.window_seconds,
            kind=settings.window_kind,
            burst=settings.bucket_size,
            refused_counts=settings.refused_counts,
        )
        exchange.decision = decision
        allowance = None if limit is None else max(0, limit - share)
        self.log.tally(name, int(now // settings.window_seconds), not decision.allowed, allowance)
        if not decision.allowed:
            exchange.record.refused = True
            raise ApiError(429, "too many requests")

    def answer(self, exchange: Exchange) -> Response:
        """Call the hooks, which may yet change the world, and return the answer to a request."""
        try:
            for hook in list(self.hooks):
                hook(exchange.record)
            if exchange.error is not None:
                raise exchange.error
            response = self._faulty(exchange) or self._proper(exchange)
        except ApiError as error:
            response = error_response(error, exchange.request_id)
        except Exception as error:  # noqa: BLE001
            # A hook, or a row that a test put in: the test learns of its failure by the answer.
            response = error_response(ApiError(500, repr(error), "emulator_failed"), exchange.request_id)
        response.headers["date"] = format_datetime(self.world.now(), usegmt=True)
        if response.status_code == 429 or self.settings.rate_headers == "ratelimit":
            response.headers.update(self._rate_headers(exchange, response.status_code))
        response.headers.update(self.settings.extra_headers)
        exchange.record.status = response.status_code
        return response

    def _proper(self, exchange: Exchange) -> Response:
        record = exchange.record
        body = record.body if record.body is not None else {}
        if not isinstance(body, dict):
            raise bad_request("the body must be a JSON object")
        call = Call(
            self.world, self.settings, self._searcher, record.endpoint, exchange.id, record.query, body
        )
        call.params = exchange.params
        call.step_back = 1 if exchange.fault("overlap") else 0
        with self.world.lock:
            page = HANDLERS[record.endpoint](call)
        if kinds := self.settings.volatile:
            page.data = unsettled(page.data, kinds, self._rng, int(self.world.now().timestamp()))
        _paginate(page, self.settings)
        _spoil(page, call, exchange)
        signature = f"{self._rng.getrandbits(64):016x}"
        return Response(page.render(exchange.request_id, signature), media_type=JSON_TYPE)

    def _faulty(self, exchange: Exchange) -> Response | None:
        if exchange.fault("reset"):
            return Reset()
        for fault in exchange.faults:
            if fault.kind == "redirect":
                return RedirectResponse(fault.location, 302)
            if fault.kind == "not_json":
                return HTMLResponse(_HTML % "Welcome")
            if fault.kind == "status" and fault.html:
                return Response(_HTML % fault.status, fault.status, {"content-type": "text/html"})
            if fault.kind == "status":
                raise ApiError(fault.status, f"fault: {fault.status}", fault.code)
        return None

    def _rate_headers(self, exchange: Exchange, status: int) -> dict[str, str]:
        decision, style = exchange.decision, self.settings.rate_headers
        fault = exchange.fault("status") if status == 429 else None
        wait = fault.wait(1.0) if fault else decision.wait if decision else 0.0
        if style == "ratelimit":
            return _ratelimit(decision, wait, status) if decision else {}
        if style == "retry-after-date":
            # Whole seconds only: the next one, so that coming back then is never too early.
            moment = (self.world.now() + timedelta(seconds=wait + 1)).replace(microsecond=0)
            return {"retry-after": format_datetime(moment, usegmt=True)}
        text = f"{wait:.3f}" if style == "retry-after-fraction" else str(math.ceil(wait))
        name = "x-retry-after" if style == "x-retry-after" else "retry-after"
        return {} if style == "none" else {name: text}

    def latency(self) -> float:
        """Return the delay of an answer in seconds."""
        return self.settings.latency_seconds + self._rng.random() * self.settings.latency_jitter_seconds


_HTML = "<!doctype html><html><body><h1>%s</h1></body></html>"


def _paginate(page: Page, settings: Settings) -> None:
    if page.data == [] and settings.empty_data != "list":
        page.data, page.absent_data = None, settings.empty_data == "absent"
    if not page.paged:
        return
    if page.cursor is not None or settings.last_page == "present":
        page.pagination = {"cursor": page.cursor or "", "has_next_page": page.cursor is not None}
    page.null_pagination = settings.last_page == "null"


def _ratelimit(decision: Decision, wait: float, status: int) -> dict[str, str]:
    """Return the X-RateLimit headers, the reset in seconds from now; without a limit only for a 429."""
    refused = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(math.ceil(wait))}
    if decision.limit is None:
        return refused if status == 429 else {}
    headers = refused | {"x-ratelimit-limit": str(decision.limit)}
    return headers if status == 429 else headers | {"x-ratelimit-remaining": str(decision.remaining)}


def _firsts(query: QueryParams) -> dict[str, str]:
    """Return the query as a mapping; of a repeated name the first value counts."""
    return dict(reversed(query.multi_items()))


def _has_cursor(record: Record) -> bool:
    body: JSON = record.body if isinstance(record.body, dict) else {}
    return bool(record.query.get("cursor") or body.get("cursor"))


def _spoil(page: Page, call: Call, exchange: Exchange) -> None:
    """Play the faults that concern a page's data and cursor."""
    for fault in exchange.faults:
        if fault.kind not in PAGE_KINDS or fault.kind == "overlap":
            continue
        if fault.kind == "no_pagination":
            page.pagination, page.null_pagination = None, False
        elif fault.kind == "empty_cursor":
            page.pagination = {"cursor": "", "has_next_page": True}
        elif fault.kind == "stuck_cursor":
            page.pagination = {"cursor": call.cursor or encode(0, page.query), "has_next_page": True}
        else:
            page.data, page.absent_data = None, fault.kind == "absent_data"
            page.pagination = {"cursor": page.cursor or call.cursor, "has_next_page": True}
