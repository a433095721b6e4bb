"""Who lost the lock loses: what was read before another run loaded is not loaded after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from support import runs

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.run import begin, job

pytestmark = pytest.mark.dear


@contextmanager
def _no_lock(_pipeline: Any) -> Iterator[Any]:
    """What is left of a lock that its server has forgotten."""
    yield lambda: None


@pytest.mark.parametrize("when", ["between two turns", "after it has read"])
def test_a_run_that_another_has_overtaken_loads_nothing_more(
    when: str, loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy: runs.Copy = loaded()
    monkeypatch.setattr(begin, "run_lock", _no_lock)
    monkeypatch.setattr(job, "TURN_ROWS", 1)
    world, overtaken = copy.world, []

    def overtake(*_: Any) -> None:
        if not overtaken:
            overtaken.append(True)
            for ref in world.issue_ids()[:5]:
                world.edit_issue(ref, title="later")
            world.advance(60)
            copy.run(machine="another")

    world.bulk_edit(world.issue_ids(), title="earlier")
    world.advance(60)
    first = copy.job(on_turn=overtake if when == "between two turns" else None)
    if when == "after it has read":
        normalize = first.pipeline.normalize

        def late(*given: Any, **named: Any) -> Any:
            overtake()
            return normalize(*given, **named)

        monkeypatch.setattr(first.pipeline, "normalize", late)
    with pytest.raises(exits.Problem, match="Another run has loaded into this copy") as caught:
        first.run()
    assert caught.value.code == exits.LOCKED
    copy.assert_equal()
    copy.run()
    copy.assert_equal()
