"""Asking over HTTP: the walk along cursors, its guards, retries, and what each failure becomes."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from support.memory import alive

from pylon_elt import emulator
from pylon_elt.sources.pylon.api.client import Client
from pylon_elt.sources.pylon.api.pacing import Pacers
from pylon_elt.sources.pylon.api.paging import Paging
from pylon_elt.sources.pylon.api.sending import ATTEMPTS, REFUSALS
from pylon_elt.sources.pylon.api.walk import EMPTY_PAGES
from pylon_elt.sources.pylon.catalog import ENDPOINTS
from pylon_elt.sources.pylon.errors import (
    CredentialsError,
    PermissionDenied,
    PylonError,
    Rejected,
    TurnOver,
    Unavailable,
)
from pylon_elt.sources.pylon.settings import Settings, settings

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
RATES = {"low": 1000, "medium": 1000, "high": 1000}
ACCOUNTS, TAGS, SEARCH = ENDPOINTS["accounts"], ENDPOINTS["tags"], ENDPOINTS["search_issues"]
LIST, MESSAGES, GET = ENDPOINTS["list_issues"], ENDPOINTS["issue_messages"], ENDPOINTS["get_issue"]
RANGE = {"start_time": "2026-06-02T00:00:00Z", "end_time": "2026-07-02T00:00:00Z"}


@pytest.fixture
def serve() -> Iterator[Callable[..., emulator.Server]]:
    with ExitStack() as stack:

        def start(**options: Any) -> emulator.Server:
            world = emulator.World.seeded(
                seed=3, issues=30, years=0.07, now=NOW, accounts=23, clock=lambda: NOW
            )
            return stack.enter_context(emulator.running(world, emulator.Settings(**options)))

        yield start


class Asker:
    """Runs one coroutine with a client that waits for nothing, and keeps what it would have waited for."""

    def __init__(self, server: Any, **options: Any) -> None:
        given = {"base_url": server.base_url, "timeout_seconds": 5.0, **options}
        self.settings: Settings = settings(given.pop("api_key", "pyl_test"), **given)
        self.waits: list[tuple[str, float]] = []
        self.pacers = Pacers(RATES, 0.2)
        self.paging = Paging()

    def do(self, work: Callable[[Client], Any]) -> Any:
        async def run() -> Any:
            client = Client(self.settings, self.pacers, pause=self._pause, paging=self.paging)
            try:
                return await work(client)
            finally:
                await client.close()

        return asyncio.run(run())

    async def _pause(self, endpoint: str, seconds: float) -> None:
        if seconds:
            self.waits.append((endpoint, seconds))
        await asyncio.sleep(min(seconds, 0.02))

    def rows(self, endpoint: Any, **request: Any) -> list[dict[str, Any]]:
        async def walk(client: Client) -> list[dict[str, Any]]:
            return [row async for page in client.pages(endpoint, **request) for row in page.rows]

        found: list[dict[str, Any]] = self.do(walk)
        return found

    def ask(self, endpoint: Any, **request: Any) -> Any:
        return self.do(lambda client: client.ask(endpoint, **request))


# -- walking -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["offset", "keyset"])
@pytest.mark.parametrize("last_page", ["present", "null", "absent"])
@pytest.mark.parametrize("page_size", [1, 5, 22, 23, 24, 999])
def test_a_walk_brings_every_row_once(kind: str, last_page: str, page_size: int, serve: Any) -> None:
    server = serve(cursor_kind=kind, last_page=last_page)
    rows = Asker(server, page_size=page_size).rows(ACCOUNTS)
    assert [row["id"] for row in rows] == [row["id"] for row in server.world.rows("accounts")]
    assert {record.query["limit"] for record in server.log} <= {str(page_size), str(page_size - 1)}


@pytest.mark.parametrize("endpoint", [LIST, SEARCH])
def test_issues_are_walked_too(endpoint: Any, serve: Any) -> None:
    server = serve()
    request = {"query": RANGE} if endpoint is LIST else {"body": {"filter": None}}
    rows = Asker(server, page_size=7).rows(endpoint, **request)
    assert {row["id"] for row in rows} == set(server.world.issue_ids())
    assert len(rows) == len(server.world)


def test_limit_and_cursor_stand_where_the_endpoint_reads_them(serve: Any) -> None:
    server = serve()
    asker = Asker(server, page_size=20)
    asker.rows(SEARCH, body={"filter": None})
    asker.rows(LIST, query=RANGE)
    search, searched, listed = (server.log[index] for index in (0, 1, 2))
    assert search.body == {"filter": None, "limit": 20}
    assert searched.body["cursor"]
    assert searched.query == {}
    assert listed.query == {**RANGE, "limit": "20"}
    assert server.log[3].query["cursor"]


@pytest.mark.parametrize("empty_data", ["list", "null", "absent"])
def test_an_empty_list_has_no_rows_however_it_is_said(empty_data: str, serve: Any) -> None:
    server = serve(empty_data=empty_data)
    for row in server.world.rows("tags"):
        server.world.drop("tags", row["id"])
    assert Asker(server).rows(TAGS) == []
    assert len(server.log) == (2 if empty_data == "absent" else 1), "what leaves it out says so twice"


WITHOUT_DATA = ["null_page", "absent_data"]
WITHOUT_CURSOR = ["empty_cursor", "stuck_cursor"]
ALL_ACCOUNTS = 23


@pytest.mark.parametrize("kind", WITHOUT_DATA)
def test_a_page_that_cannot_be_is_asked_for_again_with_the_same_cursor(kind: str, serve: Any) -> None:
    server = serve()
    server.faults.add(kind, "GET /accounts", page="later", count=3)
    assert len(Asker(server, page_size=10).rows(ACCOUNTS)) == ALL_ACCOUNTS
    cursors = [record.query.get("cursor") for record in server.log]
    assert cursors[1] == cursors[2] == cursors[3]


@pytest.mark.parametrize("kind", WITHOUT_DATA)
def test_a_page_that_never_comes_ends_the_walk_loudly(kind: str, serve: Any) -> None:
    server = serve()
    server.faults.add(kind, "GET /accounts", page="later")
    with pytest.raises(Unavailable, match="without data announces another"):
        Asker(server, page_size=10).rows(ACCOUNTS)
    assert len(server.log) == 1 + ATTEMPTS


def test_an_empty_list_that_is_null_and_announces_more_is_one_where_all_lists_end_so(serve: Any) -> None:
    server = serve(empty_data="null")
    server.faults.add("empty_cursor", "GET /accounts")
    asker = Asker(server)
    assert len(asker.rows(ACCOUNTS)) == ALL_ACCOUNTS
    for row in server.world.rows("accounts"):
        server.world.drop("accounts", row["id"])
    assert asker.rows(ACCOUNTS) == []
    with pytest.raises(Unavailable, match="without data announces another"):
        Asker(server).rows(ACCOUNTS)


@pytest.mark.parametrize("kind", WITHOUT_CURSOR)
@pytest.mark.parametrize("page", ["first", "later", None])
@pytest.mark.parametrize("count", [1, 2, 3, None])
@pytest.mark.parametrize("page_size", [3, 10, 22, 23, 24, 999])
def test_a_page_that_announces_another_without_saying_where_loses_no_row(
    kind: str, page: Any, count: Any, page_size: int, serve: Any
) -> None:
    """Short pages end the list; what follows a full one is found out by other pages. Rows may come twice."""
    server = serve()
    server.faults.add(kind, "GET /accounts", page=page, count=count)
    rows = Asker(server, page_size=page_size).rows(ACCOUNTS)
    assert [*dict.fromkeys(row["id"] for row in rows)] == [row["id"] for row in server.world.rows("accounts")]


def test_what_the_last_page_always_looks_like_is_learnt_once(serve: Any) -> None:
    server = serve()
    server.faults.add("empty_cursor", "GET /accounts")

    async def thrice(client: Client) -> None:
        for _ in range(3):
            assert len((await client.first_page(ACCOUNTS)).rows) == ALL_ACCOUNTS

    Asker(server).do(thrice)
    assert len(server.log) == 3 + 1


def test_a_list_that_no_reading_can_end_is_refused() -> None:
    """The server gives as many rows as it is asked for, for ever."""
    rows = ",".join('{"id": "a"}' for _ in range(1000))
    bodies = [
        f'{{"data": [{rows[: limit * 12 - 1]}], "pagination": {{"has_next_page": true}}}}'
        for limit in (10, 9, 10, 10, 20, 40, 80, 160, 320, 640, 999)
    ]
    with (
        canned(bodies) as (server, asked),
        pytest.raises(Unavailable, match="does not say whether, and where"),
    ):
        Asker(server, page_size=10).rows(ACCOUNTS)
    assert len(asked) == len(bodies)


@pytest.mark.parametrize("rows", ["", '{"id": "t1"}, {"id": "t2"}'])
def test_pages_with_nothing_new_are_given_up(rows: str) -> None:
    """A cursor that advances for ever, with the same rows or with none."""
    answers = [
        f'{{"data": [{rows}], "pagination": {{"cursor": "{number}", "has_next_page": true}}}}'
        for number in range(99)
    ]
    with (
        canned(answers) as (server, asked),
        pytest.raises(Unavailable, match="one page after another with nothing new"),
    ):
        Asker(server).rows(TAGS)
    assert len(asked) == EMPTY_PAGES + (2 if rows else 1)


def test_an_empty_page_between_others_is_passed() -> None:
    pages = ['[{"id": "a"}]', "[]", "[]", '[{"id": "b"}]']
    answers = [
        f'{{"data": {data}, "pagination": {{"cursor": "{number}", "has_next_page": {str(number < 3).lower()}}}}}'
        for number, data in enumerate(pages)
    ]
    with canned(answers) as (server, _):
        assert [row["id"] for row in Asker(server).rows(TAGS)] == ["a", "b"]


def test_a_cursor_that_is_a_number_is_followed() -> None:
    pages = [("a", '{"cursor": 1, "has_next_page": true}'), ("b", '{"cursor": 0, "has_next_page": false}')]
    answers = [f'{{"data": [{{"id": "{name}"}}], "pagination": {said}}}' for name, said in pages]
    with canned(answers) as (server, asked):
        assert [row["id"] for row in Asker(server).rows(TAGS)] == ["a", "b"]
    assert "cursor=1" in asked[1]


@pytest.mark.parametrize(
    ("count", "asked"), [(9, 1), (10, 2), (11, 1)], ids=["not full", "full by chance", "more than the limit"]
)
def test_a_full_page_without_pagination_is_asked_for_again_with_one_row_less(
    count: int, asked: int, serve: Any
) -> None:
    """An old server ignores the limit: it gives as many rows again, and so has no more."""
    server = serve(issues_paged=False)
    for ref in server.world.issue_ids()[count:]:
        server.world.delete_issue(ref)
    rows = Asker(server, page_size=10).rows(LIST, query=RANGE)
    assert len(rows) == count
    assert len(server.log) == asked


def test_pages_without_pagination_are_read_by_longer_ones(serve: Any) -> None:
    server = serve()
    server.faults.add("no_pagination", "GET /accounts")
    assert len(Asker(server, page_size=10).rows(ACCOUNTS)) == ALL_ACCOUNTS


@pytest.mark.parametrize("data", ['{"a": 1}', '"text"', "[1, 2]", "[null, 1]", "5"])
def test_data_that_is_no_list_of_objects_is_refused(data: str) -> None:
    with (
        canned([f'{{"data": {data}}}'] * ATTEMPTS) as (server, _),
        pytest.raises(Unavailable, match="no list of objects"),
    ):
        Asker(server).rows(TAGS)


@pytest.mark.parametrize("body", ["", "null", "[]", '"x"', "{", "<html>"])
def test_an_answer_that_is_no_envelope_is_asked_for_again(body: str) -> None:
    with canned([body, '{"data": [{"id": "a"}]}']) as (server, asked):
        assert Asker(server).rows(TAGS) == [{"id": "a"}]
    assert len(asked) == 2


# -- failures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599, 408, 425])
def test_what_may_pass_is_tried_a_bounded_number_of_times(status: int, serve: Any) -> None:
    server = serve()
    server.faults.add("status", "GET /tags", status=status)
    asker = Asker(server)
    with pytest.raises(
        Unavailable, match=f"GET /tags could not be read: the server answered {status}, {ATTEMPTS} times"
    ):
        asker.rows(TAGS)
    assert len(server.log) == ATTEMPTS
    waits = [seconds for name, seconds in asker.waits if name == "tags"]
    assert len(waits) >= ATTEMPTS - 1


def test_retries_wait_longer_each_time_and_never_the_same() -> None:
    bounds = [0.5 * 2**attempt for attempt in range(ATTEMPTS - 1)]
    seen = []
    for _ in range(12):
        with canned(["no"] * ATTEMPTS) as (server, _):
            asker = Asker(server)
            with pytest.raises(Unavailable):
                asker.rows(TAGS)
            seen.append([seconds for _, seconds in asker.waits])
    for number, bound in enumerate(bounds):
        drawn = {waits[number] for waits in seen}
        assert max(drawn) <= bound
        assert len(drawn) == len(seen)


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 418, 422, 501])
def test_what_will_not_pass_is_not_tried_again(status: int, serve: Any) -> None:
    server = serve()
    server.faults.add("status", "GET /tags", status=status, code="some_code")
    with pytest.raises(Rejected) as error:
        Asker(server).rows(TAGS)
    assert (error.value.status, error.value.code) == (status, "some_code")
    assert "GET /tags" in str(error.value)
    assert len(server.log) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"token": "pyl_other"}, r"does not accept the token \(401 invalid_api_token\).*PYLON_API_KEY"),
        ({"region": "us", "token_region": "eu"}, r"another region than http://127.0.0.1.*Set region to eu"),
        ({"suspended": True}, r"organisation of this token is suspended"),
    ],
)
def test_the_kinds_of_401(options: dict[str, Any], message: str, serve: Any) -> None:
    server = serve(**options)
    with pytest.raises(CredentialsError, match=message):
        Asker(server).rows(TAGS)
    assert len(server.log) == 1


@pytest.mark.parametrize("region", ["us", "eu"])
def test_a_token_of_another_region_is_sent_to_the_other_host(region: Any) -> None:
    with canned(['{"errors": ["no"], "code": "wrong_region_token"}'], status=401) as (server, _):
        other = "eu" if region == "us" else "us"
        with pytest.raises(CredentialsError, match=f"Set region to {other}"):
            Asker(server, region=region).rows(TAGS)


def test_permission_denied_names_the_endpoint(serve: Any) -> None:
    with pytest.raises(
        PermissionDenied, match=r"may not read GET /tags \(403 permission_denied\).*with_resources"
    ):
        Asker(serve(denied=("GET /tags",))).rows(TAGS)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with canned(["never asked"]) as (elsewhere, asked):
        location = f"Location: {elsewhere.base_url}/tags"
        with (
            canned([""], status=status, headers=location) as (server, _),
            pytest.raises(Unavailable, match="redirect"),
        ):
            Asker(server).rows(TAGS)
        assert asked == []


def test_a_redirect_that_passes_costs_no_row(serve: Any) -> None:
    server = serve()

    async def amid(client: Client) -> list[Any]:
        rows = []
        async for page in client.pages(ACCOUNTS):
            rows += page.rows
            server.faults.add("redirect", "GET /accounts", count=ATTEMPTS - 1)
        return rows

    assert len(Asker(server, page_size=5).do(amid)) == len(server.world.rows("accounts"))


def test_a_host_that_gives_nothing_but_redirects_is_asked_once() -> None:
    with canned(["", ""], status=302, headers="Location: /login") as (server, asked):
        with pytest.raises(Unavailable, match=r"redirect \(302\), which is not followed.*Check base_url"):
            Asker(server).rows(TAGS)
        assert len(asked) == 1


def test_a_redirect_that_stays_is_told_as_one(serve: Any) -> None:
    server = serve()
    server.faults.add("redirect", "GET /tags")

    async def after_another(client: Client) -> None:
        await client.ask(ENDPOINTS["me"])
        await client.ask(TAGS)

    with pytest.raises(Unavailable, match=r"redirect \(302\), which is not followed.*Check base_url"):
        Asker(server).do(after_another)
    assert [record.path for record in server.log].count("/tags") == ATTEMPTS


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"errors": null}', '{"errors": [5], "code": 7}'])
def test_a_failure_without_a_proper_body_is_told_by_its_status(body: str) -> None:
    with canned([body], status=404) as (server, _), pytest.raises(Rejected, match="404"):
        Asker(server).rows(TAGS)


def test_a_reset_and_a_cut_answer_are_tried_again(serve: Any) -> None:
    server = serve()
    for kind, options in (("reset", {}), ("truncate", {"cut": "short"}), ("truncate", {"cut": "chunked"})):
        server.faults.add(kind, "GET /tags", count=1, **options)
    assert len(Asker(server).rows(TAGS)) == len(server.world.rows("tags"))


@pytest.mark.parametrize("kind", ["hang", "trickle"])
def test_no_answer_is_waited_for_longer_than_the_timeout(kind: str, serve: Any) -> None:
    server = serve()
    server.faults.add(kind, "GET /tags", seconds=60, count=1)
    began = time.monotonic()
    assert Asker(server, timeout_seconds=0.3).rows(TAGS)
    assert time.monotonic() - began < 20


def test_an_unreachable_host_is_named() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1 cannot be reached"):
            Asker(type("Nobody", (), {"base_url": url})).rows(TAGS)


def test_the_token_is_in_no_error(serve: Any) -> None:
    secret = "pyl_very_secret"
    server = serve(token="pyl_other")
    with pytest.raises(PylonError) as error:
        Asker(server, api_key=secret).rows(TAGS)
    chain: list[BaseException] = [error.value]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    assert not [one for one in chain if secret in f"{one!r} {one} {vars(one)}"]


# -- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "style", ["retry-after", "retry-after-fraction", "retry-after-date", "x-retry-after"]
)
def test_a_refusal_is_waited_out_as_long_as_it_says(style: str, serve: Any) -> None:
    server = serve(rate_headers=style)
    server.faults.add("status", "GET /tags", status=429, seconds=7, count=1)
    waits: list[float] = []

    async def pause(_name: str, seconds: float) -> None:
        waits.append(seconds)
        if seconds:
            raise TurnOver

    async def ask() -> None:
        client = Client(Asker(server).settings, Pacers(RATES, 5.0), pause=pause)
        try:
            await client.ask(TAGS)
        finally:
            await client.close()

    with pytest.raises(TurnOver):
        asyncio.run(ask())
    assert 6.5 <= max(waits) <= 8.1


def test_refusals_without_end_are_given_up(serve: Any) -> None:
    server = serve(rate_headers="none")
    server.faults.add("status", "GET /tags", status=429)
    with pytest.raises(Unavailable, match=rf"GET /tags was refused {REFUSALS} times"):
        Asker(server).rows(TAGS)
    assert len(server.log) == REFUSALS


def test_refusals_of_an_endpoint_add_up_over_requests(serve: Any) -> None:
    """A turn may be too short for one request to meet as many as count."""
    server = serve(rate_headers="none")
    server.faults.add("status", "GET /tags", status=429)
    asker = Asker(server)

    async def three_at_most(client: Client) -> None:
        left = [3]

        async def pause(name: str, seconds: float) -> None:
            if seconds == 0:
                left[0] -= 1
            if left[0] < 0:
                raise TurnOver
            await asyncio.sleep(min(seconds, 0.02))

        client._pause = pause
        await client.ask(TAGS)

    for _ in range(20):
        try:
            asker.do(three_at_most)
        except TurnOver:
            continue
        except Unavailable:
            break
    assert len(server.log) == REFUSALS


def test_an_endpoint_that_was_given_up_is_not_waited_for_again(serve: Any) -> None:
    """The limit is the endpoint's: each object that is asked for there would wait for minutes, in vain."""
    server = serve(rate_headers="none")
    server.faults.add("status", "GET /tags", status=429)
    asker, now = Asker(server), [0.0]
    asker.pacers = Pacers(RATES, 60.0, clock=lambda: now[0])

    async def pass_time(_endpoint: str, seconds: float) -> None:
        now[0] += seconds

    asker._pause = pass_time  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match=f"refused {REFUSALS} times"):
        asker.ask(TAGS)
    given_up_at, asked = now[0], len(server.log)
    for _ in range(20):
        with pytest.raises(Unavailable, match=f"refused {REFUSALS} times"):
            asker.ask(TAGS)
    assert (now[0], len(server.log)) == (given_up_at, asked)
    now[0] += asker.pacers.get(TAGS.name, TAGS.tier).wait() + 0.1
    with pytest.raises(Unavailable, match=f"refused {REFUSALS} times"):
        asker.ask(TAGS)
    assert len(server.log) == asked + 1, "one request tells that nothing has changed"
    server.faults.clear()
    now[0] += asker.pacers.get(TAGS.name, TAGS.tier).wait() + 0.1
    assert asker.ask(TAGS).rows


