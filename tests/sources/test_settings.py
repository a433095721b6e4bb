"""Settings are checked before the first request, and what is wrong is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from pylon_elt.sources.pylon.catalog import ENDPOINTS, RATE_LIMITS, TABLES
from pylon_elt.sources.pylon.errors import ConfigurationError, CredentialsError
from pylon_elt.sources.pylon.settings import LOOKBACK_SECONDS, parse_date, settings


def test_a_token_is_all_that_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLON_API_KEY", "pyl_from_environment")
    found = settings()
    assert found.api_key == "pyl_from_environment"
    assert found.base_url == "https://api.usepylon.com"
    assert found.rate_limits == RATE_LIMITS
    assert (found.rate_window_seconds, found.lookback_seconds) == (60, LOOKBACK_SECONDS)
    assert found.start_date is None
    assert settings("pyl_given").api_key == "pyl_given"


def test_the_token_does_not_show_in_a_representation() -> None:
    assert "pyl_secret" not in repr(settings("pyl_secret"))


@pytest.mark.parametrize("token", [None, "", "   ", "\n", "<configure me>"])
def test_a_missing_token_says_where_it_goes(token: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYLON_API_KEY", raising=False)
    with pytest.raises(CredentialsError, match="PYLON_API_KEY"):
        settings(token)


def test_what_dlt_init_writes_in_place_of_a_secret_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests with a key that everybody knows would hide nothing."""
    monkeypatch.setenv("PYLON_API_KEY", "pyl_from_environment")
    assert settings("<configure me>").api_key == "pyl_from_environment"
    with pytest.raises(ConfigurationError, match="mask_key"):
        settings(mask={"contacts": {"email": "hash"}}, mask_key="<configure me>")


@pytest.mark.parametrize("token", ["pyl_a b", "pyl_é", "pyl_a\nX-Header: 1", 'pyl_"\ta'])
def test_a_token_that_cannot_be_one_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(CredentialsError) as error:
        settings(token)
    assert token not in str(error.value)


def test_spaces_around_a_token_are_a_slip_of_the_hand() -> None:
    assert settings(" pyl_a\n").api_key == "pyl_a"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        (None, "https://api.usepylon.com"),
        ("EU", "https://api.eu.usepylon.com"),
        ("us", "https://api.usepylon.com"),
    ],
)
def test_the_region_gives_the_host(region: Any, host: str) -> None:
    assert settings("t", region=region).base_url == host


