"""Tells which of the pinned versions have known weaknesses, as far as a feed of advisories can be had.

``pip-audit`` asks for them; it lies in an environment of its own, since nothing of it belongs into the project's. A
machine without a feed audits nothing, which is said and is no failure. Exit codes: 0, or 1 where something was found.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

NO_FEED = "No feed of advisories can be had here: nothing was audited."


def summary(report: dict[str, Any]) -> tuple[list[str], int]:
    """Return the lines to print and the exit code for what ``pip-audit --format json`` says.

    Args:
        report: ``{"dependencies": […]}``, of each package ``name`` and either ``skip_reason`` or ``version`` and
            ``vulns``, of each of which ``id`` and ``fix_versions``.
    """
    packages = report["dependencies"]
    audited = [package for package in packages if "skip_reason" not in package]
    found = [
        f"{package['name']} {package['version']}: {weakness['id']}, mended in "
        f"{', '.join(weakness['fix_versions']) or 'no version yet'}"
        for package in audited
        for weakness in package["vulns"]
    ]
    if not audited:
        return [NO_FEED], 0
    counted = f"{len(audited)} of {len(packages)} packages audited, known weaknesses: {len(found)}."
    return [*found, counted], int(bool(found))


def main(command: str, pins: Path) -> int:
    """Audit a file of pins with the command ``pip-audit``, print what it found, and return the exit code."""
    asked = [command, "--requirement", str(pins), "--no-deps", "--disable-pip", "--format", "json"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        reason = done.stderr.strip().splitlines()[-1:] or ["it printed nothing"]
        print(f"{NO_FEED} ({reason[0]})")
        return 0
    lines, code = summary(report)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
