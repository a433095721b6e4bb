"""Texts of tickets as a person would see them: HTML without its tags and what it hides, no character unseen. Pure."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
"""What nobody sees on a screen and a program reads all the same; the joiners of scripts and emoji are none of it."""
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
"""Letters of scripts that put no blanks between words (Korean has fewer than words), for a class of characters."""
_APOSTROPHE = "['\u2019]"
_ENDING = "(?:re|ve|ll|[tdms])(?!\\w)"
_SIGNS = re.compile(
    r"(?<=\w)\+\+(?!\w)"  # C++, Notepad++
    r"|(?<=(?<!\w)[^\W\d_])\#(?!\w)"  # C#, F#
    r"|(?<![\w.])\.(?=[^\W\d_]{2})"  # .NET, .pdf
    r"|(?<=(?<!\w)\w)&(?=\w{1,2}(?!\w))|(?<=(?<!\w)\w\w)&(?=\w{1,2}(?!\w))"  # R&D, AT&T
    rf"|(?<=\w){_APOSTROPHE}(?={_ENDING})",  # doesn't, I'm, it's
    re.IGNORECASE,
)
"""The signs that belong to a word: what is left without them is one letter, which begins words everywhere."""
_CUT_OFF = re.compile(
    rf"(?<=\w\w\w){_APOSTROPHE}s(?!\w)"  # the customer's
    rf"|(?<!\w)(?:[^\W\d_]|qu)(?:{_APOSTROPHE}(?!{_ENDING})|-)(?=\w\w)",  # l'adresse, qu'il, e-mail
    re.IGNORECASE,
)
"""What stands before or behind a word and says nothing by itself."""
_BLOCKS = frozenset(
    ("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3",
     "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul")
)  # fmt: skip
_NO_TEXT = frozenset(["head", "noscript", "script", "style", "template", "title"])
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)  # fmt: skip
_HIDING = re.compile(
    r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)", re.IGNORECASE
)


def visible(text: str) -> str:
    """Return a text in which each character that nobody sees is written out, as ``\\u{e0041}``."""
    return _UNSEEN.sub(lambda found: f"\\u{{{ord(found.group()):x}}}", text)


def plain(html: str | None) -> str:
    """Return what a person sees of some HTML: blocks on lines of their own, no tags, nothing that is hidden.

    An element that is hidden and never closed is shown: what a sloppy program wrote is not to be lost.
    """
    if not html:
        return ""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in visible(reader.text()).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    """Gathers text; what is inside of something hidden waits until that is closed, and is dropped then."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._hidden: tuple[str, int] | None = None  # the tag, and how much there was before it
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden is not None:
            self._depth += tag == self._hidden[0]
        elif tag not in _VOID and (tag in _NO_TEXT or _is_hidden(dict(attrs))):
            self._hidden, self._depth = (tag, len(self._parts)), 1
        if tag in _BLOCKS:
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden is not None and tag == self._hidden[0]:
            self._depth -= 1
            if self._depth == 0:
                del self._parts[self._hidden[1] :]
                self._hidden = None
        if tag in _BLOCKS:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        self._parts.append(data)

    def text(self) -> str:
        """Return what was gathered."""
        return "".join(self._parts)


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    return "hidden" in attributes or bool(_HIDING.search(attributes.get("style") or ""))


def excerpt(text: str, words: list[str], width: int = 240) -> str:
    """Return the part of a text around the first of some words, in one line; "" where none of them is in it."""
    line = unicodedata.normalize("NFC", " ".join(text.split()))
    found = next((place for word in words if (place := position(line, word)) >= 0), -1)
    if found < 0:
        return ""
    start = max(0, found - width // 3)
    end = start + width
    return f"{'… ' if start else ''}{line[start:end].strip()}{' …' if end < len(line) else ''}"


def position(text: str, word: str) -> int:
    """Return where a word, or one that begins so, first stands in a text, whatever its case; -1 for nowhere."""
    begins = rf"(?<![^\W_{UNSPACED}])" if is_spaced(word) else ""
    spelt = re.escape(word).replace("'", _APOSTROPHE)
    found = re.search(f"{begins}{spelt}", text, re.IGNORECASE)
    return found.start() if found else -1


def words(text: str, most: int) -> list[str]:
    """Return the different words of a text, at most so many, in small letters, in their order.

    A word is made of letters, digits and the marks on them, as Hindi, Thai and Arabic have; each sign, such as an
    emoji, is one by itself. Signs without which one letter were left belong to it: C++, C#, .NET, R&D, doesn't.
    """
    plain = _CUT_OFF.sub(" ", unicodedata.normalize("NFC", text))
    signs = {place for found in _SIGNS.finditer(plain) for place in range(*found.span())}
    made = [" "]
    for place, one in enumerate(plain):
        kind = unicodedata.category(one)
        if place in signs:
            made.append("'" if one == "\u2019" else one)
        elif kind == "So":
            made += [" ", one, " "]
        elif kind[0] in "LN" or (kind[0] == "M" and made[-1] != " "):
            made.append(one.lower() if len(one.lower()) == 1 else one)
        else:
            made.append(" ")
    return list(dict.fromkeys("".join(made).split()))[:most]


def is_spaced(word: str) -> bool:
    """Whether blanks stand before words such as this: before Chinese, Thai and emoji there are none."""
    return word[0].isalnum() and not re.match(f"[{UNSPACED}]", word)
