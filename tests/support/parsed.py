"""What dbt has parsed of the package, kept for whoever parses the same with the same settings: most of a small build is that.

dbt itself looks whether what it is given is still so: its version, the settings, the profile, the project, each file. Of the
profile, where the database is found is left out: each test has another place, and no model knows it.
"""

from __future__ import annotations

import os
import pprint
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from dbt.artifacts.resources.base import FileHash
from dbt.constants import PARTIAL_PARSE_FILE_NAME
from dbt.parser.manifest import ManifestLoader

PLACE = ("path", "host", "port", "user")
"""What a profile says of where the database is, its name and its schemas apart."""


def _state(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let the profile be told by what the models can see of it."""

    def state(loader: Any) -> Any:
        found = build(loader)
        known = dict(loader.root_project.credentials.connection_info())
        seen = sorted((name, value) for name, value in known.items() if name not in PLACE)
        found.profile_hash = FileHash.from_contents(pprint.pformat(seen))
        return found

    return state


def _name(loader: Any) -> str:
    """Name what is parsed: by the settings, the profile, and the projects that it has."""
    state = loader.manifest.state_check
    hashes = [state.vars_hash, state.profile_hash, *state.project_hashes.values()]
    return sha256("".join(str(one.checksum) for one in hashes).encode()).hexdigest()


def share(folder: Path) -> None:
    """Let this process, and what is forked from it, take from the folder what is parsed, and leave there what it has parsed."""
    read, write = (
        ManifestLoader.read_manifest_for_partial_parse,
        ManifestLoader.write_manifest_for_partial_parse,
    )

    def target(loader: Any) -> Path:
        return Path(loader.root_project.project_target_path) / PARTIAL_PARSE_FILE_NAME

    def begin(loader: Any) -> Any:
        kept, own = folder / _name(loader), target(loader)
        if kept.exists() and not own.exists():
            own.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(kept, own)
        return read(loader)

    def end(loader: Any) -> None:
        write(loader)
        kept = folder / _name(loader)
        if not kept.exists():
            new = folder / f"{kept.name}.{os.getpid()}"
            shutil.copyfile(target(loader), new)
            new.rename(kept)

    ManifestLoader.build_manifest_state_check = _state(ManifestLoader.build_manifest_state_check)
    ManifestLoader.read_manifest_for_partial_parse = begin
    ManifestLoader.write_manifest_for_partial_parse = end
