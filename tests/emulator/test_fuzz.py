"""Requests made up from the published document: the emulator answers every one, and never with a server error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from support import published
from support.places import paths

from pylon_elt import emulator
from pylon_elt.emulator.endpoints import ENDPOINTS
from pylon_elt.emulator.search_routes import SEARCHES

pytestmark = pytest.mark.slow
SEED = 20260701


@pytest.fixture(scope="module")
def server() -> Iterator[emulator.Server]:
    with emulator.running(emulator.World.seeded(seed=SEED, issues=60)) as started:
        yield started


@pytest.fixture(scope="module")
def schema() -> Any:
    """All that the emulator serves; nothing asks for a token, for want of which most bad requests would be bad."""
    return schemathesis.openapi.from_dict(published.document())


def parse(template: str, path: str) -> dict[str, str]:
    """Return the parameters that make a template the path."""
    return {
        name[1:-1]: part
        for name, part in zip(template.split("/"), path.split("/"), strict=True)
        if name.startswith("{")
    }


GOOD, BAD = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
WITH_INPUT = (
    "GET /issues",
    "GET /issues/{id}/messages",
    "POST /issues/search",
    "GET /accounts",
    "GET /contacts/{id}",
    "GET /custom-fields",
    "GET /knowledge-bases/{id}/articles",
    "GET /tasks",
    "GET /audit-logs",
    "GET /email-suppressions",
    "GET /surveys/{id}/responses",
    "GET /custom-objects/{type}",
    *SEARCHES,
    "POST /feature-requests/search",
)
"""The others take nothing that could be wrong."""
CASES = [(endpoint.name, GOOD) for endpoint in ENDPOINTS] + [(name, BAD) for name in WITH_INPUT]


@pytest.mark.sampled(6, each=("mode",))
@pytest.mark.parametrize(("endpoint", "mode"), CASES)
def test_no_server_error(server: emulator.Server, schema: Any, endpoint: str, mode: Any) -> None:
    method, path = endpoint.split()
    operation, known = schema[path][method], paths(server.world, endpoint)[0]

    @hypothesis.seed(SEED)
    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        if "{" in path and mode is GOOD:
            case.path_parameters = parse(path, known)
        case.call_and_validate(
            base_url=server.base_url,
            headers={"Authorization": f"Bearer {server.token}"},
            checks=[not_a_server_error],
        )

    mark = server.log[-1].n if server.log else 0
    run()
    statuses = {record.status for record in server.log if record.n > mark and record.endpoint == endpoint}
    assert statuses <= {200, 400, 404}
    assert statuses & ({400, 404} if mode is BAD else {200, 400}), "nothing reached the endpoint"
