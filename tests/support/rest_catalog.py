"""An Iceberg REST catalogue on loopback: of its specification what pyiceberg's client and DuckDB's ask.

Tables, requirements and updates are pyiceberg's own; what it holds is in its SQL catalogue, on SQLite, and in a folder.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.rest import CreateTableRequest, TableResponse
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.table import CommitTableRequest, StagedTable
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.typedef import IcebergBaseModel
from pyiceberg.utils.config import Config
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pylon_elt.emulator.loopback import Loopback, listening
from pylon_elt.emulator.wire import Reset
from pylon_elt.pipelines.publish import lake

from .lakes import Waters

NAME = "prod"
"""What clients call it."""
PREFIX = "desks"
"""What the paths of all but the configuration begin with, as many servers have it."""
_OPTIONAL = ("location", "partition-spec", "write-order")
"""What a table may be asked for without; pyiceberg leaves out what is null."""
SEPARATOR = "\x1f"
_SAID: dict[type[Exception], tuple[int, str]] = {
    NoSuchNamespaceError: (404, "NoSuchNamespaceException"),
    NoSuchTableError: (404, "NoSuchTableException"),
    NamespaceAlreadyExistsError: (409, "AlreadyExistsException"),
    TableAlreadyExistsError: (409, "AlreadyExistsException"),
    NamespaceNotEmptyError: (409, "NamespaceNotEmptyException"),
    CommitFailedException: (409, "CommitFailedException"),
    ValueError: (400, "BadRequestException"),
}


@dataclass
class Fault:
    """What happens to some requests instead of an answer.

    Args:
        request: Which: a pattern for the method and the path.
        status: What is answered; 0: nothing, the connection is cut.
        is_done: Whether what was asked for is done all the same.
        again: Ask a second time first, as a gateway would that had got no answer; that answer is given.
        body: The answer; else an error as the specification has it.
        left: How many times.
    """

    request: str
    status: int = 0
    is_done: bool = False
    again: bool = False
    body: str = ""
    left: int = 1


@dataclass
class Shelf:
    """What a catalogue holds, and what it expects of who asks.

    Args:
        folder: Where its own file is, and the tables, unless these are in a bucket.
        token: What must be shown; "": nothing.
        credential: For what a token is given: an id, a colon and a secret.
        bucket: Where the tables are, if that is not the folder.
        keys: What it takes to reach the bucket. With each table they are lent to who asks for it.
    """

    folder: Path
    token: str = ""
    credential: str = ""
    bucket: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    """The method and the path of each that came."""
    before: Callable[[str], None] | None = None
    """Is told of each request before anything is done."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        uri, warehouse = f"sqlite:///{self.folder / 'shelf.db'}", self.bucket or self.folder.as_uri()
        self.catalog: Catalog = SqlCatalog("shelf", uri=uri, warehouse=warehouse, **self.keys)

    def fault(self, asked: str) -> Fault | None:
        """Return what happens to a request, and count it."""
        with self.lock:
            for one in self.faults:
                if one.left and re.search(one.request, asked):
                    one.left -= 1
                    return one
        return None


Answer = Callable[[Shelf, Request, Any], Any]
"""Does what was asked for with a body; returns the answer, ``None`` for an empty one."""


def _namespace(request: Request) -> tuple[str, ...]:
    return tuple(request.path_params["namespace"].split(SEPARATOR))


def _name(request: Request) -> tuple[str, ...]:
    return (*_namespace(request), request.path_params["table"])


def _told(shelf: Shelf, table: Any, *, is_made: bool = True) -> TableResponse:
    """Tell of a table; one that is only staged has no metadata file."""
    location = table.metadata_location if is_made else None
    return TableResponse(metadata_location=location, metadata=table.metadata, config=shelf.keys)


def _config(shelf: Shelf, request: Request, body: Any) -> Any:
    return {"defaults": {}, "overrides": {"prefix": PREFIX}}


def _namespaces(shelf: Shelf, request: Request, body: Any) -> Any:
    return {"namespaces": shelf.catalog.list_namespaces()}


def _make_namespace(shelf: Shelf, request: Request, body: Any) -> Any:
    shelf.catalog.create_namespace(tuple(body["namespace"]), body.get("properties", {}))
    return body


def _look_at_namespace(shelf: Shelf, request: Request, body: Any) -> Any:
    properties = shelf.catalog.load_namespace_properties(_namespace(request))
    return {"namespace": _namespace(request), "properties": properties}


def _drop_namespace(shelf: Shelf, request: Request, body: Any) -> Any:
    shelf.catalog.drop_namespace(_namespace(request))


def _tables(shelf: Shelf, request: Request, body: Any) -> Any:
    found = shelf.catalog.list_tables(_namespace(request))
    return {"identifiers": [{"namespace": one[:-1], "name": one[-1]} for one in found]}


def _make_table(shelf: Shelf, request: Request, body: Any) -> Any:
    asked = CreateTableRequest.model_validate(dict.fromkeys(_OPTIONAL) | body)
    name = (*_namespace(request), asked.name)
    if not shelf.catalog.namespace_exists(name[:-1]):
        raise NoSuchNamespaceError(".".join(name[:-1]))
    if shelf.catalog.table_exists(name):
        raise TableAlreadyExistsError(".".join(name))
    make = shelf.catalog._create_staged_table if asked.stage_create else shelf.catalog.create_table
    spec, order = (
        asked.partition_spec or UNPARTITIONED_PARTITION_SPEC,
        asked.write_order or UNSORTED_SORT_ORDER,
    )
    made = make(name, asked.table_schema, asked.location, spec, order, asked.properties)
    return _told(shelf, made, is_made=not asked.stage_create)


