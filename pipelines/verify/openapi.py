"""Pylon's OpenAPI document, as far as it says what can be read: operations, and the objects that they answer with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pylon_elt.sources.pylon.catalog import (
    Column,
    ColumnType,
    Endpoint,
    FromApi,
    PerParent,
    Table,
)

from ..base import exits

Node = Mapping[str, Any]
"""A piece of the document."""

_PLAIN: dict[str, frozenset[ColumnType]] = {
    "integer": frozenset({"bigint"}),
    "number": frozenset({"double"}),
    "boolean": frozenset({"bool"}),
    "string": frozenset({"text", "timestamp"}),
    "array": frozenset({"json", "urls"}),
}


class Document:
    """An OpenAPI document of version 3.

    Args:
        content: The document, parsed.
    """

    def __init__(self, content: Node) -> None:
        self._content = content

    def resolve(self, node: Node) -> Node:
        """Return what a node refers to, and of ``allOf`` all of it together; any other node is returned as it is."""
        while "$ref" in node:
            found: Any = self._content
            for step in str(node["$ref"]).removeprefix("#/").split("/"):
                found = found[step]
            node = found
        if "allOf" in node:
            parts = [self.resolve(part) for part in node["allOf"]]
            together = {name: item for part in parts for name, item in part.get("properties", {}).items()}
            return {**{name: item for part in parts for name, item in part.items()}, "properties": together}
        return node

    def reads(self) -> list[str]:
        """Return the operations that read: ``GET /issues``, ``POST /issues/search``."""
        return [
            f"{method.upper()} {path}"
            for path, methods in self._content["paths"].items()
            for method in methods
            if method == "get" or (method == "post" and path.endswith("/search"))
        ]

    def operation(self, endpoint: Endpoint) -> Node | None:
        """Return an endpoint's operation; its placeholders may have other names."""
        for path, methods in self._content["paths"].items():
            if anonymous(path) == anonymous(endpoint.path) and endpoint.method.lower() in methods:
                found: Node = methods[endpoint.method.lower()]
                return found
        return None

    def answer(self, endpoint: Endpoint) -> Node:
        """Return the properties of the endpoint's successful answer.

        Raises:
            KeyError: There is no such operation, or none is described.
        """
        operation = self.operation(endpoint)
        if operation is None:
            raise KeyError(endpoint.label)
        content = self.resolve(operation["responses"]["200"])["content"]
        properties: Node = self.resolve(content["application/json"]["schema"])["properties"]
        return properties

    def row(self, table: Table[FromApi]) -> Node:
        """Return the properties of the objects that fill a table.

        Raises:
            KeyError: The document does not describe them.
        """
        data = self.resolve(self.answer(table.read.endpoint)["data"])
        if isinstance(table.read, PerParent) and table.read.rows_at:
            data = self.resolve(data["properties"][table.read.rows_at])
        properties: Node = self.resolve(data.get("items", data))["properties"]
        return properties

    def described(self, table: Table[FromApi], column: Column) -> Node:
        """Return the property at a column's path.

        Raises:
            KeyError: There is none.
        """
        node: Node = self.row(table)[column.source[0]]
        for step in column.source[1:]:
            node = self.resolve(node)["properties"][step]
        return node

    def types(self, node: Node) -> frozenset[ColumnType]:
        """Return the column types that hold a property as it is."""
        found = self.resolve(node)
        kind = found.get("type")
        if isinstance(kind, list):  # as version 3.1 writes what may be null
            kind = next((one for one in kind if one != "null"), None)
        if found.get("format") == "date-time":
            return frozenset({"timestamp"})
        return _PLAIN.get(str(kind), frozenset({"json"}))


def anonymous(path: str) -> str:
    """Return a path or a label without the names of its placeholders."""
    return re.sub(r"\{\w+\}", "{}", path)


def read(file: Path) -> Document:
    """Read a document from a JSON file.

    Raises:
        Problem: There is no such file, or it is no OpenAPI document (exit code 2).
    """
    remedy = "Give the file that Pylon publishes as its OpenAPI document, as JSON."
    try:
        content = json.loads(file.read_bytes())
    except OSError as error:
        raise exits.Problem(f"{file} cannot be read: {error.strerror}.", remedy, exits.USAGE) from error
    except ValueError as error:
        raise exits.Problem(f"{file} is no JSON.", remedy, exits.USAGE) from error
    if not isinstance(content, dict) or not isinstance(content.get("paths"), dict):
        raise exits.Problem(f"{file} is no OpenAPI document: it has no paths.", remedy, exits.USAGE)
    return Document(content)
