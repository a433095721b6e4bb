"""An OpenAPI document that says what the catalogue says, for tests that cannot have Pylon's own."""

from __future__ import annotations

from typing import Any

from pylon_elt.sources.pylon.catalog import (
    ENDPOINTS,
    READ,
    Column,
    ColumnType,
    Endpoint,
    PerParent,
    Table,
)

TYPES: dict[ColumnType, str] = {
    "text": "string",
    "timestamp": "string",
    "bigint": "integer",
    "double": "number",
    "bool": "boolean",
    "json": "object",
    "urls": "array",
}


def document_of_the_catalogue() -> Any:
    """Return a document in which every endpoint answers with the objects of its table."""
    schemas = {table.name: {"type": "object", "properties": _properties(table)} for table in READ}
    filled = {table.read.endpoint.name: table for table in READ}
    paths: dict[str, Any] = {}
    for endpoint in ENDPOINTS.values():
        operation = _operation(endpoint, filled.get(endpoint.name))
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return {"openapi": "3.0.3", "paths": paths, "components": {"schemas": schemas}}


def _operation(endpoint: Endpoint, table: Table | None) -> Any:
    row: Any = {"$ref": f"#/components/schemas/{table.name}"} if table else {"type": "object"}
    data = row if endpoint.single else {"type": "array", "items": row}
    if table and isinstance(table.read, PerParent) and table.read.rows_at:
        data = {"type": "object", "properties": {table.read.rows_at: {"type": "array", "items": row}}}
    schema = {"type": "object", "properties": {"data": data}}
    return {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}


def _properties(table: Table) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for column in table.columns:
        if not column.given:
            _place(properties, column)
    return properties


def _place(properties: dict[str, Any], column: Column) -> None:
    *outer, last = column.source
    for name in outer:
        properties = properties.setdefault(name, {"type": "object"}).setdefault("properties", {})
    properties.setdefault(last, {"type": TYPES[column.type]})
