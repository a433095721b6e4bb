"""An assistant: the client of the package ``mcp`` itself, over stdio to a process of its own, or over HTTP."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from .commands import KEPT
from .repository import ROOT

TOKEN = "a-token-of-the-tests"
COMMAND = (sys.executable, "-c", "from pylon_elt.pipelines.cli import main; main()", "mcp")


@dataclass
class Answer:
    """What a tool answered."""

    data: dict[str, Any]
    error: str


def environment(folder: Path, more: dict[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a server in a folder."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "DLT_DATA_DIR": str(folder / "dlt"), **(more or {})}


def talk(
    folder: Path, talking: Callable[[Any], Awaitable[Any]], *options: str, env: dict[str, str] | None = None
) -> Any:
    """Start a server over stdio, talk to it, and return what came of that."""
    command, *arguments = COMMAND
    server = StdioServerParameters(
        command=command, args=[*arguments, *options], cwd=folder, env=environment(folder, env)
    )

    async def conversation() -> Any:
        with tempfile.TemporaryFile("w+") as errors:
            async with Client(stdio_client(server, errlog=errors)) as client:
                return await talking(client)

    return asyncio.run(conversation())


async def call(client: Any, tool: str, /, **arguments: Any) -> Answer:
    """Call a tool."""
    result = await client.call_tool(tool, arguments)
    text = result.content[0].text
    return Answer({}, text) if result.is_error else Answer(result.structured_content, "")


def calls(
    folder: Path, *asked: tuple[str, dict[str, Any]], options: tuple[str, ...] = (), **more: Any
) -> list[Answer]:
    """Call some tools of a server over stdio, one after the other."""

    async def talking(client: Any) -> list[Answer]:
        return [await call(client, tool, **arguments) for tool, arguments in asked]

    return talk(folder, talking, *options, **more)


@contextmanager
def over_http(folder: Path, *options: str, env: dict[str, str] | None = None) -> Iterator[tuple[str, Any]]:
    """Serve over HTTP, and give the address and the process."""
    serving = subprocess.Popen(
        [*COMMAND, "--http", "--port", "0", *options],
        cwd=folder, env=environment(folder, {"PYLON_MCP_TOKEN": TOKEN, **(env or {})}),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert serving.stdout is not None
        line = serving.stdout.readline()
        yield line.removeprefix("The server is at ").strip(), serving
    finally:
        serving.kill()
        serving.wait(10)


@asynccontextmanager
async def client_of(url: str, token: str = TOKEN, **headers: str) -> AsyncIterator[Any]:
    """Connect to a server over HTTP."""
    given = {"Authorization": f"Bearer {token}", **headers}
    async with (
        httpx2.AsyncClient(headers=given, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield client
