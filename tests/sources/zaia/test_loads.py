"""The copy is the truth after each run, whatever form the API's answers have."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from support.zaia import Desk

from pylon_elt.emulator import zaia

pytestmark = pytest.mark.dear

Open = Callable[..., Desk]


@pytest.mark.parametrize("shape", ["array", "data", "items"])
def test_a_first_run_copies_every_row_and_column_whatever_the_answers_look_like(
    open_desk: Open, shape: str
) -> None:
    desk = open_desk(served={"shape": shape, "extra": True})
    desk.run()
    desk.check()


@pytest.mark.parametrize("order", ["newest", "oldest", "id"])
def test_pages_in_any_order_are_read_to_their_end(open_desk: Open, order: str) -> None:
    desk = open_desk(served={"order": order}, page_size=7)
    desk.run()
    desk.check()
    desk.server.world.new_ticket()
    desk.run()
    desk.check()


@pytest.mark.parametrize("refuse", [True, False])
def test_pages_smaller_than_what_is_asked_for_are_read_all_the_same(open_desk: Open, refuse: bool) -> None:
    desk = open_desk(served={"most": 10, "refuse_above": refuse})
    desk.run()
    desk.check()
    refused = sum(record.status == 400 for record in desk.server.log)
    desk.run()
    assert sum(record.status == 400 for record in desk.server.log) == refused, "what works is kept"


def test_a_second_run_loads_nothing_and_costs_what_the_readme_says(desk: Desk) -> None:
    before = {table: desk.rows(table) for table in ("tickets", "chats", "chat_messages", "tags")}
    assert desk.run() == desk.run() == 20
    assert {table: desk.rows(table) for table in before} == before


def test_a_run_with_nothing_new_costs_as_much_however_long_the_lists_are(open_desk: Open) -> None:
    def settled(tickets: int) -> int:
        desk = open_desk(zaia.World.seeded(seed=2, tickets=tickets), file=f"{tickets}.duckdb", page_size=10)
        desk.pipeline = desk.machine(str(tickets))
        world = desk.server.world
        for row in world.rows("tickets"):
            if row["status"] == "pending":
                world.take_over(row["id"])
            if row["status"] != "completed":
                world.complete(row["id"])
        only = ["tickets", "external_users"]
        desk.run(only)
        desk.check(only)
        return desk.run(only)

    assert settled(60) == settled(120) <= 9


def test_runs_on_many_random_changes_leave_the_truth(desk: Desk, seed: int) -> None:
    rng = Random(seed)
    for round_ in range(6):
        for _ in range(3):
            desk.server.world.stir(rng)
        desk.run(full_read_hours=24 if round_ % 2 else 0)
        if not round_ % 2:
            desk.check()
    desk.run(full_read_hours=0)
    desk.check()
    living = {row["id"] for row in desk.server.world.rows("tickets")}
    assert not living & desk.gone("tickets")


def test_a_selection_of_tables_works_alone_and_the_others_follow(open_desk: Open) -> None:
    desk = open_desk()
    desk.run(["chat_messages", "tags"])
    desk.check(["chat_messages", "tags"])
    desk.run(["chats"])
    desk.server.world.new_message(desk.server.world.rows("chats")[0]["id"])
    desk.run(["chats"])
    desk.run()
    desk.check()


def test_messages_that_are_selected_after_the_chats_are_read_of_all_chats(open_desk: Open) -> None:
    desk = open_desk()
    desk.run(["chats"])
    desk.run()
    desk.check()


def test_tables_that_were_dropped_by_hand_are_read_anew(desk: Desk) -> None:
    with desk.pipeline.sql_client() as client:
        for table in ("chat_messages", "tickets", "tags"):
            client.execute_sql(f"DELETE FROM {client.make_qualified_table_name(table)}")
    desk.run()
    desk.check()


def test_a_refresh_reads_everything_anew(desk: Desk) -> None:
    desk.pipeline.run(desk.source(), refresh="drop_sources")
    desk.check()
    desk.pipeline.run(desk.source().with_resources("chat_messages", "tags"), refresh="drop_resources")
    desk.check()
