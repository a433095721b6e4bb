"""The digest of the reference page against the page, where that lies beside the project."""

from __future__ import annotations

import pytest
from support import zaia_published as published

pytestmark = pytest.mark.skipif(
    not published.DOCUMENT.exists(), reason="the text of the reference page is not beside the project"
)


def test_the_digest_is_that_of_the_page() -> None:
    text = published.DOCUMENT.read_text(encoding="utf-8")
    assert published.written(published.digest_of(text)) == published.DIGEST.read_text(encoding="utf-8")


def test_every_field_of_the_page_is_read() -> None:
    """What the digest has, counted in the text: each field says whether it is required."""
    text = published.DOCUMENT.read_text(encoding="utf-8")
    part = text.partition("\n/api/v1/tickets/details\npatch\n")[0]
    lines = [line for line in part.splitlines() if "Required" in line or "Optional" in line]
    found = published.digest()
    columns = len(found["objects"]["ticket"])
    parameters = sum(
        len(one[section]) for one in found["operations"].values() for section in ("header", "path", "query")
    )
    alternatives = sum(
        {"is", "or"} <= one.keys()
        for operation in found["operations"].values()
        for one in operation["query"].values()
        if isinstance(one, dict)
    )
    assert len(lines) == 2 * columns + parameters + 2 * alternatives
