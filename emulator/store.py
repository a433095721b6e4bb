"""What the emulated workspace holds, and reading it; `mutations` changes it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping

import orjson

from .children_seed import children as generate_children
from .children_seed import issue_of_message
from .records import (
    JSON,
    Children,
    IssueRecord,
    TimeIndex,
    Version,
    collector_paused,
)
from .search_view import Change, SearchView
from .seed import SIGNED, Recipe, issue_body
from .tables import COLLECTIONS, SIGNING, Tables
from .times import Clock, OffsetClock, parse_ns, to_ns

Ref = str | int
"""An issue's id, or its number as an integer or as text."""

_SIGNED_BYTES = SIGNED.encode()


class Holdings:
    """Issues with their children, and the collections, to be read. Every method takes the one lock."""

    def __init__(
        self,
        recipe: Recipe,
        records: list[IssueRecord],
        clock: OffsetClock,
        others: Mapping[str, list[JSON]] | None = None,
    ) -> None:
        """Hold the planned `records` of `recipe` and the `others` of its collections; times come from `clock`."""
        self.lock = threading.RLock()
        self.clock: Clock = clock
        self.recipe = recipe
        self._offset_clock = clock
        self._records = {record.number: record for record in records}
        self._numbers = {record.id: record.number for record in records}
        self._message_home: dict[str, int] = {}
        self._forms = tuple(row["id"] for row in recipe.directory.tables["ticket_forms"])
        self._form_given: dict[str, str | None] = {}
        self.by_created = TimeIndex((record.created, record.number) for record in records)
        self.by_updated = TimeIndex((record.updated, record.number) for record in records)
        self.view = SearchView(self.by_created.keys, self.by_updated.keys)
        self._next_number = max(self._records, default=0) + 1
        self.listeners: list[Callable[[str], None]] = []
        """Told the id of each issue to which something has happened, but for its deletion; they hold the lock."""
        self.tables = Tables(
            {**recipe.directory.tables, "organization": [recipe.directory.me], **(others or {})}
        )

    def now_ns(self) -> int:
        """Return the world's present in nanoseconds since 1970."""
        return to_ns(self.clock())

    def advance(self, seconds: float) -> None:
        """Move the world's present by `seconds`."""
        self._offset_clock.advance(seconds)

    def rows(self, collection: str) -> list[JSON]:
        """Return the rows of a collection, oldest entry first."""
        with self.lock:
            rows = [found.row for found in self.tables.placed(collection)]
            return _rows(rows) if collection in SIGNING else rows

    def row(self, collection: str, key: str) -> JSON | None:
        """Return one row of a collection."""
        row = self.tables.get(collection, key)
        return row if row is None or collection not in SIGNING else _rows([row])[0]

    # Issues

    def __len__(self) -> int:
        """Return the number of issues."""
        return len(self._records)

    def __bool__(self) -> bool:
        """Return True: a world without issues is a world."""
        return True

    def find(self, ref: Ref) -> IssueRecord | None:
        """Return the record of an issue by id or number."""
        number = self._numbers.get(ref) if isinstance(ref, str) else ref
        if number is None and isinstance(ref, str) and ref.isascii() and ref.isdigit() and len(ref) < 19:
            number = int(ref)
        return None if number is None else self._records.get(number)

    def record(self, ref: Ref) -> IssueRecord:
        """Return the record of an issue; raise KeyError if there is none."""
        record = self.find(ref)
        if record is None:
            raise KeyError(f"no issue {ref!r}")
        return record

    def body(self, row: IssueRecord | Version) -> bytes:
        """Return an issue serialised, its signed URLs ending in the `SIGNED` mark."""
        if isinstance(row, IssueRecord) and row.body is None:
            row.body = orjson.dumps(issue_body(self.recipe, row))
        return row.body or b"null"

    def issue(self, ref: Ref) -> JSON:
        """Return an issue without signatures; raise KeyError if there is none."""
        with self.lock:
            return _issue(self.body(self.record(ref)))

    def form_of(self, issue: JSON) -> str | None:
        """Return the id of the ticket form through which an issue came in: no answer shows it, a search finds it."""
        ident = issue["id"]
        if ident in self._form_given:
            return self._form_given[ident]
        return self._forms[issue["number"] % len(self._forms)] if issue["source"] == "form" else None

    def issues(self) -> Iterator[JSON]:
        """Yield all issues without signatures, by number."""
        with self.lock:
            for number in sorted(self._records):
                yield _issue(self.body(self._records[number]))

    def issue_ids(self) -> list[str]:
        """Return the ids of all issues, by number."""
        with self.lock:
            return [self._records[number].id for number in sorted(self._records)]

    def shown(self, number: int) -> IssueRecord | Version:
        """Return an issue as the search index shows it."""
        return self.view.stale(number) or self._records[number]

    # Children

    def children(self, record: IssueRecord) -> Children:
        """Return the children of an issue, to be read only."""
        if record.scrubbed:
            return Children()
        return record.children or generate_children(self.recipe, record)

    def messages(self, ref: Ref) -> list[JSON]:
        """Return an issue's messages, oldest first, without signatures."""
        with self.lock:
            return _rows(self.children(self.record(ref)).messages)

    def threads(self, ref: Ref) -> list[JSON]:
        """Return an issue's threads."""
        with self.lock:
            return [dict(row) for row in self.children(self.record(ref)).threads or []]

    def followers(self, ref: Ref) -> list[JSON]:
        """Return an issue's followers."""
        with self.lock:
            return [dict(row) for row in self.children(self.record(ref)).followers]

    def home_of(self, message_id: str) -> IssueRecord:
        """Return the issue that a message belongs to; raise KeyError if there is no such message."""
        number = self._message_home.get(message_id) or issue_of_message(message_id)
        record = self._records.get(number) if number is not None else None
        if record is None or all(row["id"] != message_id for row in self.children(record).messages):
            raise KeyError(f"no message {message_id!r}")
        return record


