"""Issues, their search, and their children."""

from __future__ import annotations

import orjson

from .calls import Call, Handler, body_limit_of, paged, shown, whole
from .filters import Rules, compile_filter
from .paging import Key, digest, read_limit
from .records import JSON, Children, IssueRecord
from .replies import ApiError, Page, bad_request, not_found
from .search import cut
from .times import DAY, SECOND, parse_ns

MAX_LISTED = 20_000
MAX_SEARCHED = 999
MAX_MESSAGES = 1000
DEFAULT_PAGE = 100


def list_issues(call: Call) -> Page:
    """Answer `GET /issues`: a range of creation times, newest first."""
    low, high = _time(call, "start_time"), _time(call, "end_time")
    if high - low > call.settings.window_cap_days * DAY:
        raise bad_request(f"the time range must not exceed {call.settings.window_cap_days:g} days")
    limit = read_limit(call.query, 0, MAX_LISTED, MAX_LISTED) or MAX_LISTED
    query = digest(call.endpoint, low, high)
    index = call.world.by_created
    first, stop = index.range(low, high, call.settings.bounds)
    if not call.settings.issues_paged:
        return Page(_bodies(call, index.keys[first:stop][::-1]))
    place = call.place(query)
    end = stop
    if place is not None:
        before = stop - place if isinstance(place, int) else index.before(place)
        end = min(stop, before + call.step_back)
    start = max(first, end - limit)
    keys = index.keys[start:end][::-1] if end > first else []
    more = call.next(query, stop - start, keys[-1]) if keys and start > first else None
    return Page(_bodies(call, keys), more, paged=True, query=query)


def _time(call: Call, name: str) -> int:
    text = call.query.get(name)
    if not text:
        raise bad_request(f"{name} is required")
    try:
        at = parse_ns(text)
    except ValueError as error:
        raise bad_request(f"{name} must be an RFC 3339 time") from error
    return at // SECOND * SECOND if call.settings.truncate_bounds else at


def _bodies(call: Call, keys: list[Key]) -> list[bytes]:
    return [call.world.body(call.world.record(number)) for _, number in keys]


def search_issues(call: Call) -> Page:
    """Answer `POST /issues/search`: what the search index shows, newest first."""
    world, settings = call.world, call.settings
    world.view.catch_up(world.now_ns() - int(settings.index_lag_seconds * SECOND))
    tree, text = call.body.get("filter"), call.body.get("search_text") or ""
    if not isinstance(text, str) or not isinstance(call.body.get("cursor") or "", str):
        raise bad_request("search_text and cursor must be strings")
    limit = body_limit_of(call, MAX_SEARCHED, DEFAULT_PAGE)
    slugs = {row["slug"] for row in world.rows("custom_fields") if row.get("object_type") == "issue"}
    rules = Rules(
        settings.bounds, settings.truncate_bounds, settings.search_cap_days, settings.ignored_filters
    )
    wanted = compile_filter(tree, rules, slugs)
    query = digest(call.endpoint, tree, text)
    place = call.place(query)
    memo = digest(query, rules.bounds, rules.truncate)
    result = call.searcher.result(memo, wanted, text, settings.search_sort)
    keys, end = cut(result, place, limit, call.step_back if place is not None else 0)
    more = call.next(query, end, keys[-1]) if keys and end < len(result) else None
    bodies = [world.body(world.shown(number)) for _, number in keys]
    return Page(bodies, more, paged=True, query=query)


def get_issue(call: Call) -> Page:
    """Answer `GET /issues/{id}`, by id or number."""
    return Page(call.world.body(_issue(call, by_number=True)))


def list_messages(call: Call) -> Page:
    """Answer `GET /issues/{id}/messages`: all of them, or pages if a limit or a cursor is given."""
    rows = _children(call).messages
    if not call.settings.messages_paged or not (call.query.get("limit") or call.cursor):
        return Page([orjson.dumps(row) for row in rows])
    limit = read_limit(call.query, 1, MAX_MESSAGES, DEFAULT_PAGE)
    return paged(call, _placed(rows), limit)


def _placed(rows: list[JSON]) -> list[tuple[Key, JSON]]:
    """Give each message a key: its time, and its rank among the messages of the same time."""
    keyed: list[tuple[Key, JSON]] = []
    for row in rows:
        at = parse_ns(row["timestamp"])
        rank = keyed[-1][0][1] + 1 if keyed and keyed[-1][0][0] == at else 0
        keyed.append(((at, rank), row))
    return keyed


def list_threads(call: Call) -> Page:
    """Answer `GET /issues/{id}/threads`; null for some issues without threads."""
    threads = _children(call).threads
    return Page(None if threads is None else [orjson.dumps(row) for row in threads])


def list_followers(call: Call) -> Page:
    """Answer `GET /issues/{id}/followers`."""
    return Page([orjson.dumps(row) for row in _children(call, by_number=True).followers])


def list_voice_calls(call: Call) -> Page:
    """Answer `GET /issues/{id}/voice-calls`."""
    record = _unscrubbed(call, by_number=False)
    calls = call.world.tables.placed("issue_voice_calls", issue_id=record.id)
    return whole([shown("issue_voice_calls", found) for found in calls])


def _children(call: Call, by_number: bool = False) -> Children:
    return call.world.children(_unscrubbed(call, by_number))


def _unscrubbed(call: Call, by_number: bool) -> IssueRecord:
    record = _issue(call, by_number)
    if record.scrubbed:
        raise ApiError(400, "issue has been scrubbed")
    return record


def _issue(call: Call, by_number: bool) -> IssueRecord:
    record = call.world.find(call.id)
    if record is None or (not by_number and record.id != call.id):
        raise not_found("issue")
    return record


HANDLERS: dict[str, Handler] = {
    "GET /issues": list_issues,
    "POST /issues/search": search_issues,
    "GET /issues/{id}": get_issue,
    "GET /issues/{id}/messages": list_messages,
    "GET /issues/{id}/threads": list_threads,
    "GET /issues/{id}/followers": list_followers,
    "GET /issues/{id}/voice-calls": list_voice_calls,
}
