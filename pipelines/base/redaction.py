"""Keeps the token and the passwords out of everything that is printed, tracebacks included."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from .refusals import embedded, told

MARK = "[secret]"
SHORTEST = 4
"""A shorter value is no secret, and to cross it out everywhere would make a text unreadable."""

_NAME = re.compile(r"api_?key|password|passwd|secret|token|private_key|credentials", re.IGNORECASE)
OURS = ("PYLON_", "ZAIA_")
"""How variables of our own begin, beside those of dlt's kind."""
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)(?!password@)[^\s/]+@")
_known: set[str] = set()


def remember(secret: str) -> None:
    """Cross out this value from now on."""
    _known.update(_variants(secret))


def redact(text: str) -> str:
    """Return a text without the secrets that are configured anywhere, and without passwords in URLs."""
    for secret in sorted(_known | _configured(), key=len, reverse=True):
        text = text.replace(secret, MARK)
    return _URL_PASSWORD.sub(rf"\1{MARK}@", text)


class _Redacting(logging.Filter):
    """Crosses out secrets in what others log, and leaves out rows, tracebacks included."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(embedded(record.getMessage())), ()
        if record.exc_info and record.exc_info[1]:
            # what is formatted as JSON would be made of the exception itself
            record.exc_text, record.exc_info = redact(told(record.exc_info[1])), None
        return True


def cover_logs(*names: str) -> None:
    """Cross out secrets in the logs of these loggers."""
    for name in names:
        logger = logging.getLogger(name)
        if not any(isinstance(known, _Redacting) for known in logger.filters):
            logger.addFilter(_Redacting())


def _configured() -> set[str]:
    """Find the secrets in the environment and in ``secrets.toml``, without dlt, which may be what failed."""
    found: set[str] = set()
    for name, value in os.environ.items():
        if _NAME.search(name) and ("__" in name or name.startswith(OURS)):
            found.update(_secrets(name.rpartition("__")[2], _decoded(value)))
    for folder in (
        Path(".dlt"),
        Path.home() / ".dlt",
        Path("/var/dlt"),
    ):  # where dlt looks, the last one for root
        found.update(_in_file(folder / "secrets.toml"))
    return found


def _in_file(path: Path) -> set[str]:
    import tomllib

    try:
        return set(_secrets("", tomllib.loads(path.read_text(encoding="utf-8"))))
    except (OSError, ValueError):
        return set()


def _secrets(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _secrets(str(key), inner)
    elif isinstance(value, str) and name.lower() == "credentials":
        for part in _parts(value):
            yield from _variants(part)
    elif isinstance(value, str) and _NAME.search(name):
        yield from _variants(value)


def _parts(url: str) -> Iterator[str]:
    """Return what is secret in a connection string, also in one that is written wrongly."""
    if "@" in url:
        yield url
    if found := re.search(r":([^:]*)@[^@]*$", url):
        yield found[1]
    with suppress(ValueError):
        split = urlsplit(url)
        yield split.password or ""
        yield from (value for name, value in parse_qsl(split.query) if _NAME.search(name))


def _variants(secret: str) -> set[str]:
    """Return a secret as it may appear: as it is, in a URL, or inside of JSON."""
    plain = {secret.strip(), unquote(secret.strip())}
    written = plain | {quote(text, safe="") for text in plain} | {json.dumps(text)[1:-1] for text in plain}
    return {text for text in written if len(text) >= SHORTEST}


def _decoded(value: str) -> Any:
    try:
        return json.loads(value) if value.lstrip().startswith("{") else value
    except ValueError:
        return value