class Store(Holdings):
    """What is held, as a whole, and what the mutations need to change it."""

    def snapshot(self) -> dict[str, list[JSON]]:
        """Return every row of every table as its list would show it now, URLs without their signature."""
        with self.lock, collector_paused():
            tables: dict[str, list[JSON]] = {"issues": list(self.issues())}
            tables |= {"issue_messages": [], "issue_threads": [], "issue_followers": []}
            for number in sorted(self._records):
                record = self._records[number]
                found = self.children(record)
                mark: JSON = {"issue_id": record.id}
                tables["issue_messages"] += [row | mark for row in found.messages]
                tables["issue_threads"] += [row | mark for row in found.threads or []]
                tables["issue_followers"] += [row | mark for row in found.followers]
            tables["issue_messages"] = _rows(tables["issue_messages"])
            forms = {row["id"] for row in self.rows("ticket_forms")}
            tables["issue_forms"] = [
                {"id": issue["id"], "ticket_form_id": form}
                for issue in tables["issues"]
                if (form := self.form_of(issue)) in forms
            ]
            tables |= {name: _rows(self.rows(name)) for name in COLLECTIONS}
            # Their search does not show it; only a read of one may.
            for row in tables["feature_requests"]:
                row.pop("evidence", None)
            return tables

    def _own_children(self, record: IssueRecord) -> Children:
        if record.children is None:
            record.children = generate_children(self.recipe, record)
        return record.children

    def _edit(self, record: IssueRecord, change: Callable[[JSON], None]) -> JSON:
        """Apply `change` to an issue's object, and keep the indexes and the search index in step."""
        old = Version(record.number, record.created, record.updated, self.body(record))
        body: JSON = orjson.loads(old.body)
        change(body)
        self._sign(body, "attachment_urls")
        if (body["id"], body["number"]) != (record.id, record.number):
            raise ValueError("an issue keeps its id and its number")
        created, updated = parse_ns(body["created_at"]), parse_ns(body["updated_at"])
        account_id = (body.get("account") or {}).get("id")
        record.body, record.account_id = orjson.dumps(body), account_id
        record.created, record.updated = created, updated
        self._replace(old, Version(record.number, record.created, record.updated, record.body))
        return _issue(record.body)

    def _replace(self, old: Version | None, new: Version | None) -> None:
        if old is not None:
            self.by_created.remove((old.created, old.number))
            self.by_updated.remove((old.updated, old.number))
        if new is not None:
            self.by_created.add((new.created, new.number))
            self.by_updated.add((new.updated, new.number))
        if version := new or old:
            self.view.record(Change(self.now_ns(), version.number, old, new))
        if new is not None:
            self._tell(self._records[new.number].id)

    def _tell(self, issue_id: str) -> None:
        for listener in self.listeners:
            listener(issue_id)

    @staticmethod
    def _sign(row: JSON, key: str) -> None:
        """Mark bare URLs as signed, so that readers see a different query string each time."""
        if row.get(key):
            row[key] = [url.partition("?")[0] + SIGNED for url in row[key]]


def _issue(body: bytes) -> JSON:
    plain: JSON = orjson.loads(body.replace(_SIGNED_BYTES, b""))
    return plain


def _rows(rows: list[JSON]) -> list[JSON]:
    """Return a deep copy of rows without signatures."""
    plain: list[JSON] = orjson.loads(orjson.dumps(rows).replace(_SIGNED_BYTES, b""))
    return plain
