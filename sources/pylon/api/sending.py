"""One request, sent until it is answered properly: at the pace allowed, through refusals and passing faults."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

from ..catalog import Endpoint
from ..errors import (
    TOO_LARGE,
    CredentialsError,
    NoJson,
    Redirected,
    TooLong,
    Transient,
    Unanswered,
    Unavailable,
    WebPage,
)
from ..settings import Settings
from .admission import Admission
from .answers import Answer, Check, raise_for_status, read
from .exchange import Request
from .pacing import Pacers
from .transport import Reply, Transport

Pause = Callable[[str, float], Awaitable[None]]
"""Waits for some seconds, 0 included, on behalf of an endpoint, by name; may raise ``TurnOver`` instead."""

ATTEMPTS = 6
"""How often one request is tried before its endpoint counts as unavailable."""
SHORTEST_BACKOFF = 0.5
LONGEST_BACKOFF = 20.0
"""The first wait is random, up to the one, and each later one up to twice as long, at most up to the other."""
REFUSALS = 12
"""How many 429 in a row one request, or one endpoint, may meet; each was waited out as the server asked.

The limit is the endpoint's. Who asks it for something else waits for no further refusal, which may take ten minutes:
that is given up too, until one request may go again.
"""


class Sender:
    """Sends requests at the pace that the pacers allow.

    Args:
        settings: Token, host and region, for what a failure means.
        transport: Sends them.
        pacers: The pace learnt so far, by endpoint.
        pause: How to wait.
        admission: Whether the token is let in.
    """

    def __init__(
        self, settings: Settings, transport: Transport, pacers: Pacers, pause: Pause, admission: Admission
    ) -> None:
        self._settings = settings
        self._admission = admission
        self._transport = transport
        self._pacers = pacers
        self._pause = pause

    async def send(
        self,
        endpoint: Endpoint,
        request: Request,
        label: str,
        check: Check | None,
        attempts: int = ATTEMPTS,
    ) -> Answer:
        """Send a request until it is answered properly.

        Args:
            endpoint: What it asks.
            request: The request.
            label: How users see it: ``GET /issues/17``.
            check: What else to expect of the answer.
            attempts: How often it is tried.

        Raises:
            CredentialsError: 401.
            PermissionDenied: 403.
            Rejected: Any other 4xx.
            Unavailable: No proper answer after all retries.
            TurnOver: The turn ended before the request could be sent.
        """
        try:
            return await self._insist(endpoint, request, label, check, attempts)
        except TooLong as error:  # it will be as long the next time
            raise Unanswered(label, error.message, TOO_LARGE) from error
        except Redirected as error:
            raise Unavailable(
                label,
                f"{error.message}, which is not followed: it would carry the token away",
                "Check base_url.",
            ) from error
        except Transient as error:
            kind = WebPage if isinstance(error, NoJson) and error.page else Unanswered
            raise kind(label, f"{error.message}, {attempts} times in a row", error.status) from error

    async def _insist(
        self, endpoint: Endpoint, request: Request, label: str, check: Check | None, attempts: int
    ) -> Answer:
        """Try some times. By hand: what a library makes for each request costs more than all retries, which are few."""
        for attempt in range(attempts - 1):
            try:
                answer = await self._attempt(endpoint, request, label, check)
            except Transient as error:
                # a host that has not answered otherwise may be another one
                if isinstance(error, Redirected) and not self._admission.let_in:
                    raise
            else:
                # that there is no data it has to say twice, or it was a slip
                if attempt or not answer.bare:
                    return answer
            longest = min(LONGEST_BACKOFF, SHORTEST_BACKOFF * 2**attempt)
            await self._pause(endpoint.name, random.uniform(0, longest))
        return await self._attempt(endpoint, request, label, check)

    async def _attempt(self, endpoint: Endpoint, request: Request, label: str, check: Check | None) -> Answer:
        reply = await self._permitted(endpoint, request, label)
        try:
            raise_for_status(reply.status, reply.content, label, self._settings)
        except CredentialsError as error:
            self._admission.refused(endpoint.name, error)
            raise
        answer = read(reply.content, reply.sent_at)
        problem = check(answer) if check else None
        if problem:
            raise Transient(problem)
        return answer

    async def _permitted(self, endpoint: Endpoint, request: Request, label: str) -> Reply:
        """Send when the pace allows it, and wait out refusals."""
        pacer = self._pacers.get(endpoint.name, endpoint.tier)
        for _ in range(REFUSALS):
            await self._pause(endpoint.name, 0.0)
            await self._admission.enter()
            while (wait := pacer.wait()) > 0:
                if pacer.refused_in_a_row >= REFUSALS:  # another request has found out
                    raise _shut_out(label)
                await self._pause(endpoint.name, wait)
            ticket = pacer.take()
            try:
                reply = await self._transport.send(request)
            except BaseException:
                pacer.lost(ticket)
                self._admission.answered(let_in=False)
                raise
            self._pacers.statuses[endpoint.name][reply.status] += 1
            if reply.status != 401:
                self._admission.answered(let_in=reply.status < 300)
            if reply.status != 429:
                pacer.accepted(ticket, reply.headers)
                return reply
            pacer.refused(ticket, reply.headers, reply.server_at)
            if pacer.refused_in_a_row >= REFUSALS:  # a turn may be too short for one request to meet so many
                break
        raise _shut_out(label)


def _shut_out(label: str) -> Unavailable:
    return Unavailable(
        label,
        f"was refused {REFUSALS} times in a row because of the rate limit (429)",
        "Another client of the organisation may be using it up. What was read is saved; run again later.",
    )
