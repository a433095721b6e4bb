"""A DuckLake whose files are in a bucket: what was deleted leaves it, and nobody is told the keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import ducklake_s3
from support.commands import Commands
from support.destinations import copy_in
from support.ordeal import FIRST_SEED, ONE_TURN
from support.site import Site
from support.worlds import with_messages

from pylon_elt.pipelines.base import exits

KIND = "ducklake-s3"
AT_ONCE = {"DUCKLAKE__EXPIRE_SNAPSHOTS_AFTER_DAYS": "0"}
WORDS = "words-that-are-redacted"


@pytest.fixture(scope="module")
def site(kind: str, open_site: Any) -> Iterator[Site]:
    """A copy in a bucket, in which something was redacted since."""
    if kind != KIND:
        pytest.skip(f"only of {KIND}")
    with open_site(seed=FIRST_SEED) as one:
        one.finish(turns=ONE_TURN)
        world = one.world
        issue = with_messages(world)
        message = world.messages(issue)[0]["id"]
        world.edit_message(message, message_html=WORDS)
        world.advance(60)
        one.finish(turns=ONE_TURN)
        world.redact_message(message)
        world.advance(60)
        one.finish(turns=ONE_TURN)
        yield one


def held(site: Site) -> set[str]:
    """Return the objects of the lake in which the words are."""
    copy: Any = site.copy
    with copy.opened() as connection:
        return {
            key
            for key in ducklake_s3.keys(copy.prefix)
            if WORDS
            in str(connection.execute(f"FROM read_parquet('s3://{ducklake_s3.BUCKET}/{key}')").fetchall())
        }


def in_catalog(site: Site) -> bool:
    """Whether the words are in a file of the catalog."""
    files = site.copy.folder.glob("catalog.sqlite*")  # type: ignore[attr-defined]
    return any(WORDS.encode() in path.read_bytes() for path in files)


def test_what_was_redacted_is_in_no_object(site: Site) -> None:
    assert held(site) or in_catalog(site)
    site.finish(turns=ONE_TURN, environment=AT_ONCE)
    site.check()
    assert not held(site)


def test_the_keys_are_in_no_file_beside_the_copy(site: Site) -> None:
    folder: Path = site.copy.folder  # type: ignore[attr-defined]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not [path for path in files if ducklake_s3.SECRET.encode() in path.read_bytes()]


def test_it_is_built_and_asked_and_an_error_names_no_key(kind: str, tmp_path: Path) -> None:
    from pylon_elt import emulator

    if kind != KIND:
        pytest.skip(f"only of {KIND}")
    lake: Any = copy_in(kind, tmp_path / "site")
    world = emulator.World.seeded(seed=3, issues=20, years=0.2)
    with emulator.running(world) as server, Commands() as commands:
        environment = lake.machine().environment() | {
            "DLT_DATA_DIR": str(tmp_path / "dlt"),
            "PYLON_API_KEY": server.token,
            "SOURCES__PYLON__BASE_URL": server.base_url,
            "SOURCES__PYLON__RATE_WINDOW_SECONDS": "1",
        }

        def pylon(*arguments: str, **more: str) -> Any:
            return commands.run(*arguments, "-d", "ducklake", folder=tmp_path, environment=environment | more)

        assert pylon("run", "--select", "issues,issue_messages").code == exits.DONE
        built = pylon("transform", "--select", "+pylon__issue_metrics")
        assert built.code == exits.DONE, built.text
        answer = pylon("query", "SELECT count(*) AS n, count(max_id) AS m FROM (SELECT max(issue_id) AS max_id"
                       " FROM pylon__issue_metrics GROUP BY issue_id)", "--format", "csv")  # fmt: skip
        assert answer.out.split() == ["n,m", "20,20"], answer.text
        wrong = "DESTINATION__DUCKLAKE__CREDENTIALS__STORAGE__CREDENTIALS__ENDPOINT_URL"
        for arguments in (("run",), ("transform",), ("query", "SELECT max(title) FROM issues"), ("status",)):
            result = pylon(*arguments, "--debug", **{wrong: "http://127.0.0.1:9"})
            assert ducklake_s3.SECRET not in result.text
    lake.discard()
