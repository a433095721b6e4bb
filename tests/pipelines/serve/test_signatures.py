"""Each form of signature lets in who knows the secret, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pylon_elt.emulator import webhooks
from pylon_elt.pipelines.serve.signatures import WINDOW, is_genuine, signature

SECRET, OTHER = "whsec_of_the_workspace", "whsec_of_somebody_else"
BODY = b'{"issue_id": "5f33b742"}'
NOW = 1_790_000_000.0


def signed(
    form: webhooks.Form, *, secret: str = SECRET, body: bytes = BODY, at: float = NOW
) -> dict[str, str]:
    """Return the headers as a server receives them, signed by other code than ours."""
    return {name.lower(): value for name, value in webhooks.headers(secret, body, form, at).items()}


@pytest.mark.parametrize("form", webhooks.FORMS)
def test_each_form_lets_in_who_knows_the_secret(form: webhooks.Form) -> None:
    headers = signed(form)
    assert is_genuine(headers, BODY, [SECRET], NOW)
    assert is_genuine({name: value.upper() for name, value in headers.items()}, BODY, [SECRET], NOW)
    assert not is_genuine(headers, BODY, [OTHER], NOW)
    assert not is_genuine(headers, BODY, [], NOW)


@pytest.mark.parametrize("form", webhooks.FORMS)
def test_a_secret_takes_the_place_of_another_without_a_gap(form: webhooks.Form) -> None:
    assert is_genuine(signed(form), BODY, [OTHER, SECRET], NOW)
    assert is_genuine(signed(form, secret=OTHER), BODY, [OTHER, SECRET], NOW)


@pytest.mark.parametrize("form", webhooks.FORMS)
def test_a_body_of_which_any_bit_is_another_is_refused(form: webhooks.Form) -> None:
    headers = signed(form)
    for place in range(len(BODY)):
        for bit in range(8):
            changed = bytearray(BODY)
            changed[place] ^= 1 << bit
            assert not is_genuine(headers, bytes(changed), [SECRET], NOW)
    assert not is_genuine(headers, BODY + b" ", [SECRET], NOW)
    assert not is_genuine(headers, b"", [SECRET], NOW)


def test_what_was_signed_more_than_five_minutes_ago_or_ahead_is_refused() -> None:
    for off in (-WINDOW, 0.0, WINDOW):
        assert is_genuine(signed("newer", at=NOW + off), BODY, [SECRET], NOW)
    for off in (-WINDOW - 1, WINDOW + 1, -86_400.0):
        assert not is_genuine(signed("newer", at=NOW + off), BODY, [SECRET], NOW)


@pytest.mark.parametrize(
    "stamp", [str(int(NOW)), f"{NOW:.3f}", str(int(NOW * 1000)), datetime.fromtimestamp(NOW, UTC).isoformat()]
)
def test_a_timestamp_may_be_in_any_usual_form(stamp: str) -> None:
    headers = {
        "pylon-webhook-timestamp": stamp,
        "pylon-webhook-signature": signature(SECRET, BODY, stamp),
    }
    assert is_genuine(headers, BODY, [SECRET], NOW)
    assert not is_genuine(headers, BODY, [SECRET], NOW + WINDOW + 1)


@pytest.mark.parametrize(
    "stamp", ["", "yesterday", "nan", "inf", "-1", "1e999", "9" * 400, "٣", "2026-11-28"]
)
def test_a_timestamp_that_tells_no_time_is_refused(stamp: str) -> None:
    headers = {
        "pylon-webhook-timestamp": stamp,
        "pylon-webhook-signature": signature(SECRET, BODY, stamp),
    }
    assert not is_genuine(headers, BODY, [SECRET], NOW)


def test_with_a_timestamp_only_the_form_that_has_one_counts() -> None:
    old = signed("newer", at=NOW - 2 * WINDOW)
    assert not is_genuine({**old, **signed("older")}, BODY, [SECRET], NOW)
    assert is_genuine({**signed("newer"), **signed("older", secret=OTHER)}, BODY, [SECRET], NOW)
    # a timestamp and a body that were signed together are not the body alone
    stamp, body = old["pylon-webhook-timestamp"], BODY
    moved = {"x-pylon-signature": old["pylon-webhook-signature"]}
    assert not is_genuine(moved, body, [SECRET], NOW)
    assert is_genuine(moved, stamp.encode() + b"." + body, [SECRET], NOW), "which is no JSON, and so no ring"


@pytest.mark.parametrize("given", ["", "x", "sha256=", "é" * 64, "0" * 64])
def test_what_is_no_signature_is_refused(given: str) -> None:
    assert not is_genuine({"x-pylon-signature": given}, BODY, [SECRET], NOW)
    assert not is_genuine({}, BODY, [SECRET], NOW)
