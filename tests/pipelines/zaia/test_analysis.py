"""The verbs that look at a copy, where there is no copy of Pylon at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.dear


def test_a_workspace_without_tickets_is_no_copy_that_is_not_there(open_zaia: Any) -> None:
    desk = open_zaia(tickets=0)
    early = desk.zaia("transform")
    assert (early.code, "There is no copy yet" in early.text) == (1, True)
    assert desk.zaia("run").code == 0
    built = desk.zaia("transform", "--select", "+support__desks", "--format", "json")
    assert built.code == 0, built.text
    assert built.event("transformed")["schema"] == "zaia_analytics"


@pytest.mark.slow
def test_tables_questions_report_and_files_of_the_second_desk_alone(copied: Any) -> None:
    early = copied.zaia("ask", "backlog")
    assert (early.code, "Build them, with: zaia transform" in early.text) == (1, True)
    built = copied.zaia("transform", "--progress", "none")
    assert built.code == 0, built.text
    assert "schema zaia_analytics" in built.out
    tickets = copied.world.rows("tickets")
    still = [one for one in tickets if one["status"] != "completed"]
    backlog = json.loads(copied.zaia("ask", "backlog", "--by", "team", "--format", "json").out)
    assert sum(line["open_issues"] for line in backlog) == len(still)
    (desk,) = json.loads(copied.zaia("ask", "desks", "--format", "json").out)
    assert (desk["name"], desk["tickets"]) == ("zaia", len(tickets))
    narrowed = copied.zaia("ask", "backlog", "--desk", "pylon")
    assert (narrowed.code, "--desk cannot be 'pylon'" in narrowed.text) == (2, True)
    report = copied.zaia("report", "--html", "report.html")
    assert report.code == 0, report.text
    page = (copied.folder / "report.html").read_text()
    assert "; read from Zaia" in page
    assert "from Pylon" not in page
    written = copied.zaia("export", "files", "--select", "tickets,tags")
    assert written.code == 0, written.text
    assert {path.name for path in (copied.folder / "files").iterdir()} == {"tickets.parquet", "tags.parquet"}
    # a run of the other desk does not mind what was built
    assert copied.zaia("run").code == 0
    copied.check()
