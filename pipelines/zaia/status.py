"""``zaia status``: what the copy holds, how fresh it is, when its lists are read whole, and the last runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.copy.copied import utc
from pylon_elt.sources.zaia.catalog import CHAT_SYNC, CHATS, CHILDREN, DELETIONS, TABLES, TICKETS

from ..base import exits, screens
from ..base.wording import ago, count, duration
from ..copy import inspection, runs, saved
from ..look.status import RUNS_SHOWN, columns, no_copy_text, run_line
from .settings import NAME, read_settings

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.copy.copied import Copied


@dataclass(frozen=True, slots=True)
class TableStatus:
    """One table: how many rows, when the newest state of one was read, and when it is to be read whole (UTC)."""

    rows: int
    read_at: datetime | None
    next_whole: datetime | None = None


@dataclass
class Status:
    """What ``zaia status`` shows."""

    place: inspection.Place
    now: datetime
    runs: list[runs.Run]
    pending_packages: int
    exists: bool = False
    messages_until: datetime | None = None
    """The newest message up to which chats have been read (UTC)."""
    tables: dict[str, TableStatus] = field(default_factory=dict)

    def as_facts(self) -> dict[str, Any]:
        """Return the same for JSON."""
        return {
            "location": self.place.location,
            "dataset": self.place.dataset,
            "snapshot_at": self.place.snapshot_at,
            "exists": self.exists,
            "messages_until": self.messages_until,
            "tables": {name: asdict(table) for name, table in self.tables.items()},
            "pending_packages": self.pending_packages,
            "runs": [asdict(run) for run in self.runs],
        }


def run(destination: str, dataset: str, *, as_json: bool) -> int:
    """Print the status of a copy.

    Raises:
        Problem: The copy cannot be read, or a run has locked it and there is no snapshot (exit code 75).
        ConfigurationError: A setting cannot be used.
    """
    status = look(destination, dataset, datetime.now(UTC))
    if as_json:
        screens.event("status", **status.as_facts())
    else:
        screens.tell("\n".join(_lines(status)))
    return exits.DONE


def look(destination: str, dataset: str, now: datetime) -> Status:
    """Take everything together."""
    settings = read_settings(key=False)
    found = inspection.looked_at(destination, dataset, name=NAME, beside_a_run=True)
    with found as (place, pipeline, copied):
        waiting = inspection.pending_packages(place.folder, NAME)
        status = Status(place, now, runs.recall(place.folder, NAME), waiting)
        if copied and (stored := saved.state(copied, pipeline.pipeline_name)):
            lists = stored.get("sources", {}).get(NAME, {}).get("lists", {})
            status.exists = True
            status.messages_until = _instant(lists.get(CHATS.name, {}).get("watermark"))
            status.tables = dict(_tables(copied, lists, timedelta(hours=settings.full_read_hours)))
        if not status.exists:
            status.place = inspection.beside(place, copied)
    return status


def were_tickets_read(pipeline: dlt.Pipeline, copied: Copied) -> bool:
    """Whether a run has read the list of tickets, of which there may be none."""
    stored = saved.state(copied, pipeline.pipeline_name) or {}
    lists = stored.get("sources", {}).get(NAME, {}).get("lists", {})
    return bool(lists.get(TICKETS.name, {}).get("read_whole"))


def _tables(
    copied: Copied, lists: Mapping[str, Any], interval: timedelta
) -> Iterator[tuple[str, TableStatus]]:
    stamps = {
        **dict.fromkeys(TABLES, "_synced_at"),
        DELETIONS.name: "detected_at",
        CHAT_SYNC.name: "_synced_at",
    }
    for name, stamp in stamps.items():
        found = copied.select(f"SELECT COUNT(*), MAX({{t.{stamp}}}) FROM {{{name}}} AS t")
        if found:
            # chats are listed whole with what hangs on them
            whole = _instant(lists.get(name, {}).get("read_whole"))
            yield name, TableStatus(int(found[0][0]), utc(found[0][1]), whole + interval if whole else None)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _lines(status: Status) -> Iterator[str]:
    yield screens.flowing(f"{status.place.location}, dataset {status.place.dataset}")
    if note := status.place.note(status.now):
        yield screens.flowing(note)
    if not status.exists:
        yield no_copy_text(status.place)
    elif status.messages_until:
        at = status.messages_until
        yield screens.flowing(f"Messages are read up to {at:%Y-%m-%d %H:%M:%S} UTC ({ago(at, status.now)}).")
    if status.pending_packages:
        left = count(status.pending_packages, "load package")
        yield screens.flowing(f"A run that was killed left {left} for the next run.")
    if status.tables:
        yield ""
        yield from columns(
            ("table", "rows", "newest change", "read whole"),
            [
                (name, f"{table.rows:,}", ago(table.read_at, status.now), _whole(name, table, status.now))
                for name, table in status.tables.items()
            ],
        )
    if status.runs:
        yield "\n  last runs"
        yield from (run_line(run) for run in reversed(status.runs[-RUNS_SHOWN:]))


def _whole(name: str, table: TableStatus, now: datetime) -> str:
    if table.next_whole is None:
        return "with its chat" if name in {child.name for child in CHILDREN} else ""
    left = (table.next_whole - now).total_seconds()
    return f"in {duration(left)}" if left > 0 else "by the next run"
