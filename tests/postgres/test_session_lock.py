"""The lock of a session beside a lease: who has it, what it is called, and where it cannot be had."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from support.pooler import pooling
from support.postgres import Postgres

from pylon_elt.pipelines.base import installing
from pylon_elt.pipelines.copy.destinations import open_pipeline
from pylon_elt.pipelines.copy.session_lock import InPostgres, SessionLock, beside_lease, in_postgres

LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
END = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"


def lock(place: str, name: str = "lake.pylon") -> SessionLock:
    return SessionLock(partial(InPostgres, place), in_postgres(name))


def test_one_has_the_lock_and_the_next_one_has_the_very_same(postgres: Postgres) -> None:
    first, second, another = (lock(postgres.url(), name) for name in ("lake.a", "lake.a", "lake.b"))
    mark = first.mark()
    assert mark
    assert (second.mark(), first.mark()) == ("", mark)
    assert another.mark() not in ("", mark)
    first.close()
    assert second.mark() == mark
    second.close()
    another.close()
    assert postgres.execute(LOCKS) == [(0,)]


def test_a_lock_that_was_lost_is_had_again_unless_somebody_else_has_it(postgres: Postgres) -> None:
    first, second = lock(postgres.url()), lock(postgres.url())
    mark = first.mark()
    postgres.execute(END)
    assert first.mark() == mark
    postgres.execute(END)
    assert (second.mark(), first.mark()) == (mark, "")
    second.close()
    assert first.mark() == mark
    first.close()


def test_what_a_pooler_lends_is_no_session_and_keeps_no_lock(postgres: Postgres) -> None:
    with pooling(postgres.socket) as port:
        one = lock(f"postgresql://postgres@127.0.0.1:{port}/postgres")
        assert one.mark() == ""
        assert postgres.execute(LOCKS) == [(0,)]
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
