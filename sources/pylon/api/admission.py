"""Whether the token is let in: a wrong one is to cost one request, not one for each lane."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from ..errors import CredentialsError

PATIENCE_SECONDS = 5.0
"""How long the others wait for the first answer at most: it may be one that never comes."""


class Admission:
    """Lets one request go first, and all others once that was answered; belongs to one event loop."""

    def __init__(self) -> None:
        self._asked = False
        self._answered = asyncio.Event()
        self.let_in = False
        """Whether a request was answered properly."""
        self._refused_at: set[str] = set()
        self._refusal: CredentialsError | None = None

    async def enter(self) -> None:
        """Wait until it is known whether the token is let in.

        Raises:
            CredentialsError: It is not.
        """
        if not self._asked:
            self._asked = True
        elif not self._answered.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._answered.wait()
        if self._refusal:
            raise self._refusal

    def answered(self, *, let_in: bool) -> None:
        """Note that a request has ended, and whether it was answered properly."""
        self.let_in = self.let_in or let_in
        self._answered.set()

    def refused(self, endpoint: str, error: CredentialsError) -> None:
        """Note a 401. Where the token has been let in elsewhere, it takes two endpoints to shut it out."""
        self._refused_at.add(endpoint)
        if not self.let_in or len(self._refused_at) > 1:
            self._refusal = error
        self._answered.set()
