"""What is masked is in no file that a run leaves: not in the database, nor in dlt's working files, nor in its state."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet
import pytest
from support import runs
from support.compare import read_duckdb

from pylon_elt.sources.pylon.rows.masking import REDACTED

TABLES = (*runs.ISSUE_TABLES, "contacts", "users", "issue_snapshots")
MASK = {
    "*": {"email": "hash", "_extra": "drop"},
    "issues": {"requester_email": "hash", "assignee_email": "drop", "title": "redact", "body_html": "drop"},
    "issue_messages": {"message_html": "redact", "author": "drop", "email_info": "drop"},
    "contacts": {"emails": "hash", "name": "redact"},
    "users": {"emails": "drop"},
}


def secrets(copy: runs.Copy) -> set[str]:
    """Return what must be nowhere."""
    contacts, issues = copy.world.rows("contacts"), copy.world.snapshot()["issues"]
    found = {row["email"] for row in contacts} | {row["email"] for row in copy.world.rows("users")}
    found |= {issue["title"] for issue in issues if issue["title"] != "SCRUBBED"}
    found |= {row["message_html"] for row in copy.world.snapshot()["issue_messages"] if row["message_html"]}
    return {text for text in found if text and len(text) > 8}


def leaves(folder: Path) -> Iterator[tuple[str, str]]:
    """Return every file below a folder as text, also what is compressed."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        if path.suffix == ".parquet":
            yield str(path), str(pyarrow.parquet.read_table(path).to_pylist())
        elif path.suffix == ".duckdb":
            with TemporaryDirectory() as folder:  # a snapshot holds what the database had, under its name
                yield str(path), str(read_duckdb(shutil.copy(path, Path(folder) / "support.duckdb")))
            yield f"{path}, as it is", path.read_bytes().decode("latin-1")
        else:
            content = path.read_bytes()
            content = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
            yield str(path), content.decode("utf-8", "replace")


def where(copy: runs.Copy, words: set[str]) -> set[str]:
    """Return the kinds of files in which one of some words stands."""
    return {Path(name).suffix for name, text in leaves(copy.folder) if any(word in text for word in words)}


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let dlt keep the files of finished loads."""
    monkeypatch.setenv("LOAD__DELETE_COMPLETED_JOBS", "false")


def test_no_file_holds_what_is_masked(fresh: Any) -> None:
    copy = fresh(options={"tables": TABLES, "mask": MASK, "mask_key": "long and random"})
    copy.run()
    copy.world.edit_issue(copy.world.issue_ids()[0], state="on_hold")
    copy.run()
    assert where(copy, secrets(copy)) == set()
    assert where(copy, {"long and random"}) == set()


def test_without_masks_the_search_finds_them(fresh: Any) -> None:
    copy = fresh(options={"tables": TABLES})
    copy.run()
    assert {".parquet", ".duckdb"} <= where(copy, secrets(copy))


def test_masked_copies_can_still_be_joined_and_are_otherwise_equal(fresh: Any) -> None:
    copy = fresh(options={"tables": TABLES, "mask": MASK, "mask_key": "long and random"})
    copy.run()
    rows = copy.rows()
    digest = {row["id"]: row["email"] for row in rows["contacts"]}
    truth = {issue["id"]: issue for issue in copy.world.snapshot()["issues"]}
    joined = 0
    for issue in rows["issues"]:
        true = truth[issue["id"]]
        assert issue["title"] == REDACTED
        assert issue["body_html"] is None
        assert (issue["state"], issue["number"]) == (true["state"], true["number"])
        if issue["requester_email"] is not None:
            assert issue["requester"]["email"] == issue["requester_email"]
            joined += issue["requester_email"] == digest.get(issue["requester_id"])
    assert joined > 10
    assert {row["id"] for row in rows["issue_messages"]} == {
        row["id"] for row in copy.world.snapshot()["issue_messages"]
    }


def test_a_new_mask_holds_for_all_rows_after_a_full_refresh(fresh: Any) -> None:
    copy = fresh(options={"tables": TABLES})
    copy.run()
    copy.run(mask={"issues": {"title": "redact"}})
    assert {row["title"] for row in copy.rows()["issues"]} != {REDACTED}
    copy.run(mask={"issues": {"title": "redact"}}, full_refresh=True)
    assert {row["title"] for row in copy.rows()["issues"]} == {REDACTED}
