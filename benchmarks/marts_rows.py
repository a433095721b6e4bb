"""A workspace of any size for the marts, made by DuckDB from a seed: no API, no emulator, no Python per row."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from pylon_elt.sources.pylon.catalog import ALL_TABLES

TYPES = {"text": "VARCHAR", "timestamp": "TIMESTAMPTZ", "double": "DOUBLE", "bool": "BOOLEAN", "urls": "JSON"}
AGENTS, TEAMS, TAGS, DAYS = 60, 8, 40, 730
STATUSES = ("new", "waiting_on_you", "waiting_on_customer", "on_hold", "closed", "escalated")
FIELDS = ("priority", "product", "region", "severity", "cost", "areas")
KINDS = ("select", "select", "text", "number", "number", "multiselect")
OPTIONS = ("low", "medium", "high", "urgent")
END = "TIMESTAMPTZ '2026-11-01 12:00:00+00'"
"""The moment of the last load."""


def make(file: Path, issues: int, seed: int) -> dict[str, int]:
    """Make the raw tables, and return how many rows each has. Messages are four an issue on average."""
    with duckdb.connect(str(file)) as connection:
        connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA IF NOT EXISTS raw; SET schema = 'raw'")
        connection.execute(
            # a number from 0 to 1 that belongs to a row and a purpose
            f"CREATE MACRO draw(row_id, purpose) AS hash(row_id, purpose, {seed}) / 18446744073709551616.0"
        )
        for statement in (*_tables(), *_directory(issues), *_issues(issues), *_children(), *_loads()):
            connection.execute(statement)
        connection.execute("DROP MACRO draw")
        counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone() for name in ALL_TABLES}
    return {name: found[0] for name, found in counts.items() if found}


def _tables() -> list[str]:
    return [
        f"CREATE TABLE {table.name} ("
        + ", ".join(f'"{column.name}" {TYPES.get(column.type, column.type)}' for column in table.columns)
        + ")"
        for table in ALL_TABLES.values()
    ]


def _directory(issues: int) -> list[str]:
    accounts = max(issues // 50, 10)
    options = json.dumps({"options": [{"slug": slug, "label": slug.title()} for slug in OPTIONS]})
    statuses = ", ".join(f"('{slug}', '{'on_hold' if slug == 'escalated' else slug}')" for slug in STATUSES)
    fields = ", ".join(f"('{slug}', '{kind}')" for slug, kind in zip(FIELDS, KINDS, strict=True))
    return [
        f"""INSERT INTO accounts BY NAME SELECT 'account' || n AS id, 'Account ' || n AS name, 'customer' AS type,
            'user' || (n % {AGENTS}) AS owner_id, {END} AS _synced_at FROM range({accounts}) AS t(n)""",
        f"""INSERT INTO contacts BY NAME SELECT 'contact' || n AS id, 'Contact ' || n AS name,
            'account' || (n % {accounts}) AS account_id, 'contact' || n || '@customer.example' AS email,
            {END} AS _synced_at FROM range({accounts * 4}) AS t(n)""",
        f"""INSERT INTO users BY NAME SELECT 'user' || n AS id, 'Agent ' || n AS name,
            'agent' || n || '@desk.example' AS email, {END} AS _synced_at FROM range({AGENTS}) AS t(n)""",
        f"""INSERT INTO teams BY NAME SELECT 'team' || n AS id, 'Team ' || n AS name, {END} AS _synced_at
            FROM range({TEAMS}) AS t(n)""",
        f"""INSERT INTO issue_statuses BY NAME SELECT slug, slug AS label, category, {END} AS _synced_at
            FROM (VALUES {statuses}) AS t(slug, category)""",
        f"""INSERT INTO custom_fields BY NAME SELECT 'issue' AS object_type, slug AS id, slug, slug AS label, type,
            CASE WHEN type LIKE '%select' THEN '{options}' END AS select_metadata, {END} AS created_at,
            {END} AS _synced_at FROM (VALUES {fields}) AS t(slug, type)""",
    ]


def _issues(issues: int) -> list[str]:
    """Lay out the issues: more of them lately, most of them closed within days, some open for long."""
    accounts = max(issues // 50, 10)
    plan = f"""CREATE TEMP TABLE plan AS
        SELECT n, 'issue' || n AS id,
            {END} - to_seconds({DAYS} * 86400 * (1 - sqrt(draw(n, 'created')))) AS created_at,
            draw(n, 'account') AS account_draw, floor(draw(n, 'messages') * 9)::INT AS messages,
            CASE WHEN draw(n, 'open') < 0.04 THEN {DAYS} * 86400 ELSE 259200 * -ln(1 - draw(n, 'life')) END AS life
        FROM range({issues}) AS t(n)"""
    insert = f"""INSERT INTO issues BY NAME
        SELECT id, n AS number, 'Something about ' || n AS title, created_at,
            least(created_at + to_seconds(life), {END}) AS updated_at,
            CASE WHEN created_at + to_seconds(life) < {END} THEN created_at + to_seconds(life) END AS resolution_time,
            CASE WHEN created_at + to_seconds(life) < {END} THEN 'closed'
                ELSE ['new', 'waiting_on_you', 'waiting_on_customer', 'on_hold', 'escalated'][1 + n % 5] END AS state,
            'conversation' AS type, ['email', 'slack', 'chat_widget', 'form'][1 + n % 4] AS source,
            'account' || floor(account_draw * account_draw * {accounts})::INT AS account_id,
            'contact' || floor(draw(n, 'contact') * {accounts * 4})::INT AS requester_id,
            CASE WHEN draw(n, 'user') < 0.9 THEN 'user' || floor(draw(n, 'which') * {AGENTS})::INT END AS assignee_id,
            CASE WHEN draw(n, 'team') < 0.9 THEN 'team' || n % {TEAMS} END AS team_id,
            to_json(list_distinct(['tag' || floor(draw(n, 'tag') * {TAGS})::INT, 'tag' || n % {TAGS}])) AS tags,
            {_fields()} AS custom_fields,
            json_object('new', (life / 4)::BIGINT, 'on_hold', (life / 2)::BIGINT, 'closed', (life / 4)::BIGINT)
                AS time_in_status_seconds,
            '<div><p>' || repeat('Words about &amp; around it. ', 12) || '</p></div>' AS body_html,
            CASE WHEN n % 10 = 0 THEN json_array(json_object('score', 1 + n % 5)) END AS csat_responses,
            CASE WHEN n % 3 = 0 THEN created_at + INTERVAL 4 HOUR END AS first_response_breach_time,
            {END} AS _synced_at
        FROM plan"""
    return [plan, insert]


def _fields() -> str:
    one = f"{list(OPTIONS)}[1 + n % 4]"
    values = dict.fromkeys(FIELDS[:3], f"json_object('value', {one})")
    values |= dict.fromkeys(FIELDS[3:5], "json_object('value', n % 100)")
    values["areas"] = f"json_object('values', json_array({one}, 'other'))"
    return "json_object(" + ", ".join(f"'{slug}', {value}" for slug, value in values.items()) + ")"


def _children() -> list[str]:
    """Lay out the messages: to and fro over the issue's life, a quarter of the agents' as notes."""
    messages = f"""INSERT INTO issue_messages BY NAME
        SELECT id || '-' || k AS id, id AS issue_id,
            created_at + to_seconds(least(life, epoch({END}) - epoch(created_at)) * k / messages) AS timestamp,
            k % 2 = 1 AND draw(n * 1000 + k, 'private') < 0.25 AS is_private, 'email' AS source,
            CASE WHEN k % 2 = 1 THEN 'user' || floor(draw(n * 1000 + k, 'author') * {AGENTS})::INT END
                AS author_user_id,
            CASE WHEN k % 2 = 0 THEN 'contact' || n % 1000 END AS author_contact_id,
            json_object('name', 'Somebody') AS author,
            CASE WHEN k % 2 = 0 THEN json_object('from_email', 'x@customer.example', 'to_emails',
                json_array('help@desk.example')) END AS email_info,
            '<div><p>' || repeat('What was said, at some length. ', 20) || '</p><br>&nbsp;Bye</div>' AS message_html,
            {END} AS _synced_at
        FROM (SELECT *, unnest(range(messages)) AS k FROM plan)"""
    ledger = f"""INSERT INTO issue_sync BY NAME
        SELECT id AS issue_id, child, messages AS row_count, {END} AS synced_at, '1' AS load_id
        FROM plan, (VALUES ('issue_messages'), ('issue_threads'), ('issue_followers')) AS t(child)"""
    followers = f"""INSERT INTO issue_followers BY NAME
        SELECT id AS issue_id, 'user' AS type, 'user' || n % {AGENTS} AS id, {END} AS _synced_at FROM plan"""
    return [messages, ledger, followers]


def _loads() -> list[str]:
    columns = "load_id VARCHAR, schema_name VARCHAR, status BIGINT, inserted_at TIMESTAMPTZ"
    return [f"CREATE TABLE _dlt_loads ({columns})", f"INSERT INTO _dlt_loads VALUES ('1', 'pylon', 0, {END})"]
