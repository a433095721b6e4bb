"""Names and texts as a statement of SQL has them, where they cannot be bound. Pure."""

from __future__ import annotations


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"
