"""``pylon verify`` does not take for a difference what differs at each reading, and still finds every other one."""

from __future__ import annotations

from typing import Any

import pytest
from support.workplaces import Desk

pytestmark = pytest.mark.dear

TABLES = "issues,issue_messages"
ALL_KINDS = ("links", "order", "ticking")
SWEEP = {"SOURCES__PYLON__SWEEP_DAYS": "1e-9"}


@pytest.fixture
def copied(open_desk: Any) -> Desk:
    """A workspace that signs, shuffles and ticks at each reading, and its copy."""
    desk: Desk = open_desk(issues=30, years=0.3, volatile=ALL_KINDS)
    result = desk.pylon("run", "--select", TABLES)
    assert result.code == 0, result.err
    return desk


def report(desk: Desk, expect: int = 0) -> dict[str, Any]:
    result = desk.pylon("verify", "--sample", "100", "--log-format", "json")
    assert result.code == expect, result.text
    return result.event("verified")  # type: ignore[no-any-return]


def test_it_is_named_and_is_no_difference(copied: Desk) -> None:
    found = report(copied)
    assert found["equal"] is True
    assert {"body_html", "tags"} < set(found["volatile"]["issues"])
    assert any(name.startswith("time_in_status_seconds.") for name in found["volatile"]["issues"])
    assert found["volatile"]["issue_messages"] == ["message_html"]
    beyond = sum(found["asked"].values()) - sum(found["announced"].values())
    assert 0 < beyond <= 2 * 16, "a few more requests for each table"
    text = copied.pylon("verify", "--sample", "100")
    assert text.code == 0
    assert "Not compared of issues: " in text.out


def test_a_silent_edit_is_found_and_gone_after_the_remedy(copied: Desk) -> None:
    world = copied.server.world
    one, two, three = [id_ for id_ in world.issue_ids() if world.messages(id_)][:3]
    world.touch_silently(one, body_html="<p>Silently</p>", title="Silently")
    world.touch_silently(two, tags=["brand-new"])
    message = world.messages(three)[0]["id"]
    world.redact_message(message)
    found = report(copied, expect=5)
    differences = {(each["id"], each["what"]) for each in found["differences"]}
    assert differences >= {
        (one, "title differs"),
        (one, "body_html differs"),
        (two, "tags differs"),
        (message, "message_html differs"),
    }
    assert not [each for each in found["differences"] if each["id"] not in {one, two, message}]
    assert copied.pylon("reconcile").code == 0
    copied.pylon("run", "--select", TABLES, "--max-minutes", "5", env=SWEEP)
    assert report(copied)["equal"] is True


def test_what_reconcile_has_learnt_costs_no_second_reading(copied: Desk) -> None:
    result = copied.pylon("reconcile")
    assert "missing or different, and mended: 0" in result.out
    assert "differs between two readings" in result.text
    found = report(copied)
    beyond = sum(found["asked"].values()) - sum(found["announced"].values())
    assert beyond <= 3, "for the messages"
