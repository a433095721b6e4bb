"""The parameters of a request: what is asked for, checked against what an endpoint takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..replies import bad_request
from ..times import parse_ns

Kind = Literal["uuid", "uuids", "number", "boolean", "moment", "text", "choice", "choices"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Parameter:
    """One parameter of the query string.

    Args:
        name: Its name.
        kind: What its value must be; of "uuids" and "choices" there may be several, by repeating the name.
        required: Whether it must be there.
        low: The least number.
        high: The largest number; a setting may lower it.
        default: What holds without it.
        values: What a "choice" may be; where it is empty, the statuses of the settings.
    """

    name: str
    kind: Kind
    required: bool = False
    low: int | None = None
    high: int | None = None
    default: Any = None
    values: tuple[str, ...] = ()


def is_uuid(text: str) -> bool:
    """Tell whether a text is a UUID."""
    return _UUID.fullmatch(text) is not None


def read(
    known: Sequence[Parameter], query: Mapping[str, Sequence[str]], statuses: Sequence[str]
) -> dict[str, Any]:
    """Return the values of all parameters of an endpoint; what it does not know is ignored.

    Raises:
        ApiError: 400, for what is missing, is of another type, or is out of bounds.
    """
    return {one.name: _value(one, query.get(one.name, ()), statuses) for one in known}


def _value(one: Parameter, given: Sequence[str], statuses: Sequence[str]) -> Any:
    many = one.kind in ("uuids", "choices")
    if not given:
        if one.required:
            raise bad_request(f"{one.name} is required{_allowed(one, statuses)}")
        return [] if many else one.default
    if many:
        return [_single(one, text, statuses) for text in given]
    if len(given) > 1:
        raise bad_request(f"{one.name} must be given once")
    return _single(one, given[0], statuses)


def _single(one: Parameter, text: str, statuses: Sequence[str]) -> Any:
    if one.kind in ("choice", "choices"):
        if text not in (one.values or statuses):
            raise bad_request(f"{one.name} is wrong{_allowed(one, statuses)}")
        return text
    if one.kind == "number":
        return _number(one, text)
    try:
        return _READERS[one.kind](text)
    except (ValueError, KeyError):
        raise bad_request(f"{one.name} must be a {_CALLED[one.kind]}") from None


def _allowed(one: Parameter, statuses: Sequence[str]) -> str:
    if one.kind not in ("choice", "choices"):
        return ""
    return ": must be one of " + ", ".join(one.values or statuses)


def _number(one: Parameter, text: str) -> int:
    if re.fullmatch(r"-?\d{1,15}", text, re.ASCII) is None:
        raise bad_request(f"{one.name} must be a whole number")
    number = int(text)
    if one.low is not None and number < one.low:
        raise bad_request(f"{one.name} must be at least {one.low}")
    if one.high is not None and number > one.high:
        raise bad_request(f"{one.name} must be at most {one.high}")
    return number


def _uuid(text: str) -> str:
    if not is_uuid(text):
        raise ValueError(text)
    return text.lower()


_BOOLEANS = {"true": True, "false": False, "null": None, "": None}
_READERS: dict[str, Callable[[str], Any]] = {
    "uuid": _uuid,
    "uuids": _uuid,
    "boolean": lambda text: _BOOLEANS[text],
    "moment": parse_ns,
    "text": str,
}
_CALLED = {"uuid": "UUID", "uuids": "UUID", "boolean": "boolean", "moment": "date-time"}
