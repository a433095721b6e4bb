"""Statements that would write, or that somebody could take for others than they are: random, from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

WRITES = (
    "delete from {table}",
    "update {table} set {column} = 'sly'",
    "insert into {table} ({column}) values ('sly')",
    "truncate {table}",
    "drop table {table}",
    "alter table {table} add column sly text",
    "create table sly as select 1 as a",
    "create temp table sly as select 1 as a",
    "create view sly as select 1 as a",
    "select * into sly from {table}",
    "select * from {table} for update",
    "with gone as (delete from {table} returning *) select * from gone",
    "with more as (insert into {table} ({column}) values ('sly') returning *) select * from more",
    "explain analyze delete from {table}",
    "explain (analyze, verbose) delete from {table}",
    "explain analyze create table sly as select 1 as a",
    "copy {table} to '/tmp/sly.csv'",
    "copy (delete from {table} returning *) to stdout",
    "lock table {table}",
    "set transaction read write",
    "set session characteristics as transaction read write",
    "begin; delete from {table}; commit",
    "commit; delete from {table}; select 1",
    "rollback; start transaction read write; delete from {table}; commit",
    "prepare sly as delete from {table}; execute sly; commit",
    "declare sly cursor for select 1; commit; delete from {table}",
    "do $$ begin delete from {table}; end $$",
    "select 1; vacuum",
    "comment on table {table} is 'sly'",
    "grant all on {table} to public",
    "merge into {table} using {table} as o on false when not matched then insert ({column}) values ('sly')",
)
CALLS = (
    "setval('sly_numbers', 17)",
    "nextval('sly_numbers')",
    "lo_create(4711)",
    "lo_from_bytea(4712, 'x')",
    "pg_advisory_lock(4711)",
    "pg_notify('sly', 'x')",
    "set_config('transaction_read_only', 'off', false)",
    "set_config('default_transaction_read_only', 'off', false)",
    "set_config('role', 'none', false)",
    "set_config('statement_timeout', '0', false)",
    "sly_delete()",
    "query_to_xml('delete from {table}', true, true, '')",
    "query_to_xml('commit', true, true, '')",
    "query_to_xml('select sly_delete()', true, true, '')",
)
READS = (
    "select 1",
    "select * from {table}",
    "show all",
    "table {table}",
    "values (1)",
    "select '*/'",
    "select $$;$$",
)

# what is written one way and read another: comments in comments, each kind of quotes, characters that look like others
HIDES: tuple[str, ...] = (
    "explain (verbose /*)select '*/) select 1; commit; {} ; select 1 --'",
    "/* /* */ show */ {}",
    "/* /* */ select 1 */; commit; {}",
    "select 1 /* '; -- */; commit; {} --'",
    "select '\\'; commit; {} ; select 1 --'",
    "select e'\\''; commit; {} ; --'",
    "select U&'\\0027'; commit; {} ; --'",
    'select 1 as "a""; --"; commit; {} ; --"',
    "select $$ ' $$; commit; {} ; -- '",
    "select $a$ $$ $b$ $a$; commit; {} ; -- $$",
    "select $é$ ' $é$; commit; {} ; -- '",
    "select 1 -- \r; commit; {}\n",
    "select 1 -- \u2028; commit; {}\n",
    "select B'1' ; commit; {}",
    "select 1\uff1b commit; {}",
    "select 1;\u00a0commit;\u00a0{}",
    "\ufeff{}",
    "select\u200b1; {}",
    "with a as ({} returning 1) select * from a",
    "explain analyze {}",
    "explain (analyze) {}",
    "(({}))",
    "select * from ({}) as a",
    "do $do$ begin {}; end $do$",
    "select query_to_xml($q${}$q$, true, true, '')",
    "select 1 where exists ({})",
    "{};{}",
    "{} -- \\; select 1",
    "$open$; end $open$; commit; {}; --",
    "', 'base64'), 'UTF8'); end $open$; commit; {}; --",
    "pylon_answer; commit; {}",
)
PIECES = (";", "'", '"', "$$", "$a$", "/*", "*/", "--", "\n", "\\", "e'", "U&'", "commit;", "(", ")", "\u00a0", "\uff07", "\0",
          "\ud800", "é", "%s", "%(a)s", "$1", ":a", "?", "begin;", "explain ", "analyze ", "x" * 500)  # fmt: skip


def statements(seed: int, number: int, table: str, column: str) -> Iterator[str]:
    """Yield so many; each way to hide something comes first, with something that does harm where it gets through."""
    chance = random.Random(seed)
    harm = [text.replace("{table}", table).replace("{column}", column) for text in WRITES]
    harm += [f"select {call.replace('{table}', table)}" for call in CALLS]
    reads = [text.replace("{table}", table) for text in READS]
    sure = [*harm, *(hide.replace("{}", f"delete from {table}; commit") for hide in HIDES)]
    yield from sure[:number]
    for _ in range(number - len(sure)):
        text = chance.choice(harm if chance.random() < 0.8 else reads)
        for _ in range(chance.randrange(4)):
            text = chance.choice(_MUTATIONS)(text, chance)
        yield text


def _hide(text: str, chance: random.Random) -> str:
    return chance.choice(HIDES).replace("{}", text)


def _insert(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + chance.choice(PIECES) + text[place:]


def _cut(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + text[place + chance.randrange(1, 5) :]


def _comment(text: str, chance: random.Random) -> str:
    return text.replace(" ", chance.choice((" /**/ ", "/* /* */ */", " --\n", "\t", "\f", " /*;*/ ")), 1)


def _join(text: str, chance: random.Random) -> str:
    return chance.choice(("; ", " union all ", "; commit; ", " ")).join(("select 1", text))


def _case(text: str, chance: random.Random) -> str:
    return "".join(chance.choice((letter.upper(), letter.lower())) for letter in text)


_MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    _hide,
    _hide,
    _insert,
    _insert,
    _cut,
    _comment,
    _join,
    _case,
)
