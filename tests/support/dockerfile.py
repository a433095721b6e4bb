"""The steps of ``deploy/Dockerfile``, carried out below a folder, without Docker: ``python -m support.dockerfile FOLDER``."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from support.repository import ROOT, files

FILE = ROOT / "deploy" / "Dockerfile"
PROGRAM, HOME = "/opt/pylon", "/var/lib/pylon"
"""Where the image has what it runs, and what it keeps."""


@dataclass
class Stage:
    """One ``FROM`` with what follows it: the arguments by instruction, in their order."""

    image: str
    steps: dict[str, list[str]] = field(default_factory=dict)

    def last(self, word: str) -> str:
        """Return what counts of an instruction of which the last one does."""
        return self.steps[word][-1]

    def environment(self) -> dict[str, str]:
        """Return what ``ENV`` sets."""
        return dict(re.findall(r"(\w+)=(\S+)", " ".join(self.steps.get("ENV", []))))


def stages() -> list[Stage]:
    """Return the stages of the file."""
    text = re.sub(r"^#.*\n", "", FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found: list[Stage] = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            found.append(Stage(rest))
        elif word:
            found[-1].steps.setdefault(word, []).append(rest)
    return found


def exec_form(text: str) -> list[str]:
    """Return the words of a command that is written as a list."""
    return [str(word) for word in json.loads(text[text.index("[") :])]


def make(folder: Path) -> None:
    """Carry out the first stage: ``/src`` and ``/opt/pylon`` are below the folder."""
    source, program = folder / "src", f"{folder}{PROGRAM}"
    shutil.rmtree(folder, ignore_errors=True)
    for name in files():  # what COPY takes of a clone
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name, follow_symlinks=False)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command in stages()[0].steps["RUN"]:
        moved = command.replace(PROGRAM, program).replace(
            "pip install", "pip --disable-pip-version-check install -qq"
        )
        subprocess.run(["sh", "-c", moved], cwd=source, env=os.environ | {"PATH": path}, check=True)
    shutil.rmtree(source)  # the second stage takes nothing of it


if __name__ == "__main__":
    make(Path(sys.argv[1]).absolute())
