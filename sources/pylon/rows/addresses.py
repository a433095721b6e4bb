"""Addresses of files without the signatures in them: they are secrets, they expire, and differ on every read. Pure.

What else a query says stays, since ``?id=1`` and ``?id=2`` may be two files. Only parameters that are known to be part
of a signature go, by the documents of those who make them.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

_PREFIXES = (
    "x-amz-",  # AWS, version 4
    "x-goog-",  # Google Cloud Storage, version 4
    "x-oss-",  # Alibaba Cloud, version 4
    "q-sign-",  # Tencent Cloud
)
_ALWAYS = frozenset(
    {
        *("awsaccesskeyid", "key-pair-id", "policy"),  # AWS, version 2; CloudFront
        "googleaccessid",  # Google Cloud Storage, version 2
        *("ossaccesskeyid", "security-token"),  # Alibaba Cloud, version 1
        *("q-ak", "q-key-time", "q-header-list", "q-url-param-list"),  # Tencent Cloud
        *("signature", "sig", "hmac", "expires", "expiry", "expires_at", "expires_in"),
        *("token", "access_token", "auth_token", "id_token", "jwt", "__token__"),
        *("hdnts", "hdnea", "__gda__"),  # Akamai
    }
)
_AZURE_SERVICE = ("sv", "se", "st", "sp", "sr", "ss", "srt", "sip", "spr", "si", "sdd", "ses")
_AZURE_USER = ("skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid")
_BESIDE: tuple[tuple[str, frozenset[str]], ...] = (
    # Azure's shared access signatures, of an account, of a service and of a user
    ("sig", frozenset({*_AZURE_SERVICE, *_AZURE_USER})),
    ("hm", frozenset({"hm", "ex", "is"})),  # Discord
    ("signature", frozenset({"hash-algorithm", "timestamp", "nonce", "req"})),  # CloudFront, Intercom
)
"""Names that mean other things elsewhere: they go only beside the parameter that makes the query a signature."""

_DEEPEST = 3
"""How many addresses within addresses are looked at, as proxies of pictures take them."""


def unsigned(value: Any) -> Any:
    """Return an address without its signature; of a list or an object, all addresses in it.

    Within an object, these are the fields called ``url`` or ``…_url``.
    """
    if isinstance(value, str):
        return _unsigned(value, _DEEPEST)
    if isinstance(value, list):
        return [unsigned(item) for item in value]
    if isinstance(value, dict):
        return {
            name: unsigned(item) if isinstance(item, dict | list) or _is_address(name) else item
            for name, item in value.items()
        }
    return value


def _is_address(name: str) -> bool:
    return name == "url" or name.endswith("_url")


def _unsigned(address: str, deep: int) -> str:
    path, question, rest = address.partition("?")
    if not question:
        return address
    query, hash_, fragment = rest.partition("#")
    given = query.split("&")
    names = {_name(one) for one in given}
    beside = frozenset[str]().union(*(others for name, others in _BESIDE if name in names))
    kept = [_inner(one, deep) for one in given if not _is_signature(_name(one), beside)]
    if kept == given:
        return address
    query = "&".join(filter(None, kept))
    return f"{path}{'?' if query else ''}{query}{hash_}{fragment}"


def _name(parameter: str) -> str:
    # an address that was taken out of HTML may still have its ampersands escaped
    return unquote(parameter.partition("=")[0]).lower().removeprefix("amp;")


def _is_signature(name: str, beside: frozenset[str]) -> bool:
    return name in _ALWAYS or name in beside or name.startswith(_PREFIXES)


def _inner(parameter: str, deep: int) -> str:
    """Take the signature out of an address that is a parameter's value."""
    name, equals, value = parameter.partition("=")
    inner = unquote(value)
    if "://" not in inner or not deep:
        return parameter
    plain = _unsigned(inner, deep - 1)
    return parameter if plain == inner else f"{name}{equals}{quote(plain, safe='')}"