# -- what is sent, and what time it is -----------------------------------------------------------------------------


def test_the_token_is_sent_and_json_is_wanted() -> None:
    with canned(['{"data": []}']) as (server, asked):
        Asker(server, api_key="pyl_a").rows(TAGS)
    assert "authorization: bearer pyl_a\r\n" in asked[0].lower()
    assert "accept: application/json\r\n" in asked[0].lower()


@pytest.mark.parametrize("issue_id", ["a/b", "a?b=c", "../me", "a b", "é", "%2e", ""])
def test_an_id_cannot_change_the_path(issue_id: str) -> None:
    with canned(['{"data": []}']) as (server, asked):
        Asker(server).rows(MESSAGES, ids={"issue_id": issue_id})
    path = asked[0].split()[1]
    assert path.count("/") == 3
    assert path.startswith("/issues/")
    assert path.endswith("/messages")
    assert "?" not in path


def test_nul_is_replaced_and_what_only_looks_like_it_is_not() -> None:
    body = r'{"data": [{"id": "a\u0000b", "v": "\\u0000", "w": "\\\u0000", "x": "\u00000", "\u0000": "\u0000\u0000"}]}'
    with canned([body]) as (server, _):
        [row] = Asker(server).rows(TAGS)
    assert row == {
        "id": "a\ufffdb",
        "v": "\\u0000",
        "w": "\\\ufffd",
        "x": "\ufffd0",
        "\ufffd": "\ufffd\ufffd",
    }


