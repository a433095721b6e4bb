"""A DuckLake whose files are in a bucket: what was deleted leaves it, nobody is told the keys, and it may be away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support import ducklake_s3
from support.commands import Commands, Result
from support.compare import assert_equal_copy
from support.destinations import IN_A_BUCKET, copy_in
from support.ordeal import FIRST_SEED, ONE_TURN, POINTS, after_merge_of, recover
from support.site import Site
from support.suspended import LONG, stopped
from support.worlds import truth, with_messages

from pylon_elt import emulator
from pylon_elt.pipelines.ask import reading
from pylon_elt.pipelines.base import exits

AT_ONCE = {"DUCKLAKE__EXPIRE_SNAPSHOTS_AFTER_DAYS": "0"}
WORDS = "words-that-are-redacted"
TABLES = ("issues", "issue_messages")
PLACE = "DESTINATION__DUCKLAKE__CREDENTIALS__STORAGE__"
PASSWORD = ":pw@"
SCREEN = 12
"""Lines."""


@pytest.fixture(scope="module")
def bucket(kind: str) -> str:
    """A kind of lake whose files are in a bucket."""
    if kind not in IN_A_BUCKET:
        pytest.skip(f"only of {', '.join(IN_A_BUCKET)}")
    return kind


# -- what is in the bucket -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(bucket: str, open_site: Any) -> Iterator[Site]:
    """A copy in a bucket, in which something was redacted since."""
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
    """Return the objects of the lake, and the places of its catalog, in which the words are."""
    copy: Any = site.copy
    found = {place for place, text in copy.in_catalog().items() if WORDS in text}
    with copy.opened() as connection:
        for place in objects(site):
            if WORDS in str(connection.execute(f"FROM read_parquet('{place}')").fetchall()):
                found.add(place)
    return found


def objects(site: Site) -> set[str]:
    """Return the objects of the lake."""
    prefix = site.copy.prefix  # type: ignore[attr-defined]
    return {f"s3://{ducklake_s3.BUCKET}/{key}" for key in ducklake_s3.keys(prefix)}


def clean(site: Site) -> None:
    """Run until nothing is left of what was deleted, once or twice: what one run could not do is left to the next."""
    for _ in range(3):
        site.finish(turns=ONE_TURN, environment=AT_ONCE)
        if not held(site):
            break
    site.check()
    assert not held(site)
    assert objects(site) >= site.copy.listed()  # type: ignore[attr-defined]


def test_what_was_redacted_is_in_no_object(site: Site) -> None:
    one = site.branch("redacted")
    assert held(one)
    clean(one)
    assert objects(one) == one.copy.listed(), "no object is left that is part of nothing"  # type: ignore[attr-defined]


def test_a_bucket_that_goes_away_while_a_lake_is_kept_small_is_told_of_and_the_next_run_goes_on(
    site: Site,
) -> None:
    one = site.branch("upkeep")
    # more than stand in the catalog, and some that stay in each file, of which a slow machine makes several: a file is
    # rewritten if a part of its rows was deleted
    for id_ in one.world.issue_ids()[::2]:
        one.world.edit_issue(id_, title="moved on")
    one.world.advance(60)
    one.finish(turns=ONE_TURN)
    rewriting = "before sql CALL ducklake_rewrite_data_files"
    with stopped(one, rewriting, lease=LONG, environment=AT_ONCE) as run, ducklake_s3.server().away():
        assert run.go_on().code == 0
    one.check()
    # what was written and not committed could not be deleted in a bucket that is away, and stays for a day
    clean(one)


@pytest.mark.parametrize(
    "point", [POINTS["normalized"], after_merge_of("issues")], ids=["read", "half loaded"]
)
def test_a_bucket_that_goes_away_in_the_middle_of_a_load_loses_nothing(site: Site, point: str) -> None:
    one = site.branch(f"away-{point[-9:-1].strip()}".replace(" ", "-"))
    world = one.world
    issue = with_messages(world)
    for number, message in enumerate(world.messages(issue)):
        world.edit_message(message["id"], message_html=f"edited {number} " * 2000)
    for id_ in world.issue_ids()[:15]:  # more than stand in the catalog
        world.edit_issue(id_, title="moved on")
    world.advance(60)
    with stopped(one, point, last=["issue_sync"], lease=LONG) as run, ducklake_s3.server().away():
        assert run.go_on().code == exits.FAILED
    recover(one, fresh=False, lease=LONG)


def test_the_keys_are_in_no_file_beside_the_copy(site: Site) -> None:
    folder: Path = site.copy.folder  # type: ignore[attr-defined]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not [path for path in files if ducklake_s3.SECRET.encode() in path.read_bytes()]


# -- the commands --------------------------------------------------------------------------------------------------


@dataclass
class Office:
    """A lake, and who runs commands on it."""

    lake: Any
    world: emulator.World
    folder: Path
    environment: dict[str, str]
    commands: Commands

    def pylon(self, *arguments: str, **more: str) -> Result:
        """Run a command, and look that it tells no secret."""
        result = self.commands.run(
            *arguments, "-d", "ducklake", folder=self.folder, environment=self.environment | more
        )
        for secret in (ducklake_s3.SECRET, PASSWORD):
            assert secret not in result.text
        return result

    def done(self, *arguments: str, **more: str) -> Result:
        """Run a command, and expect success."""
        result = self.pylon(*arguments, **more)
        assert result.code == exits.DONE, result.text
        return result

    def copy(self) -> None:
        """Run, and compare."""
        self.done("run", "--select", ",".join(TABLES))
        assert_equal_copy(truth(self.world), self.lake.read(), TABLES)


@pytest.fixture(scope="module")
def office(bucket: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A lake that is filled."""
    folder = tmp_path_factory.mktemp(f"office-{bucket}")
    lake: Any = copy_in(bucket, folder / "site")
    world = emulator.World.seeded(seed=3, issues=20, years=0.2)
    with emulator.running(world) as server, Commands() as commands:
        environment = lake.machine().environment() | {
            "DLT_DATA_DIR": str(folder / "dlt"),
            "PYLON_API_KEY": server.token,
            "SOURCES__PYLON__BASE_URL": server.base_url,
            "SOURCES__PYLON__RATE_WINDOW_SECONDS": "1",
        }
        one = Office(lake, world, folder, environment, commands)
        one.copy()
        yield one
    lake.discard()


