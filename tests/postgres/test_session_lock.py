"""The lock of a session beside a lease: who has it, what it is called, and where it cannot be had."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from support.pooler import pooling
from support.postgres import Postgres
from support.runner import wait_until

from pylon_elt.pipelines.base import installing
from pylon_elt.pipelines.copy.destinations import open_pipeline
from pylon_elt.pipelines.copy.session_lock import InPostgres, SessionLock, beside_lease, in_postgres

LOCKS = (
    "locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def lock(place: str, name: str = "lake.pylon") -> SessionLock:
    return SessionLock(partial(InPostgres, place), in_postgres(name))


def locks(postgres: Postgres, database: str = "postgres") -> int:
    ((found,),) = postgres.execute(f"SELECT count(*) FROM pg_locks WHERE {LOCKS}", database)
    return int(found)


def end_sessions(postgres: Postgres, database: str) -> None:
    postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {LOCKS}", database)
    wait_until(lambda: not locks(postgres, database))


def test_one_has_the_lock_and_the_next_one_has_the_very_same(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = postgres.create("very-same")
    first, second, another = (lock(place, name) for name in ("lake.a", "lake.a", "lake.b"))
    mark = first.mark()
    assert mark
    assert (second.mark(), first.mark()) == ("", mark)
    assert another.mark() not in ("", mark)
    first.close()
    monkeypatch.setenv("PGTZ", "Asia/Kolkata")  # another machine may live by other clocks
    wait_until(lambda: second.mark() == mark)  # a server ends a session when it comes to it
    second.close()
    another.close()
    wait_until(lambda: not locks(postgres, "very-same"))


def test_a_lock_that_was_lost_is_had_again_unless_somebody_else_has_it(postgres: Postgres) -> None:
    place = postgres.create("lost")
    first, second = lock(place), lock(place)
    mark = first.mark()
    end_sessions(postgres, "lost")
    assert first.mark() == mark
    end_sessions(postgres, "lost")
    assert (second.mark(), first.mark()) == (mark, "")
    second.close()
    wait_until(lambda: first.mark() == mark)
    first.close()


def test_what_a_pooler_lends_is_no_session_and_keeps_no_lock(postgres: Postgres) -> None:
    postgres.create("pooled")
    with pooling(postgres.socket) as port:
        one = lock(f"postgresql://postgres@127.0.0.1:{port}/pooled")
        assert one.mark() == ""
        assert locks(postgres, "pooled") == 0
        one.close()


def test_where_there_is_no_server_there_is_no_lock(postgres: Postgres, tmp_path: Path) -> None:
    assert lock(f"postgresql://postgres@/postgres?host={tmp_path}").mark() == ""


def test_what_is_missing_for_the_lock_of_a_catalog_is_told(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "DESTINATION__DUCKLAKE__CREDENTIALS__"
    monkeypatch.setenv(f"{place}DUCKLAKE_NAME", "lake")
    monkeypatch.setenv(f"{place}CATALOG", postgres.url())
    monkeypatch.setenv(f"{place}STORAGE__BUCKET_URL", f"file://{tmp_path}/files")
    pipeline = open_pipeline("ducklake", pipelines_dir=str(tmp_path))
    told: list[str] = []
    with beside_lease(pipeline, told.append) as mark:
        assert mark()
    monkeypatch.setitem(installing.EXTRAS, "postgres", ("no_such_module",))
    with beside_lease(pipeline, told.append) as mark:
        assert mark() == ""
    (text,) = told
    assert "psycopg2" in text
    assert "[postgres]" in text
