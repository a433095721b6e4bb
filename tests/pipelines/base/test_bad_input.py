"""Whatever is wrong: one screen that says what and what next, the right exit code, nothing lost, no traceback."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.commands import Result
from support.repository import ROOT
from support.workplaces import Desk

LINES = 24
PASSWORD = "sesam-open-1234"


def screen(result: Result, code: int, *phrases: str) -> None:
    """Check one screen."""
    assert result.code == code, result.text
    assert "Traceback" not in result.text
    shown = [
        line for line in result.err.splitlines() if not line[0].isdigit()
    ]  # progress begins with seconds
    assert 0 < len(shown) <= LINES
    for phrase in phrases:
        assert phrase in result.text, result.text


# -- Pylon ---------------------------------------------------------------------------------------------------------


def test_no_token(desk: Desk) -> None:
    screen(desk.pylon("run", env={"PYLON_API_KEY": None}), 3, "No Pylon API token is set", "PYLON_API_KEY")


def test_a_token_that_cannot_be_one(desk: Desk) -> None:
    screen(desk.pylon("run", env={"PYLON_API_KEY": "two words"}), 3, "characters that no token has")


def test_a_wrong_token(desk: Desk) -> None:
    result = desk.pylon("run", env={"PYLON_API_KEY": "wrong"})
    screen(result, 3, f"{desk.server.base_url} does not accept the token", "Check PYLON_API_KEY")
    assert "Nothing was read." in result.out
    assert desk.pylon("run", "--select", "teams").code == 0


def test_a_token_of_another_region_names_the_host(open_desk: Any) -> None:
    desk = open_desk(token_region="eu")
    result = desk.pylon("run")
    screen(result, 3, f"another region than {desk.server.base_url}", "https://api.eu.usepylon.com")


def test_a_suspended_organisation(open_desk: Any) -> None:
    screen(open_desk(suspended=True).pylon("run"), 3, "suspended", "Pylon's support")


def test_no_permission_names_the_table_to_leave_out(open_desk: Any) -> None:
    desk = open_desk(denied=["GET /issues/{id}/threads"])
    result = desk.pylon("run", "--select", "issues,issue_messages,issue_threads")
    screen(result, 3, "The token may not read GET /issues/", "--exclude issue_threads")
    assert desk.rows("issue_messages") == len(desk.server.world.snapshot()["issue_messages"])


def test_no_permission_for_a_collection_is_a_warning(open_desk: Any) -> None:
    result = open_desk(denied=["GET /users"]).pylon("run", "--select", "users,teams")
    assert result.code == 0
    assert (
        "Not available here: users: The token may not read GET /users (403 permission_denied)." in result.text
    )
    assert "--exclude users" in result.text


def test_an_unreachable_host_is_told_once(desk: Desk) -> None:
    result = desk.pylon("run", "--select", "teams,tags,users", "--base-url", "http://127.0.0.1:9")
    screen(
        result, 4, "and 2 other endpoints could not be read: 127.0.0.1 cannot be reached", "Run again later"
    )


def test_an_endpoint_that_stays_away_is_named_and_the_rest_is_saved(desk: Desk) -> None:
    desk.server.faults.add("status", "GET /tags", status=503)
    screen(
        desk.pylon("run", "--select", "teams,tags"), 4, "GET /tags could not be read: the server answered 503"
    )
    assert desk.rows("teams") > 0
    desk.server.faults.clear()
    assert desk.pylon("run", "--select", "teams,tags").code == 0
    assert desk.rows("tags") == len(desk.server.world.rows("tags"))


# -- the command line and the settings -----------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--select", "--exclude"])
@pytest.mark.parametrize(("wrong", "near"), [("isues", "issues"), ("teams,Issue-Mesages", "issue_messages")])
def test_an_unknown_table_suggests_the_near_one(desk: Desk, option: str, wrong: str, near: str) -> None:
    screen(desk.pylon("run", option, wrong), 2, "there is no table", f"Did you mean {near}?")


def test_an_unknown_table_like_no_other_lists_them_all(desk: Desk) -> None:
    screen(desk.pylon("run", "--select", "zzzzzz"), 2, "issue_messages", "kb_articles")


def test_nothing_left_to_read(desk: Desk) -> None:
    screen(desk.pylon("run", "--select", "teams", "--exclude", "teams"), 2, "No table is left")
    screen(desk.pylon("run", "--select", "issue_sync"), 2, "No table is left")


def test_a_malformed_date(desk: Desk) -> None:
    screen(desk.pylon("run", "--start-date", "2025-13-45"), 3, "start_date is '2025-13-45'", "2025-01-31")
    desk.config('[sources.pylon]\nstart_date = "last year"\n')
    screen(desk.pylon("run"), 3, "start_date is 'last year'")


@pytest.mark.parametrize(
    ("line", "phrase"),
    [
        ('page_size = "many"', "page_size is 'many'"),
        ("page_size = 2.5", "page_size is 2.5"),
        ("page_size = 0", "page_size is 0"),
        ("timeout_seconds = true", "timeout_seconds is True"),
        ("timeout_seconds = -1", "timeout_seconds is -1"),
        ("rate_limits = 10", "rate_limits is 10"),
        ("rate_limits = { low = 0 }", "rate_limits is"),
        ("rate_limits = { lower = 5 }", "rate_limits is"),
        ('refresh_hours = { accounts = "often" }', "refresh_hours"),
        ('reconcile_hours = "often"', "reconcile_hours is 'often'"),
        ("base_url = 5", "base_url is 5"),
        ('base_url = "api.usepylon.com"', "base_url is 'api.usepylon.com'"),
        ('region = "mars"', "region is 'mars'"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_named(desk: Desk, line: str, phrase: str) -> None:
    desk.config(f"[sources.pylon]\n{line}\n")
    gone: dict[str, str | None] = {"SOURCES__PYLON__BASE_URL": None}
    screen(desk.pylon("run", env=gone), 3, phrase)


def test_a_setting_of_the_wrong_kind_in_the_environment_is_named(desk: Desk) -> None:
    screen(
        desk.pylon("run", env={"SOURCES__PYLON__RATE_LIMITS": "low=3"}), 3, "rate_limits is 'low=3'", "JSON"
    )
    good = {"SOURCES__PYLON__RATE_LIMITS": '{"low": 3}', "SOURCES__PYLON__PAGE_SIZE": "50"}
    assert desk.pylon("run", "--select", "teams", env=good).code == 0


def test_an_exported_token_goes_before_one_in_a_file_and_that_is_told_once(desk: Desk) -> None:
    other = "pyl_of_somebody_else"
    desk.config(f'[sources.pylon]\napi_key = "{other}"\n', "secrets.toml")
    for verb in ("run", "check"):
        result = desk.pylon(verb, "--select", "teams")
        assert result.code == 0, result.text
        assert result.text.count("PYLON_API_KEY is used, api_key under [sources.pylon] is not") == 1
        assert other not in result.text
        assert desk.server.token not in result.text
    own = {"SOURCES__PYLON__API_KEY": desk.server.token, "PYLON_API_KEY": other}
    result = desk.pylon("check", "--select", "teams", env=own)
    assert result.code == 0
    assert "SOURCES__PYLON__API_KEY is used, PYLON_API_KEY is not" in result.text
    desk.config(f'[sources.pylon]\napi_key = "{desk.server.token}"\n', "secrets.toml")
    assert "different tokens" not in desk.pylon("check", "--select", "teams").text


@pytest.mark.parametrize(
    ("line", "phrase"),
    [
        ('[sources.pylon]\nregoin = "eu"', "Did you mean sources.pylon.region?"),
        ('[sources.pylon.masks.contacts]\nemail = "hash"', "Did you mean sources.pylon.mask.contacts.email?"),
        ('[source.pylon.mask.contacts]\nemail = "hash"', "Did you mean sources.pylon.mask.contacts.email?"),
        ('[sources.pylon.pylon.mask.contacts]\nemail = "hash"', "mean sources.pylon.mask.contacts.email?"),
    ],
)
def test_a_setting_that_nobody_reads_stops_every_verb_that_reads_pylon(
    desk: Desk, line: str, phrase: str
) -> None:
    """It may be a mask."""
    desk.config(line)
    for verb in (["run"], ["run", "--dry-run"], ["verify"], ["reconcile"]):
        screen(desk.pylon(*verb), 3, "is set, and nobody reads it", "in config.toml", phrase)
    assert not desk.server.log
    result = desk.pylon("check")
    assert (result.code, phrase in result.text) == (3, True)
    assert "destination       ok" in result.out, "the rest is looked at all the same"


def test_an_empty_variable_hides_nothing_that_stands_in_a_file(desk: Desk) -> None:
    desk.config('[sources.pylon.mask.teams]\nname = "redact"\n')
    desk.config(f'[sources.pylon]\napi_key = "{desk.server.token}"\n', "secrets.toml")
    empty: dict[str, str | None] = {
        "SOURCES__PYLON__MASK": "",
        "SOURCES__PYLON__API_KEY": "",
        "PYLON_API_KEY": "",
    }
    assert desk.pylon("run", "--select", "teams", env=empty).code == 0
    with duckdb.connect(str(desk.database), read_only=True) as connection:
        assert connection.execute("SELECT DISTINCT name FROM pylon.teams").fetchall() == [("[redacted]",)]


def test_a_variable_that_nobody_reads_stops_a_run(desk: Desk) -> None:
    variable = {"SOURCES__PYLON__MASKS": '{"contacts": {"email": "hash"}}'}
    result = desk.pylon("run", env=variable)
    screen(result, 3, "The variable SOURCES__PYLON__MASKS is set", "mean SOURCES__PYLON__MASK?")
    assert not desk.server.log


@pytest.mark.parametrize("name", ["config.toml", "secrets.toml"])
def test_broken_toml_names_the_file_and_the_line(desk: Desk, name: str) -> None:
    desk.config(f'[sources.pylon]\nstart_date = "2025-01-01\nx = {PASSWORD}', name)
    result = desk.pylon("run")
    screen(result, 3, f".dlt/{name} is no valid TOML (at line 2")
    assert PASSWORD not in result.text


def test_a_proxy_or_certificates_that_cannot_be_used_name_their_variable(desk: Desk) -> None:
    proxy: dict[str, str | None] = {"NO_PROXY": "[::1]"}
    files: dict[str, str | None] = {
        "SSL_CERT_FILE": "/nowhere.pem",
        "SOURCES__PYLON__BASE_URL": "https://127.0.0.1:9",
    }
    port: dict[str, str | None] = {"HTTPS_PROXY": "http://127.0.0.1:99999"}
    for variable, env in (("NO_PROXY", proxy), ("SSL_CERT_FILE", files), ("HTTPS_PROXY", port)):
        screen(desk.pylon("run", env=env), 3, f"The variable {variable} ")
        result = desk.pylon("check", env=env)
        assert result.code == 3
        assert f"settings          failed   The variable {variable} " in result.out
        assert "destination       ok" in result.out


# -- the destination -----------------------------------------------------------------------------------------------


def test_an_unknown_destination_suggests_the_near_one(desk: Desk) -> None:
    screen(
        desk.pylon("run", "--destination", "postgress"),
        2,
        "no destination 'postgress'",
        "Did you mean postgres?",
    )


def test_a_destination_that_cannot_replace_rows(desk: Desk) -> None:
    screen(desk.pylon("run", "--destination", "filesystem"), 3, "cannot replace the rows", "Choose duckdb")


def test_a_destination_in_which_no_copy_was_ever_compared(desk: Desk) -> None:
    place = {"DESTINATION__SQLALCHEMY__CREDENTIALS": f"postgresql+psycopg2://user:{PASSWORD}@nowhere/desk"}
    for verb in ("run", "reconcile"):
        refused = desk.pylon(verb, "--destination", "sqlalchemy", env=place)
        screen(refused, 3, "No copy in postgresql was ever compared", "--untested-destination")
    assert not desk.server.log
    checked = desk.pylon("check", "--destination", "sqlalchemy", env=place)
    assert checked.code == 3
    assert "No copy in postgresql was ever compared" in " ".join(checked.text.split())


def test_a_missing_driver(desk: Desk) -> None:
    if shutil.which("snowsql") or __import__("importlib.util").util.find_spec("snowflake"):
        pytest.skip("snowflake's driver is installed")
    credentials = {"DESTINATION__SNOWFLAKE__CREDENTIALS": f"snowflake://u:{PASSWORD}@account/db"}
    result = desk.pylon("run", "--destination", "snowflake", env=credentials)
    screen(result, 3, "A driver is missing for the snowflake destination", "pip install 'dlt[snowflake]'")


def test_missing_credentials_name_the_variable(desk: Desk) -> None:
    pytest.importorskip("psycopg2")
    screen(desk.pylon("run", "--destination", "postgres"), 3, "Set DESTINATION__POSTGRES__CREDENTIALS")
    half = {"DESTINATION__POSTGRES__CREDENTIALS": f"postgresql://u:{PASSWORD}@localhost"}
    screen(desk.pylon("run", "--destination", "postgres", env=half), 3, "credentials.database missing")
    none = {"DESTINATION__POSTGRES__CREDENTIALS": "localhost"}
    screen(
        desk.pylon("run", "--destination", "postgres", env=none), 3, "no connection string", "postgresql://"
    )


@pytest.mark.parametrize("host", ["127.0.0.1:9", "nowhere.invalid:5432"])
def test_a_postgres_that_cannot_be_reached(desk: Desk, host: str) -> None:
    pytest.importorskip("psycopg2")
    credentials = {"DESTINATION__POSTGRES__CREDENTIALS": f"postgresql://u:{PASSWORD}@{host}/db"}
    for verb in ("run", "status", "check"):
        result = desk.pylon(verb, "--destination", "postgres", env=credentials)
        assert result.code == 3
        assert "Postgres cannot be reached" in result.text
        assert PASSWORD not in result.text


def at(file: Path) -> dict[str, str | None]:
    return {"DESTINATION__DUCKDB__CREDENTIALS": str(file)}


def test_a_file_that_is_no_database_stays_as_it_is(desk: Desk) -> None:
    desk.database.write_text("hello, I am a letter\n" * 500)
    for verb in ("run", "status"):
        screen(desk.pylon(verb), 3, f"{desk.database} is no DuckDB database", "Move it away")
    assert desk.database.read_text().startswith("hello, I am a letter")


def test_a_folder_instead_of_a_file(desk: Desk) -> None:
    desk.database.mkdir()
    screen(desk.pylon("run"), 3, f"{desk.database} cannot be opened: is a directory")


def test_a_database_in_memory(desk: Desk) -> None:
    screen(
        desk.pylon("run", env={"DESTINATION__DUCKDB__CREDENTIALS": ":memory:"}), 3, "in memory", "Set a file"
    )


def test_a_file_of_a_newer_duckdb(desk: Desk) -> None:
    duckdb.connect(str(desk.database)).close()
    with_version(desk.database, 99_999)
    screen(desk.pylon("run"), 3, "written by a newer DuckDB", "pip install --upgrade duckdb")


def test_a_damaged_file(desk: Desk) -> None:
    duckdb.connect(str(desk.database)).close()
    content = bytearray(desk.database.read_bytes())
    content[100] ^= 255
    desk.database.write_bytes(content)
    screen(desk.pylon("run"), 1, "damaged", "backup")


def test_a_read_only_file(desk: Desk) -> None:
    assert desk.pylon("run", "--select", "teams").code == 0
    desk.database.with_name("support.duckdb.lock").unlink()
    desk.database.chmod(0o444)
    desk.folder.chmod(0o777)
    screen(unprivileged(desk), 3, f"{desk.database} cannot be opened: permission denied", "rights")
    desk.database.chmod(0o644)
    assert desk.pylon("run", "--select", "teams,tags").code == 0


def test_a_read_only_folder(desk: Desk) -> None:
    desk.folder.chmod(0o555)
    screen(unprivileged(desk), 3, "support.duckdb.lock cannot be written", "folder")
    desk.folder.chmod(0o755)


def test_a_working_folder_that_cannot_be_written(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    result = desk.pylon("run", "--select", "teams", env={"DLT_DATA_DIR": str(tmp_path / "taken" / "x")})
    screen(result, 3, "taken", "DLT_DATA_DIR")


@pytest.mark.parametrize("largest", [20_000, 300_000, 1_200_000])
def test_a_full_disk_loses_nothing(desk: Desk, largest: int) -> None:
    """A limit on the size of files is a disk that is full for the database and for the working folder."""
    desk.server.world.edit_issue(1, body_html="<p>" + "long " * 200_000)
    result = desk.pylon("run", "--select", "issues,issue_messages", largest_file=largest)
    screen(result, 1, "The disk is full", "Make room and run again")
    done = desk.pylon("run", "--select", "issues,issue_messages")
    assert done.code == 0, done.err
    assert desk.rows("issues") == len(desk.server.world)
    assert desk.rows("issue_messages") == len(desk.server.world.snapshot()["issue_messages"])


def test_debug_shows_the_traceback_above_the_screen(desk: Desk) -> None:
    desk.database.mkdir()
    result = desk.pylon("run", "--debug")
    assert result.code == 3
    assert "Traceback (most recent call last)" in result.err
    assert result.err.rstrip().splitlines()[-2].startswith(("Next:", "      "))


def test_an_error_is_one_event_with_json(desk: Desk) -> None:
    desk.database.mkdir()
    result = desk.pylon("run", "--log-format", "json")
    failure = result.event("failure")
    assert (failure["exit"], result.code) == (3, 3)
    assert "is a directory" in failure["what"]
    assert result.events[-1]["event"] == "run_finished"
    assert desk.pylon("status", "--json").event("failure")["exit"] == 3


def unprivileged(desk: Desk) -> Result:
    """Run as somebody who has no rights of root's."""
    command = [
        sys.executable,
        "-m",
        "pylon_elt.pipelines.cli",
        "run",
        "--select",
        "teams,tags",
        "--progress",
        "none",
    ]
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may write anything, and setpriv is missing")
        command = ["setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps=-all", *command]
        for folder in (desk.folder, *desk.folder.parents):
            if folder.stat().st_uid == 0 and not folder.stat().st_mode & 0o005 and len(folder.parts) > 2:
                folder.chmod(0o755)
    root = str(ROOT)
    environment = desk.environment | {
        "PYTHONPATH": root,
        "PATH": os.environ["PATH"],
        "DLT_DATA_DIR": f"/tmp/pylon-{os.getpid()}",
    }
    done = subprocess.run(
        command, cwd=desk.folder, env=environment, capture_output=True, text=True, check=False
    )
    subprocess.run(["rm", "-rf", environment["DLT_DATA_DIR"]], check=False)
    return Result(done.returncode, done.stdout, done.stderr)


def with_version(file: Path, version: int) -> None:
    """Write another storage version into a DuckDB file, and the checksum that goes with it."""
    content = bytearray(file.read_bytes())
    struct.pack_into("<Q", content, 12, version)
    checksum = 5381
    for offset in range(8, 4096, 8):
        checksum ^= struct.unpack_from("<Q", content, offset)[0] * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    struct.pack_into("<Q", content, 0, checksum)
    file.write_bytes(content)