def test_the_verbs_that_look_read_and_compare(office: Office) -> None:
    counts = "SELECT count(*) AS n, count(DISTINCT issue_id) AS m FROM issue_messages"
    lengths = [len(office.world.messages(id_)) for id_ in office.world.issue_ids()]
    told = [str(sum(lengths)), str(sum(map(bool, lengths)))]
    assert office.done("query", counts, "--format", "csv").out.split() == ["n,m", ",".join(told)]
    before = set(ducklake_s3.keys(office.lake.prefix))
    assert before
    assert "issue_messages" in office.done("status").out
    assert "No difference was found" in office.done("verify").text
    assert "can be written" in office.done("check").text
    office.done("export", "out")
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT count(*) FROM '{office.folder}/out/issue_messages.parquet'"
        ).fetchone()
    assert rows == (sum(lengths),)
    assert set(ducklake_s3.keys(office.lake.prefix)) == before


def test_what_the_listing_lacks_leaves_by_reconciling(office: Office) -> None:
    world = office.world
    gone = with_messages(world)
    world.deletions = True
    world.delete_issue(gone)
    assert "gone and removed: 1" in office.done("reconcile").text
    assert_equal_copy(truth(world), office.lake.read(), TABLES)


def test_it_is_built_and_asked(office: Office) -> None:
    office.done("transform", "--select", "+support__tickets")
    sql = "SELECT count(*) AS n FROM support__tickets"
    assert office.done("query", sql, "--format", "csv").out.split() == [
        "n",
        str(len(office.world.issue_ids())),
    ]
    assert len(office.done("ask", "backlog", "--format", "csv").out.splitlines()) > 1


