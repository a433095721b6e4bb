"""``analytics/lineage.json`` says of which columns those of the tables for analysis are made, and it is that of the SQL."""

from __future__ import annotations

import pytest
from support import flows, lineage

from pylon_elt.pipelines.ask.questions import all_questions
from pylon_elt.pipelines.transform import lineage as written
from pylon_elt.pipelines.transform import package
from pylon_elt.sources.pylon.catalog import ALL_TABLES

KNOWN = {
    "people": {name: frozenset([f"people.{name}"]) for name in ("id", "name", "email", "age", "at")},
    "notes": {name: frozenset([f"notes.{name}"]) for name in ("id", "person_id", "text")},
}


@pytest.mark.parametrize(
    ("sql", "made"),
    [
        ("select email as a from people", "people.email"),
        ("select lower(trim(email)) || ' of ' || name as a from people", "people.email people.name"),
        ("select coalesce(n.text, p.name) as a from people p left join notes n on n.person_id = p.id", "notes.text people.name"),
        ("select max(age) - min(age) as a from people group by name", "people.age"),
        ("select string_agg(text, ', ' order by id) as a from notes", "notes.text"),
        ("select percentile_cont(0.5) within group (order by age) as a from people", "people.age"),
        ("select max(name) filter (where email like 'a%') as a from people", "people.name"),
        ("select lag(name) over (partition by email order by age) as a from people", "people.name"),
        ("select row_number() over (partition by email order by age) as a from people", ""),
        ("select count(distinct email) as a from people", ""),
        ("select email is null as a from people", ""),
        ("select email = 'a' or age > 3 as a from people", ""),
        ("select sum(case when email = 'a' then 1 else 0 end) as a from people", ""),
        ("select case when email = 'a' then name else 'nobody' end as a from people", "people.name"),
        ("select case name when 'a' then 'A' else email end as a from people", "people.email people.name"),
        ("select (select max(text) from notes where person_id = p.id) as a from people p", "notes.text"),
        ("select exists(select 1 from notes where text = p.name) as a from people p", ""),
        ("with x as (select *, name as other from people) select other as a from (select * from x) as y", "people.name"),
        ("select name as a from people union all select text from notes", "notes.text people.name"),
        ("with x as (select unnest(string_split(text, ' ')) as word from notes) select word as a from x", "notes.text"),
        ("select no_such_function(email, age) as a from people", "people.age people.email"),
    ],
)  # fmt: skip
def test_what_a_value_comes_from_is_told_from_what_is_only_asked_of_it(sql: str, made: str) -> None:
    assert sorted(flows.columns(flows.parsed(sql, "duckdb"), KNOWN, "duckdb")["a"]) == made.split()


def test_a_question_is_read_by_what_its_lines_are_named_by() -> None:
    sql = "select case $by when 'name' then name when 'mail' then email else 'all' end as a from people"
    for word, made in (("name", {"people.name"}), ("mail", {"people.email"}), ("none", set())):
        assert flows.columns(flows.parsed(sql, "duckdb", {"by": word}), KNOWN, "duckdb")["a"] == made


@pytest.mark.dear
def test_the_file_is_what_the_package_says() -> None:
    assert written.FILE.read_text(encoding="utf-8") == lineage.written(), "run: make docs"


def test_every_column_and_every_question_is_known() -> None:
    """A column that is not in the file is left out as soon as any is, so nothing leaks; yet it would be missed."""
    told = {(table, column) for table, columns in package.mart_columns().items() for column in columns}
    assert {one for one in written.of_tables() if one[1] != written.CUSTOM} == told
    custom = {table for table, column in written.of_tables() if column == written.CUSTOM}
    assert custom == {"pylon__issues", "pylon__issue_days"}
    for name, question in all_questions().items():
        for word in question.parameters["by"].words if "by" in question.parameters else ("",):
            assert written.of_answer(name, word), (name, word)
    raw = {(name, column) for name, table in ALL_TABLES.items() for column in table.column_names}
    loads = {("_dlt_loads", column) for column in ("load_id", "schema_name", "status", "inserted_at")}
    assert {source for made in written.of_tables().values() for source in made} <= told | raw | loads
