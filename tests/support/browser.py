"""Debian's Chromium without a window, driven by Playwright, and kept from everything but this machine."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from .repository import ROOT

IMAGES = ROOT / "docs" / "images"

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
REQUIRED = "PYLON_BROWSER_TESTS"
"""``required`` in CI: there, a test that cannot run has failed."""


def chromium() -> str:
    """Return the program; skip the test where there is none, but fail it in CI."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        give_up = pytest.fail if os.environ.get(REQUIRED) == "required" else pytest.skip
        give_up("there is no chromium: apt-get install chromium")
    return str(found)


@contextmanager
def browser() -> Iterator[Any]:
    """Start it."""
    program = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield started
        finally:
            started.close()


def watch(page: Any) -> list[str]:
    """Return a list that fills with what a page asks of other machines, and with its errors."""
    found: list[str] = []

    def on_request(url: str) -> None:
        if urlsplit(url).scheme not in ("data", "blob", "file") and urlsplit(url).hostname != "127.0.0.1":
            found.append(url)

    page.on("request", lambda request: on_request(request.url))
    page.on("websocket", lambda socket: on_request(socket.url))
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def screenshot(tab: Any, name: str, request: pytest.FixtureRequest) -> None:
    """Take a picture; with --screenshots, the one that the README shows."""
    tab.wait_for_timeout(1500)
    taken = tab.screenshot()
    assert len(taken) > 20_000, "the page is empty"
    if request.config.getoption("--screenshots"):
        IMAGES.mkdir(parents=True, exist_ok=True)
        (IMAGES / name).write_bytes(taken)


def brightness(colour: str) -> float:
    """Return how bright a colour of CSS is, from 0 to 255: ``rgb(0, 0, 0)``, or ``color(srgb 0 0 0)`` of shares."""
    whole = 255 if colour.startswith("color(") else 1
    red, green, blue = (float(part) * whole for part in re.findall(r"\d+(?:\.\d+)?", colour)[:3])
    return 0.299 * red + 0.587 * green + 0.114 * blue
