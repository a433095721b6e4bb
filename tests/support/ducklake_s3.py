"""A DuckLake whose files are in a bucket: moto's server stands in for S3, on loopback. Its catalog is in SQLite."""

from __future__ import annotations

import atexit
import os
import shutil
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from support import ducklake
from support.runner import Machine

BUCKET = "lake"
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION = "us-east-1"


@cache
def address() -> str:
    """Start the server of this process, with a bucket; return its host and port.

    Raises:
        LookupError: It is not installed, or DuckDB's extension for it is not.
    """
    if not (find_spec("moto") and find_spec(f"duckdb_extension_{ducklake.FOR_BUCKETS}")):
        raise LookupError("needs moto and DuckDB's httpfs: make ducklake")
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    atexit.register(server.stop)
    host, port = server.get_host_and_port()
    os.environ["no_proxy"] = "*"
    _client(f"{host}:{port}").create_bucket(Bucket=BUCKET)
    return f"{host}:{port}"


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


@dataclass(frozen=True)
class BucketLake(ducklake.SqliteLake):
    """A lake with its catalog in a file of SQLite, and its files in a bucket under the folder's name."""

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

    def branch(self, name: str) -> BucketLake:
        """Return a copy of it, objects and working folders and all."""
        other = BucketLake(self.folder.with_name(f"{self.folder.name}-{name}"))
        shutil.copytree(self.folder, other.folder)
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


class InBucket:
    """A lake whose files are in a bucket."""

    def copy_in(self, folder: Path) -> BucketLake:
        """Return where a new copy will be."""
        address()
        ducklake.home()
        return BucketLake(folder)
