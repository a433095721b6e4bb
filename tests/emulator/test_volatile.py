"""What the emulator shows otherwise at each reading, and that nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from pylon_elt import emulator

START, END = "2026-06-02T00:00:00Z", "2026-07-01T12:00:00Z"


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("links", "body_html"),
        ("whole", "body_html"),
        ("order", "tags"),
        ("ticking", "time_in_status_seconds"),
    ],
)
def test_one_column_differs_between_two_readings(
    serve: Any, connect: Any, world: emulator.World, kind: str, column: str
) -> None:
    client = connect(serve(world, volatile=(kind,)))

    def read() -> dict[str, Any]:
        rows = client.issues(START, END).json()["data"]
        return {row["id"]: {**row, "attachment_urls": None} for row in rows}

    one, found = read(), set()
    for _ in range(20):  # few issues have more than one tag, and an order may come again by chance
        world.advance(5)
        two = read()
        found |= {name for id_ in one for name in one[id_] if one[id_][name] != two[id_][name]}
        if kind == "order":
            assert all(sorted(one[id_]["tags"] or []) == sorted(two[id_]["tags"] or []) for id_ in one)
    assert found == {column}
