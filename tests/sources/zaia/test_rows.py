"""What becomes of values that do not fit, and what is believed of what is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pylon_elt.sources.zaia.catalog import CHAT_MESSAGES, CHATS, DIRECTORY, TICKETS, Table, hints
from pylon_elt.sources.zaia.changes import Stamps, caught
from pylon_elt.sources.zaia.errors import ConfigurationError
from pylon_elt.sources.zaia.rows import clean, digest, identified, moment, to_row, zoned
from pylon_elt.sources.zaia.settings import Settings, host

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_what_does_not_fit_its_column_is_kept_beside() -> None:
    row = to_row(TICKETS, {"id": "t", "createdAt": "soon", "pendingChatMessages": "3", "sla": {"a": 1}}, NOW)
    assert row["created_at"] is row["pending_chat_messages"] is None
    assert row["_extra"] == {"createdAt": "soon", "pendingChatMessages": "3", "sla": {"a": 1}}


def test_a_row_without_anything_beside_has_no_extra() -> None:
    assert to_row(TICKETS, {"id": "t", "summary": None}, NOW)["_extra"] is None


@pytest.mark.dear
def test_what_no_database_stores_is_replaced() -> None:
    assert clean({"a\0": ["b\ud800", 2**63, -(2**63), 1.5, None, True]}) == {
        "a\ufffd": ["b\ufffd", str(2**63), -(2**63), 1.5, None, True]
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-01-01T00:00:00.000Z", NOW),
        ("2026-01-01T02:00:00+02:00", NOW),
        ("2026-01-01T00:00:00", None),
        ("2026-01-01", None),
        ("0000-01-01T00:00:00Z", None),
        (17, None),
        (None, None),
    ],
)
def test_a_time_has_a_zone_and_becomes_utc(text: object, found: datetime | None) -> None:
    assert moment(text) == found


def test_a_digest_tells_rows_apart_and_does_not_mind_their_order() -> None:
    assert digest(TICKETS, {"id": "1", "a": 1}) == digest(TICKETS, {"a": 1, "id": "1"})
    assert digest(TICKETS, {"id": "1", "a": 1}) != digest(TICKETS, {"id": "1", "a": 2})
    assert digest(TICKETS, {"id": "1"}) != digest(CHATS, {"id": "1"}), "other columns make other rows"


def test_entries_without_an_id_are_counted() -> None:
    assert identified([{"id": "a"}, {}, {"id": True}, "b", None]) == ([{"id": "a"}], 4)


def test_ids_that_are_numbers_or_hold_what_no_database_stores_are_ids() -> None:
    assert identified([{"id": 3}, {"id": 2**70}, {"id": "a\0"}, {"id": ""}]) == (
        [{"id": "3"}, {"id": str(2**70)}, {"id": "a\ufffd"}],
        1,
    )
    row = to_row(CHAT_MESSAGES, {"id": "m", "chatId": 5, "content": 5}, NOW)
    assert (row["chat_id"], row["content"], row["_extra"]) == ("5", None, {"content": 5})


def test_of_two_versions_on_one_page_the_last_one_counts() -> None:
    assert identified([{"id": "a", "v": 1}, {"id": "b"}, {"id": "a", "v": 2}]) == (
        [{"id": "a", "v": 2}, {"id": "b"}],
        0,
    )


@pytest.mark.parametrize(
    ("missing", "stored", "held"),
    [
        (0, 0, False),
        (0, 5, False),
        (1, 5, False),
        (5, 5, True),
        (10, 12, False),
        (11, 44, False),
        (11, 43, True),
    ],
)
def test_how_much_may_go_at_once(missing: int, stored: int, held: bool) -> None:
    assert caught(missing, stored) == held


def test_stamps_only_go_on() -> None:
    times = iter([NOW, NOW, NOW.replace(year=2025)])
    stamps = Stamps(lambda: next(times))
    first, second, third = stamps.next(), stamps.next(), stamps.next()
    assert first < second < third


@pytest.mark.parametrize("table", [TICKETS, CHATS, CHAT_MESSAGES, *DIRECTORY], ids=lambda table: table.name)
def test_every_column_is_described(table: Table) -> None:
    for column in hints(table)["columns"].values():
        assert len(column["description"].split()) >= 3


def _settings(**given: object) -> Settings:
    usual: dict[str, object] = {
        "api_key": "k",
        "base_url": "https://a.example",
        "statuses": ("a", "b"),
        "closed_statuses": ("b",),
        "full_read_hours": 1,
        "lookback_seconds": 1,
        "page_size": 1,
        "requests_per_minute": 0,
        "timeout_seconds": 1,
        "attempts": 1,
        "backoff_seconds": 0,
        "confirm_removals": False,
        "untested_destination": False,
    }
    return Settings(**{**usual, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "api.example"},
        {"base_url": "https://user:password@a.example"},
        {"base_url": "https://a.example?key=1"},
        {"statuses": ()},
        {"closed_statuses": ("c",)},
        {"page_size": 0},
        {"attempts": 0},
        {"timeout_seconds": 0},
        {"time_zone": "Europe/Nowhere"},
        {"time_zone": "../etc"},
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_without_showing_secrets(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError) as failed:
        _settings(**wrong)
    assert "password" not in str(failed.value)


def test_an_address_may_have_what_the_source_adds() -> None:
    assert host(" https://a.example/api/v1/ ") == host("https://a.example") == "https://a.example"


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("2026-07-01T10:00:00", "2026-07-01T08:00:00+00:00"),
        ("2026-01-01 10:00:00.5", "2026-01-01T09:00:00.500000+00:00"),
        ("2026-07-01T10:00:00Z", "2026-07-01T10:00:00+00:00"),
        ("2026-07-01", None),
        (1751364000, None),
    ],
)
def test_times_without_a_zone_are_meant_in_the_one_that_is_set(text: object, there: str | None) -> None:
    source = {"id": "1", "createdAt": text}
    row = to_row(TICKETS, zoned(TICKETS, source, ZoneInfo("Europe/Berlin")), datetime.now(UTC))
    assert row["created_at"] == (there and datetime.fromisoformat(there))
    assert zoned(TICKETS, source, None) is source
