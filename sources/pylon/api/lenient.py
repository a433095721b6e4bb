"""JSON that is not quite JSON: one bad character of a page must not cost the page.

Pure. It is read like this only where it cannot be read properly; what cannot be shown becomes U+FFFD.
"""

from __future__ import annotations

import re
from typing import Any

from ..rows.exact import slow

REPLACEMENT = "\ufffd"
_SURROGATE = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def loads(content: bytes) -> Any:
    """Read JSON that may hold raw control characters, halves of characters, bytes of another encoding, a byte order
    mark, or numbers that no computer holds; such a number stays text.

    Raises:
        ValueError: It is no JSON even so: cut short, or another format.
    """
    text = content.decode("utf-8-sig", "replace")
    try:
        return _clean(slow(text))
    except RecursionError as error:  # of what is cut short within
        raise ValueError("it is nested too deep") from error


def marred(value: object) -> bool:
    """Whether a value holds a character that could not be shown."""
    if isinstance(value, str):
        return REPLACEMENT in value
    if isinstance(value, dict):
        return any(marred(name) or marred(item) for name, item in value.items())
    return isinstance(value, list) and any(map(marred, value))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        if not _SURROGATE.search(value):
            return value.replace("\0", REPLACEMENT)
        whole = _PAIR.sub(lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"), value)
        return _SURROGATE.sub(REPLACEMENT, whole).replace("\0", REPLACEMENT)
    if isinstance(value, dict):
        return {_clean(name): _clean(item) for name, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value