def test_another_host_wins_over_the_region() -> None:
    found = settings("t", region="eu", base_url="http://localhost:1/")
    assert (found.base_url, found.region) == ("http://localhost:1", "eu")


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("https://host?x=1", "query"),
        ("https://host/?", "query"),
        ("https://host/path#part", "fragment"),
        ("https://user:sesame@host", "a user or a password"),
        ("https://us@er:sesame@host/", "a user or a password"),
        ("https://:sesame@host", "a user or a password"),
        ("ftp://user:sesame@host", "base_url is"),
        ("https://user:ses?ame@host", "query"),
        ("http://host:99999", "port"),
        ("http://host:abc", "port"),
        ("http://host:0", "port"),
        ("http://host:-1", "port"),
        ("https://", "no host"),
        ("https:///path", "no host"),
        ("http://:80", "no host"),
        ("http://[::1", "host"),
        ("http://a..b", "host"),
        ("https://my host", "character"),
        ("https://host\n", "character"),
        ("https://host\\path", "character"),
    ],
)
def test_a_url_that_cannot_be_asked_is_refused_without_showing_a_password(url: str, wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url") as refused:
        settings("t", base_url=url)
    assert wrong in refused.value.message
    assert "sesame" not in str(refused.value)
    assert "ses?ame" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["http://[::1]:8080", "https://proxy.example/pylon", "http://localhost:1", "https://bücher.example"],
)
def test_a_url_may_have_a_port_and_a_path(url: str) -> None:
    assert settings("t", base_url=f"{url}/").base_url == url


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"region": "moon"}, "region"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"base_url": "api.usepylon.com"}, "base_url"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"start_date": "2025-02-30"}, "start_date"),
        ({"start_date": "2025-01-31/2025-03-01"}, "start_date"),
        ({"rate_limits": {"lowest": 1}}, "rate_limits"),
        ({"rate_limits": {"low": 0}}, "rate_limits"),
        ({"rate_limits": {"low": 1.5}}, "rate_limits"),
        ({"rate_limits": {"low": "10"}}, "rate_limits"),
        ({"rate_window_seconds": 0}, "rate_window_seconds"),
        ({"rate_window_seconds": True}, "rate_window_seconds"),
        ({"lookback_seconds": -1}, "lookback_seconds"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": "many"}, "page_size"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"refresh_hours": {"tags": -1}}, "tags"),
        ({"refresh_hours": {"tags": "daily"}}, "tags"),
    ],
)
def test_what_cannot_be_used_is_named(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        settings("t", **options)


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2025-01-31", datetime(2025, 1, 31, tzinfo=UTC)),
        ("2025-01-31T12:00:00+02:00", datetime(2025, 1, 31, 10, tzinfo=UTC)),
        ("2025-01-31T12:00:00Z", datetime(2025, 1, 31, 12, tzinfo=UTC)),
        (datetime.fromisoformat("2025-01-31"), datetime(2025, 1, 31, tzinfo=UTC)),
        (datetime(2025, 1, 31, tzinfo=timezone(timedelta(hours=-5))), datetime(2025, 1, 31, 5, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
def test_dates_are_read_in_utc(value: Any, instant: datetime | None) -> None:
    assert parse_date("start_date", value) == instant


def test_a_page_size_is_kept_within_what_each_endpoint_takes() -> None:
    found = settings("t", page_size=5000)
    assert found.limit(ENDPOINTS["list_issues"]) == 5000
    assert found.limit(ENDPOINTS["search_issues"]) == 999
    assert found.limit(ENDPOINTS["users"]) is None
    assert found.limit(ENDPOINTS["issue_messages"]) is None
    plain = settings("t")
    assert plain.limit(ENDPOINTS["search_issues"]) == 999
    assert settings("t", page_size=7).limit(ENDPOINTS["accounts"]) == 7


def test_intervals_by_table_or_for_all() -> None:
    assert settings("t").interval_hours("tags", 24) == 24
    assert settings("t", refresh_hours=2).interval_hours("tags", 24) == 2
    found = settings("t", refresh_hours={"tags": 0, "*": 5})
    assert (found.interval_hours("tags", 24), found.interval_hours("teams", 24)) == (0, 5)


def test_one_tier_can_be_set_without_the_others() -> None:
    assert settings("t", rate_limits={"medium": 120}).rate_limits == {**RATE_LIMITS, "medium": 120}


def test_tables_that_are_off_are_read_with_their_ledger_once_they_are_included() -> None:
    usual = settings("t").usual
    assert {"issues", "issue_sync", "parent_sync", "tasks"} <= set(usual)
    assert "audit_logs" not in usual
    more = settings("t", include=["audit_logs", "issue_voice_calls"]).usual
    assert set(more) - set(usual) == {"audit_logs", "issue_voice_calls"}


def test_a_table_to_include_that_does_not_exist_is_named_with_the_near_one() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean audit_logs"):
        settings("t", include=["audit_log"])


@pytest.mark.parametrize("value", [[""], [1], ["a", None]])
def test_lists_hold_names(value: Any) -> None:
    with pytest.raises(ConfigurationError, match="custom_object_types"):
        settings("t", custom_object_types=value)


def test_a_single_name_is_a_list_of_one_and_a_name_counts_once() -> None:
    assert settings("t", custom_object_types="companies").custom_object_types == ("companies",)
    assert settings("t", custom_object_types=["a", "a", " b "]).custom_object_types == ("a", "b")


def test_a_reading_is_too_old_after_the_tables_own_interval() -> None:
    now = datetime(2026, 7, 1, tzinfo=UTC)
    known = settings("t", refresh_hours={"milestones": 2})
    assert known.cutoff(TABLES["milestones"], now) == now - timedelta(hours=2)
    assert known.cutoff(TABLES["task_comments"], now) == now - timedelta(hours=168)
    assert known.cutoff(TABLES["issue_messages"], now) is None
