"""What a DuckLake's settings may be, and when something is to be done in it by what its catalog tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pylon_elt.pipelines.base.sql_text import literal
from pylon_elt.pipelines.copy import destinations, ducklake, lake_settings
from pylon_elt.pipelines.copy.lake_settings import NAMES, Upkeep, read
from pylon_elt.pipelines.copy.lake_state import LakeState
from pylon_elt.sources.pylon.errors import ConfigurationError

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
WEEK, DAY, HOUR = timedelta(days=7), timedelta(days=1), timedelta(hours=1)


def variable(name: str) -> str:
    return f"{lake_settings.SECTION}__{name}".upper()


def test_without_settings_a_state_is_kept_for_a_week_and_no_file_goes_that_is_unknown() -> None:
    assert read() == Upkeep(WEEK, is_said=False, merge=True, unknown=False)


def test_every_setting_can_be_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(NAMES, ("1.5", "false", "true"), strict=True):
        monkeypatch.setenv(variable(name), value)
    assert read() == Upkeep(timedelta(days=1.5), is_said=True, merge=False, unknown=True)
    monkeypatch.setenv(variable(NAMES[0]), "Never")
    assert read().keep is None
    monkeypatch.setenv(variable(NAMES[0]), "0")
    assert read().keep == timedelta(0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((NAMES[0], value) for value in ("-1", "soon", "7d", "nan", "true", "1e9")),
        *((name, value) for name in NAMES[1:] for value in ("2", "perhaps")),
    ],
)
def test_what_cannot_be_used_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable(name), value)
    with pytest.raises(ConfigurationError) as refused:
        read()
    assert name in refused.value.message
    assert "[ducklake]" in refused.value.remedy


def state(**given: Any) -> LakeState:
    known: dict[str, Any] = {
        "snapshots": [(1, NOW - HOUR), (2, NOW)],
        "deleted_since": None,
        "put_down": None,
        "crowded": [],
        "rewritten": None,
        "strangers": [],
    }
    return LakeState(**(known | given))


def test_a_state_ends_once_another_one_has_been_in_its_place_for_so_long() -> None:
    one = state(snapshots=[(1, NOW - 30 * DAY), (2, NOW - 8 * DAY), (3, NOW - 6 * DAY)])
    assert one.expired(NOW - WEEK) == [1]
    assert one.expired(NOW) == [1, 2], "the last one is the copy"
    assert one.expired(NOW - 9 * DAY) == []


@pytest.mark.parametrize(
    ("given", "keep", "due"),
    [
        ({}, WEEK, False),
        ({"deleted_since": NOW - HOUR}, WEEK, False),
        ({"deleted_since": NOW - DAY}, WEEK, True),
        ({"deleted_since": NOW - DAY}, None, False),
        ({"snapshots": [(1, NOW - 20 * DAY), (2, NOW - 9 * DAY)]}, WEEK, True),
        ({"snapshots": [(1, NOW - 20 * DAY), (2, NOW - 7.5 * DAY)]}, WEEK, False),
        ({"snapshots": [(1, NOW - 20 * DAY), (2, NOW - 9 * DAY)]}, None, False),
        ({"crowded": [("pylon", "issues")]}, WEEK, True),
        ({"crowded": [("pylon", "issues")], "rewritten": NOW - HOUR / 2}, WEEK, False),
        ({"crowded": [("pylon", "issues")], "rewritten": NOW - HOUR}, None, True),
    ],
)
def test_a_run_does_something_only_where_it_has_waited(
    given: dict[str, Any], keep: timedelta | None, *, due: bool
) -> None:
    assert state(**given).is_due(NOW, keep, DAY, HOUR) is due


def test_files_are_not_merged_where_that_is_not_wanted() -> None:
    assert not state(crowded=[("pylon", "issues")]).is_due(NOW, WEEK, DAY, None)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (
            "postgresql://me:h%20u'sh@db.example:6543/lakes",
            "host='db.example' port='6543' dbname='lakes' user='me'",
        ),
        (
            "postgresql://me@db/lakes?password=h%20u'sh&host=/run/it's&sslmode=require",
            "host='/run/it\\'s' dbname='lakes' user='me' sslmode='require'",
        ),
    ],
)
def test_a_reader_attaches_a_catalog_in_postgres_by_a_path_without_its_password(
    given: str, path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = "DESTINATION__DUCKLAKE__CREDENTIALS__"
    monkeypatch.setenv(f"{place}DUCKLAKE_NAME", "lake")
    monkeypatch.setenv(f"{place}CATALOG", given)
    monkeypatch.setenv(f"{place}STORAGE__BUCKET_URL", f"file://{tmp_path}/files")
    lake = ducklake.lake_of(destinations.open_pipeline("ducklake", pipelines_dir=str(tmp_path)))
    assert lake.is_secret
    secret, attach = lake.attach()
    assert secret == "CREATE SECRET pylon_catalog (TYPE postgres, PASSWORD 'h u''sh')"
    assert attach.startswith(f'ATTACH {literal("ducklake:postgres:" + path)} AS "lake" (')
    assert attach.endswith(", META_SECRET 'pylon_catalog', READ_ONLY)")
