"""What Pylon's published OpenAPI document says of the operations that read: facts, kept in a digest of our own form.

The digest, ``published.json``, is what tests are held against, so that none of them needs the document itself. Where
that lies beside the project, a test compares the two; ``make digest`` writes the digest anew.

A type is written as ``string``, ``string:date-time``, ``@Issue`` (an object of that name), ``[type]`` (a list),
``{field: type}`` (an object; ``!`` ends the names of required fields, ``*`` stands for any other name), or
``{"=": type, "of": values}`` where the values are listed.
"""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from .repository import ROOT

Node = Any
"""A piece of the OpenAPI document, or of the digest."""

NEWER: Node = {
    "operations": {
        "GET /email-suppressions": {
            "rate": 60,  # 300 in autumn, which is the class that had 60 in the document
            "path": [],
            "query": {"cursor": "string", "email": "string", "limit": "integer:int64"},
            "answers": {
                "200": "@GetEmailSuppressionsResponseBody",
                "400": "@ErrorApiResponseBody",
            },
            "limit": {"most": 1000, "default": 100},
        }
    },
    "objects": {
        "EmailSuppression": {
            "bounce_details": "string",
            "created_at": "string:date-time",
            "email": "string",
            "id": "string",
            "reason": "string",
        },
        "GetEmailSuppressionsResponseBody": {
            "data": ["@EmailSuppression"],
            "pagination": "@Pagination",
            "request_id": "string",
        },
    },
}
"""What is newer than the document, in the form of the digest: from Pylon's reference of autumn 2026."""
DIGEST = Path(__file__).with_suffix(".json")
DOCUMENT = ROOT.parent / "shared" / "pylon" / "openapi.json"
_SCHEMAS, _RESPONSES = "#/components/schemas/", "#/components/responses/"


@cache
def digest() -> Node:
    """Return the digest that is kept."""
    return json.loads(DIGEST.read_text(encoding="utf-8"))


@cache
def known() -> Node:
    """Return the digest that is kept, with what is newer than the document."""
    return {section: digest()[section] | NEWER[section] for section in NEWER}


def facts(label: str) -> Node:
    """Return what is known of one operation, such as ``GET /issues``; names of placeholders do not count."""
    by_shape = {anonymous(name): found for name, found in known()["operations"].items()}
    return by_shape[anonymous(label)]


def anonymous(label: str) -> str:
    """Return a label without the names of its placeholders."""
    return re.sub(r"\{\w+\}", "{}", label)


# -- from the document to the digest ----------------------------------------------------------------------------------


def digest_of(document: Node) -> Node:
    """Return the digest of a document: its operations that read, and the objects that they speak of."""
    operations = {
        f"{method.upper()} {path}": _operation(document, operation)
        for path, item in sorted(document["paths"].items())
        for method, operation in sorted(item.items())
        if method == "get" or (method == "post" and path.endswith("/search"))
    }
    objects: dict[str, Node] = {}
    wanted = _named(operations)
    while wanted:
        name = wanted.pop()
        objects[name] = _type(document["components"]["schemas"][name])
        wanted |= _named(objects[name]) - objects.keys()
    return {"operations": operations, "objects": dict(sorted(objects.items()))}


def _operation(document: Node, operation: Node) -> Node:
    text = operation["description"]
    given = {one["name"]: one for one in operation.get("parameters", ())}
    found: dict[str, Node] = {
        "rate": int(re.findall(r"\*\*Rate limit:\*\* (\d+) requests per minute", text)[0]),
        "path": [name for name, one in given.items() if one["in"] == "path"],
        "query": {
            name + "!" * bool(one.get("required")): _type(one["schema"])
            for name, one in given.items()
            if one["in"] == "query"
        },
        "answers": {
            status: _type(_answer(document, answer)) for status, answer in operation["responses"].items()
        },
    }
    if "requestBody" in operation:
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        found["body"] = _type(body)
        given = document["components"]["schemas"][body["$ref"].removeprefix(_SCHEMAS)]["properties"]
        found["filters"] = _filters(text)
        found["custom_filters"] = "custom fields (pass in the slug" in text
    if "limit" in given:
        found["limit"] = _limit(given["limit"]["description"])
    if values := {name: listed for name, one in given.items() if (listed := _listed(one))}:
        found["values"] = values
    return found


def _answer(document: Node, answer: Node) -> Node:
    name = answer["$ref"].removeprefix(_RESPONSES)
    return document["components"]["responses"][name]["content"]["application/json"]["schema"]


