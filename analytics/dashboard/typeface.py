"""The letters of the page that is sent around: PT Sans, as in the dashboard, of which each page brings what it shows.

The charts are laid out by the same letters, so that labels do not collide where it is not installed.
"""

from __future__ import annotations

import base64
import io
from importlib.resources import as_file, files

import vl_convert
from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

FAMILY = "PT Sans"
_FACES = {400: "PT_Sans-Web-Regular.ttf", 700: "PT_Sans-Web-Bold.ttf"}
"""The files of ``fontpkg-pt-sans`` by weight; the licence, OFL 1.1, lets a document bring them."""
_FOLDER = files("fontpkg_pt_sans") / "files"


def let_charts_use_it() -> None:
    """Let what draws charts measure labels by it."""
    with as_file(_FOLDER) as folder:
        vl_convert.register_font_directory(str(folder))


def css(text: str) -> str:
    """Return the rules by which a page has it, with no more letters than are in a text."""
    return "\n".join(_rule(weight, _subset(file, text)) for weight, file in _FACES.items())


def _rule(weight: int, font: bytes) -> str:
    address = f"data:font/woff;base64,{base64.b64encode(font).decode()}"
    return f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weight}; src: url({address}) format("woff"); }}'


def _subset(file: str, text: str) -> bytes:
    options = Options(flavor="woff", hinting=False, notdef_outline=True)
    subsetter, written = Subsetter(options), io.BytesIO()
    with as_file(_FOLDER / file) as path, TTFont(path, recalcTimestamp=False) as font:
        subsetter.populate(text=text)
        subsetter.subset(font)
        font.flavor = options.flavor
        font.save(written)
    return written.getvalue()
