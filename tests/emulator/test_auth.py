"""Who is let in, and what the others are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from pylon_elt import emulator

Serve = Callable[..., emulator.Server]


def refusal(server: emulator.Server, headers: dict[str, str], path: str = "/me") -> tuple[int, str | None]:
    answer = httpx.get(server.base_url + path, headers=headers)
    body = answer.json()
    assert answer.is_error == bool(body.get("errors"))
    assert body["request_id"]
    return answer.status_code, body.get("code")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "invalid_authorization_header"),
        ({"Authorization": "pyl_test"}, "invalid_authorization_header"),
        ({"Authorization": "Basic pyl_test"}, "invalid_authorization_header"),
        ({"Authorization": "Bearer"}, "invalid_authorization_header"),
        ({"Authorization": "Bearer pyl_other"}, "invalid_api_token"),
    ],
)
def test_a_bad_token_is_401_with_a_code(serve: Serve, headers: dict[str, str], code: str) -> None:
    assert refusal(serve(), headers) == (401, code)


def test_several_tokens_may_be_let_in(serve: Serve) -> None:
    server = serve(token=("pyl_a", "pyl_b"))
    assert server.token == "pyl_a"
    for token in ("pyl_a", "pyl_b"):
        assert refusal(server, {"Authorization": f"Bearer {token}"}) == (200, None)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"region": "eu", "token_region": "us"}, (401, "wrong_region_token")),
        ({"region": "eu", "token_region": "eu"}, (200, None)),
        ({"region": "eu"}, (200, None)),
        ({"suspended": True}, (401, "organization_suspended")),
        ({"denied": ["GET /me"]}, (403, "permission_denied")),
        ({"denied": ["GET /users"]}, (200, None)),
        ({"lacking": ["GET /me"]}, (404, "not_found")),
        ({"lacking": ["/me"]}, (404, "not_found")),
        ({"lacking": ["POST /me", "/users"]}, (200, None)),
    ],
)
def test_settings_refuse_while_the_server_runs(
    serve: Serve, change: dict[str, Any], expected: tuple[int, str | None]
) -> None:
    server = serve()
    headers = {"Authorization": f"Bearer {server.token}"}
    assert refusal(server, headers) == (200, None)
    server.settings.update(change)
    assert refusal(server, headers) == expected


def test_unknown_routes_and_methods(serve: Serve) -> None:
    server = serve()
    headers = {"Authorization": f"Bearer {server.token}"}
    assert refusal(server, headers, "/nothing") == (404, "not_found")
    assert refusal(server, headers, "/me/") == (404, "not_found")
    assert refusal(server, headers, "/issues/unknown") == (404, "not_found")
    answer = httpx.delete(server.base_url + "/issues", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert httpx.head(server.base_url + "/me", headers=headers).status_code == 405


def test_whether_the_caller_is_known_comes_before_whether_the_route_is(serve: Serve) -> None:
    server = serve()
    assert refusal(server, {}, "/nothing") == (401, "invalid_authorization_header")
    assert httpx.delete(server.base_url + "/issues").status_code == 401
    assert [record.endpoint for record in server.log] == ["GET (unknown)", "DELETE (unknown)"]


def test_the_log_never_holds_a_token(serve: Serve) -> None:
    server = serve()
    refusal(server, {"Authorization": "Bearer pyl_secret"})
    refusal(server, {"Authorization": f"Bearer {server.token}"})
    assert "pyl_" not in repr(server.log)