def _filters(text: str) -> dict[str, list[str]]:
    """Return the fields that a search lets be filtered, with their operators, as its description has them."""
    found = re.findall(r"^\* (\w+)\b.*[Oo]perators: (.*)$", text, re.MULTILINE)
    return {field: sorted(re.findall(r"`(\w+)`", operators)) for field, operators in found}


def _limit(text: str) -> dict[str, int]:
    (most,) = re.findall(r"(?:and|at most|less than|equal to|max) (\d+)\b", text)
    found = {"most": int(most) - (f"less than {most}" in text)}
    if default := re.search(r"Defaults to (\d+)", text):
        found["default"] = int(default[1])
    return found


def _listed(one: Node) -> list[str]:
    """Return the values that a description lists for a parameter that must be one of them."""
    return sorted(re.findall(r'"(\w+)"', one.get("description", ""))) if one.get("required") else []


def _type(schema: Node) -> Node:
    if "$ref" in schema:
        return "@" + schema["$ref"].removeprefix(_SCHEMAS)
    if schema.get("type") == "array":
        return [_type(schema["items"])]
    if "properties" in schema or "additionalProperties" in schema:
        required = schema.get("required", ())
        fields = {
            name + "!" * (name in required): _type(one)
            for name, one in sorted(schema.get("properties", {}).items())
        }
        return fields | (
            {"*": _type(schema["additionalProperties"])} if "additionalProperties" in schema else {}
        )
    plain = ":".join(filter(None, [schema.get("type", "any"), schema.get("format")]))
    return {"=": plain, "of": schema["enum"]} if "enum" in schema else plain


def _named(node: Node) -> set[str]:
    """Return the objects that a piece of the digest names."""
    if isinstance(node, str):
        return {node[1:]} if node.startswith("@") else set()
    parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return {name for part in parts for name in _named(part)}


# -- from the digest to a document ------------------------------------------------------------------------------------


@cache
def document() -> Node:
    """Return an OpenAPI document that says what is known, without a word of prose."""
    paths: dict[str, Node] = {}
    for label, found in known()["operations"].items():
        method, path = label.split()
        paths.setdefault(path, {})[method.lower()] = _written(found)
    schemas = {name: _schema(found) for name, found in known()["objects"].items()}
    return {
        "openapi": "3.0.3",
        "info": {"title": "What Pylon's API reads", "version": "digest"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _written(found: Node) -> Node:
    parameters = [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string"}} for name in found["path"]
    ]
    parameters += [
        {"in": "query", "name": name.rstrip("!"), "required": name.endswith("!"), "schema": _schema(one)}
        for name, one in found["query"].items()
    ]
    responses = {status: {"description": "", **_content(one)} for status, one in found["answers"].items()}
    body = {"requestBody": _content(found["body"])} if "body" in found else {}
    return {"parameters": parameters, "responses": responses, **body}


def _content(found: Node) -> Node:
    return {"content": {"application/json": {"schema": _schema(found)}}}


def _schema(found: Node) -> Node:
    if isinstance(found, list):
        return {"type": "array", "items": _schema(found[0])}
    if isinstance(found, dict):
        return _values(found) if "=" in found else _object(found)
    if found.startswith("@"):
        return {"$ref": _SCHEMAS + found[1:]}
    kind, _, form = found.partition(":")
    return ({} if kind == "any" else {"type": kind}) | ({"format": form} if form else {})


def _values(found: Node) -> Node:
    return {**_schema(found["="]), "enum": found["of"]}


def _object(found: Node) -> Node:
    fields = {name: one for name, one in found.items() if name != "*"}
    schema: dict[str, Node] = {"type": "object"}
    if fields:
        schema["properties"] = {name.rstrip("!"): _schema(one) for name, one in fields.items()}
    if required := [name.rstrip("!") for name in fields if name.endswith("!")]:
        schema["required"] = required
    if "*" in found:
        schema["additionalProperties"] = _schema(found["*"])
    return schema


def written(found: Node) -> str:
    """Return the text of a digest: a line for each operation and each object."""
    parts = []
    for section, members in found.items():
        lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(one)}" for name, one in members.items())
        parts.append(f'"{section}": {{\n{lines}\n}}')
    return "{" + ",\n".join(parts) + "}\n"


def main() -> None:
    """Write the digest of a document, by default of the one beside the project."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENT
    found = digest_of(json.loads(source.read_text(encoding="utf-8")))
    DIGEST.write_text(written(found), encoding="utf-8")


if __name__ == "__main__":
    main()
