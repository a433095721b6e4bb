"""Deciding on a request: who asks, whether there is allowance left, what goes wrong, what the answer is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..faults import Fault, Faults
from ..limits import Decision, Limiter
from ..replies import ApiError, JsonResponse, not_found
from . import parameters
from .endpoints import PREFIX, Endpoint
from .failing import failed, refusal, refused
from .faults import Fault as ZaiaFault
from .faults import Sequence
from .lists import Call, Page, page, single
from .log import Record
from .settings import Settings
from .world import World


@dataclass
class Exchange:
    """A request on its way: what was asked, and what has been decided about it so far."""

    record: Record
    endpoint: Endpoint | None
    id: str
    decision: Decision | None = None
    faults: list[Fault] = field(default_factory=list)
    error: ApiError | None = None

    def fault(self, kind: str) -> Fault | None:
        """Return the fault of a kind that plays on this request."""
        return next((fault for fault in self.faults if fault.kind == kind), None)


class Engine:
    """The service without its network: a world, settings, faults and the log."""

    def __init__(self, world: World, settings: Settings, clock: Callable[[], float]) -> None:
        """Serve `world` as `settings` say; `clock` is the server's own, in seconds since 1970."""
        self.world = world
        self.settings = settings
        self.faults = Faults(ZaiaFault)
        self.log: list[Record] = []
        self.limiter = Limiter()
        self._clock = clock
        self._given = Sequence()
        self._n = 0

    def admit(self, request: Request, found: Endpoint | ApiError) -> Exchange:
        """Log a request, decide whether it is let in, and draw the faults that play on it.

        `found` is the endpoint that its route leads to, or why there is none.
        """
        self._n += 1
        endpoint = found if isinstance(found, Endpoint) else None
        names = dict.fromkeys(name for name, _ in request.query_params.multi_items())
        query = {name: request.query_params.getlist(name) for name in names}
        asked = (endpoint.name if endpoint else "", request.method, request.scope["path"], query)
        record = Record(self._n, self._now(), *asked)
        exchange = Exchange(record, endpoint, request.path_params.get("id", ""))
        self.log.append(record)
        try:
            self._let_in(exchange, request.headers.get("authorization", ""), found)
            exchange.faults = self._drawn(exchange)
            record.fault = exchange.faults[0].kind if exchange.faults else None
        except ApiError as error:
            exchange.error = error
        return exchange

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _let_in(self, exchange: Exchange, authorization: str, found: Endpoint | ApiError) -> None:
        if authorization != self.settings.key:
            raise ApiError(401, "the API key is missing or wrong")
        if isinstance(found, ApiError):
            raise found
        if not {found.name, PREFIX + found.path}.isdisjoint(self.settings.lacking):
            raise not_found(f"GET {exchange.record.path}")
        if not {found.name, PREFIX + found.path}.isdisjoint(self.settings.forbidden):
            raise ApiError(403, "the API key may not read this")
        exchange.decision = self.limiter.take(
            "",
            self._clock(),
            limit=self.settings.requests_per_minute,
            window=self.settings.window_seconds,
            kind="sliding",
        )
        if not exchange.decision.allowed:
            raise ApiError(429, "too many requests")

    def _drawn(self, exchange: Exchange) -> list[Fault]:
        record = exchange.record
        later = record.query.get("pageNumber", ["1"])[0] != "1"
        given = self._given.next(self.settings.faults)
        picked = self.faults.pick(record.name, exchange.id or record.query.get("chatId", [None])[0], later)
        return [*([given] if given else []), *picked]

    def latency(self) -> float:
        """Return the delay of an answer in seconds."""
        return self.settings.latency_seconds

    def answer(self, exchange: Exchange) -> Response:
        """Call the hooks, which may yet change the world, and return the answer to a request."""
        record = exchange.record
        try:
            for hook in list(self.settings.before_request):
                hook(record.path, record.query)
            if exchange.error is not None:
                raise exchange.error
            response = failed(exchange.faults) or self._proper(exchange)
        except ApiError as error:
            response = refused(error)
        except Exception as error:  # noqa: BLE001
            # A hook failed, or a row that a test put in: the test learns of it by the answer.
            response = refusal(500, repr(error))
        response.headers["date"] = format_datetime(self._now(), usegmt=True)
        if response.status_code == 429:
            response.headers.update(self._retry_after(exchange))
        record.status = response.status_code
        return response

    def _proper(self, exchange: Exchange) -> Response:
        endpoint, settings = exchange.endpoint, self.settings
        if endpoint is None:
            raise not_found("page")
        known = endpoint.known(settings.most, settings.refuse_above)
        asked = parameters.read(known, exchange.record.query, settings.statuses)
        call = Call(self.world, settings, endpoint, asked, exchange.id)
        with self.world.lock:
            self.world.statuses = tuple(settings.statuses)
            if endpoint.single:
                return JsonResponse(single(call))
            found = page(call)
        return JsonResponse(_enveloped(_spoilt(found, exchange), settings.shape))

    def _retry_after(self, exchange: Exchange) -> dict[str, str]:
        fault, decision = exchange.fault("status"), exchange.decision
        wait = fault.wait(1.0) if fault else decision.wait if decision else 0.0
        if self.settings.retry_after == "date":
            # Whole seconds only: the next one, so that coming back then is never too early.
            moment = (self._now() + timedelta(seconds=wait + 1)).replace(microsecond=0)
            return {"retry-after": format_datetime(moment, usegmt=True)}
        return {} if self.settings.retry_after is None else {"retry-after": str(math.ceil(wait))}


def _spoilt(found: Page, exchange: Exchange) -> Page:
    if exchange.fault("empty"):
        return Page([], 0)
    return Page(found.rows[:-1], found.total) if exchange.fault("short") else found


def _enveloped(found: Page, shape: str) -> Any:
    return found.rows if shape == "array" else {shape: found.rows, "total": found.total}
