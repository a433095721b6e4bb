"""A DuckLake whose files are in a bucket: moto's server stands in for S3, on loopback."""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self
from urllib.request import Request, urlopen

from support import ducklake
from support.runner import Machine

BUCKET = "lake"
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION = "us-east-1"


class _Server:
    """The server of this process, which keeps what is in its buckets while it is away."""

    def __init__(self) -> None:
        self.host = ""
        self._port = 0
        self._running: Any = None

    def start(self) -> None:
        """Listen, where it has listened before."""
        from moto.server import ThreadedMotoServer

        self._running = ThreadedMotoServer(ip_address="127.0.0.1", port=self._port, verbose=False)
        self._running.start()
        host, self._port = self._running.get_host_and_port()
        self.host = f"{host}:{self._port}"

    def stop(self) -> None:
        """Answer nothing any more."""
        self._running.stop()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Answer nothing meanwhile."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Look at the keys meanwhile, of which it knows none."""
        self._check_keys_after("0")
        try:
            yield
        finally:
            self._check_keys_after("inf")

    def _check_keys_after(self, requests: str) -> None:
        place = f"http://{self.host}/moto-api/reset-auth"
        with urlopen(Request(place, requests.encode(), {"Content-Type": "text/plain"})) as answer:
            answer.read()


@cache
def server() -> _Server:
    """Start the server of this process, with a bucket.

    Raises:
        LookupError: It is not installed, or DuckDB's extension for it is not.
    """
    if not (find_spec("moto") and find_spec(f"duckdb_extension_{ducklake.FOR_BUCKETS}")):
        raise LookupError("needs moto and DuckDB's httpfs: make ducklake")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    os.environ["no_proxy"] = "*"
    one = _Server()
    one.start()
    atexit.register(one.stop)
    _client(one.host).create_bucket(Bucket=BUCKET)
    return one


def address() -> str:
    """Return the host and port of the server."""
    return server().host


def _client(where: str) -> Any:
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=f"http://{where}",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name=REGION,
    )


def keys(prefix: str) -> list[str]:
    """Return the names of the objects that begin so."""
    pages = _client(address()).get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return [one["Key"] for page in pages for one in page.get("Contents", ())]


@dataclass
class _Client(Machine):
    """A machine that is told of the catalog, of the bucket, and of its keys."""

    def environment(self) -> dict[str, str]:
        """Return what a run finds in its environment."""
        catalog, files = self.credentials.split(" ")
        place = "DESTINATION__DUCKLAKE__CREDENTIALS__"
        return {
            "HOME": str(ducklake.home()),
            "no_proxy": "*",
            f"{place}DUCKLAKE_NAME": ducklake.NAME,
            f"{place}CATALOG": catalog,
            f"{place}STORAGE__BUCKET_URL": files,
            f"{place}STORAGE__CREDENTIALS__AWS_ACCESS_KEY_ID": KEY,
            f"{place}STORAGE__CREDENTIALS__AWS_SECRET_ACCESS_KEY": SECRET,
            f"{place}STORAGE__CREDENTIALS__ENDPOINT_URL": f"http://{address()}",
            f"{place}STORAGE__CREDENTIALS__REGION_NAME": REGION,
            "DESTINATION__DUCKLAKE__OVERRIDE_DATA_PATH": "true",
            "LOAD__WORKERS": "1",
        }


class _InABucket(ducklake.Lake):
    """What lakes have in common whose files are in a bucket, under the folder's name."""

    @property
    def prefix(self) -> str:
        """What the names of its objects begin with."""
        return f"{self.folder.parent.name}/{self.folder.name}/"

    @property
    def files(self) -> str:
        """Where its data is."""
        return f"s3://{BUCKET}/{self.prefix}"

    @property
    def before(self) -> tuple[str, ...]:  # type: ignore[override]
        """Let DuckDB reach the bucket."""
        reached = f"ENDPOINT '{address()}', USE_SSL false, URL_STYLE 'path', REGION '{REGION}'"
        return (f"CREATE OR REPLACE SECRET bucket (TYPE s3, KEY_ID '{KEY}', SECRET '{SECRET}', {reached})",)

    def machine(self, name: str = "machine") -> Machine:
        """Return a machine that fills it, with a working folder of its own."""
        return _Client(self.folder / name, f"{self.catalog} {self.files}", "ducklake")

    def branch(self, name: str) -> Self:
        """Return a copy of it, objects and working folders and all."""
        other = super().branch(name)
        client = _client(address())
        for key in keys(self.prefix):
            target = other.prefix + key.removeprefix(self.prefix)
            client.copy_object(Bucket=BUCKET, Key=target, CopySource={"Bucket": BUCKET, "Key": key})
        return other

    def discard(self) -> None:
        """Delete it, objects and working folders and all."""
        super().discard()
        client = _client(address())
        for key in keys(self.prefix):
            client.delete_object(Bucket=BUCKET, Key=key)


@dataclass(frozen=True)
class SqliteBucketLake(_InABucket, ducklake.SqliteLake):
    """A lake with its catalog in a file of SQLite, and its files in a bucket."""


@dataclass(frozen=True)
class PostgresBucketLake(_InABucket, ducklake.PostgresLake):
    """A lake with its catalog in a database of a Postgres server, and its files in a bucket."""


class InSqlite(ducklake.InSqlite):
    """A lake whose files are in a bucket, with a catalog that has no lock at all."""

    made = SqliteBucketLake

    def copy_in(self, folder: Path) -> ducklake.SqliteLake:
        """Return where a new copy will be."""
        address()
        return super().copy_in(folder)


class InPostgres(ducklake.InPostgres):
    """A lake whose files are in a bucket, with a catalog on a server."""

    made = PostgresBucketLake

    def copy_in(self, folder: Path) -> ducklake.PostgresLake:
        """Return where a new copy will be."""
        address()
        return super().copy_in(folder)
