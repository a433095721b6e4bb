"""Requests made up at random: the emulated Zaia answers every one, and never with a server error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pylon_elt.emulator import zaia
from pylon_elt.emulator.zaia.endpoints import ENDPOINTS, PREFIX, Endpoint

from .conftest import STATUSES, TLS

pytestmark = pytest.mark.slow
WORLD = zaia.World.seeded(seed=6, tickets=30)
KNOWN_IDS = [*WORLD.ids("tickets")[:3], *WORLD.ids("chats")[:3], *WORLD.ids("agents"), *WORLD.ids("tags")[:2]]
VALUES = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=12),
    st.sampled_from(
        [*KNOWN_IDS, *STATUSES, "true", "false", "null", "widget", "senders", "2026-07-01T00:00:00Z"]
    ),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
)


@pytest.fixture(scope="module")
def server() -> Iterator[zaia.Server]:
    with zaia.running(WORLD) as started:
        yield started


@st.composite
def queries(draw: Any) -> tuple[Endpoint, str, list[tuple[str, str]]]:
    """Return an endpoint, an id for its path, and a query that often is one it takes."""
    endpoint = draw(st.sampled_from(ENDPOINTS))
    names = [*(one.name for one in endpoint.parameters), "other"]
    query = draw(st.lists(st.tuples(st.sampled_from(names), VALUES), max_size=4))
    if draw(st.booleans()):
        given_names = {name for name, _ in query}
        proper = {"status": st.sampled_from(STATUSES), "chatId": st.sampled_from(KNOWN_IDS[3:6])}
        missing = [one.name for one in endpoint.parameters if one.required and one.name not in given_names]
        query += [(name, draw(proper[name])) for name in missing]
    return endpoint, draw(st.sampled_from(KNOWN_IDS)), query


@pytest.mark.dear
def test_every_request_is_answered_good_and_bad_ones(server: zaia.Server) -> None:
    seen: set[tuple[str, int]] = set()

    @given(asked=queries())
    @settings(max_examples=300, deadline=None, derandomize=True)
    def answered(asked: Any) -> None:
        endpoint, ident, query = asked
        answer = client.get(server.url + PREFIX + endpoint.path.replace("{id}", ident), params=query)
        assert answer.status_code in (200, 400, 404), answer.text
        if answer.status_code == 200:
            assert isinstance(answer.json(), dict if endpoint.single else list)
        else:
            assert answer.json()["message"]
        seen.add((endpoint.path, answer.status_code))

    with httpx.Client(headers={"Authorization": server.key}, verify=TLS) as client:
        answered()
    assert {path for path, status in seen if status == 200} == {endpoint.path for endpoint in ENDPOINTS}
    assert {path for path, status in seen if status == 400} == {
        one.path for one in ENDPOINTS if one.parameters
    }
