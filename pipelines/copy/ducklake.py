"""A DuckLake as others than dlt attach it: its name, where its catalog is, and with which options.

dlt writes one statement that says all of this. It is taken apart here, so that whoever else opens the lake finds the
same files by the same catalog.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..base.sql_text import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dlt

IN_POSTGRES = "ducklake:postgres:"
"""How the path of a catalog in Postgres begins; what follows is for Postgres' own library."""
CATALOG = "pylon_catalog"
"""What the secret is called."""
_STATEMENT = re.compile(r"ATTACH IF NOT EXISTS '(?P<path>.*)' AS (?P<name>\S+) \((?P<options>.*)\)\s*;?\s*")
"""dlt 1.31, ``DuckLakeSqlClient.build_attach_statement``."""
_OPTION = re.compile(r"(\w+) (?:'([^']*)'|(\w+))")


@dataclass(frozen=True)
class Lake:
    """A DuckLake.

    Args:
        name: What it is called where it is attached.
        path: Where its catalog is, as DuckDB has it after ``ATTACH``.
        options: What ``ATTACH`` is told besides, each as text, number or ``True``.
        is_secret: Whether there is a password in the path.
        secrets: Statements that let DuckDB reach its files.
        config: What DuckDB is configured with.
        hidden: How DuckDB finds a catalog in Postgres by a path without a password.
    """

    name: str
    path: str = field(repr=False)
    options: dict[str, str | int | bool]
    is_secret: bool
    secrets: tuple[str, ...] = field(repr=False)
    config: dict[str, Any]
    hidden: Hidden | None = None

    @property
    def files(self) -> str:
        """Where its files are: a folder, or a part of a bucket."""
        return str(self.options["DATA_PATH"])

    def attach(self) -> Iterator[str]:
        """Return the statements that attach it to be read only: nobody who asks in that connection finds a secret.

        DuckDB tells each path in a table, and what it may reach in another one, but of a secret's password nothing.
        """
        path, options = self.path, dict(self.options)
        yield from self.secrets
        if self.hidden:
            path, options = self.hidden.path, options | {"META_SECRET": CATALOG}
            yield self.hidden.secret
        told = ", ".join(
            [
                *(
                    f"{name} {literal(value) if isinstance(value, str) else str(value).lower()}"
                    for name, value in options.items()
                ),
                "READ_ONLY",
            ]
        )
        yield f"ATTACH {literal(path)} AS {quoted(self.name)} ({told})"


@dataclass(frozen=True)
class Hidden:
    """A catalog in Postgres whose password DuckDB knows by a secret of its own.

    Args:
        path: Where the catalog is; a password is not in it.
        secret: The statement that makes the secret.
    """

    path: str
    secret: str = field(repr=False)


def lake_of(pipeline: dlt.Pipeline) -> Lake:
    """Return the lake that a pipeline fills; nothing is opened."""
    client: Any = pipeline.sql_client()
    known = client.credentials
    *secrets, last = client.attach_statements(alias=known.ducklake_name)
    found = _STATEMENT.fullmatch(last["sql"])
    if found is None:
        raise RuntimeError("dlt attaches a DuckLake in another way than dlt 1.31 does.")
    hidden = _hidden(known.catalog) if found["path"].startswith(IN_POSTGRES) else None
    return Lake(
        found["name"],
        found["path"],
        {name: _value(text, word) for name, text, word in _OPTION.findall(found["options"])},
        bool(known.catalog.password) or hidden is not None,
        tuple(one["sql"] for one in secrets),
        dict(known.global_config or {}),
        hidden,
    )


def _hidden(catalog: Any) -> Hidden | None:
    """Write a connection string in the form that DuckDB completes by a secret: that of a URL it does not."""
    url = catalog.to_url()
    parts = {"host": url.host, "port": url.port, "dbname": url.database, "user": url.username, **url.query}
    password = parts.pop("password", None) or url.password
    if not password:
        return None
    words = [f"{name}={_word(value)}" for name, value in parts.items() if value]
    return Hidden(
        f"{IN_POSTGRES}{' '.join(words)}",
        f"CREATE SECRET {CATALOG} (TYPE postgres, PASSWORD {literal(str(password))})",
    )


def _word(value: Any) -> str:
    text = ",".join(value) if isinstance(value, tuple) else str(value)
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _value(text: str, word: str) -> str | int | bool:
    if word.isdigit():
        return int(word)
    return True if word == "true" else text or word
