"""How one request is sent: paced, tried again where that may help, and its failure sorted."""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_encoding_from_headers
from urllib3.exceptions import HTTPError

from .answers import parse
from .errors import CredentialsError, NoList, Refused, Unanswered

PATIENCE = 900.0
"""The longest wait, in seconds, that a server may ask for, and that all of them may take for one request."""
PASSING = frozenset({408, 425})
"""What besides 5xx may pass."""
LARGEST, PART = 256 << 20, 64 << 10
"""The longest answer that is read, and how much of it at once, in bytes."""
REFUSALS = 20
"""So many times in a row 429 is taken for "later"."""


class Answer(requests.Response):
    """An answer that is read by :mod:`.answers`: of a charset that the header names, requests would make text of it."""

    _said: Any = None

    def load(self, seconds: float) -> str:
        """Read it to its end, and return why that cannot be.

        Args:
            seconds: How long it may take: a timeout of ``requests`` is about each part of it.
        """
        ends, parts, size = time.monotonic() + seconds, list[bytes](), 0
        # what is older than urllib3 2 reads until so much is there
        read = getattr(self.raw, "read1", self.raw.read)
        while part := read(PART, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > LARGEST:
                return f"it is longer than {LARGEST >> 20} MB"
            if time.monotonic() > ends:
                return "it does not come to its end"
        self._content = b"".join(parts)
        return ""

    def json(self, **_: Any) -> Any:
        """Return what it says.

        Raises:
            ValueError: It is no JSON.
        """
        if self._said is None:
            named = "charset" in self.headers.get("Content-Type", "").lower()
            self._said = parse(self.content, get_encoding_from_headers(self.headers) if named else None)
        return self._said


class _Adapter(HTTPAdapter):
    def build_response(self, req: Any, resp: Any) -> requests.Response:
        response = super().build_response(req, resp)
        response.__class__ = Answer
        return response


class Session(requests.Session):
    """A session that waits between requests and raises what :mod:`.errors` has.

    Args:
        timeout: How long an answer may take, in seconds.
        requests_per_minute: The pace; 0 for none.
        attempts: How often a request is sent that fails in a way that may pass.
        backoff: The wait before the second attempt, in seconds; it doubles from then on.
        sleep: Waits for some seconds.
        clock: Gives a time that only goes on, in seconds.
    """

    def __init__(
        self,
        timeout: float,
        requests_per_minute: float,
        attempts: int,
        backoff: float,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter())
        self._timeout = timeout
        self._pause = 60 / requests_per_minute if requests_per_minute else 0.0
        self._attempts = attempts
        self._backoff = backoff
        self._sleep = sleep
        self._clock = clock
        self._next = 0.0
        self.asked: Counter[str] = Counter()
        """How often each list was asked for, refusals included."""
        self.refused: Counter[str] = Counter()
        """How often it was refused with 429."""
        self.date: datetime | None = None
        """The server's time with its last answer (UTC)."""
        self._spent: set[str] = set()
        """The lists that were waited for as long as for any."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request until it is answered properly: with JSON.

        Raises:
            CredentialsError: 401.
            NoList: 204.
            Refused: Another 4xx, or a redirection, which is not followed: it would take the key elsewhere.
            Unanswered: No attempt was answered properly.
        """
        label = f"{request.method} {urlsplit(request.url or '').path}"
        failed, patience = 0, self._patience(request)
        while True:
            self._wait_for_turn()
            response, reason = self._try(request, kwargs)
            if response is not None and response.status_code == 429:
                self.refused[_list(request)] += 1
                if next(patience, False):
                    self._back_off(label, response)
                    continue
            if response is not None and not reason:
                return self._sorted(label, response, str(request.headers.get("Authorization", "")))
            failed += 1
            if failed >= self._attempts:
                raise Unanswered(label, reason, 0 if response is None else response.status_code)
            wait = min(60.0, self._backoff * 2 ** (failed - 1)) * random.uniform(0.5, 1.0)
            asked = None if response is None else _retry_after(response.headers.get("Retry-After", ""))
            self._sleep(max(wait, min(asked or 0.0, 60.0)))

    def _patience(self, request: requests.PreparedRequest) -> Iterator[bool]:
        """Yield for as long as 429 is waited for: a limit is the list's, so what was found out of it holds for all."""
        begun, name = self._clock(), _list(request)
        for _ in range(0 if name in self._spent else REFUSALS):
            if self._clock() - begun > PATIENCE:
                break
            yield True
        self._spent.add(name)

    def _try(
        self, request: requests.PreparedRequest, kwargs: dict[str, Any]
    ) -> tuple[requests.Response | None, str]:
        """Send it once, and say what is wrong with the answer if another attempt may help."""
        self.asked[_list(request)] += 1
        try:
            response = self._sent(request, kwargs)
            if unread := response.load(self._timeout):
                response.close()
                return None, unread
        except (requests.RequestException, HTTPError, OSError) as error:
            return None, type(error).__name__
        if response.status_code in PASSING or (response.status_code >= 500 and response.status_code != 501):
            return response, f"it was answered with {response.status_code}"
        if response.status_code < 300 and response.status_code != 204 and not _is_json(response):
            page = b"<html" in response.content[:1000].lower()
            return response, "it was answered with a web page" if page else "the answer is no JSON"
        return response, "it was answered with 429" if response.status_code == 429 else ""

    def _sent(self, request: requests.PreparedRequest, kwargs: dict[str, Any]) -> Answer:
        given = {"timeout": self._timeout, **kwargs, "allow_redirects": False, "stream": True}
        try:
            response = super().send(request, **given)
        except requests.HTTPError as error:  # RESTClient raises it from its hook
            if error.response is None:
                raise
            response = error.response
        if date := _date(response.headers.get("Date", "")):
            self.date = date
        return cast("Answer", response)

    def _wait_for_turn(self) -> None:
        if (wait := self._next - self._clock()) > 0:
            self._sleep(wait)
        self._next = self._clock() + self._pause

    def _back_off(self, label: str, response: requests.Response) -> None:
        """Wait as long as the server asks, and go slower from then on."""
        wait = _retry_after(response.headers.get("Retry-After", ""))
        if wait is not None and wait > PATIENCE:
            raise Unanswered(label, f"the server asks to come again in {wait / 60:.0f} minutes")
        self._pause = min(self._pause * 1.5, 6.0)
        self._next = self._clock() + (self._backoff * 15 if wait is None else wait)

    def _sorted(self, label: str, response: requests.Response, key: str) -> requests.Response:
        status = response.status_code
        if status == 204:
            raise NoList(label, "the answer is empty")
        if status < 300:
            return response
        if status == 401:
            raise CredentialsError(
                f"Zaia does not take the API key ({label} was answered with 401).",
                "Make a key in the workspace settings, and give it as sources.zaia.api_key.",
            )
        raise Refused(label, status, _said(response, key))


def _list(request: requests.PreparedRequest) -> str:
    """Return which list a request is for, the same for all objects."""
    path = re.sub(r"/tickets/[^/]+/details$", "/tickets/{id}/details", urlsplit(request.url or "").path)
    return f"{request.method} {path}"


def _is_json(response: requests.Response) -> bool:
    try:
        response.json()
    except ValueError:
        return False
    return True


def _retry_after(value: str) -> float | None:
    """Return the seconds to wait by a header that holds seconds or a date."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    date = _date(value)
    return max(0.0, date.timestamp() - time.time()) if date else None


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _said(response: requests.Response, key: str) -> str:
    """Return what a refusal says without the key: its message, or the whole of a short answer."""
    try:
        body = response.json()
    except ValueError:
        said = response.text
        return "" if "<" in said[:100] else _without(key, said)[:300].strip()
    if isinstance(body, dict):
        body = body.get("message") or body.get("error") or body
    said = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return _without(key, said)[:500].rstrip(". ")


def _without(key: str, said: str) -> str:
    return said.replace(key, "…") if key else said