def _look_at_table(shelf: Shelf, request: Request, body: Any) -> Any:
    return _told(shelf, shelf.catalog.load_table(_name(request)))


def _commit(shelf: Shelf, request: Request, body: Any) -> Any:
    asked = CommitTableRequest.model_validate({"identifier": _identifier(request), **body})
    # of the table it takes only the name: what is required and what is there is held against the file
    named = StagedTable(_name(request), None, None, None, shelf.catalog)  # type: ignore[arg-type]
    return shelf.catalog.commit_table(named, asked.requirements, asked.updates)


def _identifier(request: Request) -> dict[str, Any]:
    return {"namespace": _namespace(request), "name": request.path_params["table"]}


def _drop_table(shelf: Shelf, request: Request, body: Any) -> Any:
    shelf.catalog.drop_table(_name(request))


_SPACE, _TABLE = "/namespaces/{namespace}", "/namespaces/{namespace}/tables/{table}"
_ROUTES: tuple[tuple[str, str, Answer], ...] = (
    ("GET", "/namespaces", _namespaces),
    ("POST", "/namespaces", _make_namespace),
    ("GET", _SPACE, _look_at_namespace),
    ("DELETE", _SPACE, _drop_namespace),
    ("GET", f"{_SPACE}/tables", _tables),
    ("POST", f"{_SPACE}/tables", _make_table),
    ("GET", _TABLE, _look_at_table),
    ("POST", _TABLE, _commit),
    ("DELETE", _TABLE, _drop_table),
)


def _error(status: int, kind: str, text: str) -> Response:
    return JSONResponse({"error": {"message": text, "type": kind, "code": status}}, status)


def _answered(shelf: Shelf, answer: Answer, request: Request, body: Any) -> Response:
    try:
        with shelf.lock:
            found = answer(shelf, request, body)
    except Exception as error:
        status, kind = next((said for one, said in _SAID.items() if isinstance(error, one)), (500, "Error"))
        return _error(status, kind, str(error))
    if found is None:
        return Response(status_code=204)
    text = found.model_dump_json() if isinstance(found, IcebergBaseModel) else json.dumps(found)
    return Response(text, media_type="application/json")


def _endpoint(shelf: Shelf, answer: Answer) -> Callable[[Request], Any]:
    def respond(request: Request, body: Any) -> Response:
        asked = f"{request.method} {request.url.path}"
        shelf.requests.append(asked)
        if shelf.before is not None:
            shelf.before(asked)
        shown = request.headers.get("authorization", "")
        if shelf.token and shown != f"Bearer {shelf.token}":
            return _error(401, "NotAuthorizedException", f"Not authorized: {shown}")
        if (fault := shelf.fault(asked)) is None:
            return _answered(shelf, answer, request, body)
        if fault.is_done or fault.again:
            _answered(shelf, answer, request, body)
        if fault.again:
            return _answered(shelf, answer, request, body)
        if fault.body:
            return Response(fault.body, fault.status, media_type="text/html")
        phrase = HTTPStatus(fault.status).phrase if fault.status else ""
        return _error(fault.status, "ServerError", phrase) if fault.status else Reset()

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(respond, request, json.loads(body) if body else None)

    return endpoint


def _tokens(shelf: Shelf) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        given = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        shown = f"{given.get('client_id')}:{given.get('client_secret')}"
        if shelf.credential != shown:
            said = {"error": "invalid_client", "error_description": f"Not known: {shown}"}
            return JSONResponse(said, 401)
        return JSONResponse({"access_token": shelf.token, "token_type": "bearer", "expires_in": 3600})

    return endpoint


class Served(Loopback):
    """A catalogue that listens.

    Args:
        shelf: What it holds.
        sock: Where it listens.
    """

    def __init__(self, shelf: Shelf, sock: socket.socket) -> None:
        self.shelf = shelf
        under = [
            Route(f"/v1/{PREFIX}{path}", _endpoint(shelf, answer), methods=[method])
            for method, path, answer in _ROUTES
        ]
        config = Route("/v1/config", _endpoint(shelf, _config))
        tokens = Route("/v1/oauth/tokens", _tokens(shelf), methods=["POST"])
        super().__init__(Starlette(routes=[config, tokens, *under]), asyncio.Event(), sock)

    def properties(self, **more: str) -> dict[str, str]:
        """Return what a client has to be told."""
        return {"type": "rest", "uri": self.base_url} | more

    def environment(self, **more: str) -> dict[str, str]:
        """Return the same as variables."""
        given = self.properties(**more)
        return {f"PYICEBERG_CATALOG__{NAME.upper()}__{key.upper()}": value for key, value in given.items()}

    def configure(self, monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
        """Let pyiceberg know of the catalogue in this process, which has read the environment already."""
        for name, value in self.environment(**more).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())


@contextmanager
def serving(folder: Path, **about: Any) -> Iterator[Served]:
    """Serve a catalogue with its file in a folder while the block runs; ``about`` is as of :class:`Shelf`."""
    folder.mkdir(exist_ok=True)
    shelf = Shelf(folder, **about)
    with shelf.catalog, listening(lambda sock: Served(shelf, sock), 0) as served:
        yield served


@dataclass
class RestWaters(Waters):
    """A copy, and a REST catalogue into which it is published."""

    served: Served = field(kw_only=True)

    def opened(self) -> AbstractContextManager[lake.Lake]:
        """Open the catalogue by its name, as the configuration of pyiceberg has it."""
        return lake.opened("", NAME, self.dataset)
