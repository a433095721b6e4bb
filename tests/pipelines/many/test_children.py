"""A command as a process of its own, whatever becomes of what it says."""

from __future__ import annotations

import errno

from pylon_elt.pipelines.many.children import Child


def test_a_command_is_read_to_its_end_though_nothing_can_be_passed_on() -> None:
    heard = []

    def told(stream: str, line: str) -> None:
        heard.append((stream, line))
        raise OSError(errno.ENOSPC, "No space left on device")

    child = Child(["run", "--help"], told)
    assert child.wait() == 0
    assert len(heard) > 20
