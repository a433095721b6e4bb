"""Addresses lose their signatures and nothing else; examples have the form that each maker documents."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylon_elt.sources.pylon.catalog import TABLES
from pylon_elt.sources.pylon.rows.addresses import unsigned
from pylon_elt.sources.pylon.rows.masking import masks
from pylon_elt.sources.pylon.rows.rows import to_arrow

FILE = "https://f.example/a%20b.png"
SECRET = "s3cr3t%2B"
SIGNED = {
    "AWS 4": f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={SECRET}&X-Amz-Date=1&X-Amz-Expires=1"
    f"&X-Amz-SignedHeaders=host&X-Amz-Security-Token={SECRET}&X-Amz-Signature={SECRET}",
    "AWS 2": f"AWSAccessKeyId={SECRET}&Expires=1&Signature={SECRET}",
    "CloudFront": f"Policy={SECRET}&Signature={SECRET}&Key-Pair-Id={SECRET}&Hash-Algorithm=SHA256",
    "Google 4": f"X-Goog-Algorithm=a&X-Goog-Credential={SECRET}&X-Goog-Signature={SECRET}&X-Goog-Expires=1",
    "Google 2": f"GoogleAccessId={SECRET}&Expires=1&Signature={SECRET}",
    "Azure": f"sv=2024&ss=b&srt=o&st=1&se=2&sr=b&sp=r&spr=https&sip=1&skoid={SECRET}&sktid={SECRET}&skt=1"
    f"&ske=1&sks=b&skv=1&sig={SECRET}",
    "Discord": f"ex=1&is=2&hm={SECRET}",
    "Intercom": f"expires=1&signature={SECRET}&req={SECRET}",
    "a token": f"token={SECRET}",
    "escaped": f"expires=1&amp;signature={SECRET}",
}
KEPT = [
    "id=1",
    "v=2&id=1",
    "versionId=x",
    "sp=1",
    "se=2&st=3",
    "is=1",
    "name=token",
    "x",
    "q=%26&a=b#part",
    "policies=1",
]


@pytest.mark.parametrize("query", SIGNED.values(), ids=SIGNED.keys())
@pytest.mark.parametrize("rest", ["", "id=1", "response-content-type=image%2Fpng&versionId=x"])
def test_a_signature_goes_and_the_rest_stays(query: str, rest: str) -> None:
    wanted = f"{FILE}?{rest}" if rest else FILE
    for both in (f"{rest}&{query}", f"{query}&{rest}"):
        assert unsigned(f"{FILE}?{both}") == wanted
        assert unsigned(f"{FILE}?{both}#page=2") == f"{wanted}#page=2"
        assert unsigned(f"{FILE}?{both.upper()}") == (f"{FILE}?{rest.upper()}" if rest else FILE)


@pytest.mark.parametrize("query", KEPT)
def test_what_is_no_signature_stays_as_it_is(query: str) -> None:
    assert unsigned(f"{FILE}?{query}") == f"{FILE}?{query}"


def test_the_address_within_an_address_loses_its_signature() -> None:
    inner = quote(f"{FILE}?v=1&sig={SECRET}", safe="")
    wanted = f"https://proxy.example/?w=10&url={quote(f'{FILE}?v=1', safe='')}"
    assert unsigned(f"https://proxy.example/?w=10&url={inner}") == wanted


@given(st.text(), st.text("?&=#sigx%", max_size=12))
def test_any_text_is_taken_and_what_is_unsigned_stays_so(path: str, query: str) -> None:
    once = unsigned(path + query)
    assert unsigned(once) == once


def test_a_hashed_address_is_the_same_on_every_read() -> None:
    hashed = masks({"issues": {"attachment_urls": "hash"}}, "key")

    def digest(query: str) -> Any:
        rows = [{"id": "a", "attachment_urls": [f"{FILE}?{query}"]}]
        return (
            to_arrow(TABLES["issues"], rows, {"_synced_at": None}, hashed)
            .column("attachment_urls")
            .to_pylist()
        )

    assert digest("id=1&signature=a&expires=1") == digest("id=1&signature=b&expires=2") != digest("id=2")
