"""Whether a webhook comes from who knows the secret, in each of the forms in which Pylon is reported to sign. Pure.

Older sources: hex HMAC-SHA256 over the body in ``X-Pylon-Signature``. Newer ones: the same over the timestamp, a full
stop and the body, with the headers ``Pylon-Webhook-Timestamp`` and ``Pylon-Webhook-Signature``. Only the newer form
says when it was signed; one of the older can be sent once more by who has seen it, which costs a reading and no more.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

OLDER = "x-pylon-signature"
NEWER, STAMP = "pylon-webhook-signature", "pylon-webhook-timestamp"
WINDOW = 300.0
"""Seconds by which a timestamp may be off, before or behind the present."""
_MILLISECONDS = 1e11
"""A number beyond this is no count of seconds: it would be the year 5138."""


def is_genuine(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> bool:
    """Whether one of the secrets signed a body. Where a timestamp is sent, only the newer form counts.

    Args:
        headers: Those of the request, by their names in small letters.
        body: The request's body as it came.
        secrets: Those that are valid, several while one takes the place of another.
        now: The present, in seconds since 1970.
    """
    stamp, newer, older = (headers.get(name, "").strip() for name in (STAMP, NEWER, OLDER))
    if stamp or newer:
        at = _instant(stamp)
        if at is None or abs(now - at) > WINDOW:
            return False
        return _is_signed(stamp.encode() + b"." + body, newer, secrets)
    return bool(older) and _is_signed(body, older, secrets)


def signature(secret: str, body: bytes, stamp: str = "") -> str:
    """Return the signature of a body: of the newer form with its timestamp, of the older one without."""
    signed = stamp.encode() + b"." + body if stamp else body
    return hmac.new(secret.encode(), signed, sha256).hexdigest()


def _is_signed(signed: bytes, given: str, secrets: Sequence[str]) -> bool:
    # all are compared, and none of them is left at the first difference: how long it takes tells nothing
    expected = [hmac.new(secret.encode(), signed, sha256).hexdigest() for secret in secrets]
    found = [hmac.compare_digest(one.encode(), given.lower().encode()) for one in expected]
    return any(found)


def _instant(stamp: str) -> float | None:
    """Return a timestamp in seconds since 1970: seconds, milliseconds or RFC 3339, since nobody says which is sent."""
    try:
        number = float(stamp) if stamp.isascii() and stamp.replace(".", "", 1).isdigit() else None
        if number is None:
            moment = datetime.fromisoformat(stamp)
            return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
    return number / 1000 if number > _MILLISECONDS else number
