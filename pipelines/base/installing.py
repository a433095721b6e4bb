"""What an extra brings, whether it is there, and how to add it to this installation, however it was made."""

from __future__ import annotations

import json
import shlex
import sys
from importlib import metadata, util
from pathlib import Path
from urllib.parse import unquote, urlsplit

from . import exits

DISTRIBUTION = "pylon-elt"
EXTRAS = {
    "analytics": ("dbt.cli.main", "dbt.adapters.duckdb"),
    "analytics-postgres": ("dbt.cli.main", "dbt.adapters.postgres"),
    "report": ("altair", "fontTools", "fontpkg_pt_sans", "vl_convert"),
    "dashboard": ("altair", "marimo"),
    "mcp": ("mcp",),
    "postgres": ("psycopg2",),
    "publish": ("pyiceberg", "sqlalchemy"),
}
"""The modules for which an extra is asked, one at least of each package that it brings."""


def require(extra: str, who: str) -> None:
    """Make sure that what an extra brings is there.

    Raises:
        Problem: It is not; the text names what ``who`` lacks, and how to install it.
    """
    if missing := [module for module in EXTRAS[extra] if not _is_there(module)]:
        names = " and ".join(dict.fromkeys(missing))
        raise exits.Problem(f"{who} needs {names}, which is not installed.", how(extra), exits.CONFIGURATION)


def has(extra: str) -> bool:
    """Whether what an extra brings is there."""
    return all(map(_is_there, EXTRAS[extra]))


def how(*extras: str) -> str:
    """Say how to add extras: from where this installation came, which need not be an index of packages."""
    names = ",".join(extras)
    try:
        here = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:  # run from a folder where nothing was installed
        return _in_checkout(Path(__file__).resolve().parents[2], names)
    origin = json.loads(here.read_text("direct_url.json") or "{}")
    if not origin:
        return f"Install {DISTRIBUTION} once more, as it was installed, with [{names}] after its name."
    path = Path(unquote(urlsplit(origin["url"]).path))
    if origin.get("dir_info", {}).get("editable"):
        return _in_checkout(path, names)
    source = shlex.quote(f"{path}[{names}]" if origin["url"].startswith("file:") else _remote(origin, names))
    if (here.read_text("INSTALLER") or "").strip() != "uv":
        return f"Install it with: pip install {source}"
    if "archive-v0" in Path(sys.prefix).parts:  # made for one command, and let go after it
        return f"Run it with: uvx --from {source} {DISTRIBUTION}"
    return f"Install it with: uv pip install {source}"


def _in_checkout(folder: Path, names: str) -> str:
    return f"Install it with: pip install -c constraints.txt -e '.[{names}]' (in {folder})"


def _remote(origin: dict[str, dict[str, str] | str], names: str) -> str:
    """Return a requirement for what came from a repository, or from an archive on the web."""
    vcs = origin.get("vcs_info")
    url = f"{vcs['vcs']}+{origin['url']}@{vcs['commit_id']}" if isinstance(vcs, dict) else origin["url"]
    return f"{DISTRIBUTION}[{names}] @ {url}"


def _is_there(module: str) -> bool:
    try:
        return util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it is in
        return False
