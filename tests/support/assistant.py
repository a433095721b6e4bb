"""An assistant: the client of the package ``mcp`` itself, over stdio to a process of its own, or over HTTP.

It is imported only by who talks: most workers of the tests never do.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .commands import KEPT, wait_until
from .repository import ROOT
from .workplaces import CopyDesk

TOKEN = "a-token-of-the-tests"
HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}  # fmt: skip
"""What a client says first."""
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
    desk: CopyDesk, talking: Callable[[Any], Awaitable[Any]], *options: str, env: dict[str, str] | None = None
) -> Any:
    """Start a server over stdio, talk to it, and return what came of that; it ends well once its input has ended."""
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    wires = Path(tempfile.mkdtemp(dir=desk.folder))
    to, of = wires / "to", wires / "of"
    os.mkfifo(to)
    os.mkfifo(of)
    command = desk.start("mcp", *options, env=env or {}, stdin=to, stdout=of)
    wired = StdioServerParameters(command="sh", args=["-c", 'cat < "$1" & exec cat > "$0"', str(to), str(of)])

    async def conversation() -> Any:
        async with Client(stdio_client(wired)) as client:
            return await talking(client)

    try:
        answer = asyncio.run(conversation())
        assert command.wait(30).code == 0, command.stderr.read_text()
    finally:
        if not command.ended.is_set():
            command.signal(signal.SIGKILL)
    return answer


async def call(client: Any, tool: str, /, **arguments: Any) -> Answer:
    """Call a tool."""
    result = await client.call_tool(tool, arguments)
    text = result.content[0].text
    return Answer({}, text) if result.is_error else Answer(result.structured_content, "")


def calls(
    desk: CopyDesk, *asked: tuple[str, dict[str, Any]], options: tuple[str, ...] = (), **more: Any
) -> list[Answer]:
    """Call some tools of a server over stdio, one after the other."""

    async def talking(client: Any) -> list[Answer]:
        return [await call(client, tool, **arguments) for tool, arguments in asked]

    return talk(desk, talking, *options, **more)


@contextmanager
def over_http(desk: CopyDesk, *options: str) -> Iterator[str]:
    """Serve over HTTP, and give the address."""
    serving = desk.start("mcp", "--http", "--port", "0", *options, env={"PYLON_MCP_TOKEN": TOKEN})
    try:
        wait_until(lambda: serving.ended.is_set() or "\n" in serving.told())
        yield serving.told().partition("\n")[0].removeprefix("The server is at ")
    finally:
        if not serving.ended.is_set():
            serving.signal(signal.SIGKILL)
        serving.ended.wait(10)


@asynccontextmanager
async def client_of(url: str, token: str = TOKEN, **headers: str) -> AsyncIterator[Any]:
    """Connect to a server over HTTP."""
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    given = {"Authorization": f"Bearer {token}", **headers}
    async with (
        httpx2.AsyncClient(headers=given, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield client
