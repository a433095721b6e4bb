"""Writes docs/questions.md: ``make docs``."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from pylon_elt.pipelines.ask.reader_duckdb import DuckDbReader
from pylon_elt.pipelines.docs.questions_page import page

from . import sample
from .commands import Commands

PAGE = Path(__file__).parents[2] / "docs" / "questions.md"
SCHEMAS = ("pylon", "pylon_analytics", "pylon_analytics_staging")


def of(database: Path) -> str:
    """Return the page with the answers of a sample."""
    with DuckDbReader.opened(database, database, SCHEMAS) as reader:
        return page(reader)


if __name__ == "__main__":
    with TemporaryDirectory() as name, Commands() as commands:
        PAGE.write_text(of(sample.make(commands, Path(name))), encoding="utf-8")
