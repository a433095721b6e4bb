"""What dlt keeps with each load: its keys are spelt in one module, and its form is that of former versions."""

from __future__ import annotations

import ast
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.imports import modules

from pylon_elt.sources.pylon.api import windows
from pylon_elt.sources.pylon.copy.state import Amid, CollectionState, Going, Key, Late, SourceState, Stretch
from pylon_elt.sources.pylon.rows.extras import Extra

NOW = datetime(2026, 7, 1, 12, 0, 0, 250_000, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
instants = st.datetimes(min_value=datetime.fromisoformat("2015-01-01")).map(
    lambda naive: naive.replace(tzinfo=UTC)
)


def test_the_keys_are_those_of_former_versions() -> None:
    issues = {
        "begun_at": "2026-07-01T12:00:00.250000+00:00",
        "changed_until": "2026-07-02T12:00:00.250000+00:00",
        "history_until": "2026-06-01T00:00:00+00:00",
        "history_width": 86400.0,  # read no more
        "history_complete": True,
    }
    former: dict[str, Any] = {
        "pace": {"search_issues": {"limit": 20}},
        "late": {
            "count": 3,
            "beyond": 1,
            "largest_seconds": 12.3,
            "last_at": "2026-07-02T12:00:00.250000+00:00",
        },
        "extra_fields": {"issues": {"mood": ["2026-07-01T12:00:00.250000+00:00", False]}},
        "reconciled_at": "2026-07-01T12:00:00.250000+00:00",
        "resources": {
            "issues": issues,
            "accounts": {"refreshed_at": "2026-07-01T12:00:00.250000+00:00"},
            "custom_objects": {"filter_minded": True, "streams": {"cars": issues}},
        },
    }
    state = SourceState(json.loads(json.dumps(former)))
    assert state.pace == {"search_issues": {"limit": 20}}
    assert state.late == Late(3, 1, 12.3, LATER)
    assert state.extra_fields == {"issues": {"mood": Extra(NOW, misfit=False)}}
    assert state.reconciled_at == NOW
    assert state.collection("accounts").refreshed_at == NOW
    assert state.collection("custom_objects").filter_minded
    for stretch in (state.issues, state.collection("custom_objects").streams["cars"]):
        assert (stretch.begun_at, stretch.changed_until) == (NOW, LATER)
        assert stretch.history_until == datetime(2026, 6, 1, tzinfo=UTC)
        assert stretch.history_complete
    for view, name in ((state, "pace"), (state, "late"), (state, "extra_fields"), (state, "reconciled_at")):
        setattr(view, name, getattr(view, name))
    _set_anew(state.issues)
    assert state.stored == former, "what is written has the form of what was read"


def _set_anew(stretch: Stretch) -> None:
    for name in _keys(Stretch) & stretch.stored.keys():
        setattr(stretch, name, getattr(stretch, name))


@given(instants, instants, st.timedeltas(timedelta(minutes=1), timedelta(days=30)), st.booleans())
def test_a_stretch_survives_json(begun: datetime, until: datetime, width: timedelta, complete: bool) -> None:
    stretch = Stretch()
    assert not stretch.begun
    stretch.begun_at, stretch.changed_until, stretch.history_until = begun, until, begun
    stretch.backwards.width, stretch.history_complete = width, complete
    stretch.forwards.amid = amid = Amid(begun, until, "abc", 2, news=complete, read_at=begun)
    known = Stretch(json.loads(json.dumps(stretch.stored)))
    assert known.begun
    assert (known.begun_at, known.changed_until, known.history_until) == (begun, until, begun)
    assert (known.backwards.width, known.history_complete) == (width, complete)
    assert (known.forwards.amid, known.backwards.amid, known.forwards.width) == (amid, None, windows.WIDEST)


def test_what_was_not_begun_is_not_done_however_late_it_starts() -> None:
    assert not Stretch().history_done(None)
    assert not Stretch().history_done(NOW)
    assert Stretch({"history_until": windows.EARLIEST.isoformat()}).history_done(None), "nothing is older"


def test_the_history_ends_at_the_start_date() -> None:
    stretch = Stretch()
    stretch.begin(NOW)
    assert (stretch.begun_at, stretch.changed_until, stretch.history_until) == (NOW, NOW, NOW + windows.PAD)
    assert stretch.backwards.width == windows.WIDEST
    assert not stretch.history_done(NOW)
    stretch.history_until = NOW
    assert stretch.history_done(NOW)
    assert not stretch.history_done(None)
    stretch.history_complete = True
    assert stretch.history_done(None)


def test_a_view_changes_the_dictionary_that_dlt_handed_out() -> None:
    handed_out: dict[str, Any] = {}
    collection = CollectionState(handed_out)
    collection.stream("cars").begin(NOW)
    collection.stream("boats").begin(NOW)
    collection.forget_all_but(["cars", "trains"])
    collection.refreshed_at = NOW
    assert list(handed_out["streams"]) == ["cars"]
    assert handed_out["streams"]["cars"]["changed_until"] == handed_out["refreshed_at"] == NOW.isoformat()


def _keys(view: type) -> set[str]:
    return {name for name, value in vars(view).items() if isinstance(value, Key)}


KEYS = {"streams", "resources", "forwards", "backwards"}.union(
    *map(_keys, (SourceState, Stretch, Going, CollectionState))
)

OTHERWISE = {
    ("sources.pylon.copy.state", "*"): "spells them",
    ("pipelines.look.status", "pace"): "a key of what `pylon status --json` prints",
    ("pipelines.look.status", "late"): "a key of what `pylon status --json` prints",
    ("pipelines.look.status", "extra_fields"): "a key of what `pylon status --json` prints",
    ("pipelines.many.lines", "changed_until"): "a key of what `pylon status --format json` prints",
    ("pipelines.serve.figures", "changed_until"): "a key of what `pylon status --format json` prints",
    ("pipelines.serve.figures", "pace"): "a key of what `pylon status --format json` prints",
    ("pipelines.run.summary", "extra_fields"): "a key of what `pylon run --json` prints",
}
"""Where one of these words means something else than a key of the state."""


def test_there_are_keys() -> None:
    assert {"changed_until", "refreshed_at", "pace"} < KEYS


@pytest.mark.parametrize("building", ["sources/pylon", "pipelines"])
def test_no_other_module_spells_a_key_of_the_state(building: str) -> None:
    spelt = {
        (module, node.value)
        for module, path in modules(building).items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in KEYS
    }
    assert {
        (module, key) for module, key in spelt if (module, "*") not in OTHERWISE
    } - OTHERWISE.keys() == set()
