"""Why a DuckLake's files cannot be reached, as DuckDB says it: a bucket, its server, an extension."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from . import exits
from .exits import Problem

_SETTINGS = "[destination.ducklake.credentials.storage]"
_KEYS = f"Check the keys, the region and the endpoint under {_SETTINGS}, and the bucket's policy."
_KEPT = "Nothing is lost: what was saved stays, the rest is read by the next run."
_PLACE = re.compile(r"\b[a-z][a-z0-9]*://[^\s'\"]+[^\s'\":,.]")
_REASON = re.compile(r"^([A-Z]\w+): ", re.MULTILINE)
"""What a server of the kind of S3 calls its reason, such as ``NoSuchBucket``."""
_UNREACHED = re.compile(r"IO Error: ([\w ]+?)(?: error)? for HTTP [A-Z]+ to ")
_EXTENSION = re.compile(r"[Ee]xtension ['\"]([\w.]+)['\"]")
_MOVED = re.compile(
    r"DATA_PATH parameter \"(.+)\" does not match existing data path in the catalog \"(.+?)\""
)


def bucket(error: BaseException) -> Problem | None:
    """Return what is to be told where an exception of DuckDB is about a lake's files."""
    if "duckdb" not in type(error).__module__:
        return None
    text = str(error)
    if (found := _EXTENSION.search(text)) and re.search("install|download", text):
        return Problem(
            f"DuckDB could not fetch its extension {found[1]}.",
            "It does so once, and keeps it below ~/.duckdb: let it reach extensions.duckdb.org, or put the extension"
            f" there with a DuckDB of the same release: INSTALL {found[1]}",
            exits.CONFIGURATION,
        )
    if found := _MOVED.search(text):
        return Problem(
            f"The catalog of the DuckLake has its files in {found[2]}, and bucket_url is {found[1]}.",
            "Set bucket_url back. If the files have moved, or none had been written yet, let override_data_path be true"
            " under [destination.ducklake] from now on.",
            exits.CONFIGURATION,
        )
    if found := _UNREACHED.search(text):
        return Problem(
            f"The server of the DuckLake's files cannot be reached: {found[1].lower()}{_where(text, ' at ')}.",
            f"Is it up, and is endpoint_url under {_SETTINGS} right? {_KEPT}",
            exits.CONFIGURATION,
            passing=True,
        )
    status = getattr(error, "status_code", None)
    return None if status is None else _answered(int(status), text)


def _answered(status: int, text: str) -> Problem:
    reason = _REASON.search(text.partition("\n")[2])
    told = f"HTTP {status}{f', {reason[1]}' if reason else ''}{_where(text, ': ')}"
    if status in (401, 403):
        return Problem(f"The bucket refuses the DuckLake ({told}).", f"{_KEYS} {_KEPT}", exits.CONFIGURATION)
    if status == 404:
        return Problem(
            f"The bucket of the DuckLake, or a file in it, is not there ({told}).",
            f"Check bucket_url under {_SETTINGS}, and that the bucket has been made. A file that is gone comes"
            " back from a backup only; without one, make the copy anew: another catalog, another bucket_url.",
            exits.CONFIGURATION,
        )
    if status in (408, 429) or status >= 500:
        return Problem(
            f"The server of the DuckLake's files fails ({told}).", f"Run again. {_KEPT}", exits.FAILED
        )
    return Problem(
        f"The bucket does not take what DuckDB asks ({told}).", f"{_KEYS} {_KEPT}", exits.CONFIGURATION
    )


def _where(text: str, before: str) -> str:
    """Return which address a text is about, without what may be secret in it."""
    found = _PLACE.search(text)
    if found is None:
        return ""
    known = urlsplit(found[0])
    return f"{before}{urlunsplit((known.scheme, known.netloc.rpartition('@')[2], known.path, '', ''))}"
