"""What the audit of the pinned versions says."""

from __future__ import annotations

import importlib.util
import stat
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    found = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture
def pip_audit(tmp_path: Path) -> Path:
    """A command that prints what stands in ``answer``, as the real one does after asking its feed."""
    command = tmp_path / "pip-audit"
    command.write_text(f"#!/bin/sh\ncat {tmp_path}/answer\necho unreachable >&2\n", encoding="utf-8")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return command


def test_a_weakness_is_named_with_the_version_that_mends_it(audit: ModuleType) -> None:
    weak = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
    sound = {"name": "new", "version": "2.0", "vulns": []}
    unknown = {"name": "own", "skip_reason": "not found"}
    lines, code = audit.summary({"dependencies": [weak, sound, unknown]})
    assert lines == ["old 1.0: PYSEC-1, mended in 1.1", "2 of 3 packages audited, known weaknesses: 1."]
    assert code == 1


def test_without_a_feed_nothing_is_claimed(audit: ModuleType) -> None:
    assert audit.summary({"dependencies": [{"name": "a", "skip_reason": "no"}]}) == ([audit.NO_FEED], 0)


@pytest.mark.parametrize(
    ("answer", "said", "code"),
    [
        ('{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}', "1 of 1 packages audited", 0),
        (
            '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X", "fix_versions": []}]}]}',
            "a 1: X, mended in no version yet",
            1,
        ),
        ("", "nothing was audited. (unreachable)", 0),
    ],
)
def test_the_command_says_what_was_found(
    audit: ModuleType, pip_audit: Path, capsys: pytest.CaptureFixture[str], answer: str, said: str, code: int
) -> None:
    (pip_audit.parent / "answer").write_text(answer, encoding="utf-8")
    assert audit.main(str(pip_audit), ROOT / "constraints.txt") == code
    assert said in capsys.readouterr().out
