"""What a role in Postgres could do by a SELECT beyond reading tables: the server is asked, name by name."""

from __future__ import annotations

from typing import Any

from ..base import exits

_POWERS = """
WITH reachable AS (
    -- also what the session may become: one function call is enough for that
    SELECT r.oid, r.rolname, r.rolsuper, r.rolreplication FROM pg_catalog.pg_roles AS r
    WHERE pg_has_role(session_user, r.oid, 'MEMBER') OR pg_has_role(current_user, r.oid, 'MEMBER')
)
SELECT session_user,
    coalesce(bool_or(rolsuper), false) AS is_superuser,
    coalesce(bool_or(rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')
        OR has_function_privilege(oid, 'pg_catalog.pg_read_file(text)', 'EXECUTE')
        OR has_function_privilege(oid, 'pg_catalog.pg_read_binary_file(text)', 'EXECUTE')
        OR has_function_privilege(oid, 'pg_catalog.pg_ls_dir(text)', 'EXECUTE')
        OR has_function_privilege(oid, 'pg_catalog.lo_import(text)', 'EXECUTE')
        OR has_function_privilege(oid, 'pg_catalog.lo_export(oid, text)', 'EXECUTE')), false) AS has_files,
    coalesce(bool_or(has_table_privilege(oid, 'pg_catalog.pg_authid', 'SELECT')), false) AS has_passwords,
    coalesce(bool_or(rolname = 'pg_signal_backend'), false) AS ends_sessions,
    coalesce(bool_or(rolreplication), false) AS is_replicator
FROM reachable
"""
_WORDS = (
    "reaches files or programs of the server",
    "reads the hashes of passwords",
    "may end the sessions of others",
    "may replicate",
)


def powers(connection: Any) -> str:
    """Return what the role of a connection could do besides, in words with its name; "" for nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_POWERS)
        role, is_superuser, *others = cursor.fetchone()
    # a superuser has all the others, too
    found = (
        ["is or may become a superuser"]
        if is_superuser
        else [what for what, is_so in zip(_WORDS, others, strict=True) if is_so]
    )
    return f"The role {role} {' and '.join(found)}" if found else ""


def refuse(what: str, schemas: tuple[str, ...]) -> exits.Problem:
    """Return that a text is not asked as such a role, and how to make one that only reads (exit code 3)."""
    names = ", ".join(f'"{schema}"' for schema in schemas[:2])
    return exits.Problem(
        f"{what}: a statement could do more on the server than read the copy.",
        "Ask as a role that only reads. Make it once, for the schemas that are there:\n"
        "  CREATE ROLE pylon_reader LOGIN PASSWORD '...';\n"
        f"  GRANT USAGE ON SCHEMA {names} TO pylon_reader;\n"
        f"  GRANT SELECT ON ALL TABLES IN SCHEMA {names} TO pylon_reader;\n"
        "and name it (the README shows a destination of its own for it): "
        "DESTINATION__POSTGRES__CREDENTIALS=postgresql://pylon_reader:...@HOST/DATABASE pylon query ...",
        exits.CONFIGURATION,
    )
