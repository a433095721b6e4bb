"""One request, sent until it is answered properly: at the pace allowed, through refusals and passing faults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from ..catalog import Endpoint
from ..errors import CredentialsError, NoJson, TooLong, Transient, Unanswered, Unavailable, WebPage
from ..settings import Settings
from .admission import Admission
from .answers import Answer, Check, raise_for_status, read
from .pacing import Pacers
from .transport import Reply, Request, Transport

Pause = Callable[[str, float], Awaitable[None]]
"""Waits for some seconds, 0 included, on behalf of an endpoint, by name; may raise ``TurnOver`` instead."""

ATTEMPTS = 6
"""How often one request is tried before its endpoint counts as unavailable."""
LONGEST_BACKOFF = 20.0
REFUSALS = 12
"""How many 429 in a row one request, or one endpoint, may meet; each was waited out as the server asked."""


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

    async def send(self, endpoint: Endpoint, request: Request, label: str, check: Check | None) -> Answer:
        """Send a request until it is answered properly.

        Args:
            endpoint: What it asks.
            request: The request.
            label: How users see it: ``GET /issues/17``.
            check: What else to expect of the answer.

        Raises:
            CredentialsError: 401.
            PermissionDenied: 403.
            Rejected: Any other 4xx.
            Unavailable: No proper answer after all retries.
            TurnOver: The turn ended before the request could be sent.
        """
        retrying = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.5, max=LONGEST_BACKOFF),
            retry=retry_if_exception_type(Transient),
            sleep=lambda seconds: self._pause(endpoint.name, float(seconds)),
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    answer = await self._attempt(endpoint, request, label, check)
                    if answer.bare and attempt.retry_state.attempt_number == 1:
                        raise Transient("the answer has no data")  # it says so twice, or it was a slip
                    return answer
        except TooLong as error:  # it will be as long the next time
            raise Unanswered(label, error.message) from error
        except Transient as error:
            kind = WebPage if isinstance(error, NoJson) and error.page else Unanswered
            raise kind(label, f"{error.message}, {ATTEMPTS} times in a row") from error
        raise AssertionError("unreachable")  # pragma: no cover

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
        raise Unavailable(
            label,
            f"was refused {REFUSALS} times in a row because of the rate limit (429)",
            "Another client of the organisation may be using it up. What was read is saved; run again later.",
        )
