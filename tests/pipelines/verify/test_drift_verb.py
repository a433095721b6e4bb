"""``pylon drift``: what a document says otherwise than the catalogue, of every kind; and what is no document."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.openapi import document_of_the_catalogue
from support.workplaces import Commands

from pylon_elt.pipelines.verify.drift import Drift, compare
from pylon_elt.pipelines.verify.openapi import Document

Change = Callable[[Any], None]


@pytest.fixture(scope="module")
def same() -> Any:
    """A document that says what the catalogue says."""
    return document_of_the_catalogue()


def found(document: Any) -> list[Drift]:
    return list(compare(Document(document)))


def issue(document: Any) -> Any:
    return document["components"]["schemas"]["issues"]["properties"]


def test_a_document_that_says_the_same_is_no_drift(same: Any) -> None:
    assert found(same) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda d: d["paths"].update({"/webhooks": {"get": {}, "post": {}}}),
            Drift("new endpoint", "GET /webhooks"),
        ),
        (
            lambda d: d["paths"].update({"/webhooks/search": {"post": {}}}),
            Drift("new endpoint", "POST /webhooks/search"),
        ),
        (lambda d: d["paths"].pop("/teams"), Drift("endpoint gone", "GET /teams")),
        (
            lambda d: issue(d).update(sentiment={"type": "string"}),
            Drift("new field", "issues.sentiment", "text or timestamp"),
        ),
        (
            lambda d: issue(d).update(account_id={"type": "string"}),
            Drift("new field", "issues.account_id", "text or timestamp"),
        ),
        (lambda d: issue(d).pop("title"), Drift("field gone", "issues.title")),
        (
            lambda d: issue(d)["account"]["properties"].pop("id"),
            Drift("field gone", "issues.account_id", "account.id"),
        ),
        (
            lambda d: issue(d).update(number={"type": "string"}),
            Drift("type changed", "issues.number", "bigint here, text or timestamp there"),
        ),
        (
            lambda d: issue(d).update(title={"type": "string", "format": "date-time"}),
            Drift("type changed", "issues.title", "text here, timestamp there"),
        ),
        (
            lambda d: d["paths"]["/teams"]["get"].update(responses={}),
            Drift("not described", "teams", "the answer of GET /teams"),
        ),
    ],
    ids=lambda value: f"{value.kind} {value.where}" if isinstance(value, Drift) else "",
)
def test_each_kind_of_drift_is_found_and_nothing_else(same: Any, change: Change, expected: Drift) -> None:
    changed = copy.deepcopy(same)
    change(changed)
    assert found(changed) == [expected]


def test_what_is_written_otherwise_but_says_the_same_is_no_drift(same: Any) -> None:
    changed = copy.deepcopy(same)
    issue(changed)["title"] = {"type": ["string", "null"]}
    issue(changed)["created_at"] = {"type": "string", "format": "date-time"}
    issue(changed)["account"] = {"allOf": [issue(changed)["account"], {"description": "The customer."}]}
    changed["paths"]["/issues/{number_or_id}"] = changed["paths"].pop("/issues/{issue_id}")
    assert found(changed) == []


def test_the_verb_prints_it_and_exits_5(commands: Commands, same: Any, tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(same))
    result = commands.run("drift", "--openapi", str(file), folder=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("No drift: ")
    changed = copy.deepcopy(same)
    issue(changed)["sentiment"] = {"type": "string"}
    file.write_text(json.dumps(changed))
    result = commands.run("drift", "--openapi", str(file), folder=tmp_path)
    assert result.code == 5
    assert "new field      issues.sentiment (text or timestamp)" in result.out
    assert "differs from the catalogue in 1 place" in result.text
    result = commands.run("drift", "--openapi", str(file), "--json", folder=tmp_path)
    found, failure = map(json.loads, result.out.splitlines())
    assert found["drift"] == [{"kind": "new field", "where": "issues.sentiment", "what": "text or timestamp"}]
    assert (found["event"], failure["event"], failure["exit"]) == ("drift", "failure", 5)
    assert result.code == 5


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read"),
        ("openapi: 3.0.3", "is no JSON"),
        ("[]", "it has no paths"),
        ("{}", "it has no paths"),
    ],
)
def test_what_is_no_document_is_a_usage_error(
    commands: Commands, tmp_path: Path, content: str | None, told: str
) -> None:
    file = tmp_path / "openapi.json"
    if content is not None:
        file.write_text(content)
    result = commands.run("drift", "--openapi", str(file), folder=tmp_path)
    assert result.code == 2
    assert told in result.text
    assert len(result.err.splitlines()) < 6


def test_without_a_file_it_says_what_is_missing(commands: Commands, tmp_path: Path) -> None:
    result = commands.run("drift", folder=tmp_path)
    assert result.code == 2
    assert "--openapi" in result.text