def test_now_is_the_servers_time(serve: Any) -> None:
    server = serve()
    assert abs(Asker(server).do(lambda client: client.now()) - NOW) < timedelta(seconds=5)
    assert [record.endpoint for record in server.log] == ["GET /me"]


def test_of_two_clocks_the_earlier_counts_whichever_is_ahead() -> None:
    """A ``Date`` that is ahead would set a watermark past what is yet to change; headers are meant by that ``Date``."""
    local = datetime.now(UTC)
    for offset in (timedelta(hours=2), timedelta(hours=-2)):
        date = format_datetime(local + offset, usegmt=True)
        with canned(['{"data": []}'], headers=f"Date: {date}") as (server, _):

            async def ask(client: Client) -> tuple[datetime, datetime, timedelta]:
                return (await client.ask(TAGS)).sent_at, await client.now(), client.ahead

            sent_at, now, ahead = Asker(server).do(ask)
        earlier = local + min(offset, timedelta())
        assert abs(sent_at - earlier) < timedelta(seconds=30)
        assert abs(now - earlier) < timedelta(seconds=30)
        assert abs(ahead - max(offset, timedelta())) < timedelta(seconds=30)


def test_now_asks_nothing_once_an_answer_has_told(serve: Any) -> None:
    server = serve()

    async def ask(client: Client) -> datetime:
        await client.ask(TAGS)
        return await client.now()

    assert abs(Asker(server).do(ask) - NOW) < timedelta(seconds=5)
    assert len(server.log) == 1