@pytest.mark.skipif(not find_spec("pyiceberg"), reason="needs pyiceberg")
def test_it_is_published(office: Office) -> None:
    assert "issue_messages" in office.done("publish", "--to", "published").text
    folders = {name for path in (office.folder / "published").rglob("*.parquet") for name in path.parts}
    assert folders >= set(TABLES)


def test_no_question_finds_a_secret(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in office.environment.items():
        monkeypatch.setenv(name, value)
    functions = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'table'"
    with reading.opened("ducklake", "pylon") as reader:
        names = [row["function_name"] for row in reader.ask(functions).table().to_pylist()]
        assert {"duckdb_databases", "duckdb_secrets", "duckdb_settings"} <= set(names)
        told = {"database_list": str(reader.ask("PRAGMA database_list").table().to_pylist())}
        for name in names:
            try:
                told[name] = str(
                    reader.ask(f'SELECT COLUMNS(*)::VARCHAR FROM "{name}"()').table().to_pylist()
                )
            except (duckdb.Error, exits.Problem) as error:
                told[name] = str(error)
        for secret in (ducklake_s3.SECRET, PASSWORD, "password=pw", "password='pw'"):
            assert not [name for name, text in told.items() if secret in text], secret
        with pytest.raises(duckdb.Error):
            reader.ask("FROM duckdb_secrets(redact => false)").table()


# -- a bucket that cannot be had -----------------------------------------------------------------------------------


def refused(office: Office, words: str, **more: str) -> None:
    """Check that whoever needs the bucket is told why it cannot be had, on one screen."""
    change(office)
    reads = "SELECT max(body_html) FROM issues"
    for arguments in (("run", "--select", ",".join(TABLES)), ("check",), ("query", reads)):
        result = office.pylon(*arguments, **more)
        assert (result.code, words in result.text) == (exits.CONFIGURATION, True), result.text
        assert "Next:" in result.err or arguments == ("check",)
        assert len(result.err.splitlines()) <= SCREEN
        assert "Traceback" not in result.text


def change(office: Office) -> None:
    """Let all issues move on, which are more than stand in the catalog."""
    for id_ in office.world.issue_ids():
        office.world.edit_issue(id_, body_html=f"moved on {office.world.now}")
    office.world.advance(60)


def test_a_bucket_that_refuses_the_keys_is_told_of_and_nothing_is_lost(office: Office) -> None:
    with ducklake_s3.server().refusing():
        refused(office, "The bucket refuses the DuckLake (HTTP 403, InvalidAccessKeyId")
        debug = office.pylon("run", "--select", ",".join(TABLES), "--debug")
        assert (debug.code, "Traceback" in debug.err) == (exits.CONFIGURATION, True)
    office.copy()


def test_a_server_that_is_away_is_told_of_and_nothing_is_lost(office: Office) -> None:
    with ducklake_s3.server().away():
        refused(office, "The server of the DuckLake's files cannot be reached: could not connect to server")
    office.copy()


def test_a_bucket_that_is_not_there_is_told_of_and_nothing_is_lost(office: Office) -> None:
    refused(
        office,
        "The bucket of the DuckLake, or a file in it, is not there (HTTP 404",
        **{f"{PLACE}BUCKET_URL": "s3://nowhere/at/all/"},
    )
    other = {
        f"{PLACE}BUCKET_URL": "s3://nowhere/at/all/",
        "DESTINATION__DUCKLAKE__OVERRIDE_DATA_PATH": "false",
    }
    result = office.pylon("run", **other)
    assert (result.code, "bucket_url is s3://nowhere/at/all/" in result.text) == (exits.CONFIGURATION, True)
    office.copy()
