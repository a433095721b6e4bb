"""``zaia run``: an exact copy, and one screen for whatever goes wrong."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import dlt
import duckdb
import pytest
from support.commands import wait_until
from support.zaia import QUICK

from pylon_elt.pipelines.copy import destinations
from pylon_elt.pipelines.copy.lock import hold, lock_file
from pylon_elt.pipelines.zaia import job
from pylon_elt.pipelines.zaia.settings import usual
from pylon_elt.sources.zaia.settings import Settings

pytestmark = pytest.mark.dear

Open = Callable[..., Any]


def test_runs_copy_all_and_then_what_has_changed(desk: Any) -> None:
    first = desk.zaia("run")
    assert first.code == 0, first.text
    assert "Nothing is left to read." in first.out
    assert f"  {'tickets':<16} {len(desk.world.rows('tickets')):>14}" in first.out
    desk.check()
    ticket, other = desk.world.ids("tickets")[:2]
    desk.world.tag(ticket)
    desk.world.remove_ticket(other)
    desk.world.new_message(desk.world.ids("chats")[0])
    second = desk.zaia("run")
    assert second.code == 0, second.text
    desk.check()
    third = desk.zaia("run", "--log-format", "json", "--progress", "none")
    finished = third.event("run_finished")
    assert third.event("run_started")["dataset"] == "zaia"
    assert (finished["rows"], finished["removed"], finished["exit"], finished["complete"]) == ({}, 0, 0, True)
    assert sum(one["asked"] for one in finished["requests"].values()) == 20
    assert "GET /api/v1/tickets/details" in finished["requests"]


def test_a_copy_of_the_other_desk_stands_beside_it(desk: Any, open_desk: Open) -> None:
    other = open_desk(issues=5)
    desk.environment |= other.environment
    assert desk.pylon("run", "--select", "issues").code == 0
    before = desk.rows("issues")
    assert desk.zaia("run").code == 0
    desk.check()
    assert desk.rows("issues") == before == 5
    assert desk.pylon("run", "--select", "issues").code == 0
    desk.check()
    assert "issues" in desk.pylon("status").out
    assert "tickets" in desk.zaia("status").out
    both = "select (select count(*) from pylon.issues) as issues, count(*) as tickets from zaia.tickets"
    assert desk.zaia("query", both, "--format", "csv").out.split() == ["issues,tickets", "5,20"]
    for program, dataset in (("pylon", "zaia"), ("zaia", "pylon")):
        refused = desk.pylon("run", "--dataset", dataset, program=program)
        assert refused.code == 3, refused.text
        assert f"The dataset {dataset} holds a copy that was made by {dataset} run." in refused.text
        assert f"{program} run --dataset NAME" in refused.text
    desk.check()


def test_a_run_that_is_killed_has_changed_nothing_and_the_next_one_copies_all(desk: Any) -> None:
    for seen in (3, 30, 60):
        mark = len(desk.zaia_server.log)
        run = desk.start("run", program="zaia")
        wait_until(lambda mark=mark, seen=seen: len(desk.zaia_server.log) > mark + seen)  # type: ignore[misc]
        run.signal(signal.SIGKILL)
        assert run.wait().code == -signal.SIGKILL
    assert desk.zaia("run").code == 0
    desk.check()


def test_a_long_first_load_goes_in_turns_and_asks_for_nothing_twice(
    open_zaia: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_zaia(tickets=6)
    monkeypatch.setattr(job, "FIRST_TURN_SECONDS", 0.0)
    monkeypatch.setattr(job, "TURN_SECONDS", 0.0)
    pipeline = dlt.pipeline(
        "zaia",
        destination=destinations.DuckDb(credentials=str(desk.database)),
        dataset_name="zaia",
        pipelines_dir=str(tmp_path / "machine"),
    )
    given = QUICK | {"api_key": desk.zaia_server.key, "base_url": desk.zaia_server.url}
    reading = job.Job(pipeline, Settings(**{**usual(), **given}))
    assert reading.run() == 0
    desk.check()
    chats = len(desk.world.rows("chats"))
    assert chats <= reading.turns <= chats + 1, "each turn has read one"
    for path in ("chat-threads", "chat-messages"):
        asked = [record.query["chatId"][0] for record in desk.zaia_server.log if record.path.endswith(path)]
        assert len(set(asked)) == chats
        assert max(Counter(asked).values()) <= 2, "what is empty is asked for twice"
    with duckdb.connect(str(desk.database)) as connection:
        connection.execute("UPDATE zaia.chat_messages SET content = 'by other hands'")
    anew = job.Job(pipeline, reading.settings, full_refresh=True)
    assert (anew.run(), anew.turns > 1) == (0, True)
    desk.check()


def test_what_was_dropped_is_read_anew_though_some_of_it_fails_at_first(copied: Any) -> None:
    with duckdb.connect(str(copied.database)) as connection:
        connection.execute("DROP TABLE zaia.chat_messages")
    # some are read, and then none for a while
    copied.zaia_server.faults.add("status", endpoint="chat_messages", status=500, after=3)
    result = copied.zaia("run", "--progress", "none")
    assert result.code == 4, result.text
    assert 0 < copied.rows("chat_messages", "zaia") < len(copied.world.rows("chat_messages"))
    copied.zaia_server.faults.clear()
    assert copied.zaia("run").code == 0
    copied.check()


def test_a_run_whose_time_is_up_goes_on_in_the_next_one(desk: Any) -> None:
    desk.zaia_server.settings.latency_seconds = 0.02
    result = desk.zaia("run", "--max-minutes", "0.01", "--log-format", "json")
    finished = result.event("run_finished")
    assert (result.code, finished["complete"]) == (0, False), result.text
    assert finished["ended_early"] == "the time of --max-minutes 0.01 is over"
    assert desk.rows("tickets", "zaia") == 20
    desk.zaia_server.settings.latency_seconds = 0.0
    assert desk.zaia("run").code == 0
    desk.check()


def test_one_that_is_interrupted_says_so(desk: Any) -> None:
    desk.zaia_server.settings.latency_seconds = 0.05
    run = desk.start("run", "--progress", "none", program="zaia")
    wait_until(lambda: len(desk.zaia_server.log) > 5)
    run.signal(signal.SIGINT)
    result = run.wait()
    assert (result.code, result.err.strip()) == (130, "Interrupted; nothing was lost.")
    desk.zaia_server.settings.latency_seconds = 0.0
    assert desk.zaia("run").code == 0
    desk.check()


def test_killed_at_any_moment_the_next_run_copies_all(desk: Any, seed: int) -> None:
    """Where a kill falls depends on the machine; what is held does not."""
    rng = Random(seed)
    for kill in range(6):
        run = desk.start("run", program="zaia")
        run.ended.wait(rng.uniform(0.3, 3.0))
        with suppress(ProcessLookupError):  # it was faster
            run.signal(signal.SIGKILL)
        run.wait()
        desk.world.stir(rng)
        desk.world.tag(desk.world.ids("tickets")[kill])
    # what nothing tells, such as a renamed agent of an old ticket, is found by a complete reading
    assert desk.zaia("run", "--confirm-removals", env={"SOURCES__ZAIA__FULL_READ_HOURS": "0"}).code == 0
    desk.check()
    assert desk.zaia("verify", "--sample", "100").code == 0


@pytest.mark.parametrize(
    ("environment", "code", "told"),
    [
        ({"ZAIA_API_KEY": "zaia_secret_wrong"}, 3, "does not take the API key"),
        ({"ZAIA_API_KEY": None}, 3, "Set the environment variable ZAIA_API_KEY"),
        ({"ZAIA_API_KEY": "zaia_secrét_wrong"}, 3, "character that no header may have"),
        ({"SOURCES__ZAIA__PAGE_SIZE": "many"}, 3, "page_size is 'many'. It must be a whole number."),
        ({"SOURCES__ZAIA__ATTEMPTS": "0"}, 3, "attempts must be at least 1"),
        ({"SOURCES__ZAIA__STATUSES": "open"}, 3, "statuses is 'open'. Write a list"),
        (
            {"SOURCES__ZAIA__BASE_URL": "http://127.0.0.1:9", "SOURCES__ZAIA__ATTEMPTS": "1"},
            4,
            "No list can be read. GET /api/v1/",
        ),
        (
            {
                "SOURCES__ZAIA__STATUSES": '["pending", "nope"]',
                "SOURCES__ZAIA__CLOSED_STATUSES": '["nope"]',
            },
            3,
            "must be one of pending, ongoing, completed",
        ),
    ],
)
def test_what_goes_wrong_is_told_on_one_screen(
    desk: Any, environment: dict[str, str | None], code: int, told: str
) -> None:
    result = desk.zaia("run", "--progress", "none", env=environment)
    text = result.text.replace("Next: ", "").replace("  ", " ")
    assert (result.code, told in text) == (code, True), result.text
    assert "Traceback" not in result.text
    assert "zaia_secr" not in result.text


def test_a_setting_that_means_nothing_is_refused(desk: Any) -> None:
    desk.config("[sources.zaia]\nfull_read_hour = 3\n")
    result = desk.zaia("run")
    assert result.code == 3
    assert "Did you mean full_read_hours?" in result.text
    desk.config("[sources.zaia]\nfull_read_hours = 0\n")
    assert desk.zaia("run").code == 0


def test_a_list_that_fails_costs_that_list(desk: Any) -> None:
    fault = desk.zaia_server.faults.add("status", endpoint="tags", status=500)
    result = desk.zaia("run", "--progress", "none")
    assert (result.code, fault.played > 0) == (4, True)
    assert "Copied in part" in result.out
    assert "Left for the next run: what failed." in result.out
    assert "Error: tags: GET /api/v1/tags could not be read: it was answered with 500." in result.text
    assert desk.rows("tickets", "zaia") == 20
    desk.zaia_server.faults.clear()
    assert desk.zaia("run").code == 0
    desk.check()


def test_a_list_that_the_workspace_lacks_is_no_failure(open_zaia: Open) -> None:
    desk = open_zaia(lacking=["tags"])
    result = desk.zaia("run", "--progress", "none")
    assert result.code == 0
    assert "Not available here: tags: GET /api/v1/tags was answered with 404" in result.text


def test_very_many_rows_leave_only_when_that_is_confirmed(copied: Any) -> None:
    for ticket in copied.world.ids("tickets")[:15]:
        copied.world.remove_ticket(ticket)
    result = copied.zaia("run", "--progress", "none")
    assert result.code == 5
    assert "15 of 20 rows are not shown by Zaia any more. None was removed." in result.text
    assert "zaia run --confirm-removals" in result.text
    assert copied.rows("tickets", "zaia") == 20
    assert copied.zaia("run", "--confirm-removals").code == 0
    copied.check()


def test_tables_are_chosen_by_name(desk: Any) -> None:
    assert desk.zaia("run", "--select", "tags,agents", "--exclude", "agents").code == 0
    assert desk.tables("zaia") - {"deletions"} == {"tags"}
    unknown = desk.zaia("run", "--select", "ticket")
    assert (unknown.code, "Did you mean tickets?" in unknown.text) == (2, True)
    nothing = desk.zaia("run", "--select", "tags", "--exclude", "tags")
    assert (nothing.code, "No table is left to read." in nothing.text) == (2, True)
    assert desk.zaia("run").code == 0
    desk.check()


def test_a_full_refresh_asks_first_and_reads_anew(copied: Any) -> None:
    with duckdb.connect(str(copied.database)) as connection:
        connection.execute("UPDATE zaia.tags SET name = 'by other hands'")
    asked = copied.zaia("run", "--full-refresh")
    assert (asked.code, "Add --yes" in asked.text) == (2, True)
    assert copied.zaia("run", "--full-refresh", "--yes").code == 0
    copied.check()


def test_a_table_that_somebody_has_dropped_is_made_again(copied: Any) -> None:
    with duckdb.connect(str(copied.database)) as connection:
        connection.execute("DROP TABLE zaia.tickets; DROP TABLE zaia.chat_messages")
    result = copied.zaia("run", "--progress", "none")
    assert result.code == 0, result.text
    assert "Gone from the database, by other hands than this program's:" in result.text
    copied.check()


def test_one_run_at_a_time(copied: Any) -> None:
    with hold(lock_file(copied.database)):
        result = copied.zaia("run")
        beside = copied.zaia("status")
        assert (beside.code, "snapshot" in beside.text) == (0, True)
        copied.database.with_name("support.snapshot.duckdb").unlink()
        assert copied.zaia("status").code == 75
    assert (result.code, "Another run is at work" in result.text) == (75, True)
    assert copied.zaia("run").code == 0


def test_a_destination_in_which_no_copy_was_ever_compared(desk: Any) -> None:
    place = {"DESTINATION__SQLALCHEMY__CREDENTIALS": f"sqlite:///{desk.folder}/copy.db"}
    refused = desk.zaia("run", "--destination", "sqlalchemy", env=place)
    assert refused.code == 3
    assert "--untested-destination" in refused.text
    assert "was ever compared" in " ".join(
        desk.zaia("check", "--destination", "sqlalchemy", env=place).text.split()
    )
    let = desk.zaia("run", "-d", "sqlalchemy", "--select", "tags", "--untested-destination", env=place)
    assert let.code == 0, let.text
    assert "was ever compared" in " ".join(let.text.split())