def test_an_answer_holds_from_when_it_was_asked_for(serve: Any) -> None:
    """The date is that of the answer; what happened while it was on its way may be missing from it."""
    server = serve(latency_seconds=0.4)
    answer = Asker(server).ask(GET, ids={"issue_id": server.world.issue_ids()[0]})
    assert NOW - timedelta(seconds=20) < answer.sent_at <= NOW - timedelta(seconds=0.4)
    assert answer.data["id"] == server.world.issue_ids()[0]


@pytest.mark.parametrize("date", ["", "Date: yesterday", "Date: Wed, 99 Jul 2026 12:00:00 GMT"])
def test_without_a_date_the_local_clock_counts(date: str) -> None:
    with canned(['{"data": []}'], headers=date) as (server, _):
        answer = Asker(server).ask(TAGS)
    assert abs(answer.sent_at - datetime.now(UTC)) < timedelta(seconds=10)


class Canned:
    """Answers given in advance, over a socket, byte for byte."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url


@contextmanager
def canned(bodies: list[str], status: int = 200, headers: str = "") -> Iterator[tuple[Canned, list[str]]]:
    """Serve each body once, in order; the heads of the requests are collected."""
    asked: list[str] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        for body in bodies:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65536)
                asked.append(head.decode("latin-1"))
                lines = [
                    f"HTTP/1.1 {status} X",
                    "Connection: close",
                    f"Content-Length: {len(body)}",
                    *filter(None, [headers]),
                ]
                connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield Canned(f"http://127.0.0.1:{listening.getsockname()[1]}"), asked
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


# -- memory --------------------------------------------------------------------------------------------------------


def test_an_answer_leaves_nothing_behind_until_python_looks_for_cycles(serve: Any) -> None:
    async def ask_and_look(client: Client) -> int:
        for _ in range(3):
            await client.first_page(ACCOUNTS)
        return alive(httpx.Response)

    asker = Asker(serve())
    gc.collect()
    before = alive(httpx.Response)  # what earlier tests in this process may have left
    gc.disable()
    try:
        assert asker.do(ask_and_look) <= before
    finally:
        gc.enable()
