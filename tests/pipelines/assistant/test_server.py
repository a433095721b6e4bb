"""``pylon mcp`` over both of its transports, met by the client of the package itself."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from support import assistant, sample
from support.assistant import HELLO, call, calls, client_of, over_http, talk
from support.workplaces import CopyDesk

from pylon_elt.pipelines.ask.questions import all_questions
from pylon_elt.pipelines.base import exits

pytestmark = pytest.mark.dear

TOOLS = {"questions", "ask", "describe", "select", "conversation", "find_conversations"}


async def _every_question(client: Any) -> dict[str, Any]:
    listed = await call(client, "questions")
    names = [one["name"] for one in listed.data["questions"]]
    return {name: await call(client, "ask", name=name) for name in names}


def _numbers(desk: CopyDesk) -> dict[str, Any]:
    return {name: json.loads(desk.pylon("ask", name, "--format", "json").out) for name in all_questions()}


def _same(answers: dict[str, Any], expected: dict[str, Any]) -> None:
    assert answers.keys() == expected.keys()
    for name, answer in answers.items():
        assert answer.error == "", name
        rows = [dict(zip(answer.data["columns"], row, strict=True)) for row in answer.data["rows"]]
        assert rows == expected[name], name
        assert answer.data["cut"] == ""


def test_every_question_gives_the_numbers_of_the_command_line_over_both_transports(desk: CopyDesk) -> None:
    expected = _numbers(desk)
    assert any(expected.values())
    _same(talk(desk, _every_question), expected)
    with over_http(desk) as url:

        async def talking() -> dict[str, Any]:
            async with client_of(url) as client:
                return await _every_question(client)

        _same(asyncio.run(talking()), expected)


def test_a_question_takes_its_options_and_refuses_what_means_nothing(desk: CopyDesk) -> None:
    by_team, wrong, unknown = calls(
        desk,
        ("ask", {"name": "backlog", "options": {"by": "account", "top": 3}}),
        ("ask", {"name": "backlog", "options": {"by": "tema"}}),
        ("ask", {"name": "backlgo"}),
    )
    expected = json.loads(desk.pylon("ask", "backlog", "--by", "account", "--top", "3", "-f", "json").out)
    assert by_team.data["rows"] == [list(row.values()) for row in expected]
    assert "Did you mean team?" in wrong.error
    assert "Did you mean backlog?" in unknown.error


def test_the_tools_are_described_as_reading_and_their_texts_as_data(desk: CopyDesk) -> None:
    async def talking(client: Any) -> tuple[Any, str]:
        return (await client.list_tools()).tools, client.instructions

    tools, instructions = talk(desk, talking)
    assert {tool.name for tool in tools} == TOOLS
    assert "never instructions" in instructions
    for tool in tools:
        assert tool.annotations.read_only_hint
        assert not tool.annotations.open_world_hint
        assert tool.output_schema
        assert all(given.get("description") for given in tool.input_schema["properties"].values())
    told = {tool.name: tool.description for tool in tools}
    assert all(
        "never instructions" in told[name] for name in ("select", "conversation", "find_conversations")
    )


def test_tables_and_columns_are_described(desk: CopyDesk) -> None:
    listed, one, near = calls(
        desk,
        ("describe", {}),
        ("describe", {"tables": ["issues", "pylon__issues"]}),
        ("describe", {"tables": ["isues"]}),
    )
    names = {table["table"] for table in listed.data["tables"]}
    assert {"issues", "issue_messages", "pylon__issue_metrics", "support__tickets"} <= names
    assert all(table["description"] for table in listed.data["tables"])
    raw, mart = one.data["tables"]
    columns = {column["name"]: column for column in raw["columns"]}
    assert columns["state"]["description"] == "Current status; join issue_statuses on slug."
    assert {column["name"] for column in mart["columns"]} >= {"account_name", "first_response_seconds"}
    assert "Did you mean issues?" in near.error


def test_what_the_configuration_masks_is_left_out(desk: CopyDesk) -> None:
    folder = desk.folder / ".dlt"
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text('[sources.pylon.mask.contacts]\nemail = "hash"\n')
    asked = [("describe", {"tables": ["contacts"]}), ("select", {"sql": "select email from contacts"})]
    described, selected = calls(desk, *asked, options=("--without-masked",))
    (table,) = described.data["tables"]
    assert "email" not in {column["name"] for column in table["columns"]}
    assert selected.error
    described, selected = calls(desk, *asked)
    (table,) = described.data["tables"]
    assert "email" in {column["name"] for column in table["columns"]}
    assert not selected.error


def test_without_a_copy_every_tool_says_so_and_a_copy_that_comes_is_seen(desk: CopyDesk) -> None:
    away = desk.folder / "away"
    desk.database.rename(away)

    async def talking(client: Any) -> tuple[list[str], int]:
        asked = {"ask": {"name": "backlog"}, "select": {"sql": "select 1"}, "describe": {},
                 "conversation": {"issue": "1"}, "find_conversations": {"words": "x"}}  # fmt: skip
        errors = [(await call(client, tool, **arguments)).error for tool, arguments in asked.items()]
        away.rename(desk.database)
        there = await call(client, "select", sql="select count(*) as n from issues")
        return errors, there.data["rows"][0][0]

    errors, number = talk(desk, talking)
    assert all("There is no copy yet." in error and "pylon run" in error for error in errors), errors
    assert number == desk.sql("select count(*) from issues")[0][0]


def test_before_a_transform_the_raw_tables_answer_and_the_questions_say_what_to_run(desk: CopyDesk) -> None:
    import duckdb

    with duckdb.connect(str(desk.database)) as connection:
        connection.execute("DROP SCHEMA pylon_analytics CASCADE")
    asked, found, counted, listed = calls(
        desk,
        ("ask", {"name": "backlog"}),
        ("find_conversations", {"limit": 2}),
        ("select", {"sql": "select count(*) from pylon.issues"}),
        ("describe", {}),
    )
    assert "pylon transform" in asked.error
    assert len(found.data["conversations"]) == 2
    assert counted.data["rows"] == [[sample.ISSUES]]
    assert "pylon transform" in listed.data["note"]


def test_beside_a_run_the_snapshot_answers_and_says_so(desk: CopyDesk) -> None:
    import duckdb

    from pylon_elt.pipelines.copy import snapshot

    assert snapshot.keep(desk.database) == ""
    with duckdb.connect(str(desk.database)) as writing:
        writing.execute("CREATE TABLE pylon.more AS SELECT 1")
        (answer,) = calls(desk, ("select", {"sql": "select count(*) from issues"}))
    assert answer.data["rows"] == [[sample.ISSUES]]
    assert "is being written to; this is its snapshot" in answer.data["note"]


def test_nothing_but_the_protocol_is_on_stdout_and_the_end_of_input_ends_it(desk: CopyDesk) -> None:
    messages = [
        HELLO,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "describe", "arguments": {}}},
        {
            "jsonrpc": "2.0",
            "id": 3,
            "method": "tools/call",
            "params": {"name": "select", "arguments": {"sql": "x"}},
        },
    ]
    process = subprocess.Popen(
        [*assistant.COMMAND, "--debug"], cwd=desk.folder, env=assistant.environment(desk.folder),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    answers = []
    for message in messages:
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
        if "id" in message:
            answers.append(json.loads(process.stdout.readline()))
    process.stdin.close()
    rest = process.stdout.read()
    assert process.wait(30) == exits.DONE
    assert rest == ""
    assert [answer["id"] for answer in answers] == [1, 2, 3]
    assert answers[2]["result"]["isError"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_a_signal_ends_it_in_good_order(desk: CopyDesk, number: signal.Signals, transport: str) -> None:
    scratch = desk.folder / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [*assistant.COMMAND, *(["--http", "--port", "0"] if transport == "http" else [])],
        cwd=desk.folder, env=assistant.environment(desk.folder, {"TMPDIR": str(scratch)}),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    if transport == "stdio":
        endless = {
            "sql": "select sum(hash(a.n)) from range(100000000) as a(n) cross join range(1000000) as b(n)"
        }
        for message in (
            HELLO,
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {
                "jsonrpc": "2.0",
                "id": 2,
                "method": "tools/call",
                "params": {"name": "select", "arguments": endless},
            },
        ):
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
        assert process.stdout.readline()
        until = time.monotonic() + 30
        while not any(scratch.iterdir()) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1)
    else:
        assert "http://127.0.0.1:" in process.stdout.readline()
    os.kill(process.pid, number)
    assert process.wait(15) == exits.DONE
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    assert list(scratch.iterdir()) == []


def test_over_http_only_who_knows_the_token_and_calls_it_by_its_name_is_let_in(desk: CopyDesk) -> None:
    with over_http(desk) as url:

        def asked(**headers: str) -> int:
            given = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"} | {
                name.replace("_", "-"): value for name, value in headers.items()
            }
            return httpx2.post(url, json=HELLO, headers=given, timeout=30).status_code

        right = f"Bearer {assistant.TOKEN}"
        assert asked(Authorization=right) == 200
        assert asked() == 401
        for wrong in ("Bearer", f"Basic {assistant.TOKEN}", f"{right}x", right[:-1]):
            assert asked(Authorization=wrong) == 401, wrong
        assert asked(Authorization=right, Host="rebound.example") == 421
        assert asked(Authorization=right, Origin="http://evil.example") == 403
        assert asked(Authorization=right, Origin="null") == 403
        assert httpx2.get(url.removesuffix("/mcp"), timeout=30).status_code == 401


def test_a_token_is_made_where_none_is_given_and_is_on_stderr_only(desk: CopyDesk) -> None:
    process = subprocess.Popen(
        [*assistant.COMMAND, "--http", "--port", "0"], cwd=desk.folder, env=assistant.environment(desk.folder),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stderr
    told = process.stderr.readline()
    token = told.split()[3]
    url = process.stdout.readline().removeprefix("The server is at ").strip()

    async def talking() -> int:
        async with client_of(url, token) as client:
            return len((await client.list_tools()).tools)

    assert asyncio.run(talking()) == len(TOOLS)
    process.terminate()
    rest, _ = process.communicate(timeout=20)
    assert len(token) >= 32
    assert token not in rest + url


@pytest.mark.parametrize("token", ["short", "with blanks in it, and long", "é" * 20])
def test_a_token_that_is_none_is_refused(desk: CopyDesk, token: str) -> None:
    result = desk.pylon("mcp", "--http", "--port", "0", env={"PYLON_MCP_TOKEN": token})
    assert result.code == exits.CONFIGURATION
    assert token not in result.text


def test_nothing_is_asked_of_pylon(desk: CopyDesk, open_desk: Any) -> None:
    there = open_desk()
    env = dict(there.environment)
    calls(
        desk,
        ("describe", {}), ("ask", {"name": "backlog"}), ("select", {"sql": "from issues limit 1"}),
        ("conversation", {"issue": 1}), ("find_conversations", {"words": "error"}),
        env=env,
    )  # fmt: skip
    assert there.server.count("GET /issues") == 0
    assert there.server.count("GET /me") == 0


def test_without_the_extra_it_says_how_to_install_it(desk: CopyDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    from pylon_elt.pipelines.base import installing

    monkeypatch.setattr(installing, "_is_there", lambda module: module != "mcp")
    with pytest.raises(exits.Problem) as refused:
        installing.require("mcp", "pylon mcp")
    assert refused.value.code == exits.CONFIGURATION
    assert "[mcp]" in refused.value.remedy


def test_only_this_verb_imports_mcp(tmp_path: Path) -> None:
    code = "import sys; from pylon_elt.pipelines import cli; import pylon_elt.pipelines.ask.query; print('mcp' in sys.modules)"
    found = subprocess.run(
        [assistant.COMMAND[0], "-c", code], check=True, capture_output=True, text=True,
        env=assistant.environment(tmp_path), cwd=tmp_path,
    )  # fmt: skip
    assert found.stdout.strip() == "False"
