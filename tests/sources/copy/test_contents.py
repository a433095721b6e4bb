"""What a load finds in the copy, with no more questions than it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dlt
import pytest

from pylon_elt.sources.pylon.catalog import HANGING
from pylon_elt.sources.pylon.copy.contents import EXPECTED, Contents
from pylon_elt.sources.pylon.copy.copied import Copied
from pylon_elt.sources.pylon.lanes.conversation import BATCH_ROWS


class Asked(Copied):
    """Counts what the database is asked."""

    questions = 0

    def _run(self, *asked: Any) -> Any:
        self.questions += 1
        return super()._run(*asked)


@pytest.fixture
def pipeline(tmp_path: Path) -> Any:
    """Fills a copy."""
    return dlt.pipeline(
        "contents",
        destination=dlt.destinations.duckdb(str(tmp_path / "copy.duckdb")),
        dataset_name="desk",
        pipelines_dir=str(tmp_path / "work"),
    )


def test_parents_with_rows_are_told_from_others_and_those_that_come_next_are_looked_up_with_the_first(
    pipeline: Any,
) -> None:
    rows = [{"id": str(number), "issue_id": f"issue {number}"} for number in range(0, 3 * EXPECTED, 2)]
    pipeline.run(rows, table_name="issue_messages")
    messages, threads = HANGING["issue_messages"], HANGING["issue_threads"]
    waiting = [f"issue {number}" for number in range(3 * EXPECTED)]
    with Asked(pipeline) as copied:
        contents = Contents(copied)

        def has_rows(number: int) -> bool:
            return contents.has_rows(messages, f"issue {number}", lambda most: waiting[number:][:most])

        assert [has_rows(number) for number in range(len(waiting))] == [
            number % 2 == 0 for number in range(len(waiting))
        ]
        assert not contents.has_rows(threads, "issue 0", lambda _most: ())
        assert copied.questions == len(waiting) / EXPECTED
        assert not contents.has_rows(messages, "nobody expected it", lambda _most: ())


@pytest.mark.dear
def test_former_places_of_a_whole_batch_are_asked_for_at_once(pipeline: Any) -> None:
    rows = [{"id": str(number), "issue_id": f"issue {number % 7}"} for number in range(BATCH_ROWS)]
    pipeline.run(rows, table_name="issue_messages")
    places = {
        (str(number), "issue 7" if number % 7 == 3 else f"issue {number % 7}") for number in range(BATCH_ROWS)
    }
    with Asked(pipeline) as copied:
        assert Contents(copied).also_under(HANGING["issue_messages"], places) == {"issue 3"}
        assert copied.questions == 1
